"""Sentences that only the PDF has; the conclusions themselves come from `wording`."""

from collections.abc import Sequence

from desktop.domain.comparison import ComparedAnswer, ComparedPair, Interval, Standing
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome
from desktop.reports.numbers import (
    count_text,
    points_text,
    rate_text,
    share_text,
    significant_text,
)
from desktop.reports.wording import reach


def how_measured(suites: str, machines: str, engines: str, *, judged: bool) -> str:
    """Say where and how in one line; any part may be unknown."""
    where = f"on {machines}" if machines else "on a machine that was not recorded"
    what = f"{suites}, " if suites else ""
    engine = f", with {engines}" if engines else ""
    rules = " Every answer was checked by fixed rules, not by another model." if judged else ""
    sentence = f"{what}{where}{engine}.{rules}"
    return sentence if what else f"O{sentence[1:]}"


def standing_limits(quality: bool) -> tuple[str, ...]:
    """Say what no comparison of this kind can say."""
    if not quality:
        return ("Speed and memory hold for this machine and these settings only.",)
    return (
        reach(),
        "Passing a case means meeting its written demands; nothing is said of anything else.",
    )


def passed_of(passed: int, total: int) -> str:
    """Return `14 of 36`."""
    return f"{count_text(passed)} of {count_text(total)}"


def correct_note(passed: int, total: int, interval: Interval | None) -> str:
    """Explain a card's share."""
    if interval is None:
        return "correct: not measured"
    low, high = share_text(interval.low), share_text(interval.high)
    return f"correct, {passed_of(passed, total)} (likely {low} to {high})"


def rate_note(*, valid: bool) -> str:
    """Explain a card's speed."""
    return "tokens/s" if valid else "tokens/s, disturbed"


def points_interval(interval: Interval) -> str:
    """Return both ends in points."""
    return f"{points_text(interval.low)} to {points_text(interval.high)}"


def pair_result(pair: ComparedPair) -> str:
    """Say a pair's result in a table."""
    if pair.cases == 0:
        return "no shared case"
    if pair.standing is Standing.UNDECIDED and not pair.enough_cases:
        return "too few cases"
    return {
        Standing.BETTER: "first better",
        Standing.WORSE: "second better",
        Standing.UNDECIDED: "undecided",
    }[pair.standing]


def rate_with_spread(measurement: Measurement) -> str:
    """Return mean and standard deviation of a rate."""
    spread = measurement.standard_deviation
    rate = rate_text(measurement.value)
    return rate if spread is None else f"{rate} ± {significant_text(spread)}"


def validity(*, valid: bool, reasons: str) -> str:
    """Say whether a measurement may be trusted."""
    return "yes" if valid else f"no, left out of comparisons. {reasons}".rstrip()


def answers_note(shown: int, chosen: int, *, disagree: bool) -> str:
    """Say which answers are printed."""
    which = (
        "Cases that some models passed and others did not"
        if disagree
        else "Cases that were not passed"
    )
    if shown < chosen:
        return (
            f"{which}: the first {count_text(shown)} of {count_text(chosen)}. The CSV and JSON "
            "files have all answers in full."
        )
    return f"{which}, long answers shortened. The CSV and JSON files have all answers in full."


def demands(sentences: Sequence[str]) -> str:
    """Say what a case wants; each ending goes on after "A good answer"."""
    return f"A good answer {'; '.join(sentences)}." if sentences else ""


def verdict(answer: ComparedAnswer) -> str:
    """Say an answer's outcome, with its repeats if they disagree."""
    word = {
        Outcome.PASSED: "passed",
        Outcome.FAILED: "failed",
        Outcome.REFUSED: "refused",
        Outcome.TRUNCATED: "cut off",
        Outcome.THINKING_ONLY: "only thought",
        Outcome.ERROR: "error",
        Outcome.OPEN: "open",
        Outcome.MEASURED: "measured",
    }[answer.outcome]
    if answer.repeats > 1:
        return f"{word} ({passed_of(answer.repeats_passed, answer.repeats)} repeats passed)"
    return word


def empty_answer() -> str:
    """The model answered with nothing."""
    return "(an empty answer)"


def thinking_note(tokens: int) -> str:
    """Say how much a model thought; empty if it did not."""
    if not tokens:
        return ""
    return f"{count_text(tokens)} {'token' if tokens == 1 else 'tokens'} of thinking, not shown."


def cut_note(length: int) -> str:
    """Say how long an answer is that was shortened."""
    return f"Shortened; {count_text(length)} characters in all."
