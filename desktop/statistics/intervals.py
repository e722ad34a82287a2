"""Confidence intervals of a share, and of the difference between two shares of the same cases."""

import math
from collections.abc import Callable
from statistics import NormalDist

from desktop.domain.comparison import Interval

_STEPS_OF_BISECTION = 60


def wilson_interval(passed: float, total: float, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of `passed` out of `total`, without continuity correction.

    Unlike the textbook's normal interval it stays within 0 and 1 and holds its level with few
    cases and with shares near the ends (Wilson 1927, J. Am. Stat. Assoc. 22:209; Newcombe 1998,
    Stat. Med. 17:857). Both may be fractions: cases that hang together count as fewer (`clusters`).
    `ValueError` without cases, and for what is no number.
    """
    if not (0 < total < math.inf and 0 <= passed <= total):
        raise ValueError(f"{passed} of {total} is no share")
    z = _normal_quantile(level)
    share = passed / total
    centre = share + z * z / (2 * total)
    reach = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # The ends are exact at none and all passed; rounding would leave 1e-17 there.
    low = 0.0 if passed == 0 else (centre - reach) / scale
    high = 1.0 if passed == total else (centre + reach) / scale
    return Interval(low=low, high=high, level=level)


def paired_difference_interval(
    only_first: float, only_second: float, cases: float, level: float = 0.95
) -> Interval:
    """Return Tango's score interval of first minus second in share passed, on the same cases.

    `only_first` and `only_second` count the cases that one alone passed, `cases` all that both
    were scored on; all may be fractions where cases hang together (`clusters`). Chosen over
    Newcombe's because it asks what McNemar's test asks: whenever the exact test says that two
    models differ, this interval leaves zero out, so that the sentence and the drawn interval
    never contradict (Tango 1998, Stat. Med. 17:891; recommended by
    Fagerland, Lydersen and Laake 2014, Stat. Med. 33:2850). `ValueError` without cases.
    """
    # The sum of two scaled counts may exceed the scaled total by a rounding.
    room = cases * (1 + 1e-12) - only_first - only_second
    if not (0 < cases < math.inf and only_first >= 0 and only_second >= 0 and room >= 0):
        raise ValueError(f"{only_first} and {only_second} cannot differ among {cases} cases")
    z = _normal_quantile(level)
    observed = (only_first - only_second) / cases

    def distance(difference: float) -> float:
        return _tango_statistic(only_first, only_second, cases, difference)

    # The statistic falls with the difference: above z is below the interval.
    low = -1.0 if observed <= -1 else _crossing(distance, z, -1.0, observed)
    high = 1.0 if observed >= 1 else _crossing(distance, -z, observed, 1.0)
    return Interval(low=low, high=high, level=level)


def _normal_quantile(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise ValueError(f"{level} is no confidence level")
    return NormalDist().inv_cdf(0.5 + level / 2)


def _tango_statistic(
    only_first: float, only_second: float, cases: float, difference: float
) -> float:
    """Return the score statistic of the hypothesis that `difference` is the true one."""
    a = 2 * cases
    b = -only_first - only_second + (2 * cases - only_first + only_second) * difference
    c = -only_second * difference * (1 - difference)
    # The likeliest share of cases that only the second passes, if `difference` were true.
    likeliest = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = cases * (2 * likeliest + difference * (1 - difference))
    excess = only_first - only_second - cases * difference
    if variance <= 0.0:
        return 0.0 if abs(excess) < 1e-9 else math.copysign(math.inf, excess)  # noqa: PLR2004 - rounding
    return excess / math.sqrt(variance)


def _crossing(
    statistic: Callable[[float], float], level: float, left: float, right: float
) -> float:
    """Return where the falling `statistic` passes `level` between `left` and `right`."""
    for _ in range(_STEPS_OF_BISECTION):
        middle = (left + right) / 2
        if statistic(middle) > level:
            left = middle
        else:
            right = middle
    return (left + right) / 2
