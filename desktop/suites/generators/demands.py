"""The checks that generated cases are made of."""

import re
from collections.abc import Sequence

from desktop.domain.suite import Check


def demand_number(value: int | str, *, decimal_comma: bool = False) -> Check:
    """Return a check for a number that comes first or last: "12", "7 + 5 = 12", "12 (7 + 5)".

    Not anywhere: then counting to twenty would be right for every small number.
    """
    comma = {"decimal_comma": True} if decimal_comma else {}
    forms = [{"number": value, "take": take, **comma} for take in ("last", "first")]
    return Check(kind="any_of", expected=forms)


def demand_words(*words: str) -> Check:
    """Return a check that all these stand in the answer, each as words of their own."""
    return Check(kind="contains", expected=list(words), options={"whole_words": True})


def forbid_words(words: Sequence[str]) -> tuple[Check, ...]:
    """Return a check that none of these stands in the answer; no check for no words."""
    if not words:
        return ()
    return (Check(kind="not_contains", expected=list(words), options={"whole_words": True}),)


def limit_words(most: int) -> Check:
    """Return a check that keeps an echo of the question, or a ramble, from passing."""
    return Check(kind="word_count", expected={"max": most})


def demand_sequence(items: Sequence[str]) -> Check:
    """Return a check for these items in this order with nothing but separators between them.

    Numbers of a list, bullets, quotes, brackets, line breaks and a joining "and" are separators.
    """
    gap = r"[\W_]*(?:\b(?:and|then)\b[\W_]*)?(?:\b\d{1,2}[.)][\W_]*)?"
    if all(item.isdigit() for item in items):
        # The number of a list's line is none of its numbers only at the beginning of a line.
        gap = r"(?:[^\S\n]*\n\s*\d{1,2}[.)]\s+|[\W_]+(?:and[\W_]+)?)"
    body = gap.join(re.escape(item) for item in items)
    return Check(kind="regex", expected=rf"(?<!\w){body}(?!\w)")
