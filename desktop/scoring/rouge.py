"""`rouge`: ROUGE-1, -2, -L and -Lsum as F1 (Lin 2004), in the form of the package rouge-score.

Words are runs of ASCII letters and digits in lower case, without stemming: for other scripts use
`chrf`. `variant` is rouge1, rouge2, rougeL (the default) or rougeLsum, which takes lines for
sentences. Of several references the best counts.
"""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache

from desktop.domain.suite import Check
from desktop.scoring.kind import ScorerFault, Shape
from desktop.scoring.likeness import best_of, likeness_kind

VARIANTS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
_DEFAULT = "rougeL"
_WORD = re.compile(r"[a-z0-9]+")
# Of the table that finds which words two lines have in common.
_MOST_CELLS = 4_000_000


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


@lru_cache(maxsize=1024)
def _reference_words(text: str) -> tuple[str, ...]:
    return tuple(_words(text))


def _f1(common: int, said: int, wanted: int) -> float:
    precision, recall = common / max(said, 1), common / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if common else 0.0


def lcs_length(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence, one whole number for a row (Hyyrö)."""
    places: dict[Hashable, int] = {}
    for position, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << position
    everywhere = (1 << len(first)) - 1
    row = everywhere
    for item in second:
        hits = row & places.get(item, 0)
        row = ((row + hits) | (row - hits)) & everywhere
    return len(first) - row.bit_count()


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def _common_places(wanted: list[str], said: list[str]) -> set[int]:
    """Return which words of a wanted line are in one longest common subsequence."""
    rows = [[0] * (len(said) + 1)]
    for word in wanted:
        above, row = rows[-1], [0]
        for column, other in enumerate(said):
            row.append(above[column] + 1 if word == other else max(above[column + 1], row[column]))
        rows.append(row)
    places = set()
    i, j = len(wanted), len(said)
    while i and j:
        if wanted[i - 1] == said[j - 1]:
            i, j = i - 1, j - 1
            places.add(i)
        elif rows[i][j - 1] > rows[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


def _rouge_lsum(text: str, reference: str) -> float:
    wanted, said = ([_words(line) for line in t.split("\n") if line] for t in (reference, text))
    left_said = Counter(word for line in said for word in line)
    left_wanted = Counter(word for line in wanted for word in line)
    totals = left_said.total(), left_wanted.total()
    if totals[0] * totals[1] > _MOST_CELLS:
        raise ScorerFault(
            "The answer and its reference are too long for rougeLsum; rougeL takes longer ones."
        )
    hits = 0
    for line in wanted:
        places = set().union(*(_common_places(line, other) for other in said))
        for word in (line[place] for place in sorted(places)):
            if left_said[word] > 0 and left_wanted[word] > 0:
                hits += 1
                left_said[word] -= 1
                left_wanted[word] -= 1
    return _f1(hits, *totals)


def rouge(text: str, reference: str, variant: str = _DEFAULT) -> float:
    """Return a variant's F1 of an answer against one reference, 0 to 1."""
    if variant == "rougeLsum":
        return _rouge_lsum(text, reference)
    said, wanted = _words(text), _reference_words(reference)
    if variant == "rougeL":
        return _f1(lcs_length(wanted, said), len(said), len(wanted))
    order = int(variant.removeprefix("rouge"))
    ours, theirs = _grams(said, order), _grams(wanted, order)
    common = sum(min(count, theirs[gram]) for gram, count in ours.items() if gram in theirs)
    return _f1(common, ours.total(), theirs.total())


def _measure(text: str, reference: str, check: Check) -> float:
    return rouge(text, reference, str(check.options.get("variant", _DEFAULT)))


def _find_fault(check: Check) -> str:
    variant = check.options.get("variant", _DEFAULT)
    return "" if variant in VARIANTS else f"variant must be one of {', '.join(VARIANTS)}"


KIND = likeness_kind(
    "rouge",
    "ROUGE",
    best_of(_measure),
    threshold=0.3,
    options={"variant": Shape.TEXT},
    find_fault=_find_fault,
)
