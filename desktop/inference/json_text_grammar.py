"""GBNF for what JSON writes as it is: strings, and numbers within bounds.

Numbers are held to 16 digits before and after the point: a model that has begun to repeat a
digit would go on for ever.
"""

from decimal import Decimal

from desktop.domain.base import Value

MOST_DIGITS = 16
_HEX = "[0-9a-fA-F]"
# A code unit that is half of a character is none that JSON Schema would count.
_ESCAPED_UNIT = f'"u" ( [0-9a-cA-CeEfF] {_HEX}{{3}} | [dD] [0-7] {_HEX}{{2}} )'
BASE_RULES = {
    "ws": r'( " " | "\n" " "{0,40} )?',
    "plain": r'[^"\\\x00-\x1F]',
    "char": rf'plain | "\\" ( ["\\/bfnrt] | {_ESCAPED_UNIT} )',
    "string": r'"\"" char* "\""',
    "digits": f"[0-9]{{1,{MOST_DIGITS}}}",
    "integer": f'"-"? ( "0" | [1-9] [0-9]{{0,{MOST_DIGITS - 1}}} )',
    "number": 'integer ( "." digits )? ( [eE] [-+]? [0-9]{1,2} )?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "value": "object | array | string | number | boolean | null",
    "member": 'string ":" ws value',
    "object": '"{" ws ( member ( "," ws member )* ws )? "}"',
    "array": '"[" ws ( value ( "," ws value )* ws )? "]"',
}

_MONTHS = (
    '( "0" [13578] | "1" [02] ) "-" ( "0" [1-9] | [12] [0-9] | "3" [01] )'
    ' | ( "0" [469] | "11" ) "-" ( "0" [1-9] | [12] [0-9] | "30" )'
    ' | "02-" ( "0" [1-9] | "1" [0-9] | "2" [0-8] )'
)
_DATE = f'[1-9] [0-9]{{3}} "-" ( {_MONTHS} )'
_CLOCK = '( [01] [0-9] | "2" [0-3] ) ":" [0-5] [0-9]'
_TIME = f'{_CLOCK} ":" [0-5] [0-9] ( "." [0-9]{{3}} )? ( "Z" | [-+] {_CLOCK} )'
_BYTE = '( "25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9]? [0-9] )'
_WORDS = "[a-zA-Z0-9]{1,30} ( [._-] [a-zA-Z0-9]{1,30} )?"
_LABEL = '[a-zA-Z0-9]{1,30} ( "-" [a-zA-Z0-9]{1,30} )?'
_HOST = f'{_LABEL} ( "." {_LABEL} ){{0,3}}'
# The content of strings, without the quotes. A part of what each format allows, never more.
FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": '[0-9a-fA-F]{8} ( "-" [0-9a-fA-F]{4} ){3} "-" [0-9a-fA-F]{12}',
    "ipv4": f'{_BYTE} ( "." {_BYTE} ){{3}}',
    "ipv6": '[0-9a-fA-F]{1,4} ( ":" [0-9a-fA-F]{1,4} ){7}',
    "hostname": _HOST,
    "uri": f'"http" "s"? "://" {_HOST} ( "/" [a-zA-Z0-9_.-]* )*',
    "email": f'{_WORDS} "@" {_HOST} "." [a-z]{{2,9}}',
}


class Bounds(Value, frozen=True, kw_only=True):
    """From `low` to `high`, either of which may be missing; each may itself be left out."""

    low: Decimal | None = None
    high: Decimal | None = None
    without_low: bool = False
    without_high: bool = False


