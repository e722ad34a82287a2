"""`uppercase` and `lowercase`: no letter of the answer is of the other case.

Letters of scripts without case are neither; an answer without any letter passes neither check.
"""

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, verdict
from desktop.scoring.plain_text import plain, quote

_MOST_SPANS = 20


def _kind(name: str, wanted: str, other: str) -> CheckKind:
    other_words = regex.compile(rf"\w*\p{{{other}}}\w*")
    wanted_letter = regex.compile(rf"\p{{{wanted}}}")

    def judge(text: str, _check: Check) -> Verdict:
        # Language names of code fences are no part of the answer, so the wrapping goes first.
        found = other_words.search(plain(text))
        if found is not None:
            spans = tuple(
                Span(start=match.start(), end=match.end()) for match in other_words.finditer(text)
            )
            said = f"The answer should be all {name}; {quote(found[0])} is not."
            return verdict(said, passed=False, spans=spans[:_MOST_SPANS])
        if wanted_letter.search(text) is None:
            return verdict(f"The answer {quote(text, 60)} has no {name} letters.", passed=False)
        return verdict(f"The answer is all {name}.", passed=True)

    return CheckKind(
        name=name, expects=Shape.TRUE, judge=judge, describe=lambda _check: f"is all {name}"
    )


KINDS = (_kind("uppercase", "Lu", "Ll"), _kind("lowercase", "Ll", "Lu"))
