"""How many cases it takes to see a difference, and what a number of cases can show.

Planning figures for McNemar's test at 80 % power. The normal approximation of the unconditional
test (Connor 1987, Biometrics 43:207) promises the exact test too much when few cases differ; with
the continuity correction |b - c| - 1 it follows the exact test's power closely, which a test
computes. In the words used here, `difference` is first minus second in share passed and
`discordant_share` the share of cases that exactly one of the two passed.
"""

import math
from statistics import NormalDist

POWER = 0.8
ALPHA = 0.05

_STEPS_OF_BISECTION = 50


def cases_needed(
    difference: float, discordant_share: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many cases show a true `difference` with the given power, two-sided at `alpha`.

    `ValueError` if the difference is zero or larger than the share of cases that differ, which
    it can't be.
    """
    size = abs(difference)
    if size == 0 or size > discordant_share or discordant_share > 1:
        raise ValueError(f"No {difference} among a discordant share of {discordant_share}")
    return math.ceil(_cases(size, discordant_share, alpha, power))


def smallest_detectable_difference(
    cases: int, discordant_share: float, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the least difference that `cases` cases show with the given power, or `None`.

    Where even a wholly one-sided split of `discordant_share` would not be seen, models would
    have to differ on more cases than that, and the answer is the least difference of such a
    split. `None` when so few cases could not show any difference.
    """
    if cases < 1 or not 0 <= discordant_share <= 1:
        raise ValueError(f"{cases} cases with a discordant share of {discordant_share}")
    if _needs_more(1.0, 1.0, cases, alpha, power):
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS_OF_BISECTION):
        middle = (low + high) / 2
        if _needs_more(middle, max(middle, discordant_share), cases, alpha, power):
            low = middle
        else:
            high = middle
    return high


def _needs_more(size: float, discordant: float, cases: int, alpha: float, power: float) -> bool:
    return _cases(size, discordant, alpha, power) > cases


def _cases(size: float, discordant: float, alpha: float, power: float) -> float:
    normal = NormalDist()
    # With n cases: n·size - 1 = z_alpha·√(n·discordant) + z_power·√(n·(discordant - size²)).
    spread = normal.inv_cdf(1 - alpha / 2) * math.sqrt(discordant) + normal.inv_cdf(
        power
    ) * math.sqrt(discordant - size * size)
    root = (spread + math.sqrt(spread * spread + 4 * size)) / (2 * size)
    return root * root
