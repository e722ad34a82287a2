"""May I say that A is better than B? The one place that answers, for window, paper and terminal.

Plain words come first, figures second. "Better" means that the test shows it; "can't be told
apart" that these cases don't show a difference, never that there is none.
"""

from collections.abc import Sequence

from desktop.domain.comparison import ComparedPair, Comparison, Standing, Verdict
from desktop.reports.numbers import (
    count_text,
    points_text,
    probability_text,
    significant_text,
    times_in_hundred_text,
)
from desktop.reports.wording import cases_text, could_show_nothing
from desktop.statistics.effects import name_size


def may_say_better(comparison: Comparison, one: int, other: int) -> Verdict:
    """Answer whether the model at place `one` may be called better than the one at `other`.

    `ValueError` for a pair that the comparison does not have.
    """
    for pair in comparison.pairs:
        if {pair.first, pair.second} == {one, other}:
            labels = [model.label for model in comparison.models]
            return judge_pair(pair, labels, asks_first=pair.first == one)
    raise ValueError(f"The comparison has no pair of {one} and {other}")


def judge_pair(pair: ComparedPair, labels: Sequence[str], *, asks_first: bool = True) -> Verdict:
    """Answer whether a pair's first model (or else its second) may be called the better one."""
    first, second = labels[pair.first], labels[pair.second]
    return Verdict(
        saying=pair.answer(asks_first=asks_first),
        sentence=_sentence(pair, first, second),
        more_cases=pair.more_cases,
        reasons=_reasons(pair, first, second),
    )


def explain_pair(pair: ComparedPair, labels: Sequence[str]) -> str:
    """Return all reasons for what is said of a pair, in one paragraph under both names."""
    first, second = labels[pair.first], labels[pair.second]
    reasons = pair.verdict.reasons if pair.verdict else _reasons(pair, first, second)
    return " ".join((f"{first} and {second}.", *reasons))


def _sentence(pair: ComparedPair, first: str, second: str) -> str:
    """Say what one pair shows, with the counts that it rests on."""
    if pair.cases == 0:
        return f"{first} and {second} can't be compared: no case was answered by both."
    if pair.standing is Standing.UNDECIDED:
        if pair.only_first_passed == pair.only_second_passed == 0:
            return (
                f"{first} and {second} passed and failed the same of {cases_text(pair.cases)}: "
                "no difference shows."
            )
        more = f"; about {count_text(pair.more_cases)} more would tell" if pair.more_cases else ""
        if not pair.enough_cases:
            more = "; so few can't show any difference"
        return (
            f"{first} and {second} can't be told apart with {cases_text(pair.cases)}: "
            f"{_alone(pair, first, second)}{more}."
        )
    better, worse = (first, second) if pair.standing is Standing.BETTER else (second, first)
    return f"{better} answers better than {worse}: {_alone(pair, first, second)}."


def _alone(pair: ComparedPair, first: str, second: str) -> str:
    return (
        f"{first} alone passed {count_text(pair.only_first_passed)}, "
        f"{second} alone {count_text(pair.only_second_passed)}"
    )


def _reasons(pair: ComparedPair, first: str, second: str) -> tuple[str, ...]:
    if pair.cases == 0:
        return ("No case was answered by both, so nothing was tested.",)
    reasons = [_chance(pair, first, second)]
    if pair.groups is not None:
        reasons.append(_hanging_together(pair))
    if pair.more_cases:
        reasons.append(
            f"If the difference stays this large, about {count_text(pair.more_cases)} more cases "
            "would show it four times in five."
        )
    if not pair.enough_cases:
        reasons.append(could_show_nothing(pair.cases))
    if pair.score_difference is not None:
        reasons.append(_scores(pair))
    return (*reasons, _figures(pair))


def _chance(pair: ComparedPair, first: str, second: str) -> str:
    flips = pair.only_first_passed + pair.only_second_passed
    if flips == 0:
        return (
            f"Both answered {cases_text(pair.cases)}, and each case that one passed, the other "
            "passed too."
        )
    what = (
        f"split {cases_text(flips)} at least this unevenly"
        if pair.groups is None
        else "bring about a difference at least this large"
    )
    return (
        f"Of {cases_text(pair.cases)} that both answered, {_alone(pair, first, second)}. If they "
        f"were equally good, chance alone would {what} {times_in_hundred_text(pair.p_value)}."
    )


def _hanging_together(pair: ComparedPair) -> str:
    groups = count_text(pair.groups or 0)
    independent = max(1, round(pair.cases / pair.design_effect))
    worth = (
        f"they tell as much as about {count_text(independent)} independent ones"
        if independent < pair.cases
        else "their differences scatter as those of independent ones would"
    )
    return (
        f"The {cases_text(pair.cases)} are of {groups} groups that share a document or a template; "
        f"whole groups were tested, and {worth}."
    )


def _scores(pair: ComparedPair) -> str:
    interval = pair.score_interval
    ends = (
        f" (95% interval {_tenths(interval.low)} to {_tenths(interval.high)}, by resampling)"
        if interval
        else " (too little to draw an interval round it)"
    )
    return (
        "Where partly right answers count partly, the mean scores differ by "
        f"{_tenths(pair.score_difference or 0.0)} points of 100{ends}."
    )


def _figures(pair: ComparedPair) -> str:
    adjusted = (
        f", after correction for the number of pairs {_p(pair.p_adjusted)}"
        if pair.p_adjusted != pair.p_value
        else ""
    )
    effect = (
        f", effect size {name_size(pair.effect).value} (g = {significant_text(abs(pair.effect))})"
        if pair.effect is not None
        else ""
    )
    return (
        f"Difference {points_text(pair.difference)} points (95% interval "
        f"{points_text(pair.interval.low)} to {points_text(pair.interval.high)}), "
        f"{_p(pair.p_value)}{adjusted}{effect}."
    )


def _p(p_value: float) -> str:
    text = probability_text(p_value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def _tenths(difference: float) -> str:
    points = round(difference * 100, 1)
    sign = "\N{MINUS SIGN}" if points < 0 else "+" if points > 0 else ""
    return f"{sign}{abs(points):.1f}"
