"""Intervals of differences between mean scores, by resampling the cases.

Scores from 0 to 1 follow no distribution that one could name, so the cases themselves stand for
it: they are drawn again with replacement, all models of a drawn case together, which keeps the
comparison paired. One draw serves every pair of models. Efron's BCa ends correct for bias and
skewness (Efron 1987, J. Am. Stat. Assoc. 82:171).
"""

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from desktop.domain.base import Value
from desktop.domain.comparison import Interval

RESAMPLES = 10_000
# With fewer independent cases the draws repeat each other and the ends mean little.
LEAST_UNITS = 10
_SEED = 20_090_917
# Of very many cases fewer draws are made; the ends then scatter by a twentieth of the deviation.
_FEWEST_RESAMPLES = 2000
_MOST_COUNTS = 20_000_000
# So many counts at once keep the table of them within a few megabytes.
_BLOCK = 500_000

_Floats = npt.NDArray[np.float64]


class ScoreDifference(Value, frozen=True, kw_only=True):
    """First minus second in mean score, on the cases that both have a score for.

    `difference` is `None` without such a case; `interval` where it can't be had, for which
    `problem` gives the reason in a sentence.
    """

    cases: int
    difference: float | None = None
    interval: Interval | None = None
    problem: str = ""


def bootstrap_differences(
    scores: Sequence[Sequence[float]] | _Floats,
    pairs: Sequence[tuple[int, int]],
    *,
    weights: Sequence[float] | None = None,
    groups: Sequence[Hashable] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[ScoreDifference, ...]:
    """Return the difference of each pair of rows of `scores`, a row a model and a column a case.

    NaN is a case without a score. Cases of one group are drawn together. The same input gives
    the same ends, for the draws are seeded. A case of weight 0 counts as one without scores.
    `ValueError` for infinite scores, and for weights that are infinite or below 0.
    """
    table = np.asarray(scores, dtype=np.float64)
    if not pairs:
        return ()
    cases = table.shape[1]
    shares = np.ones(cases) if weights is None else np.asarray(weights, dtype=np.float64)
    if np.isinf(table).any() or not (np.isfinite(shares).all() and (shares >= 0).all()):
        raise ValueError("Scores are finite or missing, and weights are not negative")
    first, second = (table[[pair[side] for pair in pairs]] for side in (0, 1))
    differences = first - second
    known = np.isfinite(differences) & (shares > 0)
    tops = np.where(known, differences, 0.0) * shares
    bottoms = known * shares
    if groups is not None:
        tops, bottoms, units = _join(tops, bottoms, known, groups)
    else:
        units = known
    results = [
        _begin(int(known[place].sum()), tops[place], bottoms[place], int(units[place].sum()))
        for place in range(len(pairs))
    ]
    drawn = [place for place, result in enumerate(results) if not result.problem]
    if drawn:
        most = max(_FEWEST_RESAMPLES, _MOST_COUNTS // tops.shape[1])
        number = min(resamples, most)
        if known.all():
            # Ten models have 45 pairs; with a score for every case their own means are enough.
            rows = table * shares
            if groups is not None:
                rows = _join(rows, rows, rows, groups)[0]
            of_models = _resample(rows, np.broadcast_to(bottoms[0], rows.shape), number)
            ones, others = (np.array([pairs[place][side] for place in drawn]) for side in (0, 1))
            means = of_models[:, ones] - of_models[:, others]
        else:
            means = _resample(tops[drawn], bottoms[drawn], number)
        for place, column in zip(drawn, means.T, strict=True):
            results[place] = _finish(results[place], column, tops[place], bottoms[place], level)
    return tuple(results)


def _join(
    tops: _Floats,
    bottoms: _Floats,
    known: npt.NDArray[np.bool_] | _Floats,
    groups: Sequence[Hashable],
) -> tuple[_Floats, _Floats, npt.NDArray[np.bool_]]:
    """Add up the cases of each group; the third tells which groups a pair has a case of."""
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)
    if places.size != tops.shape[1]:
        raise ValueError("Every case has a group")
    joined = np.zeros((3, tops.shape[0], len(numbers)))
    for target, values in zip(joined, (tops, bottoms, known), strict=True):
        np.add.at(target.T, places, values.T)
    return joined[0], joined[1], joined[2] > 0


def _begin(cases: int, tops: _Floats, bottoms: _Floats, units: int) -> ScoreDifference:
    """Return the difference, and a problem where no interval should be drawn round it."""
    if cases == 0:
        return ScoreDifference(cases=0, problem="No case has a score of both.")
    difference = float(tops.sum() / bottoms.sum())
    problem = ""
    if units < LEAST_UNITS:
        problem = (
            f"With fewer than {LEAST_UNITS} independent cases resampling gives no interval that "
            "could be relied on."
        )
    elif np.ptp(tops - difference * bottoms) <= 1e-12:  # noqa: PLR2004 - rounding
        problem = "The scores differ by the same amount in every case, so nothing scatters."
    return ScoreDifference(cases=cases, difference=difference, problem=problem)


def _resample(tops: _Floats, bottoms: _Floats, resamples: int) -> _Floats:
    """Return the mean differences of so many draws, a column a pair; NaN for an empty draw."""
    units = tops.shape[1]
    random = np.random.default_rng(_SEED)
    even = bool((bottoms == bottoms[0, 0]).all())
    means = np.empty((resamples, tops.shape[0]))
    block = max(1, _BLOCK // units)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        places = random.integers(0, units, size=(rows, units), dtype=np.int32)
        places += np.arange(rows, dtype=np.int32)[:, np.newaxis] * units
        counts = np.bincount(places.ravel(), minlength=rows * units).reshape(rows, units)
        drawn = counts.astype(np.float64)
        below = units * bottoms[0, 0] if even else drawn @ bottoms.T
        with np.errstate(invalid="ignore", divide="ignore"):
            means[start : start + rows] = (drawn @ tops.T) / below
    return means


def _finish(
    result: ScoreDifference, means: _Floats, tops: _Floats, bottoms: _Floats, level: float
) -> ScoreDifference:
    """Return the result with its BCa interval."""
    normal = NormalDist()
    means = means[np.isfinite(means)]
    observed = result.difference or 0.0
    # Rounding must not tell a draw that equals what was observed from it.
    near = np.isclose(means, observed, rtol=0, atol=1e-12)
    below = float(((means < observed) & ~near).mean() + near.mean() / 2)
    if not 0 < below < 1:
        return _without(result, "The draws lie on one side of what was observed.")
    bias = normal.inv_cdf(below)
    skewness = _acceleration(tops, bottoms)
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + normal.inv_cdf(tail)
        scale = 1 - skewness * shifted
        if scale <= 0:
            return _without(result, "The scores are too skewed for an interval by resampling.")
        ends.append(float(np.quantile(means, normal.cdf(bias + shifted / scale))))
    interval = Interval(low=ends[0], high=ends[1], level=level)
    return ScoreDifference(cases=result.cases, difference=result.difference, interval=interval)


def _without(result: ScoreDifference, problem: str) -> ScoreDifference:
    return ScoreDifference(cases=result.cases, difference=result.difference, problem=problem)


def _acceleration(tops: _Floats, bottoms: _Floats) -> float:
    """Return BCa's acceleration from the means that leave one unit out."""
    left = bottoms.sum() - bottoms
    some = left > 0
    means = (tops.sum() - tops)[some] / left[some]
    pulls = means.mean() - means
    squares = float((pulls**2).sum())
    return float((pulls**3).sum()) / (6 * math.pow(squares, 1.5)) if squares > 0 else 0.0
