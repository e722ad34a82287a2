"""Every pair of models on the cases that both were scored on."""

import math
from collections.abc import Callable, Hashable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from desktop.domain.comparison import ComparedPair, Interval, Standing
from desktop.domain.run import Outcome
from desktop.reports.numbers import round_up
from desktop.reports.rows import CaseKey, Cells
from desktop.statistics.bootstrap import ScoreDifference, bootstrap_differences
from desktop.statistics.clusters import (
    design_effect,
    effective_cases,
    sign_flip_exact,
    sum_groups,
)
from desktop.statistics.effects import cohens_g
from desktop.statistics.groups import find_groups
from desktop.statistics.intervals import paired_difference_interval
from desktop.statistics.paired_tests import holm, mcnemar_exact
from desktop.statistics.power import ALPHA, cases_needed, smallest_detectable_difference

# Beyond this, "about 50,000 more would tell" is no advice any more.
_MOST_MORE_CASES = 20_000

_Floats = npt.NDArray[np.float64]


def _alone(key: CaseKey) -> Hashable:
    return key


def _evenly(_: CaseKey) -> float:
    return 1.0


def compare_pairs(
    columns: Sequence[Cells],
    group_of: Callable[[CaseKey], Hashable] = _alone,
    weight_of: Callable[[CaseKey], float] = _evenly,
) -> tuple[ComparedPair, ...]:
    """Compare every two models by McNemar's exact test, corrected after Holm over all pairs.

    Where cases share something (`group_of` says what), whole groups are the units of the test.
    Pairs without a shared case take no part in the correction and stay undecided.
    """
    table = _Table(columns, group_of, weight_of)
    places = [(i, j) for i in range(len(columns)) for j in range(i + 1, len(columns))]
    pairs = [table.count(first, second) for first, second in places]
    tested = [index for index, pair in enumerate(pairs) if pair.cases]
    adjusted = holm([pairs[index].p_value for index in tested])
    for index, p_adjusted in zip(tested, adjusted, strict=True):
        pairs[index] = _judge(pairs[index], p_adjusted, len(tested))
    scores = table.compare_scores(places)
    return tuple(_add_scores(pair, score) for pair, score in zip(pairs, scores, strict=True))


def smallest_difference(pairs: Sequence[ComparedPair]) -> float | None:
    """Return the difference that every pair could have shown with 80 % power, or `None`.

    It is that of the pair that shows least: smaller ones may be there and go unseen.
    """
    found = [pair.smallest_difference for pair in pairs if pair.cases]
    known = [difference for difference in found if difference is not None]
    return max(known) if known and len(known) == len(found) else None


def group_models(models: int, pairs: Sequence[ComparedPair]) -> tuple[tuple[int, ...], ...]:
    """Return the largest sets of models that can't be told apart, each pair of them tested."""
    return find_groups(
        models,
        [
            (pair.first, pair.second)
            for pair in pairs
            if pair.cases and pair.standing is Standing.UNDECIDED
        ],
    )


