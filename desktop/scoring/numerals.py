"""Numbers as people write them: 1,280.50, 1.280,50, 1 280, -$5, 3 million, "twelve".

Separators. With both a comma and a point, the later one is the decimal sign. Groups of three
after commas, spaces or apostrophes are thousands. A single comma before three digits is a
thousands separator unless `decimal_comma` is set; before one or two digits it is a decimal sign.
With `decimal_comma` a point before three digits separates thousands.

English number words count only where there is no digit at all: "one of them has 42".
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import regex

from desktop.domain.answer import Span
from desktop.domain.base import Value
from desktop.scoring.plain_text import fold

_DIGITS = regex.compile(
    r"""(?:(?<![\w)\].,]|\d\s)(?P<sign>-)[ ]?)?
        (?:[$€£¥₹][ ]?)?
        (?P<digits>\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?   # 1 280 000,50
                 | \d+(?:[.,]\d+)*                           # 1,280.50
                 | (?<![\w.])\.\d+)                          # .5
        (?:[eE](?P<exponent>[+-]?\d{1,3})(?!\w))?
        (?:\s*(?P<scale>thousand|million|billion)s?\b)?
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_UNITS_TEENS = f"{_UNITS} fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_UNITS_TEENS.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
_HUNDRED = 100
_WORD = r"(?:" + "|".join(sorted({*_WORDS, "hundred", "thousand"}, key=len, reverse=True)) + ")"
_PHRASE = regex.compile(rf"\b{_WORD}(?:(?:\s+and\s+|[\s-]+){_WORD})*\b", regex.IGNORECASE)
_GROUP = 3


class Numeral(Value, frozen=True, kw_only=True):
    """A number found in a text. "3 million" may mean 3 or 3,000,000, so it has two values."""

    values: tuple[Decimal, ...]
    span: Span


def find_numbers(text: str, *, decimal_comma: bool = False) -> tuple[Numeral, ...]:
    """Return the numbers of a text in order: those in digits, or else those in words."""
    folded = fold(text)
    found = tuple(
        numeral for match in _DIGITS.finditer(folded) for numeral in _read(match, decimal_comma)
    )
    return found or tuple(_read_words(folded))


def _read(match: regex.Match[str], decimal_comma: bool) -> Iterator[Numeral]:
    digits = match["digits"]
    plain = _without_separators(digits, decimal_comma)
    if plain is None:  # a list such as 1,2,3 or a date such as 3.5.2024
        yield from _read_list(match)
        return
    try:
        value = Decimal(plain).scaleb(int(match["exponent"] or 0))
    except InvalidOperation:
        return
    value = -value if match["sign"] else value
    scale = match["scale"]
    values = (value, value * _SCALES[scale.lower()]) if scale else (value,)
    yield Numeral(values=values, span=Span(start=match.start(), end=match.end()))


def _read_list(match: regex.Match[str]) -> Iterator[Numeral]:
    start = match.start("digits")
    for part in regex.finditer(r"\d+", match["digits"]):
        span = Span(start=start + part.start(), end=start + part.end())
        yield Numeral(values=(Decimal(part[0]),), span=span)


def _without_separators(digits: str, decimal_comma: bool) -> str | None:
    """Return digits with a decimal point at most, or `None` if they are several numbers."""
    digits = digits.replace(" ", "").replace("'", "")
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        decimal = max(",.", key=digits.rindex)
        if digits.count(decimal) > 1:
            return None
        whole, _, fraction = digits.partition(decimal)
        groups = whole.split("," if decimal == "." else ".")
        return f"{''.join(groups)}.{fraction}" if _grouped(groups) else None
    sign = "," if commas else "."
    groups = digits.split(sign)
    if len(groups) > 2:  # noqa: PLR2004 - more than one separator: thousands or a list
        return "".join(groups) if _grouped(groups) else None
    separates_thousands = (sign == ",") is not decimal_comma
    if len(groups) > 1 and separates_thousands and _grouped(groups):
        return "".join(groups)
    if commas and not decimal_comma and len(groups[1]) > _GROUP:
        return None
    return digits.replace(",", ".")


def _grouped(groups: list[str]) -> bool:
    first, *others = groups
    return 0 < len(first) <= _GROUP and first != "0" and all(len(g) == _GROUP for g in others)


def _read_words(text: str) -> Iterator[Numeral]:
    for match in _PHRASE.finditer(text):
        total = part = 0
        words = regex.split(r"[\s-]+", match[0].lower())
        if words[0] in {"hundred", "thousand"}:
            words.insert(0, "one")
        for word in words:
            if word == "hundred":
                part *= _HUNDRED
            elif word == "thousand":
                total, part = total + part * _SCALES[word], 0
            else:
                part += _WORDS.get(word, 0)
        span = Span(start=match.start(), end=match.end())
        yield Numeral(values=(Decimal(total + part),), span=span)
