"""What a reasoning model thought before its answer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place, without rebuilding the table: a million answers take no time.
    op.add_column("answers", sa.Column("thinking", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "answers", sa.Column("thinking_tokens", sa.Integer(), nullable=False, server_default="0")
    )
    # Empty where no model thought, so that it costs old databases nothing.
    op.create_index(
        "ix_answers_thinking",
        "answers",
        ["run_number", "outcome", "thinking_tokens"],
        sqlite_where=sa.text("thinking_tokens > 0"),
    )