class _Table:
    """Who passed what with which score, a row a model and a column a case; NaN is unscored."""

    def __init__(
        self,
        columns: Sequence[Cells],
        group_of: Callable[[CaseKey], Hashable],
        weight_of: Callable[[CaseKey], float],
    ) -> None:
        # In an order of their own, so that that of the runs makes no difference to the draws.
        keys = sorted({key for column in columns for key in column})
        self.groups = [group_of(key) for key in keys]
        self.grouped = len(set(self.groups)) < len(keys)
        self.weights = [weight_of(key) for key in keys]
        self.passed: _Floats = np.full((len(columns), len(keys)), np.nan)
        self.scores: _Floats = np.full((len(columns), len(keys)), np.nan)
        for row, column in enumerate(columns):
            for place, key in enumerate(keys):
                cell = column.get(key)
                if cell is not None and cell.outcome.is_judged:
                    self.passed[row, place] = cell.outcome is Outcome.PASSED
                    # An older version may have stored what is no score.
                    self.scores[row, place] = cell.score if math.isfinite(cell.score) else np.nan

    def count(self, first: int, second: int) -> ComparedPair:
        differences = self.passed[first] - self.passed[second]
        shared = np.flatnonzero(np.isfinite(differences))
        cases = int(shared.size)
        only_first = int((differences[shared] > 0).sum())
        only_second = int((differences[shared] < 0).sum())
        pair = ComparedPair(
            first=first,
            second=second,
            cases=cases,
            only_first_passed=only_first,
            only_second_passed=only_second,
            difference=(only_first - only_second) / cases if cases else 0.0,
            interval=Interval(low=-1.0, high=1.0),
            p_value=mcnemar_exact(only_first, only_second),
            p_adjusted=1.0,
            standing=Standing.UNDECIDED,
            effect=cohens_g(only_first, only_second),
        )
        if not cases:
            return pair
        if not self.grouped:
            interval = paired_difference_interval(only_first, only_second, cases)
            return msgspec.structs.replace(pair, interval=interval)
        return self._cluster(pair, [round(float(d)) for d in differences[shared]], shared)

    def _cluster(
        self, pair: ComparedPair, differences: Sequence[int], shared: npt.NDArray[np.intp]
    ) -> ComparedPair:
        """Let groups be the units: of the test, and in how many cases the interval counts."""
        groups = [self.groups[place] for place in shared]
        sums = sum_groups(differences, groups)
        effect = design_effect(differences, groups)
        scale = effective_cases(pair.cases, effect, len(sums)) / pair.cases
        return msgspec.structs.replace(
            pair,
            interval=paired_difference_interval(
                pair.only_first_passed * scale, pair.only_second_passed * scale, pair.cases * scale
            ),
            p_value=sign_flip_exact(sums),
            groups=len(sums) if len(sums) < pair.cases else None,
            design_effect=effect,
        )

    def compare_scores(self, places: Sequence[tuple[int, int]]) -> tuple[ScoreDifference, ...]:
        """Return the differences of mean scores; no cases where all are wholly right or wrong."""
        partly = (self.scores > 0) & (self.scores < 1)
        wanted = [(i, j) for i, j in places if partly[i].any() or partly[j].any()]
        found = bootstrap_differences(
            self.scores,
            wanted,
            weights=self.weights,
            groups=self.groups if self.grouped else None,
        )
        results = dict(zip(wanted, found, strict=True))
        return tuple(results.get(place, ScoreDifference(cases=0)) for place in places)


def _judge(pair: ComparedPair, p_adjusted: float, tested: int) -> ComparedPair:
    """Decide, or tell what it would take.

    The test decides. The interval must leave zero out as well: of independent cases it then does,
    of grouped ones the two rest on different approximations, and both have to be convinced.
    """
    standing = Standing.UNDECIDED
    if p_adjusted <= ALPHA and not pair.interval.low <= 0 <= pair.interval.high:
        standing = Standing.BETTER if pair.difference > 0 else Standing.WORSE
    smallest = _smallest_difference(pair, tested)
    # What so few cases happen to differ by is no ground for telling how many more it takes.
    foreseeable = standing is Standing.UNDECIDED and smallest is not None
    return msgspec.structs.replace(
        pair,
        p_adjusted=p_adjusted,
        standing=standing,
        more_cases=_more_cases(pair, tested) if foreseeable else None,
        smallest_difference=smallest,
        effect=pair.effect if smallest is not None else None,
    )


def _smallest_difference(pair: ComparedPair, tested: int) -> float | None:
    cases = math.floor(pair.cases / pair.design_effect)
    if cases < 1:
        return None
    return smallest_detectable_difference(cases, _discordant_share(pair), alpha=ALPHA / tested)


def _more_cases(pair: ComparedPair, tested: int) -> int | None:
    """Return about how many more cases would decide if the difference stays as it is.

    At the strictest level that Holm may ask for, so that the promise holds for every pair.
    """
    if pair.difference == 0:
        return None
    needed = cases_needed(pair.difference, _discordant_share(pair), alpha=ALPHA / tested)
    more = max(1, math.ceil(needed * pair.design_effect) - pair.cases)
    return round_up(more) if more <= _MOST_MORE_CASES else None


def _discordant_share(pair: ComparedPair) -> float:
    return (pair.only_first_passed + pair.only_second_passed) / pair.cases


def _add_scores(pair: ComparedPair, scores: ScoreDifference) -> ComparedPair:
    return msgspec.structs.replace(
        pair, score_difference=scores.difference, score_interval=scores.interval
    )
