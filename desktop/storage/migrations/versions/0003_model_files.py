"""Where a model lies, by what its files are known again, and what its publisher's hash said."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("models", sa.Column("origin", sa.Text(), nullable=False, server_default="{}"))
