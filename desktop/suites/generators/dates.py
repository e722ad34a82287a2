"""Dates, times and units, computed by the calendar.

Easy: a weekday a few days on, minutes between two times in one hour, a plain conversion. Medium:
a date some days later within two months, minutes across hours, conversions with a fraction.
Hard: days between dates of one year (leap years among them), times across midnight, two units.
"""

import datetime as dt

from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.demands import demand_number, forbid_words, limit_words
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import MONTHS, WEEKDAYS

_KINDS = ("weekday", "date", "duration", "units")
_DAY_MINUTES = 24 * 60
_MOST_WORDS = 25
# What is converted, into what, by which factor (an integer), with drawn amounts by tier.
_UNITS = (
    ("kilometres", "metres", 1000),
    ("kilograms", "grams", 1000),
    ("litres", "millilitres", 1000),
    ("metres", "centimetres", 100),
    ("hours", "minutes", 60),
    ("minutes", "seconds", 60),
    ("weeks", "days", 7),
    ("days", "hours", 24),
)
# One amount in two units: the second is the smaller one of the third.
_MIXED = (("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24))


def _say(day: dt.date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _demand_date(day: dt.date) -> Check:
    """Return a check for 5 March, March 5th, 05/03 in words or the ISO form."""
    month = MONTHS[day.month - 1]
    # A short form such as "Sept." is a beginning of the month's name.
    name = rf"{month[:3]}(?:{month[3:]}|{month[3:4]})?\.?"
    ordinal = r"(?:st|nd|rd|th)?"
    forms = (
        rf"(?<!\d)0?{day.day}{ordinal}(?:\s+of)?\s+{name}(?!\w)",
        rf"(?<!\w){name}\s+(?:the\s+)?0?{day.day}{ordinal}(?!\w)",
        rf"-{day.month:02}-{day.day:02}(?!\d)",
    )
    return Check(kind="regex", expected="|".join(forms))


def _weekday(draws: Draws, level: int) -> Item | None:
    start = draws.below(7)
    days = draws.between(*((1, 3), (4, 13), (20, 95))[level])
    end = (start + days) % 7
    if end == start:
        return None
    first, last = WEEKDAYS[start], WEEKDAYS[end]
    others = [day for day in WEEKDAYS if day not in (first, last)]
    return Item(
        title=f"{days} days after a {first}",
        prompt=f"Question: Today is {first}. Which day of the week is it in {days}"
        f" day{'s' if days > 1 else ''}? Give only the day.",
        checks=(
            Check(kind="contains", expected=last, options={"whole_words": True}),
            *forbid_words(others),
            limit_words(_MOST_WORDS),
        ),
        passing=f"{last}.",
        failing=WEEKDAYS[(end + 1) % 7],
    )


def _date(draws: Draws, level: int) -> Item | None:
    year = draws.between(2031, 2048)
    start = dt.date(year, 1, 1) + dt.timedelta(days=draws.below(300))
    days = draws.between(*((1, 6), (7, 30), (31, 64))[level])
    end = start + dt.timedelta(days=days)
    if level == 0 and end.month != start.month:
        return None
    wrong = end + dt.timedelta(days=1)
    return Item(
        title=f"{days} days after {_say(start)}",
        prompt=f"Question: Which date is {days} day{'s' if days > 1 else ''} after {_say(start)}"
        f" {year}? Give only the day and the month.",
        checks=(_demand_date(end), limit_words(_MOST_WORDS)),
        passing=_say(end),
        failing=_say(wrong),
    )


def _duration(draws: Draws, level: int) -> Item | None:
    minutes = draws.between(*((1, 9), (8, 47), (25, 140))[level]) * (5 if level < 2 else 1)  # noqa: PLR2004 - the hard tier counts single minutes
    start = draws.between(8 * 12, 20 * 12) * 5
    if level == 0:
        start = start // 60 * 60 + 10
    if level > 1:
        start = draws.between(22 * 60, 24 * 60 - 5)
    end = (start + minutes) % _DAY_MINUTES
    crosses = end < start
    if crosses is not (level > 1):
        return None
    first, last = (f"{m // 60:02}:{m % 60:02}" for m in (start, end))
    if minutes in (start // 60, start % 60, end // 60, end % 60):
        return None
    night = " on the next day" if crosses else ""
    return Item(
        title=f"Minutes from {first} to {last}",
        prompt=f"Question: A shift begins at {first} and ends at {last}{night}. How many minutes"
        " does it take? Give only the number.",
        checks=(demand_number(minutes), limit_words(_MOST_WORDS)),
        passing=f"{minutes} minutes",
        failing=f"{minutes + 10} minutes",
    )


def _units(draws: Draws, level: int) -> Item | None:
    if level > 1:
        return _mixed_units(draws)
    big, small, factor = draws.choose(_UNITS)
    if level == 0:
        amount = draws.between(2, 9)
        said, right = str(amount), amount * factor
    else:
        halves = draws.choose((3, 5, 7, 9, 11, 13))
        if halves * factor % 2:
            return None
        said, right = f"{halves / 2:.1f}", halves * factor // 2
    return Item(
        title=f"{said} {big} in {small}",
        prompt=f"Question: How many {small} are {said} {big}? Give only the number.",
        checks=(demand_number(right), limit_words(_MOST_WORDS)),
        passing=f"{right} {small}",
        failing=f"{right * 10} {small}",
    )


def _mixed_units(draws: Draws) -> Item | None:
    big, small, factor = draws.choose(_MIXED)
    amount, rest = draws.between(3, 9), draws.between(3, factor - 2)
    right = amount * factor + rest
    return Item(
        title=f"{amount} {big} and {rest} {small} in {small}",
        prompt=f"Question: How many {small} are {amount} {big} and {rest} {small} in all?"
        " Give only the number.",
        checks=(demand_number(right), limit_words(_MOST_WORDS)),
        passing=f"{right} {small}",
        failing=f"{amount * 100 + rest} {small}",
    )


_MAKERS = {"weekday": _weekday, "date": _date, "duration": _duration, "units": _units}


def _make(request: Request) -> Item | None:
    kind = request.draws.choose(request.options["kinds"])
    return _MAKERS[kind](request.draws, request.level)


GENERATOR = Generator(
    name="dates-units",
    version=1,
    title="Dates, times and units",
    description="Weekdays and dates some days later, minutes between times, and conversions.",
    make_item=_make,
    options=(
        Option(
            name="kinds",
            description="What may be asked for.",
            default=list(_KINDS),
            choices=_KINDS,
            several=True,
        ),
    ),
)
