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
    """Return how many of the sorted values may be left out on each side.

    The true median lies beyond those that are left when at most so many of `count` values fell to
    its one side, each as by a fair coin; both sides together may take what the level leaves.
    """
    outside, tail = 0, math.comb(count, 0) / 2**count
    while outside < (count - 1) // 2:
        tail += math.comb(count, outside + 1) / 2**count
        if tail > (1 - level) / 2:
            break
        outside += 1
    return outside
