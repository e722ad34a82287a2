"""`chrf`: character n-gram F-score (Popović 2015), in sacreBLEU's form: orders 1 to 6, β = 2.

White space does not count; `word_order: 2` gives chrF++. Precision and recall are averaged over
the orders that both texts have. sacreBLEU's figure is 100 times this one.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from desktop.domain.suite import Check
from desktop.scoring.kind import Shape
from desktop.scoring.likeness import best_of, likeness_kind

_CHARACTER_ORDER = 6
_BETA_SQUARED = 4.0
# As chrF's own script takes punctuation off words: ASCII, one sign at one end only.
_SIGNS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _split_words(text: str) -> Iterable[str]:
    for word in text.split():
        if len(word) > 1 and word[-1] in _SIGNS:
            yield from (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in _SIGNS:
            yield from (word[0], word[1:])
        else:
            yield word


def _count(text: str, word_order: int) -> list[Counter[str]]:
    signs = "".join(text.split())
    counts = [
        Counter([signs[i : i + order] for i in range(len(signs) - order + 1)])
        for order in range(1, _CHARACTER_ORDER + 1)
    ]
    if word_order:
        words = list(_split_words(text))
        counts += [
            Counter([" ".join(words[i : i + order]) for i in range(len(words) - order + 1)])
            for order in range(1, word_order + 1)
        ]
    return counts


@lru_cache(maxsize=1024)
def _count_reference(text: str, word_order: int) -> list[tuple[Counter[str], int]]:
    return [(counts, counts.total()) for counts in _count(text, word_order)]


def chrf(text: str, reference: str, word_order: int = 0) -> float:
    """Return chrF of an answer against one reference, 0 to 1."""
    precision = recall = 0.0
    orders = 0
    for said, (wanted, wanted_total) in zip(
        _count(text, word_order), _count_reference(reference, word_order), strict=True
    ):
        total = said.total()
        if not total or not wanted_total:
            continue
        matches = sum(min(said[gram], wanted[gram]) for gram in said.keys() & wanted.keys())
        precision += matches / total
        recall += matches / wanted_total
        orders += 1
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)


def _measure(text: str, reference: str, check: Check) -> float:
    return chrf(text, reference, int(check.options.get("word_order", 0)))


def _find_fault(check: Check) -> str:
    order = int(check.options.get("word_order", 0))
    return "word_order is 1 or 2, or left out" if order > 2 else ""  # noqa: PLR2004 - chrF++ has no more


KIND = likeness_kind(
    "chrf",
    "chrF",
    best_of(_measure),
    options={"word_order": Shape.COUNT},
    find_fault=_find_fault,
    most_characters=50_000,
)
