"""How many cases it takes to see a difference, and what a number of cases can show.

Planning figures for McNemar's exact test at 80 % power. With few cases that differ the power is
summed up exactly over every outcome that can happen; with many the normal approximation of the
unconditional test with continuity correction follows it within a percentage point (Connor 1987,
Biometrics 43:207), which a test computes. In the words used here, `difference` is first minus
second in share passed and `discordant_share` the share of cases that exactly one of the two
passed.
"""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

POWER = 0.8
ALPHA = 0.05
# What is assumed before a run, when nobody knows on how many cases two models will differ: of
# models close enough to be chosen between, one case in three or four is usual.
USUAL_DISCORDANT_SHARE = 0.3

# To a hundredth of a percentage point.
_STEPS_OF_BISECTION = 14
# With more cases that differ than this the approximation is exact enough, and much faster.
_EXACT_UP_TO = 150
# Outcomes further from the expected number than this many deviations are left out of the sum.
_DEVIATIONS = 6.0
_BLOCK = 64

_Floats = npt.NDArray[np.float64]


def cases_needed(
    difference: float, discordant_share: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many cases show a true `difference` with the given power, two-sided at `alpha`.

    `ValueError` if the difference is zero or larger than the share of cases that differ, which
    it can't be.
    """
    size = abs(difference)
    if not 0 < size <= discordant_share <= 1:
        raise ValueError(f"No {difference} among a discordant share of {discordant_share}")
    about = math.ceil(_cases(size, discordant_share, alpha, power))
    if about * discordant_share > _EXACT_UP_TO:
        return about
    low, high = 0, about + about // 8 + 2
    while mcnemar_power(high, size, discordant_share, alpha=alpha) < power:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(middle, size, discordant_share, alpha=alpha) < power:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=1024)
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
    if not _shows(1.0, 1.0, cases, alpha, power):
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS_OF_BISECTION):
        middle = (low + high) / 2
        if _shows(middle, max(middle, discordant_share), cases, alpha, power):
            high = middle
        else:
            low = middle
    return high


def mcnemar_power(
    cases: int, difference: float, discordant_share: float, *, alpha: float = ALPHA
) -> float:
    """Return how often McNemar's exact test shows a true `difference` among so many cases.

    Both the number of cases that differ and their split are chance; all are summed over.
    """
    if cases < 1 or discordant_share <= 0:
        return 0.0
    spread = math.sqrt(cases * discordant_share * (1 - discordant_share))
    reach = _DEVIATIONS * spread + _DEVIATIONS
    first = max(0, math.floor(cases * discordant_share - reach))
    last = min(cases, math.ceil(cases * discordant_share + reach))
    flips = np.arange(first, last + 1)
    critical = _critical_counts(-(-last // _BLOCK) * _BLOCK, alpha)[first : last + 1]
    to_first = min((discordant_share + abs(difference)) / (2 * discordant_share), 1.0)
    seen = _share_up_to(flips, critical, to_first) + _share_up_to(flips, critical, 1 - to_first)
    chances = np.exp(_log_binomial(np.asarray(cases), flips, discordant_share))
    return float(np.sum(chances * seen))


def votes_needed(preference: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many decisive votes show that `preference` (0 to 1) is not one half.

    Ties say nothing; with a share of them, divide by what is left. `ValueError` for one half
    itself and for what is no share.
    """
    if not 0 <= preference <= 1 or math.isclose(preference, 0.5):
        raise ValueError(f"No number of votes shows a preference of {preference}")
    normal = NormalDist()
    spread = 0.5 * normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power) * math.sqrt(
        preference * (1 - preference)
    )
    # Not rounded up before 1e-9 is taken off: rounding must not add a vote.
    needed = math.ceil((spread / (preference - 0.5)) ** 2 - 1e-9)
    # Even votes that all agree must be as many as the exact test asks for.
    unanimous = 1 + math.ceil(-math.log2(alpha) - 1e-9)
    return max(needed, unanimous)


def _shows(size: float, discordant: float, cases: int, alpha: float, power: float) -> bool:
    if size <= 0:
        return False
    if cases * discordant > _EXACT_UP_TO:
        return _cases(size, discordant, alpha, power) <= cases
    return mcnemar_power(cases, size, discordant, alpha=alpha) >= power


def _cases(size: float, discordant: float, alpha: float, power: float) -> float:
    normal = NormalDist()
    # With n cases: n·size - 1 = z_alpha·√(n·discordant) + z_power·√(n·(discordant - size²)).
    spread = normal.inv_cdf(1 - alpha / 2) * math.sqrt(discordant) + normal.inv_cdf(
        power
    ) * math.sqrt(discordant - size * size)
    root = (spread + math.sqrt(spread * spread + 4 * size)) / (2 * size)
    return root * root


@lru_cache(maxsize=64)
def _critical_counts(most: int, alpha: float) -> npt.NDArray[np.int64]:
    """Return for 0 to `most` flips the most that the fewer side may have to be seen; -1 if none."""
    critical = np.full(most + 1, -1)
    for flips in range(1, most + 1):
        count = int(critical[flips - 1])  # it rises by at most one a flip
        tail = np.exp(_log_binomial(np.asarray(flips), np.arange(count + 2), 0.5)).sum()
        critical[flips] = count + 1 if 2 * tail <= alpha else count
    return critical


def _share_up_to(
    flips: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], chance: float
) -> _Floats:
    """Return the binomial distribution function of each of `flips` at each of `counts`."""
    most = int(counts.max(initial=-1))
    if most < 0:
        return np.zeros(flips.size)
    heads = np.arange(most + 1)[np.newaxis, :]
    inside = heads <= counts[:, np.newaxis]
    terms = np.exp(_log_binomial(flips[:, np.newaxis], np.minimum(heads, flips[:, None]), chance))
    shares: _Floats = np.where(inside, terms, 0.0).sum(axis=1)
    return shares


def _log_binomial(
    total: npt.NDArray[np.int64], heads: npt.NDArray[np.int64], chance: float
) -> _Floats:
    """Return the logarithm of the chance of so many heads in so many tosses."""
    if chance <= 0.0 or chance >= 1.0:
        certain = 0 if chance <= 0.0 else total
        return np.where(heads == certain, 0.0, -np.inf)
    factorials = _log_factorials(1 << int(total.max(initial=1)).bit_length())
    result: _Floats = (
        factorials[total]
        - factorials[heads]
        - factorials[total - heads]
        + heads * math.log(chance)
        + (total - heads) * math.log1p(-chance)
    )
    return result


@lru_cache(maxsize=32)
def _log_factorials(most: int) -> _Floats:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, most + 1)))))
