"""How far a judge model agreed with itself, and who rated."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("judge_opinions", "judge_agreements"):
        op.add_column("scorings", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("scorings", sa.Column("rated_by", sa.Text(), nullable=False, server_default=""))
