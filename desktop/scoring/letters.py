"""`uppercase` and `lowercase`: no letter of the answer is of the other case.

Letters of scripts without case are neither; an answer without any letter passes neither check.
"""

from itertools import islice

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, verdict
from desktop.scoring.plain_text import plain, quote

_MOST_SPANS = 20
_WORD = regex.compile(r"\w+")


def _word_around(text: str, place: int) -> str:
    return next(match[0] for match in _WORD.finditer(text) if match.end() > place)


def _kind(name: str, wanted: str, other: str) -> CheckKind:
    other_letter = regex.compile(rf"\p{{{other}}}")
    wanted_letter = regex.compile(rf"\p{{{wanted}}}")

    def judge(text: str, _check: Check) -> Verdict:
        # Language names of code fences are no part of the answer, so the wrapping goes first.
        said = plain(text)
        found = other_letter.search(said)
        if found is not None:
            word = _word_around(said, found.start())
            # Words are looked at one by one: a pattern around a letter takes quadratic time.
            places = (
                Span(start=match.start(), end=match.end())
                for match in _WORD.finditer(text)
                if other_letter.search(match[0])
            )
            told = f"The answer should be all {name}; {quote(word)} is not."
            return verdict(told, passed=False, spans=tuple(islice(places, _MOST_SPANS)))
        if wanted_letter.search(text) is None:
            return verdict(f"The answer {quote(text, 60)} has no {name} letters.", passed=False)
        return verdict(f"The answer is all {name}.", passed=True)

    return CheckKind(
        name=name, expects=Shape.TRUE, judge=judge, describe=lambda _check: f"is all {name}"
    )


KINDS = (_kind("uppercase", "Lu", "Ll"), _kind("lowercase", "Ll", "Lu"))
