"""How likely a model found each continuation of a case."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "answers", sa.Column("likelihoods", sa.Text(), nullable=False, server_default="[]")
    )
