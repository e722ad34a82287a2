"""Where a run was made, if not here."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: whoever never imports a run pays nothing for it.
    op.add_column("runs", sa.Column("origin", sa.Text(), nullable=True))
