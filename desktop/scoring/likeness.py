"""What measures of likeness to a reference text share: thresholds, sentences, marked words.

Each takes one reference or several and counts the best, unless the measure itself says how
several are taken together (BLEU). The score is the measure, from 0 to 1; the check passes from
`at_least` on.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, share, texts, verdict
from desktop.scoring.plain_text import join, quote

_WORD = re.compile(r"\w+")
_MOST_SPANS = 50
# Differences in the last bits must not decide whether a threshold is reached.
_SLACK = 1e-12


def best_of(
    measure: Callable[[str, str, Check], float],
) -> Callable[[str, Sequence[str], Check], float]:
    """Return a measure against several references: the best."""
    return lambda text, references, check: max(measure(text, each, check) for each in references)


def likeness_kind(
    name: str,
    title: str,
    measure: Callable[[str, Sequence[str], Check], float],
    *,
    threshold: float = 0.5,
    options: Mapping[str, Shape] | None = None,
    find_fault: Callable[[Check], str] = lambda _check: "",
    most_characters: int = 100_000,
) -> CheckKind:
    """Return a kind of check that passes when the measure reaches its threshold."""

    def judge(text: str, check: Check) -> Verdict:
        references = texts(check.expected)
        reached = measure(text, references, check)
        wanted = share(check, "at_least", threshold)
        passed = reached >= wanted - _SLACK
        said = (
            f"{title} is {reached:.3f}, and at least {wanted:g} is wanted;"
            f" the reference is {join(references[:3], 'or')}."
        )
        return verdict(said, passed=passed, score=reached, spans=shared_words(text, references))

    def describe(check: Check) -> str:
        wanted = share(check, "at_least", threshold)
        return f"is like {join(texts(check.expected)[:3], 'or')}: {title} at least {wanted:g}"

    def fault(check: Check) -> str:
        blank = [text for text in texts(check.expected) if not text.strip()]
        if blank:
            return f"{name} needs a text to compare with, not {quote(blank[0])}"
        return find_fault(check)

    return CheckKind(
        name=name,
        expects=Shape.TEXTS,
        judge=judge,
        describe=describe,
        options={"at_least": Shape.SHARE, **(options or {})},
        find_fault=fault,
        raw=True,
        most_characters=most_characters,
    )


def shared_words(text: str, references: Sequence[str]) -> tuple[Span, ...]:
    """Return where the first words of an answer lie that a reference has too."""
    known = _known_words(tuple(references))
    places = (match.span() for match in _WORD.finditer(text) if match[0].casefold() in known)
    return tuple(Span(start=start, end=end) for start, end in islice(places, _MOST_SPANS))


@lru_cache(maxsize=1024)
def _known_words(references: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.casefold() for each in references for word in _WORD.findall(each))