def quote(text: str) -> str:
    """Return a text as a literal of GBNF."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def choose(alternatives: list[str]) -> str:
    """Return an expression that matches any of some."""
    return alternatives[0] if len(alternatives) == 1 else f"( {' | '.join(alternatives)} )"


def integers_within(low: int | None, high: int | None) -> str:
    """Return an expression for whole numbers from `low` to `high`; empty if there are none."""
    found: list[str] = []
    if low is not None and high is not None and low > high:
        return ""
    if low is None or low < 0:
        nearest = 1 if high is None or high >= 0 else -high
        found.append(f'"-" {_naturals(nearest, None if low is None else -low)}')
    if high is None or high >= 0:
        found.append(_naturals(max(low or 0, 0), high))
    return choose(found)


def numbers_within(bounds: Bounds) -> str:
    """Return an expression for numbers within bounds, without exponent; empty if there are none."""
    found: list[str] = []
    low, high = bounds.low, bounds.high
    if low is None or low < 0:
        below_zero = high is not None and high < 0
        mirrored = Bounds(
            low=-high if below_zero and high is not None else Decimal(0),
            without_low=bounds.without_high if below_zero else True,
            high=None if low is None else -low,
            without_high=bounds.without_low,
        )
        found += [f'"-" {choose(part)}' for part in [_decimals(mirrored)] if part]
    if high is None or high >= 0:
        above = (
            bounds
            if low is not None and low >= 0
            else Bounds(low=Decimal(0), high=high, without_high=bounds.without_high)
        )
        found += _decimals(above)
    return choose(found) if found else ""


def _naturals(low: int, high: int | None) -> str:
    """Return an expression for whole numbers that are not negative."""
    found: list[str] = []
    longest = max(MOST_DIGITS, len(str(low))) if high is None else len(str(high))
    for length in range(len(str(low)), longest + 1):
        if high is None and length > len(str(low)):
            found.append(f"[1-9] [0-9]{{{length - 1},{MOST_DIGITS - 1}}}")
            break
        first = max(low, 10 ** (length - 1) if length > 1 else 0)
        last = 10**length - 1 if high is None else min(high, 10**length - 1)
        if first <= last:
            found.append(_between(str(first), str(last)))
    return choose(found)


def _between(low: str, high: str) -> str:
    """Return an expression for digits that lie between two rows of the same length."""
    if not low:
        return ""
    if not low.strip("0") and not high.strip("9"):
        return f"[0-9]{{{len(low)}}}"
    if low[0] == high[0]:
        return f"{quote(low[0])} {_between(low[1:], high[1:])}".strip()
    rest = len(low) - 1
    found = [
        f"{quote(low[0])} {_between(low[1:], '9' * rest)}".strip(),
        f"{quote(high[0])} {_between('0' * rest, high[1:])}".strip(),
    ]
    middle = _digit(int(low[0]) + 1, int(high[0]) - 1)
    if middle:
        found.append(f"{middle} [0-9]{{{rest}}}" if rest else middle)
    return choose(found)


def _digit(first: int, last: int) -> str:
    return f"[{first}-{last}]" if first <= last else ""


def _decimals(bounds: Bounds) -> list[str]:
    """Return alternatives for numbers that are not negative; `low` is always given."""
    whole, fraction = _split(bounds.low or Decimal(0))
    fractions = '( "." digits )?'
    if bounds.high is None:
        found = [f"{_naturals(whole + 1, None)} {fractions}"]
        return [*found, f"{quote(str(whole))} {_fraction_from(fraction, bounds.without_low)}"]
    last, last_fraction = _split(bounds.high)
    if whole > last or (whole == last and fraction > last_fraction):
        return []
    if whole == last:
        inner = _fraction_between(fraction, last_fraction, bounds)
        return [f"{quote(str(whole))} {inner}".strip()] if inner is not None else []
    found = [f"{quote(str(whole))} {_fraction_from(fraction, bounds.without_low)}"]
    if whole + 1 <= last - 1:
        found.append(f"{_naturals(whole + 1, last - 1)} {fractions}")
    if last_fraction or not bounds.without_high:
        found.append(f"{quote(str(last))} {_fraction_to(last_fraction, bounds.without_high)}")
    return found


def _split(number: Decimal) -> tuple[int, str]:
    whole, _, fraction = format(number, "f").partition(".")
    return int(whole), fraction.rstrip("0")


def _fraction_from(digits: str, without: bool) -> str:
    if not digits and not without:
        return '( "." digits )?'
    return f'"." {choose(_tails_from(digits, without))}'


def _fraction_to(digits: str, without: bool) -> str:
    if not digits:
        return f'( "." "0"{{1,{MOST_DIGITS}}} )?'
    return f'( "." {choose([tail for tail in _tails_to(digits, without) if tail])} )?'


def _fraction_between(low: str, high: str, bounds: Bounds) -> str | None:
    """Return an expression for a fraction, `None` if there is none that fits."""
    if low == high:
        if bounds.without_low or bounds.without_high:
            return None
        zeros = f'"0"{{1,{MOST_DIGITS}}}'
        return f'"." {quote(low)} "0"{{0,{MOST_DIGITS}}}' if low else f'( "." {zeros} )?'
    length = max(len(low), len(high))
    first, last = low.ljust(length, "0"), high.ljust(length, "0")
    same = next(i for i in range(length) if first[i] != last[i])
    from_tails = choose(_tails_from(low[same + 1 :], bounds.without_low))
    found = [f"{quote(first[same])} {from_tails}"]
    to_tails = [tail for tail in _tails_to(high[same + 1 :], bounds.without_high) if tail]
    if to_tails:
        found.append(f"{quote(last[same])} {choose(to_tails)}")
    if high[same + 1 :] or not bounds.without_high:
        found.append(quote(last[same]))
    middle = _digit(int(first[same]) + 1, int(last[same]) - 1)
    if middle:
        found.append(f"{middle} [0-9]{{0,{MOST_DIGITS}}}")
    expression = f'"." {quote(first[:same])} {choose(found)}' if same else f'"." {choose(found)}'
    return expression if low or bounds.without_low else f"( {expression} )?"


def _tails_from(digits: str, without: bool) -> list[str]:
    """Return alternatives for the digits after a point that come to `digits` or more."""
    more = f"[0-9]{{0,{MOST_DIGITS}}}"
    some = f'"0"{{0,{MOST_DIGITS}}} [1-9] {more}'
    found = [
        f"{quote(digits[:i])} [{int(digits[i]) + 1}-9] {more}"
        for i in range(len(digits))
        if digits[i] != "9"
    ]
    exact = some if without else more
    return [*found, f"{quote(digits)} {exact}" if digits else exact]


def _tails_to(digits: str, without: bool) -> list[str]:
    """Return alternatives for the digits after a point that come to `digits` or less.

    An empty text among them stands for no digits.
    """
    found = [quote(digits[:i]) if i else "" for i in range(len(digits))]
    found += [
        f"{quote(digits[:i])} [0-{int(digits[i]) - 1}] [0-9]{{0,{MOST_DIGITS}}}"
        for i in range(len(digits))
        if digits[i] != "0"
    ]
    if without:
        return found
    zeros = f'"0"{{0,{MOST_DIGITS}}}'
    return [*found, f"{quote(digits)} {zeros}"] if digits else ["", f'"0"{{1,{MOST_DIGITS}}}']
