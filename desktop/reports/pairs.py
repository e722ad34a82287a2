"""Every pair of models on the cases that both were scored on."""

from collections.abc import Sequence

import msgspec

from desktop.domain.comparison import ComparedPair, Interval, Standing
from desktop.domain.run import Outcome
from desktop.reports.numbers import round_up
from desktop.reports.rows import Cells
from desktop.statistics.intervals import paired_difference_interval
from desktop.statistics.paired_tests import holm, mcnemar_exact
from desktop.statistics.power import ALPHA, cases_needed, smallest_detectable_difference

# Beyond this, "about 50,000 more would tell" is no advice any more.
_MOST_MORE_CASES = 20_000


def compare_pairs(columns: Sequence[Cells]) -> tuple[ComparedPair, ...]:
    """Compare every two models by McNemar's exact test, corrected after Holm over all pairs.

    Pairs without a shared case take no part in the correction and stay undecided.
    """
    pairs = [
        _count(first, second, columns)
        for first in range(len(columns))
        for second in range(first + 1, len(columns))
    ]
    tested = [index for index, pair in enumerate(pairs) if pair.cases]
    adjusted = holm([pairs[index].p_value for index in tested])
    for index, p_adjusted in zip(tested, adjusted, strict=True):
        pairs[index] = _judge(pairs[index], p_adjusted, len(tested))
    return tuple(pairs)


def smallest_difference(pairs: Sequence[ComparedPair]) -> float | None:
    """Return the difference that every pair could have shown with 80 % power, or `None`.

    It is that of the pair that shows least: smaller ones may be there and go unseen.
    """
    tested = [pair for pair in pairs if pair.cases]
    found = [
        smallest_detectable_difference(
            pair.cases, _discordant_share(pair), alpha=ALPHA / len(tested)
        )
        for pair in tested
    ]
    known = [difference for difference in found if difference is not None]
    return max(known) if known and len(known) == len(found) else None


def _count(first: int, second: int, columns: Sequence[Cells]) -> ComparedPair:
    passes = [
        (columns[first][key].outcome is Outcome.PASSED, other.outcome is Outcome.PASSED)
        for key, other in columns[second].items()
        if key in columns[first]
        and columns[first][key].outcome is not Outcome.ERROR
        and other.outcome is not Outcome.ERROR
    ]
    only_first = sum(one and not other for one, other in passes)
    only_second = sum(other and not one for one, other in passes)
    cases = len(passes)
    return ComparedPair(
        first=first,
        second=second,
        cases=cases,
        only_first_passed=only_first,
        only_second_passed=only_second,
        difference=(only_first - only_second) / cases if cases else 0.0,
        interval=paired_difference_interval(only_first, only_second, cases)
        if cases
        else Interval(low=-1.0, high=1.0),
        p_value=mcnemar_exact(only_first, only_second),
        p_adjusted=1.0,
        standing=Standing.UNDECIDED,
    )


def _judge(pair: ComparedPair, p_adjusted: float, tested: int) -> ComparedPair:
    standing = Standing.UNDECIDED
    if p_adjusted <= ALPHA:
        standing = Standing.BETTER if pair.difference > 0 else Standing.WORSE
    return msgspec.structs.replace(
        pair,
        p_adjusted=p_adjusted,
        standing=standing,
        more_cases=_more_cases(pair, tested) if standing is Standing.UNDECIDED else None,
    )


def _more_cases(pair: ComparedPair, tested: int) -> int | None:
    """Return about how many more cases would decide if the difference stays as it is.

    At the strictest level that Holm may ask for, so that the promise holds for every pair.
    """
    if pair.difference == 0:
        return None
    needed = cases_needed(pair.difference, _discordant_share(pair), alpha=ALPHA / tested)
    more = max(1, needed - pair.cases)
    return round_up(more) if more <= _MOST_MORE_CASES else None


def _discordant_share(pair: ComparedPair) -> float:
    return (pair.only_first_passed + pair.only_second_passed) / pair.cases
