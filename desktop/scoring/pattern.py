"""`regex`: a pattern in the answer, in the syntax of Python's `regex` package.

Case does not count unless `match_case` says so; `whole` wants the whole answer to match. A
case's patterns run for a second at most: an unlucky one could take years.
"""

from functools import lru_cache

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.clock import SECONDS_A_CASE, pattern_time
from desktop.scoring.kind import CheckKind, ScorerFault, Shape, Verdict, flag, verdict
from desktop.scoring.plain_text import quote, shorten


@lru_cache(maxsize=1024)
def _compiled(pattern: str, *, match_case: bool) -> regex.Pattern[str]:
    flags = regex.MULTILINE if match_case else regex.MULTILINE | regex.IGNORECASE
    return regex.compile(pattern, flags)


def _judge(text: str, check: Check) -> Verdict:
    pattern = _compiled(str(check.expected), match_case=flag(check, "match_case"))
    whole = flag(check, "whole")
    trimmed = text.strip()
    try:
        with pattern_time() as seconds:
            if whole:
                found = pattern.fullmatch(trimmed, timeout=seconds)
            else:
                found = pattern.search(text, timeout=seconds)
    except TimeoutError:
        raise ScorerFault(
            f"The pattern {shorten(str(check.expected))} took longer than"
            f" {SECONDS_A_CASE:g} s on this answer; write it without nested repeats."
        ) from None
    if found is None:
        said = f"The pattern {check.expected} does not match the answer {quote(text, 60)}."
        return verdict(said, passed=False)
    shift = len(text) - len(text.lstrip()) if whole else 0
    span = Span(start=found.start() + shift, end=found.end() + shift)
    said = f"The pattern {check.expected} matches {quote(found[0])}."
    return verdict(said, passed=True, spans=(span,))


def _find_fault(check: Check) -> str:
    try:
        _compiled(str(check.expected), match_case=False)
    except regex.error as error:
        return f"regex is not a valid pattern: {error}"
    return ""


KIND = CheckKind(
    name="regex",
    expects=Shape.TEXT,
    judge=_judge,
    describe=lambda check: f"matches the pattern {check.expected}",
    options={"match_case": Shape.FLAG, "whole": Shape.FLAG},
    find_fault=_find_fault,
)
