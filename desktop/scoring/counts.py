"""`word_count`, `sentence_count`, `line_count`, `bullet_count` …: how long an answer is.

The argument is a whole number or `{min, max}`. Counted is what a reader sees, after `plain` took
the wrapping off:

- words: runs of letters and digits between white space (`twenty-one` and `3.5` are one each);
- sentences: ended by . ! ? … or their Chinese, Japanese and Hindi likes; a point after an
  initial, a common abbreviation or within a number ends none; a line of its own is a sentence;
- lines: those that are not empty;
- paragraphs: blocks between empty lines; characters: all, white space too;
- bullets: lines that begin with -, *, +, •, or a number and a point or bracket.
"""

from collections.abc import Callable

import regex

from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, verdict
from desktop.scoring.plain_text import plain, quote

_SENTENCE_END = regex.compile(
    r"(?<=[.!?…][\"')\]]{0,3})\s+(?=\S)|(?<=[\u3002\uff01\uff1f\u0964])\s*(?=\S)"
)
_ABBREVIATION = regex.compile(
    r"(?:^|[\s(])(?:\p{L}|e\.g|i\.e|z\.B|p\.m|a\.m|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|etc|approx|ca|Inc|Ltd"
    r"|Co|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|bzw|usw)\.$",
    regex.IGNORECASE,
)
_BULLET = regex.compile(
    r"^\s*(?:[-*+\u2013\u2022\u25e6\u25aa]\s+|[\u2022\u25e6\u25aa]|-(?![-\d])|\(?\d{1,3}[.)]\s+)\S"
)
_GAP = regex.compile(r"\n[^\S\n]*\n")
_ORDINAL = regex.compile(r"^\s*\d{1,3}[.)]$")


def _lines(text: str) -> list[str]:
    return [line for line in plain(text).splitlines() if line.strip()]


def count_words(text: str) -> int:
    """Return how many words the text has."""
    return sum(word[0].isalnum() or any(map(str.isalnum, word)) for word in plain(text).split())


def count_sentences(text: str) -> int:
    """Return how many sentences the text has."""
    return sum(_sentences_in(line) for line in _lines(text))


def _sentences_in(line: str) -> int:
    count = 0
    says, begins = False, True
    for part in _SENTENCE_END.split(line.strip()):
        says = says or any(map(str.isalnum, part))
        is_ordinal = begins and _ORDINAL.match(part) is not None
        if is_ordinal or _ABBREVIATION.search(part.rsplit(None, 1)[-1] if part.strip() else ""):
            begins = False
            continue
        count += says
        says, begins = False, True
    return count + says


def count_lines(text: str) -> int:
    """Return how many lines the text has that are not empty."""
    return len(_lines(text))


def count_bullets(text: str) -> int:
    """Return how many lines of the text begin as items of a list do."""
    return sum(_BULLET.match(line) is not None for line in text.splitlines())


def count_paragraphs(text: str) -> int:
    """Return how many blocks of lines the text has, empty lines between them."""
    return sum(1 for block in _GAP.split(plain(text)) if block.strip())


def count_characters(text: str) -> int:
    """Return how many characters the text has."""
    return len(plain(text))


def _limits(check: Check) -> tuple[int, int | None]:
    wanted = check.expected
    if isinstance(wanted, dict):
        return int(wanted.get("min", 0)), wanted.get("max")
    return int(wanted), int(wanted)


def _amount(check: Check, noun: str) -> str:
    low, high = _limits(check)
    if low == high:
        return f"{low} {noun}{'' if low == 1 else 's'}"
    if high is None:
        return f"at least {low} {noun}s"
    return f"{low} to {high} {noun}s" if low else f"at most {high} {noun}s"


def _find_fault(check: Check) -> str:
    low, high = _limits(check)
    if isinstance(check.expected, dict) and not check.expected:
        return f"{check.kind} needs min, max or both"
    if high is not None and high < max(low, 1):
        return f"{check.kind} has limits that no answer can keep"
    return ""


def _kind(noun: str, count: Callable[[str], int]) -> CheckKind:
    def judge(text: str, check: Check) -> Verdict:
        low, high = _limits(check)
        found = count(text)
        passed = found >= low and (high is None or found <= high)
        has = f"the answer has {found}"
        if passed:
            return verdict(f"Expected {_amount(check, noun)}; {has}.", passed=True)
        said = f"Expected {_amount(check, noun)}; {has}: {quote(text, 60)}."
        return verdict(said, passed=False)

    return CheckKind(
        name=f"{noun}_count",
        expects=Shape.RANGE,
        judge=judge,
        describe=lambda check: f"has {_amount(check, noun)}",
        find_fault=_find_fault,
    )


KINDS = (
    _kind("word", count_words),
    _kind("sentence", count_sentences),
    _kind("line", count_lines),
    _kind("bullet", count_bullets),
    _kind("paragraph", count_paragraphs),
    _kind("character", count_characters),
)
