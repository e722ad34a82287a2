"""Cases that share a document or a template: they tell less than as many independent ones.

Twenty questions on one document that a model happens to have misread are one observation rather
than twenty. Here the groups are the units: whole groups change sides in the test, and shares and
differences are worth as many cases as their scatter between groups says.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from desktop.statistics.paired_tests import mcnemar_exact

_STEPS_OF_BISECTION = 60
# From here on Student's distribution is the normal one for all that is shown.
_MANY_DEGREES = 500


def sum_groups(differences: Sequence[int], groups: Sequence[Hashable]) -> list[int]:
    """Return the sum of the differences of each group, in the order in which groups appear."""
    sums: dict[Hashable, int] = {}
    for difference, group in zip(differences, groups, strict=True):
        sums[group] = sums.get(group, 0) + difference
    return list(sums.values())


def sign_flip_exact(sums: Sequence[int]) -> float:
    """Return the two-sided p-value of the exact sign-flip test of sums, one a group.

    If neither model were better, each group's sum could as well have been the other way round.
    The distribution over all 2^n ways is computed, not drawn. With sums of +1, 0 and -1, as of
    groups of one case, it is McNemar's exact test (Fisher 1935, The Design of Experiments, §21).
    """
    sizes = Counter(abs(value) for value in sums if value)
    if set(sizes) <= {1}:
        return mcnemar_exact(sum(v > 0 for v in sums), sum(v < 0 for v in sums))
    chances = np.ones(1)
    for size, number in sorted(sizes.items()):
        steps = np.zeros(2 * size * number + 1)
        steps[:: 2 * size] = _fair_coin(number)
        chances = np.convolve(chances, steps)
    reach = (chances.size - 1) // 2
    observed = abs(sum(sums))
    return float(min(1.0, 2 * chances[reach + observed :].sum())) if observed else 1.0


def design_effect(values: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Return by how much the variance of the mean exceeds that of independent cases; at least 1.

    Where all values are the same their scatter says nothing: then a group counts as one case.
    `ValueError` without values.
    """
    if not values:
        raise ValueError("There is no design effect without cases")
    sizes = Counter(groups)
    cases, units = len(values), len(sizes)
    if units == cases:
        return 1.0
    centre = math.fsum(values) / cases
    alone = math.fsum((value - centre) ** 2 for value in values) * cases / (cases - 1)
    if units == 1 or alone <= 0:
        return cases / units
    sums: dict[Hashable, float] = dict.fromkeys(sizes, 0.0)
    for value, group in zip(values, groups, strict=True):
        sums[group] += value - centre
    together = math.fsum(value * value for value in sums.values()) * units / (units - 1)
    return max(1.0, together / alone)


def effective_cases(cases: int, effect: float, units: int, level: float = 0.95) -> float:
    """Return as how many independent cases they count in an interval of the given level.

    That is fewer by the design effect, and by how little few groups tell of it (Korn and Graubard
    1998, Survey Methodology 24:193). Unchanged where every case is a group of its own.
    """
    if units >= cases:
        return float(cases)
    if units < 2:  # noqa: PLR2004 - one group tells nothing of the scatter between groups
        return min(1.0, cases / effect)
    tail = 0.5 + level / 2
    spread = NormalDist().inv_cdf(tail) / student_quantile(tail, units - 1)
    return cases / effect * spread * spread


@lru_cache(maxsize=256)
def student_quantile(share: float, degrees: int) -> float:
    """Return the value that Student's t stays below with the chance `share`, from 0.5 up."""
    if degrees < 1 or not 0.5 <= share < 1:  # noqa: PLR2004 - the upper half is all that is used
        raise ValueError(f"No quantile {share} with {degrees} degrees of freedom")
    if degrees > _MANY_DEGREES:
        z = NormalDist().inv_cdf(share)
        return z + (z**3 + z) / (4 * degrees)
    low, high = 0.0, 1.0
    while _student_share(high, degrees) < share:
        low, high = high, 2 * high
    for _ in range(_STEPS_OF_BISECTION):
        middle = (low + high) / 2
        if _student_share(middle, degrees) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_share(value: float, degrees: int) -> float:
    """Return Student's distribution function by its finite sum (Abramowitz and Stegun 26.7.3-4)."""
    angle = math.atan(value / math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range(1 + odd, degrees, 2):
        total += term
        term *= cosine * cosine * step / (step + 1)
    inner = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return 0.5 + inner / 2


def _fair_coin(tosses: int) -> npt.NDArray[np.float64]:
    """Return the chances of 0 to `tosses` heads, by logarithms: powers of two overflow."""
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, tosses + 1)))))
    logs = factorials[-1] - factorials - factorials[::-1] - tosses * math.log(2)
    chances: npt.NDArray[np.float64] = np.exp(logs)
    return chances
