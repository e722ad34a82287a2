"""`gsm8k`: the number that ends a worked answer, found as lm-evaluation-harness finds it.

The argument is the number, or GSM8K's whole solution, which ends with `#### 72`. By default the
last number in the answer counts (the harness's `flexible-extract`); with `strict` only one after
`#### ` does, and the first such (`strict-match`). Then texts are compared: commas, dollar signs, a
point at the end and everything up to `#### ` don't count, so that 72.0 is not 72. `number` is
kinder.
"""

import re

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, verdict
from desktop.scoring.plain_text import quote

_STRICT = re.compile(r"#### (-?[0-9.,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


def extract_number(text: str, *, strict: bool) -> tuple[str, Span] | None:
    """Return what the harness's filter takes out of an answer, and where it stands."""
    if strict:
        first = _STRICT.search(text)
        return (first[1], Span(start=first.start(1), end=first.end(1))) if first else None
    last = None
    for last in _FLEXIBLE.finditer(text):  # noqa: B007 - the last match is wanted
        pass
    return (last[0], Span(start=last.start(), end=last.end())) if last else None


def _compared(text: str) -> str:
    text = text.replace(",", "").replace("$", "")
    return re.sub(r"\.$", "", text[text.rfind("#### ") + 5 :] if "#### " in text else text).lower()


def _judge(text: str, check: Check) -> Verdict:
    strict = flag(check, "strict")
    wanted = _compared(str(check.expected))
    found = extract_number(text, strict=strict)
    if found is None:
        where = ' after "#### "' if strict else ""
        said = f"Expected {wanted}; the answer {quote(text, 60)} has no number{where}."
        return verdict(said, passed=False)
    number, span = found
    which = 'the number after "#### "' if strict else "the last number"
    if _compared(number) == wanted:
        return verdict(f"{which.capitalize()} is {wanted}.", passed=True, spans=(span,))
    return verdict(f"Expected {wanted}; {which} is {number}.", passed=False, spans=(span,))


def _find_fault(check: Check) -> str:
    return "" if re.search(r"\d", _compared(str(check.expected))) else "gsm8k needs a number"


KIND = CheckKind(
    name="gsm8k",
    expects=Shape.TEXT,
    judge=_judge,
    describe=lambda check: f"ends with the number {_compared(str(check.expected))}",
    options={"strict": Shape.FLAG},
    find_fault=_find_fault,
    raw=True,
)
