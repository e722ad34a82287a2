"""Mean and quantiles of a few figures."""

import math
from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean; `ValueError` without values."""
    if not values:
        raise ValueError("The mean of nothing is not defined")
    return math.fsum(values) / len(values)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values lie below, interpolated linearly.

    The same as NumPy's default and R's type 7. `ValueError` without values.
    """
    if not values or not 0.0 <= share <= 1.0:
        raise ValueError("A quantile needs values and a share from 0 to 1")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two in the middle."""
    return quantile(values, 0.5)
