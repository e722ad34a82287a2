r"""`number`: the answer gives this number.

Which of several numbers counts is `take`: `last` (the default, as graders of worked answers do;
after `####` or in `\boxed{}` the number there), `first`, `only` (all numbers must be this one)
or `any`. `tolerance` is the greatest difference allowed, 0 by default; `decimal_comma` says that
1,280 is a little more than one. How numbers are read: `numerals`.
"""

from decimal import Decimal

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import TAKES, CheckKind, Shape, Verdict, flag, verdict
from desktop.scoring.numerals import Numeral, find_numbers
from desktop.scoring.plain_text import quote

_MARKED = regex.compile(r"(?:####\s*|\\boxed\{)([^\n}]*)")
_TAKE_DEFAULT = TAKES[0]


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _matches(number: Numeral, check: Check) -> bool:
    wanted = _decimal(check.expected)
    tolerance = _decimal(check.options.get("tolerance", 0))
    return any(abs(value - wanted) <= tolerance for value in number.values)


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
    expected = _show(_decimal(check.expected))
    if not numbers:
        said = f"Expected the number {expected}; the answer {quote(text, 60)} has no number."
        return verdict(said, passed=False)
    candidates = {"last": numbers[-1:], "first": numbers[:1]}.get(take, numbers)
    right = [number for number in candidates if _matches(number, check)]
    passed = bool(right) and (take != "only" or len(right) == len(candidates))
    marked = right if passed else [n for n in candidates if n not in right]
    spans = tuple(number.span for number in marked)
    if passed:
        return verdict(f"The answer gives the number {expected}.", passed=True, spans=spans)
    found = ", ".join(_show(number.values[-1]) for number in marked[:5])
    which = {"last": "the last number is", "first": "the first number is"}.get(take, "it gives")
    return verdict(f"Expected the number {expected}; {which} {found}.", passed=False, spans=spans)


def _show(value: Decimal) -> str:
    text = f"{value:f}" if abs(value.adjusted()) < 30 else f"{value:E}"  # noqa: PLR2004 - beyond that nobody reads digits
    return text.rstrip("0").rstrip(".") if "." in text else text


def _describe(check: Check) -> str:
    tolerance = check.options.get("tolerance", 0)
    about = f" (± {tolerance})" if tolerance else ""
    return f"answers with the number {_show(_decimal(check.expected))}{about}"


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
        "decimal_comma": Shape.FLAG,
    },
    find_fault=_find_fault,
)
