"""Rows to frozen objects and back; the only place that knows both sides."""

import os

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.language_model import LanguageModel
from desktop.domain.measurement import Measurement
from desktop.domain.run import Run, RunStatus
from desktop.domain.suite import Suite
from desktop.storage.rows import AnswerRow, MeasurementRow, ModelOrigin, ModelRow, RunRow, SuiteRow

# What the evaluation may change of a run while it is not finished; annotations are not here.
_PROGRESS = (
    "status",
    "started_at",
    "finished_at",
    "model",
    "settings",
    "suite",
    "probe",
    "machine",
    "engine",
    "prompt_format",
    "problem",
)
_STOPPED = (RunStatus.INTERRUPTED, RunStatus.CANCELLED, RunStatus.FAILED)
_ORIGIN_FIELDS = tuple(
    name for name in ModelOrigin.__struct_fields__ if name in LanguageModel.__struct_fields__
)
_RUN_FIELDS = tuple(f.name for f in msgspec.structs.fields(Run))
_ANSWER_FIELDS = tuple(f.name for f in msgspec.structs.fields(Answer) if f.name != "run_id")
_MEASUREMENT_FIELDS = tuple(
    f.name for f in msgspec.structs.fields(Measurement) if f.name != "run_id"
)


def path_key(path: str) -> str:
    """Return a path as the system compares it: without case on Windows."""
    return os.path.normcase(path)


def run_to_row(run: Run) -> RunRow:
    """Return a new row for a run."""
    row = RunRow(resumed=False, **{name: getattr(run, name) for name in _RUN_FIELDS})
    row.suite_sha256 = run.suite.sha256 if run.suite else None
    return row


def write_progress(run: Run, row: RunRow) -> None:
    """Bring a row to a run's state, without its annotations."""
    if run.status is RunStatus.RUNNING and row.status in _STOPPED:
        row.resumed = True
    for name in _PROGRESS:
        setattr(row, name, getattr(run, name))
    row.suite_sha256 = run.suite.sha256 if run.suite else None


def row_to_run(row: RunRow) -> Run:
    """Return the run that a row holds."""
    return Run(**{name: getattr(row, name) for name in _RUN_FIELDS})


def answer_to_row(answer: Answer, run_number: int) -> AnswerRow:
    """Return a new row for an answer."""
    values = {name: getattr(answer, name) for name in _ANSWER_FIELDS}
    return AnswerRow(run_number=run_number, **values)


def row_to_answer(row: AnswerRow, run_id: str) -> Answer:
    """Return the answer that a row holds."""
    return Answer(run_id=run_id, **{name: getattr(row, name) for name in _ANSWER_FIELDS})


def measurement_to_row(measurement: Measurement, run_number: int) -> MeasurementRow:
    """Return a new row for a measurement."""
    values = {name: getattr(measurement, name) for name in _MEASUREMENT_FIELDS}
    return MeasurementRow(run_number=run_number, **values)


def row_to_measurement(row: MeasurementRow, run_id: str) -> Measurement:
    """Return the measurement that a row holds."""
    return Measurement(run_id=run_id, **{name: getattr(row, name) for name in _MEASUREMENT_FIELDS})


def suite_to_row(suite: Suite) -> SuiteRow:
    """Return a new row for a suite; where its file lay is nobody's business later."""
    document = msgspec.structs.replace(suite, path="")
    return SuiteRow(sha256=suite.sha256, document=document, added_at=utc_now())


def renew_model(model: LanguageModel, row: ModelRow) -> None:
    """Bring a row to what a scan found; a hash is forgotten once the files have changed."""
    if row.origin.store and not model.store and row.paths == model.paths:
        # Met by another way than its store, which alone knows its name.
        model = msgspec.structs.replace(
            model,
            facts=msgspec.structs.replace(model.facts, name=row.facts.name),
            store=row.origin.store,
            store_names=row.origin.store_names,
        )
    same_files = (
        row.paths == model.paths
        and row.modified_ns == str(model.modified_ns)
        and row.facts.file_bytes == model.facts.file_bytes
    )
    if same_files and model.sha256 in (None, row.sha256):
        # What was computed from the same content holds.
        model = msgspec.structs.replace(
            model,
            sha256=row.sha256,
            shard_sha256=model.shard_sha256 or row.origin.shard_sha256,
            hash_check=model.hash_check or row.origin.hash_check,
        )
    _fill(model, row)


def model_to_row(model: LanguageModel) -> ModelRow:
    """Return a new row for a language model."""
    row = ModelRow(
        id=model.id or new_id(), added_at=model.added_at or utc_now(), origin=ModelOrigin()
    )
    _fill(model, row)
    return row


def _fill(model: LanguageModel, row: ModelRow) -> None:
    row.path_key = path_key(model.path)
    row.paths = model.paths
    row.facts = model.facts
    row.modified_ns = str(model.modified_ns)
    row.warnings = model.warnings
    row.sha256 = model.sha256
    row.origin = msgspec.structs.replace(
        row.origin, **{name: getattr(model, name) for name in _ORIGIN_FIELDS}
    )
    row.removed_at = None


def row_to_model(row: ModelRow) -> LanguageModel:
    """Return the language model that a row holds."""
    return LanguageModel(
        id=row.id,
        paths=row.paths,
        facts=row.facts,
        modified_ns=int(row.modified_ns),
        sha256=row.sha256,
        warnings=row.warnings,
        added_at=row.added_at,
        **{name: getattr(row.origin, name) for name in _ORIGIN_FIELDS},
    )
