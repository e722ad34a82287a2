"""Runs with their suites, answers and measurements: kept as they come, never changed once done."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.orm import Session

from desktop.domain.answer import Answer
from desktop.domain.base import utc_now
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome, Run, RunStatus, RunSummary
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.storage.mapping import (
    answer_to_row,
    measurement_to_row,
    row_to_answer,
    row_to_measurement,
    row_to_run,
    run_to_row,
    suite_to_row,
    write_progress,
)
from desktop.storage.rows import AnswerRow, MeasurementRow, RunRow, SuiteRow
from desktop.storage.summaries import load_summaries
from desktop.storage.transactions import Transactions

_SHORT_ID = 8
_LISTED = 5
INTERRUPTED_PROBLEM = "The program ended before this run did."


class RunStore:
    """A `RunRecorder` that can also be read. Every call is one transaction; for any thread.

    Runs that were deleted can be restored until they are purged; nothing else shows them.
    """

    def __init__(self, transactions: Transactions) -> None:
        """Take the way into the database."""
        self._transactions = transactions

    # Recording

    def add_suite(self, suite: Suite) -> None:
        """Keep a copy of a suite under its `sha256`; a copy that is there already stays."""
        if not suite.sha256:
            raise ValueError(f"Suite {suite.id} has no sha256 to be kept under")
        with self._transactions.writing() as session:
            if not session.scalar(select(exists().where(SuiteRow.sha256 == suite.sha256))):
                session.add(suite_to_row(suite))

    def add_runs(self, runs: Sequence[Run]) -> None:
        """Add new runs, all or none. Their suites must have been added before."""
        with self._transactions.writing() as session:
            for run in runs:
                session.add(run_to_row(run))
                # Keeps their order, and names the culprit if one cannot be added.
                session.flush()

    def update_run(self, run: Run) -> None:
        """Store a run's new state; annotations are left as they are.

        Raises `UserError` if the stored run has finished: those never change.
        """
        with self._transactions.writing() as session:
            write_progress(run, _changeable_run(session, run.id))

    def add_answer(self, answer: Answer) -> None:
        """Store an answer with its scores; durable when this returns.

        Raises `UserError` if the case has an answer that is no error, or the run has finished.
        """
        with self._transactions.writing() as session:
            number = _changeable_run(session, answer.run_id).number
            same_case = (
                AnswerRow.run_number == number,
                AnswerRow.case_id == answer.case_id,
                AnswerRow.repeat == answer.repeat,
            )
            stored = session.scalar(select(AnswerRow.outcome).where(*same_case))
            if stored is Outcome.ERROR:
                session.execute(delete(AnswerRow).where(*same_case))
            elif stored is not None:
                raise UserError(
                    f"Case {answer.case_id} of run {answer.run_id[:_SHORT_ID]} is answered already,"
                    " and answers never change.",
                    remedy="Start a new run to ask again.",
                )
            session.add(answer_to_row(answer, number))

    def add_measurement(self, measurement: Measurement) -> None:
        """Store a measurement. Raises `UserError` if the run has finished."""
        with self._transactions.writing() as session:
            number = _changeable_run(session, measurement.run_id).number
            session.add(measurement_to_row(measurement, number))

    def add_finished_run(self, run: Run, suite: Suite, answers: Sequence[Answer]) -> None:
        """Store a run that was made elsewhere, with its suite and answers: all of it or nothing."""
        with self._transactions.writing() as session:
            if not session.scalar(select(exists().where(SuiteRow.sha256 == suite.sha256))):
                session.add(suite_to_row(suite))
                session.flush()
            row = run_to_row(run)
            session.add(row)
            session.flush()
            session.add_all(answer_to_row(answer, row.number) for answer in answers)

    def mark_interrupted(self) -> int:
        """Mark runs that a former process left running; return how many. Call it at start."""
        with self._transactions.writing() as session:
            rows = session.scalars(select(RunRow).where(RunRow.status == RunStatus.RUNNING)).all()
            for row in rows:
                row.status = RunStatus.INTERRUPTED
                row.problem = row.problem or INTERRUPTED_PROBLEM
            return len(rows)

    # Reading

    def load_run(self, run_id: str) -> Run:
        """Return a run by its id or by a beginning that no other run has.

        Raises `UserError` if there is none, or several.
        """
        with self._transactions.reading() as session:
            return row_to_run(_find_run(session, run_id))

    def has_running(self) -> bool:
        """Whether a run is marked as under way: it is, or its program was killed."""
        with self._transactions.reading() as session:
            running = select(RunRow.number).where(RunRow.status == RunStatus.RUNNING)
            return session.scalars(running.limit(1)).first() is not None

    def list_runs(self) -> tuple[RunSummary, ...]:
        """Return all runs with their counts, the newest first."""
        with self._transactions.reading() as session:
            return load_summaries(session)

    def list_runs_of_evaluation(self, evaluation_id: str) -> tuple[Run, ...]:
        """Return the runs that were started together, in the order of their plan."""
        with self._transactions.reading() as session:
            statement = _visible().where(RunRow.evaluation_id == evaluation_id)
            rows = session.scalars(statement.order_by(RunRow.number))
            return tuple(row_to_run(row) for row in rows)

    def load_suite(self, sha256: str) -> Suite:
        """Return the copy of a suite. Raises `UserError` if there is none."""
        with self._transactions.reading() as session:
            row = session.scalars(select(SuiteRow).where(SuiteRow.sha256 == sha256)).one_or_none()
            if row is None:
                raise UserError(f"No suite with the SHA-256 {sha256} is stored.")
            return row.document

    def load_answers(self, run_id: str) -> tuple[Answer, ...]:
        """Return a run's answers in the order in which they finished."""
        with self._transactions.reading() as session:
            statement = (
                select(AnswerRow)
                .join(RunRow, RunRow.number == AnswerRow.run_number)
                .where(RunRow.id == run_id)
                .order_by(AnswerRow.number)
            )
            return tuple(row_to_answer(row, run_id) for row in session.scalars(statement))

    def load_measurements(self, run_id: str) -> tuple[Measurement, ...]:
        """Return a run's measurements in the order in which they were taken."""
        with self._transactions.reading() as session:
            statement = (
                select(MeasurementRow)
                .join(RunRow, RunRow.number == MeasurementRow.run_number)
                .where(RunRow.id == run_id)
                .order_by(MeasurementRow.number)
            )
            return tuple(row_to_measurement(row, run_id) for row in session.scalars(statement))

    def count_runs(self) -> int:
        """Return how many runs there are."""
        statement = select(func.count()).select_from(_visible().subquery())
        with self._transactions.reading() as session:
            return session.scalar(statement) or 0

    def count_answers(self) -> int:
        """Return how many answers all runs hold together."""
        deleted = select(RunRow.number).where(RunRow.deleted_at.is_not(None))
        statement = select(func.count(AnswerRow.run_number)).where(
            AnswerRow.run_number.not_in(deleted)
        )
        with self._transactions.reading() as session:
            return session.scalar(statement) or 0

    # What people say about runs, and which they want to see

    def annotate_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Run:
        """Change what people say about a run, finished or not; `None` leaves a field as it is.

        Tags lose surrounding blanks, empty ones and repetitions.
        """
        with self._transactions.writing() as session:
            row = _find_run(session, run_id)
            if name is not None:
                row.name = name.strip()
            if note is not None:
                row.note = note
            if tags is not None:
                row.tags = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
            return row_to_run(row)

    def delete_runs(self, ids: Sequence[str]) -> None:
        """Take runs out of sight, all or none. Raises `UserError` if one is under way."""
        with self._transactions.writing() as session:
            statement = _visible().where(RunRow.id.in_(ids), RunRow.status == RunStatus.RUNNING)
            if session.scalars(statement).first() is not None:
                raise UserError(
                    "A run that is under way cannot be deleted.",
                    remedy="Cancel it first.",
                )
            session.execute(update(RunRow).where(RunRow.id.in_(ids)).values(deleted_at=utc_now()))

    def restore_runs(self, ids: Sequence[str]) -> None:
        """Undo `delete_runs`."""
        with self._transactions.writing() as session:
            session.execute(update(RunRow).where(RunRow.id.in_(ids)).values(deleted_at=None))

    def purge_deleted(self) -> int:
        """Remove deleted runs for good, with all they hold; return how many."""
        with self._transactions.writing() as session:
            numbers = session.scalars(select(RunRow.number).where(RunRow.deleted_at.is_not(None)))
            found = numbers.all()
            session.execute(delete(RunRow).where(RunRow.deleted_at.is_not(None)))
            return len(found)

    def check_writable(self) -> None:
        """Begin a writing transaction and end it: raises what storing would raise."""
        with self._transactions.writing() as session:
            session.connection()


