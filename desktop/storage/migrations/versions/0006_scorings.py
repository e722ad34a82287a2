"""Further sets of scores for a run's answers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorings",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("suite_sha256", sa.String(64), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_scorings"),
        sa.UniqueConstraint("id", name="uq_scorings_id"),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name="fk_scorings_run_number_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["suite_sha256"], ["suites.sha256"], name="fk_scorings_suite_sha256_suites"
        ),
    )
    op.create_index("ix_scorings_run_number", "scorings", ["run_number"])
    op.create_table(
        "scoring_results",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("scoring_number", sa.Integer(), nullable=False),
        sa.Column("answer_number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_scoring_results"),
        sa.UniqueConstraint(
            "scoring_number",
            "answer_number",
            name="uq_scoring_results_scoring_number_answer_number",
        ),
        sa.ForeignKeyConstraint(
            ["scoring_number"],
            ["scorings.number"],
            name="fk_scoring_results_scoring_number_scorings",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["answer_number"],
            ["answers.number"],
            name="fk_scoring_results_answer_number_answers",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_scoring_results_answer_number", "scoring_results", ["answer_number"])
