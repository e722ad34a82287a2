"""The tables. Rows stay inside this folder; `mapping.py` turns them into frozen objects.

Every table has a whole number as its key, which keeps the indexes of a million answers small and
remembers the order of insertion; what people cite is the UUID beside it. A change here needs a
migration and a new `SCHEMA_VERSION`; a test compares both.
"""

from datetime import datetime

from sqlalchemy import (
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from desktop.domain.answer import Likelihood, Score
from desktop.domain.base import Value
from desktop.domain.language_model import (
    HashCheck,
    LanguageModel,
    ModelAnnotation,
    ModelFacts,
    ModelWarning,
)
from desktop.domain.machine import Machine
from desktop.domain.measurement import Disturbance
from desktop.domain.run import (
    EngineFacts,
    Outcome,
    RunCounts,
    RunOrigin,
    RunStatus,
    StopReason,
    SuiteReference,
)
from desktop.domain.settings import ProbePlan, RunSettings
from desktop.domain.suite import Suite
from desktop.storage.columns import Document, EnumByValue, UtcDateTime

# The newest migration's revision. Kept here so that opening need not import Alembic.
SCHEMA_VERSION = "0007"

_ID_LENGTH = 36
_SHA256_LENGTH = 64


class ModelOrigin(Value, frozen=True, kw_only=True):
    """What is known of a model's files beside their header, as `LanguageModel` has it.

    `annotation` is what people say of it, which nothing that is found on the disk may change.
    """

    store: str = ""
    store_names: tuple[str, ...] = ()
    shard_sha256: tuple[str, ...] = ()
    hash_check: HashCheck | None = None
    inodes: tuple[int, ...] = ()
    device: int = 0
    reader: str = ""
    annotation: ModelAnnotation = ModelAnnotation()


class Base(DeclarativeBase):
    """Base of all rows. Constraints are named by rule, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text(),
        float: Double(),
        datetime: UtcDateTime(),
        RunStatus: EnumByValue(RunStatus),
        Outcome: EnumByValue(Outcome),
        StopReason: EnumByValue(StopReason),
        EngineFacts: Document(EngineFacts),
        LanguageModel: Document(LanguageModel),
        Machine: Document(Machine),
        ModelFacts: Document(ModelFacts),
        ModelOrigin: Document(ModelOrigin),
        ProbePlan: Document(ProbePlan),
        RunOrigin: Document(RunOrigin),
        RunSettings: Document(RunSettings),
        Suite: Document(Suite),
        RunCounts: Document(RunCounts),
        SuiteReference: Document(SuiteReference),
        tuple[Disturbance, ...]: Document(tuple[Disturbance, ...]),
        tuple[Likelihood, ...]: Document(tuple[Likelihood, ...]),
        tuple[ModelWarning, ...]: Document(tuple[ModelWarning, ...]),
        tuple[Score, ...]: Document(tuple[Score, ...]),
        tuple[float, ...]: Document(tuple[float, ...]),
        tuple[str, ...]: Document(tuple[str, ...]),
    }


class ModelRow(Base):
    """A language model of the library. `path_key` is the first path as the system compares it.

    `modified_ns` is text: a file may say that it was modified in 2400, beyond 63 bits.
    """

    __tablename__ = "models"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID_LENGTH), unique=True)
    path_key: Mapped[str] = mapped_column(unique=True)
    paths: Mapped[tuple[str, ...]]
    facts: Mapped[ModelFacts]
    modified_ns: Mapped[str] = mapped_column(String(24))
    sha256: Mapped[str | None] = mapped_column(String(_SHA256_LENGTH), index=True)
    warnings: Mapped[tuple[ModelWarning, ...]]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    origin: Mapped[ModelOrigin] = mapped_column(server_default="{}")


class SuiteRow(Base):
    """A suite as it was when a run first asked it; later versions are other rows."""

    __tablename__ = "suites"

    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH), unique=True)
    document: Mapped[Suite]
    added_at: Mapped[datetime]


class RunRow(Base):
    """A run. `name`, `note` and `tags` are people's and may change after it has finished.

    `resumed` tells that it stood still in between, so that start to end is no duration.
    """

    __tablename__ = "runs"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID_LENGTH), unique=True)
    evaluation_id: Mapped[str] = mapped_column(String(_ID_LENGTH), index=True)
    status: Mapped[RunStatus]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    model: Mapped[LanguageModel]
    settings: Mapped[RunSettings]
    suite_sha256: Mapped[str | None] = mapped_column(ForeignKey("suites.sha256"), index=True)
    suite: Mapped[SuiteReference | None]
    probe: Mapped[ProbePlan | None]
    machine: Mapped[Machine | None]
    engine: Mapped[EngineFacts | None]
    prompt_format: Mapped[str]
    problem: Mapped[str]
    name: Mapped[str]
    note: Mapped[str]
    tags: Mapped[tuple[str, ...]]
    resumed: Mapped[bool]
    deleted_at: Mapped[datetime | None]
    origin: Mapped[RunOrigin | None]


class AnswerRow(Base):
    """An answer with its scores.

    The second index counts outcomes without reading the table, the third sums up thinking and
    is empty where no model thought.
    """

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("run_number", "case_id", "repeat"),
        Index(None, "run_number", "outcome"),
        Index(
            "ix_answers_thinking",
            "run_number",
            "outcome",
            "thinking_tokens",
            sqlite_where=text("thinking_tokens > 0"),
        ),
    )

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID_LENGTH), unique=True)
    run_number: Mapped[int] = mapped_column(ForeignKey("runs.number", ondelete="CASCADE"))
    case_id: Mapped[str]
    repeat: Mapped[int]
    text: Mapped[str]
    outcome: Mapped[Outcome]
    score: Mapped[float]
    scores: Mapped[tuple[Score, ...]]
    stop_reason: Mapped[StopReason]
    finished_at: Mapped[datetime]
    prompt_tokens: Mapped[int]
    generated_tokens: Mapped[int]
    time_to_first_token_seconds: Mapped[float | None]
    seconds: Mapped[float]
    thinking: Mapped[str] = mapped_column(server_default="")
    thinking_tokens: Mapped[int] = mapped_column(server_default="0")
    prompt_sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH))
    problem: Mapped[str]
    likelihoods: Mapped[tuple[Likelihood, ...]] = mapped_column(server_default="[]")


class MeasurementRow(Base):
    """A figure of a run, with what made it doubtful."""

    __tablename__ = "measurements"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID_LENGTH), unique=True)
    run_number: Mapped[int] = mapped_column(
        ForeignKey("runs.number", ondelete="CASCADE"), index=True
    )
    test: Mapped[str]
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(32))
    taken_at: Mapped[datetime]
    standard_deviation: Mapped[float | None]
    repetitions: Mapped[tuple[float, ...]]
    valid: Mapped[bool]
    disturbances: Mapped[tuple[Disturbance, ...]]


class ScoringRow(Base):
    """A further set of scores for a run's answers, by the checks of a suite."""

    __tablename__ = "scorings"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID_LENGTH), unique=True)
    run_number: Mapped[int] = mapped_column(
        ForeignKey("runs.number", ondelete="CASCADE"), index=True
    )
    suite_sha256: Mapped[str] = mapped_column(ForeignKey("suites.sha256"))
    suite: Mapped[SuiteReference]
    made_at: Mapped[datetime]
    counts: Mapped[RunCounts]
    name: Mapped[str]
    judge: Mapped[str]
    judge_opinions: Mapped[int] = mapped_column(server_default="0")
    judge_agreements: Mapped[int] = mapped_column(server_default="0")
    rated_by: Mapped[str] = mapped_column(server_default="")


class ScoringResultRow(Base):
    """What one answer is worth in one set of scores."""

    __tablename__ = "scoring_results"
    __table_args__ = (UniqueConstraint("scoring_number", "answer_number"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    scoring_number: Mapped[int] = mapped_column(ForeignKey("scorings.number", ondelete="CASCADE"))
    answer_number: Mapped[int] = mapped_column(
        ForeignKey("answers.number", ondelete="CASCADE"), index=True
    )
    outcome: Mapped[Outcome]
    score: Mapped[float]
    scores: Mapped[tuple[Score, ...]]
    problem: Mapped[str]
