"""`bleu`: BLEU of one answer (Papineni 2002), in the form of sacreBLEU's `sentence_bleu`.

Tokens are those of mteval-v13a, four orders at most and no more than the answer has words,
exponential smoothing, brevity against the reference of the closest length. sacreBLEU's figure is
100 times this one. Of single sentences BLEU says little; chrF says more.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from desktop.domain.suite import Check
from desktop.scoring.likeness import likeness_kind

_ORDERS = 4
_STEPS = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def tokenise(text: str) -> list[str]:
    """Return the tokens of mteval-v13a."""
    line = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, sign in _ENTITIES:
        line = line.replace(entity, sign)
    line = f" {line} "
    for pattern, replacement in _STEPS:
        line = pattern.sub(replacement, line)
    return line.split()


def _count(tokens: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(tokens[i : i + order])
        for order in range(1, _ORDERS + 1)
        for i in range(len(tokens) - order + 1)
    )


@lru_cache(maxsize=1024)
def _read_references(
    references: tuple[str, ...],
) -> tuple[Counter[tuple[str, ...]], tuple[int, ...]]:
    """Return the most that any reference has of each n-gram, and all lengths."""
    most: Counter[tuple[str, ...]] = Counter()
    lengths = []
    for reference in references:
        tokens = tokenise(reference)
        most |= _count(tokens)
        lengths.append(len(tokens))
    return most, tuple(lengths)


def bleu(text: str, references: Sequence[str]) -> float:
    """Return the smoothed BLEU of an answer against its references, 0 to 1."""
    most, lengths = _read_references(tuple(references))
    tokens = tokenise(text)
    length = len(tokens)
    matches = [0] * _ORDERS
    for gram, count in _count(tokens).items():
        matches[len(gram) - 1] += min(count, most[gram])
    if not any(matches):
        return 0.0
    closest = min(lengths, key=lambda other: (abs(other - length), other))
    brevity = math.exp(1 - closest / length) if length < closest else 1.0
    logarithms = []
    smoothing = 1.0
    for order in range(1, min(_ORDERS, length) + 1):
        total = length - order + 1
        found: float = matches[order - 1]
        if not found:
            smoothing *= 2
            found = 1 / smoothing
        logarithms.append(math.log(100 * found / total))
    return brevity * math.exp(sum(logarithms) / len(logarithms)) / 100


def _measure(text: str, references: Sequence[str], _check: Check) -> float:
    # Rounding may end a hair above 1 for equal texts.
    return min(1.0, bleu(text, references))


KIND = likeness_kind("bleu", "BLEU", _measure, threshold=0.3)
