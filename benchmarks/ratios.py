"""Ratios of two things measured in turn, and how sure they are."""

import math
import statistics
from collections.abc import Sequence

from desktop.domain.base import Value


class Ratio(Value, frozen=True, kw_only=True):
    """The median of the ratios of all rounds, and a 95 % interval of it."""

    median: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        """Return the ratio and its interval, for a table."""
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


def paired_ratio(first: Sequence[float], second: Sequence[float]) -> Ratio:
    """Return first over second, paired by round, so that slow minutes of a machine cancel out.

    The interval lies between order statistics and holds for any distribution; below six rounds
    that takes it from the least to the greatest and promises less than 95 %.
    """
    ratios = sorted(one / other for one, other in zip(first, second, strict=True))
    outside = _ranks_outside(len(ratios))
    return Ratio(
        median=statistics.median(ratios),
        low=ratios[outside],
        high=ratios[-1 - outside],
        rounds=len(ratios),
    )


def _ranks_outside(count: int, level: float = 0.95) -> int:
    """Return how many of the sorted values lie outside on each side.

    As many as the chance allows that so few of `count` values lie on one side of the true median.
    """
    tail, rank = 0.0, 0
    while rank < (count - 1) // 2:
        tail += math.comb(count, rank) / 2**count
        if tail > (1 - level) / 2:
            break
        rank += 1
    return rank
