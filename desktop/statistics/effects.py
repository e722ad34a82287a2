"""How large a difference is, beside whether there is one."""

import math
from collections.abc import Sequence
from enum import StrEnum


class Size(StrEnum):
    """Cohen's words for how large an effect is (1988, Statistical Power Analysis, chapter 5)."""

    NEGLIGIBLE = "negligible"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


def cohens_g(only_first: int, only_second: int) -> float | None:
    """Return how far the split of the cases that differ is from one half, -0.5 to 0.5.

    `None` where no case differs: then there is no split.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("Counts are not negative")
    flips = only_first + only_second
    return only_first / flips - 0.5 if flips else None


def name_size(g: float) -> Size:
    """Return the word for a value of Cohen's g, whichever its sign."""
    size = abs(g)
    if size >= 0.25:  # noqa: PLR2004 - Cohen's limits
        return Size.LARGE
    if size >= 0.15:  # noqa: PLR2004
        return Size.MEDIUM
    return Size.SMALL if size >= 0.05 else Size.NEGLIGIBLE  # noqa: PLR2004


def standardised_difference(differences: Sequence[float]) -> float | None:
    """Return the mean of paired differences over their standard deviation (Cohen's d of pairs).

    `None` with fewer than two, or where they don't scatter: nothing is infinitely large.
    """
    number = len(differences)
    if number < 2:  # noqa: PLR2004 - a deviation takes two
        return None
    centre = math.fsum(differences) / number
    spread = math.sqrt(math.fsum((each - centre) ** 2 for each in differences) / (number - 1))
    return centre / spread if spread > 1e-12 * max(1.0, abs(centre)) else None
