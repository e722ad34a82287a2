r"""`number`: the answer gives this number.

Which of several numbers counts is `take`: `last` (the default, as graders of worked answers do;
after `####` or in `\boxed{}` the number there), `first`, `only` (all numbers must be this one)
or `any`. `tolerance` is the greatest difference allowed, 0 by default, `relative_tolerance` the
same as a share of the number; the larger counts. `decimal_comma` says that 1,280 is a little more
than one. With `unit` the number must have that unit, or another that it can be told in: 5 km is
5,000 m. How numbers are read: `numerals`, and units: `units`.
"""

from decimal import Decimal

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import TAKES, CheckKind, Shape, Verdict, flag, verdict
from desktop.scoring.numerals import Numeral, find_numbers
from desktop.scoring.plain_text import quote
from desktop.scoring.units import convert, find_unit

_MARKED = regex.compile(r"(?:####\s*|\\boxed\{)([^\n}]*)")
_TAKE_DEFAULT = TAKES[0]


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _tolerance(check: Check) -> Decimal:
    relative = _decimal(check.options.get("relative_tolerance", 0))
    absolute = _decimal(check.options.get("tolerance", 0))
    return max(absolute, abs(_decimal(check.expected)) * relative)


def _matches(text: str, number: Numeral, check: Check) -> bool:
    wanted, tolerance = _decimal(check.expected), _tolerance(check)
    values: tuple[Decimal | None, ...] = number.values
    if "unit" in check.options:
        unit = find_unit(text, number.span.start, number.span.end)
        values = tuple(convert(value, unit, check.options["unit"]) for value in number.values)
    return any(value is not None and abs(value - wanted) <= tolerance for value in values)


def _marked(text: str, decimal_comma: bool) -> tuple[Numeral, ...]:
    marks = list(_MARKED.finditer(text))
    if not marks:
        return ()
    shift = marks[-1].start(1)
    return tuple(
        Numeral(
            values=number.values,
            span=Span(start=number.span.start + shift, end=number.span.end + shift),
        )
        for number in find_numbers(marks[-1][1], decimal_comma=decimal_comma)
    )


def _judge(text: str, check: Check) -> Verdict:
    take = str(check.options.get("take", _TAKE_DEFAULT))
    comma = flag(check, "decimal_comma")
    numbers = find_numbers(text, decimal_comma=comma)
    if take == _TAKE_DEFAULT:
        numbers = _marked(text, comma) or numbers
    expected = _expected(check)
    if not numbers:
        said = f"Expected the number {expected}; the answer {quote(text, 60)} has no number."
        return verdict(said, passed=False)
    candidates = {"last": numbers[-1:], "first": numbers[:1]}.get(take, numbers)
    right = [number for number in candidates if _matches(text, number, check)]
    passed = bool(right) and (take != "only" or len(right) == len(candidates))
    marked = right if passed else [n for n in candidates if n not in right]
    spans = tuple(number.span for number in marked)
    if passed:
        return verdict(f"The answer gives the number {expected}.", passed=True, spans=spans)
    found = ", ".join(_told(text, number, check) for number in marked[:5])
    which = {"last": "the last number is", "first": "the first number is"}.get(take, "it gives")
    return verdict(f"Expected the number {expected}; {which} {found}.", passed=False, spans=spans)


def _expected(check: Check) -> str:
    unit = str(check.options.get("unit", ""))
    return f"{_show(_decimal(check.expected))}{' ' + unit if unit else ''}"


def _told(text: str, number: Numeral, check: Check) -> str:
    told = _show(number.values[-1])
    if "unit" not in check.options:
        return told
    return f"{told} {find_unit(text, number.span.start, number.span.end) or 'without a unit'}"


def _show(value: Decimal) -> str:
    text = f"{value:f}" if abs(value.adjusted()) < 30 else f"{value:E}"  # noqa: PLR2004 - beyond that nobody reads digits
    return text.rstrip("0").rstrip(".") if "." in text else text


def _describe(check: Check) -> str:
    tolerance = _tolerance(check)
    about = f" (± {_show(tolerance)})" if tolerance else ""
    return f"answers with the number {_expected(check)}{about}"


def _find_fault(check: Check) -> str:
    return "tolerance must not be negative" if check.options.get("tolerance", 0) < 0 else ""


KIND = CheckKind(
    name="number",
    expects=Shape.NUMBER,
    judge=_judge,
    describe=_describe,
    options={
        "take": Shape.TAKE,
        "tolerance": Shape.NUMBER,
        "relative_tolerance": Shape.SHARE,
        "unit": Shape.TEXT,
        "decimal_comma": Shape.FLAG,
    },
    find_fault=_find_fault,
)
