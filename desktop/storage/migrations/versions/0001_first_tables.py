"""Language models, suites, runs, answers, measurements."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_models_and_suites()
    _create_runs()
    _create_answers()
    _create_measurements()


def _create_models_and_suites() -> None:
    op.create_table(
        "models",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("path_key", sa.Text(), nullable=False),
        sa.Column("paths", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("modified_ns", sa.String(24), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_models"),
        sa.UniqueConstraint("id", name="uq_models_id"),
        sa.UniqueConstraint("path_key", name="uq_models_path_key"),
    )
    op.create_index("ix_models_sha256", "models", ["sha256"])
    op.create_table(
        "suites",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_suites"),
        sa.UniqueConstraint("sha256", name="uq_suites_sha256"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("evaluation_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("suite_sha256", sa.String(64), nullable=True),
        sa.Column("suite", sa.Text(), nullable=True),
        sa.Column("probe", sa.Text(), nullable=True),
        sa.Column("machine", sa.Text(), nullable=True),
        sa.Column("engine", sa.Text(), nullable=True),
        sa.Column("prompt_format", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("resumed", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sa.ForeignKeyConstraint(
            ["suite_sha256"], ["suites.sha256"], name="fk_runs_suite_sha256_suites"
        ),
    )
    op.create_index("ix_runs_evaluation_id", "runs", ["evaluation_id"])
    op.create_index("ix_runs_suite_sha256", "runs", ["suite_sha256"])


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("stop_reason", sa.String(16), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("generated_tokens", sa.Integer(), nullable=False),
        sa.Column("time_to_first_token_seconds", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("prompt_sha256", sa.String(64), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_answers"),
        sa.UniqueConstraint("id", name="uq_answers_id"),
        sa.UniqueConstraint(
            "run_number", "case_id", "repeat", name="uq_answers_run_number_case_id_repeat"
        ),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name="fk_answers_run_number_runs", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_answers_run_number_outcome", "answers", ["run_number", "outcome"])


def _create_measurements() -> None:
    op.create_table(
        "measurements",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("standard_deviation", sa.Double(), nullable=True),
        sa.Column("repetitions", sa.Text(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("disturbances", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_measurements"),
        sa.UniqueConstraint("id", name="uq_measurements_id"),
        sa.ForeignKeyConstraint(
            ["run_number"],
            ["runs.number"],
            name="fk_measurements_run_number_runs",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_measurements_run_number", "measurements", ["run_number"])
