"""Scores that a run was given later, beside those that it was stored with."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from desktop.domain.answer import Answer
from desktop.domain.rescoring import ScoredAnswer, Scoring
from desktop.domain.run import RunStatus
from desktop.errors import UserError
from desktop.storage.mapping import row_to_answer
from desktop.storage.rows import AnswerRow, RunRow, ScoringResultRow, ScoringRow
from desktop.storage.transactions import Transactions

_UNDER_WAY = (RunStatus.QUEUED, RunStatus.RUNNING)
_SCORED_FIELDS = ("outcome", "score", "scores", "problem")
_SCORING_FIELDS = tuple(f.name for f in msgspec.structs.fields(Scoring) if f.name != "run_id")


class ScoringStore:
    """Sets of scores. Every call is one transaction; for any thread."""

    def __init__(self, transactions: Transactions) -> None:
        """Take the way into the database."""
        self._transactions = transactions

    def add_scoring(self, scoring: Scoring, results: Sequence[ScoredAnswer]) -> None:
        """Store a set of scores; its suite must have been added before.

        Raises `UserError` if the run is under way, or an answer is not one of its.
        """
        with self._transactions.writing() as session:
            run = session.scalars(select(RunRow).where(RunRow.id == scoring.run_id)).one_or_none()
            if run is None or run.deleted_at is not None:
                raise UserError(f"There is no run {scoring.run_id}.")
            if run.status in _UNDER_WAY:
                raise UserError(
                    "A run that is under way cannot be scored again.", remedy="Wait for its end."
                )
            numbers = _number_answers(session, run.number)
            foreign = [each.answer_id for each in results if each.answer_id not in numbers]
            if foreign:
                raise UserError(f"The answer {foreign[0]} is not one of run {run.id}.")
            row = ScoringRow(
                run_number=run.number,
                suite_sha256=scoring.suite.sha256,
                **{name: getattr(scoring, name) for name in _SCORING_FIELDS},
            )
            session.add(row)
            session.flush()
            session.add_all(
                ScoringResultRow(
                    scoring_number=row.number,
                    answer_number=numbers[each.answer_id],
                    **{name: getattr(each, name) for name in _SCORED_FIELDS},
                )
                for each in results
            )

    def list_scorings(self, run_id: str) -> tuple[Scoring, ...]:
        """Return a run's further sets of scores, the oldest first."""
        statement = (
            select(ScoringRow)
            .join(RunRow, RunRow.number == ScoringRow.run_number)
            .where(RunRow.id == run_id)
            .order_by(ScoringRow.number)
        )
        with self._transactions.reading() as session:
            return tuple(_to_scoring(row, run_id) for row in session.scalars(statement))

    def load_answers(self, scoring_id: str) -> tuple[Answer, ...]:
        """Return a run's answers with this set of scores, in the order in which they finished.

        Raises `UserError` if there is no such set.
        """
        with self._transactions.reading() as session:
            scoring = _find_scoring(session, scoring_id)
            run_id = session.scalars(
                select(RunRow.id).where(RunRow.number == scoring.run_number)
            ).one()
            statement = (
                select(AnswerRow, ScoringResultRow)
                .join(ScoringResultRow, ScoringResultRow.answer_number == AnswerRow.number)
                .where(ScoringResultRow.scoring_number == scoring.number)
                .order_by(AnswerRow.number)
            )
            return tuple(
                msgspec.structs.replace(
                    row_to_answer(answer, run_id),
                    **{name: getattr(result, name) for name in _SCORED_FIELDS},
                )
                for answer, result in session.execute(statement)
            )

    def delete_scoring(self, scoring_id: str) -> None:
        """Remove a set of scores for good; the run keeps those it was stored with."""
        with self._transactions.writing() as session:
            number = _find_scoring(session, scoring_id).number
            session.execute(delete(ScoringRow).where(ScoringRow.number == number))


def _number_answers(session: Session, run_number: int) -> dict[str, int]:
    statement = select(AnswerRow.id, AnswerRow.number).where(AnswerRow.run_number == run_number)
    return {row.id: row.number for row in session.execute(statement)}


def _find_scoring(session: Session, scoring_id: str) -> ScoringRow:
    row = session.scalars(select(ScoringRow).where(ScoringRow.id == scoring_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no set of scores {scoring_id}.")
    return row


def _to_scoring(row: ScoringRow, run_id: str) -> Scoring:
    return Scoring(run_id=run_id, **{name: getattr(row, name) for name in _SCORING_FIELDS})