def _visible() -> Select[RunRow]:
    return select(RunRow).where(RunRow.deleted_at.is_(None))


def _find_run(session: Session, run_id: str) -> RunRow:
    wanted = run_id.strip().lower()
    beginning = _visible().where(RunRow.id.startswith(wanted, autoescape=True))
    rows = session.scalars(beginning.order_by(RunRow.id).limit(_LISTED + 1)).all() if wanted else []
    exact = [row for row in rows if row.id == wanted]
    if exact or len(rows) == 1:
        return (exact or rows)[0]
    if not rows:
        raise UserError(
            f"There is no run {run_id!r}.", remedy="`touchstone runs` lists the runs there are."
        )
    raise UserError(
        f"Several runs begin with {run_id}: {', '.join(row.id for row in rows[:_LISTED])}"
        f"{' …' if len(rows) > _LISTED else ''}.",
        remedy="Give more of the id.",
    )


def _changeable_run(session: Session, run_id: str) -> RunRow:
    row = session.scalars(select(RunRow).where(RunRow.id == run_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no run {run_id}.", remedy="It may have been deleted meanwhile.")
    if row.status is RunStatus.FINISHED:
        raise UserError(
            f"Run {run_id[:_SHORT_ID]} has finished, and finished runs never change.",
            remedy="Start a new run.",
        )
    return row
