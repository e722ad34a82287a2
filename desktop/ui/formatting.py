"""Figures as people read them: bytes, seconds, shares, rates. One way of each in the window."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, Qt
from PySide6.QtGui import QGuiApplication

from desktop.domain.comparison import Interval
from desktop.domain.language_model import LanguageModel
from desktop.worker.demonstration import is_pretended

_KILO = 1000
_MINUTE = 60
_HOUR = 3600
_DAY = 86400
UNKNOWN = "–"  # noqa: RUF001 -- an en dash stands for "not known"


def _tr(text: str) -> str:
    return QCoreApplication.translate("formatting", text)


def format_number(value: float, digits: int = 0) -> str:
    """Return a number in the user's notation with `digits` decimals."""
    return QLocale().toString(float(value), "f", digits)


def format_bytes(count: int | None) -> str:
    """Return a size in powers of 1000, as file managers print it: `94 MB`, `1.6 GB`."""
    if count is None:
        return UNKNOWN
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < _KILO - 0.5:
            return f"{format_number(size)} {unit}"
        size /= _KILO
    digits = 0 if abs(size - round(size)) < 0.05 and size >= 10 else 1  # noqa: PLR2004 -- 24 GB
    return f"{format_number(size, digits)} GB"


def format_share(share: float | None) -> str:
    """Return a share of 0 to 1 as whole per cent."""
    return UNKNOWN if share is None else f"{format_number(share * 100)}%"


def format_interval(interval: Interval | None) -> str:
    """Return both ends as whole per cent: `55% - 69%` with a proper dash."""
    if interval is None:
        return UNKNOWN
    return f"{format_share(interval.low)} – {format_share(interval.high)}"  # noqa: RUF001 -- an en dash


def format_points(difference: float) -> str:
    """Return a difference of shares in percentage points with its sign: `+17`, `−4`."""  # noqa: RUF002 -- a true minus
    points = round(difference * 100)
    sign = "\N{MINUS SIGN}" if points < 0 else "+" if points > 0 else ""
    # Among words that run from right to left the sign would move behind the figure.
    mirrored = QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft
    mark = "\N{LEFT-TO-RIGHT MARK}" if mirrored else ""
    return f"{mark}{sign}{format_number(abs(points))}"


def format_rate(tokens_per_second: float | None) -> str:
    """Return a rate with three significant digits and no unit, which stands in the label."""
    if tokens_per_second is None:
        return UNKNOWN
    digits = 0 if tokens_per_second >= 99.95 else 1 if tokens_per_second >= 9.995 else 2  # noqa: PLR2004 -- where rounding adds a digit
    return format_number(tokens_per_second, digits)


def format_duration(seconds: float | None) -> str:
    """Return a span of time in one or two units: `0.8 s`, `42 s`, `9 min`, `1 h 20 min`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 10:  # noqa: PLR2004 -- below ten seconds the tenth matters
        return _tr("{0} s").format(format_number(seconds, 1))
    if seconds < 1.5 * _MINUTE:
        return _tr("{0} s").format(round(seconds))
    if seconds < 1.5 * _HOUR:
        return _tr("{0} min").format(round(seconds / _MINUTE))
    if seconds < _DAY:
        hours, rest = divmod(round(seconds / _MINUTE), 60)
        return _tr("{0} h {1} min").format(hours, rest)
    return _tr("{0} days").format(format_number(seconds / _DAY, 1))


def format_time_left(seconds: float | None) -> str:
    """Return what is left in whole minutes, or seconds below a minute and a half."""
    if seconds is None:
        return ""
    if seconds < 10:  # noqa: PLR2004 -- tenths of what is left would flicker
        return _tr("a few seconds left")
    return _tr("{0} left").format(format_duration(seconds))


def format_moment(moment: datetime | None) -> str:
    """Return date and time in the user's notation and time zone."""
    if moment is None:
        return UNKNOWN
    when = QDateTime.fromSecsSinceEpoch(round(moment.timestamp()))
    return QLocale().toString(when, QLocale.FormatType.ShortFormat)


def format_date(moment: datetime) -> str:
    """Return the day in the user's time zone: `21 November 2026`."""
    local = moment.astimezone()
    return QLocale().toString(QDate(local.year, local.month, local.day), "d MMMM yyyy")


def format_day(moment: datetime | None) -> str:
    """Return the date at this place in the user's notation."""
    if moment is None:
        return UNKNOWN
    local = moment.astimezone()
    day = QDate(local.year, local.month, local.day)
    return QLocale().toString(day, QLocale.FormatType.ShortFormat)


def describe_model(model: LanguageModel) -> str:
    """Return supplier, quantisation and size, what the file says of them, with middle dots."""
    facts = model.facts
    if is_pretended(model):
        return _tr("not a real model · its answers are scripted")
    parts: Sequence[str] = (
        facts.organization,
        facts.quantization,
        format_bytes(facts.file_bytes) if facts.file_bytes else "",
    )
    return " · ".join(part for part in parts if part)
