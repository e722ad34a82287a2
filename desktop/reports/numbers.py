"""Figures as people read them; the one place where reports turn numbers into text.

Sizes are in powers of 1000. A share is never rounded to none or all unless it is. Spaces between
figure and unit don't break.
"""

from datetime import datetime

from desktop.domain.comparison import Interval

UNKNOWN = "–"  # noqa: RUF001 - an en dash
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_KILO = 1000
_SIGNIFICANT = 3


def count_text(number: int) -> str:
    """Return a whole number with its thousands apart: `1,900`."""
    return f"{number:,}"


def share_text(share: float | None) -> str:
    """Return a share of 0 to 1 as whole per cent: `38%`, `<1%`."""
    if share is None:
        return UNKNOWN
    if 0 < share < 0.005:  # noqa: PLR2004 - would round to none
        return "<1%"
    if 0.995 <= share < 1:  # noqa: PLR2004 - would round to all
        return ">99%"
    return f"{share * 100:.0f}%"


def interval_text(interval: Interval | None) -> str:
    """Return both ends as whole per cent: `25% to 55%`."""
    if interval is None:
        return UNKNOWN
    return f"{share_text(interval.low)} to {share_text(interval.high)}"


def points_text(difference: float, *, signed: bool = True) -> str:
    """Return a difference of shares in percentage points, without the unit: `+17`, `−4`."""  # noqa: RUF002 - a true minus
    points = round(difference * 100)
    sign = (MINUS if points < 0 else "+" if points > 0 else "") if signed else ""
    return f"{sign}{abs(points)}"


def rate_text(tokens_per_second: float | None) -> str:
    """Return a rate with three significant digits, without its unit: `194`, `31.2`, `8.40`."""
    if tokens_per_second is None:
        return UNKNOWN
    return significant_text(tokens_per_second)


def significant_text(value: float) -> str:
    """Return three significant digits, all digits of what is larger: `1,234`, `31.2`, `0.80`."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2  # noqa: PLR2004 - where rounding adds a digit
    return f"{value:,.{digits}f}"


def ratio_text(ratio: float) -> str:
    """Return how many times: `1.8`, `12`."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"  # noqa: PLR2004 - where rounding adds a digit


def bytes_text(count: int | None) -> str:
    """Return a size: `94 MB`, `1.6 GB`."""
    if count is None:
        return UNKNOWN
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < _KILO - 0.5:
            return f"{size:.0f}{SPACE}{unit}"
        size /= _KILO
    return f"{size:,.1f}{SPACE}GB"


def probability_text(p_value: float) -> str:
    """Return a p-value: `0.15`, `0.012`, `<0.001`."""
    if p_value < 0.001:  # noqa: PLR2004 - the customary end
        return "<0.001"
    return f"{p_value:.2f}" if p_value >= 0.1 else f"{p_value:.3f}"  # noqa: PLR2004


def times_in_hundred_text(p_value: float) -> str:
    """Return a probability in words that need no statistics: `about 15 times in 100`."""
    if p_value < 0.001:  # noqa: PLR2004 - below that the count says nothing more
        return "less than once in 1,000 times"
    if p_value < 0.0095:  # noqa: PLR2004 - where hundredths round to none
        times = round(p_value * 1000)
        return "about once in 1,000 times" if times == 1 else f"about {times} times in 1,000"
    if p_value > 0.995:  # noqa: PLR2004 - rounds to always
        return "practically always"
    times = round(p_value * 100)
    return "about once in 100 times" if times == 1 else f"about {times} times in 100"


def day_text(moment: datetime) -> str:
    """Return a day: `21 November 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def moment_text(moment: datetime) -> str:
    """Return a day and time with its zone: `21 November 2026, 14:05 UTC`."""
    zone = moment.tzname() or ""
    return f"{day_text(moment)}, {moment:%H:%M} {zone}".rstrip()


def round_up(number: int) -> int:
    """Return a number rounded up to two significant digits, for what is only about right."""
    scale: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // scale) * scale
