"""Tests of two models on the same cases, and the correction for testing many pairs."""

import math
from collections.abc import Sequence


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Cases that both passed or both failed say nothing about which is better. If neither were, the
    others would fall to either side as a fair coin does (McNemar 1947, Psychometrika 12:153).
    """
    if min(only_first, only_second) < 0:
        raise ValueError("Counts are not negative")
    flips = only_first + only_second
    fewer = min(only_first, only_second)
    if 2 * fewer >= flips:
        return 1.0
    # Terms of the binomial sum fall from `fewer` downwards; the largest comes by logarithms, as
    # its numerator alone overflows a float from 1,030 flips on.
    largest = math.exp(
        math.lgamma(flips + 1)
        - math.lgamma(fewer + 1)
        - math.lgamma(flips - fewer + 1)
        - flips * math.log(2)
    )
    term, total = 1.0, 1.0
    for heads in range(fewer, 0, -1):
        term *= heads / (flips - heads + 1)
        total += term
    return min(1.0, 2 * largest * total)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values adjusted for their number, in the order given.

    Holm's step-down procedure keeps the chance of even one false "differs" among all pairs at
    the level of one test (Holm 1979, Scand. J. Stat. 6:65).
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for place, index in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = floor
    return tuple(adjusted)
