"""The history's lines: all runs with their counts, in four statements however many there are."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome, Run, RunCounts, RunSummary
from desktop.storage.mapping import row_to_measurement, row_to_run
from desktop.storage.rows import AnswerRow, MeasurementRow, RunRow

_UNJUDGED = tuple(outcome for outcome in Outcome if not outcome.is_judged)


def load_summaries(session: Session) -> tuple[RunSummary, ...]:
    """Return every run that is not deleted, the newest first."""
    statement = (
        select(RunRow)
        .where(RunRow.deleted_at.is_(None))
        .order_by(RunRow.created_at.desc(), RunRow.number.desc())
    )
    rows = session.scalars(statement).all()
    outcomes = _count_outcomes(session)
    measurements = _load_measurements(session, {row.number: row.id for row in rows})
    thinking = _sum_thinking(session)
    return tuple(
        _summarize(row, outcomes[row.number], thinking.get(row.number, 0), measurements[row.number])
        for row in rows
    )


def _count_outcomes(session: Session) -> dict[int, dict[Outcome, int]]:
    statement = select(AnswerRow.run_number, AnswerRow.outcome, func.count()).group_by(
        AnswerRow.run_number, AnswerRow.outcome
    )
    counts: dict[int, dict[Outcome, int]] = defaultdict(dict)
    for number, outcome, count in session.execute(statement):
        counts[number][outcome] = count
    return counts


def _sum_thinking(session: Session) -> dict[int, int]:
    """Return the tokens of thinking of judged answers, for runs that have any."""
    statement = (
        select(AnswerRow.run_number, func.sum(AnswerRow.thinking_tokens).label("tokens"))
        # A literal: only then does SQLite see that the index holds all that is asked for.
        .where(AnswerRow.thinking_tokens > literal_column("0"), AnswerRow.outcome.not_in(_UNJUDGED))
        .group_by(AnswerRow.run_number)
    )
    return {row.run_number: row.tokens for row in session.execute(statement)}


def _load_measurements(session: Session, ids: dict[int, str]) -> dict[int, list[Measurement]]:
    measurements: dict[int, list[Measurement]] = defaultdict(list)
    for row in session.scalars(select(MeasurementRow).order_by(MeasurementRow.number)):
        if row.run_number in ids:
            found = row_to_measurement(row, ids[row.run_number])
            measurements[row.run_number].append(found)
    return measurements


def _summarize(
    row: RunRow,
    outcomes: dict[Outcome, int],
    thinking_tokens: int,
    measurements: Sequence[Measurement],
) -> RunSummary:
    run = row_to_run(row)
    cases = run.suite.count_answers(run.settings.repeats) if run.suite else 0
    counts = RunCounts.of_outcomes(outcomes, cases)
    peaks = [m.value for m in measurements if m.valid and m.test == "peak_resident"]
    return RunSummary(
        run=run,
        counts=counts,
        tokens_per_second=_pick_speed(measurements, "tg128"),
        prompt_tokens_per_second=_pick_speed(measurements, "pp512"),
        peak_memory_bytes=round(max(peaks)) if peaks else None,
        seconds=None if row.resumed else _measure_duration(run),
        mean_thinking_tokens=thinking_tokens / counts.scored if thinking_tokens else None,
    )


def _pick_speed(measurements: Sequence[Measurement], usual: str) -> float | None:
    """Return the latest valid speed of the usual test, or of one like it (`tg64` for `tg128`).

    A doubtful figure is none for a line. Speeds at a depth (`tg128 @ d1024`) and of mixed tests
    (`pp512+tg128`) are other things.
    """
    kind = usual[:2]
    alike = {
        m.test: m.value
        for m in measurements
        if m.valid and m.unit == "tokens/s" and m.test.startswith(kind) and m.test[2:].isdigit()
    }
    return alike.get(usual, next(reversed(alike.values()), None))


def _measure_duration(run: Run) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return max(0.0, (run.finished_at - run.started_at).total_seconds())
