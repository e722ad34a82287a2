"""`similar`: how few edits turn the answer into the reference, 1 for none.

The score is 1 - edits / length of the longer text; an edit inserts, deletes or changes one sign.
Case and runs of white space don't count unless `match_case` or `match_space` ask for it, wrapping
never does. Counted is Levenshtein's distance, a whole column of the table at a time as the bits of
one number (Myers 1999, Hyyrö 2003).
"""

from desktop.domain.suite import Check
from desktop.scoring.kind import Shape, flag
from desktop.scoring.likeness import best_of, likeness_kind
from desktop.scoring.plain_text import fold, plain, squeeze


def edit_distance(first: str, second: str) -> int:
    """Return how many insertions, deletions and changes lead from one text to the other."""
    if not first or not second:
        return len(first) + len(second)
    places: dict[str, int] = {}
    for position, sign in enumerate(first):
        places[sign] = places.get(sign, 0) | 1 << position
    everywhere = (1 << len(first)) - 1
    last = 1 << (len(first) - 1)
    rises, falls, distance = everywhere, 0, len(first)
    for sign in second:
        equal = places.get(sign, 0)
        across = (((equal & rises) + rises) ^ rises) | equal
        up = falls | (everywhere & ~(across | rises))
        down = rises & across
        distance += bool(up & last) - bool(down & last)
        up = (up << 1 | 1) & everywhere
        down = (down << 1) & everywhere
        rises = down | (everywhere & ~(equal | falls | up))
        falls = up & (equal | falls)
    return distance


def _measure(text: str, reference: str, check: Check) -> float:
    said, wanted = plain(text), fold(reference)
    if not flag(check, "match_space"):
        said, wanted = squeeze(said), squeeze(wanted)
    if not flag(check, "match_case"):
        said, wanted = said.casefold(), wanted.casefold()
    longer = max(len(said), len(wanted))
    return 1 - edit_distance(wanted, said) / longer if longer else 1.0


KIND = likeness_kind(
    "similar",
    "likeness by edits",
    best_of(_measure),
    threshold=0.8,
    options={"match_case": Shape.FLAG, "match_space": Shape.FLAG},
    most_characters=20_000,
)
