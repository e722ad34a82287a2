"""Drawing some of a benchmark's questions: the same ones on every machine, by seed and stratum.

No random number generator takes part, since theirs differ between languages and versions. The
rank of a question is the SHA-256 of `seed`, a line feed, its row as canonical JSON (keys sorted,
ASCII, no spaces), a line feed and how many equal rows came before it; the lowest ranks are drawn,
and stay in the order of the files. So neither the order nor the place of files matters.

With a stratum each value gets its share of the sample, by the largest remainder: first the whole
parts of count times sample by total, then one more to the largest remainders, the name deciding
between equal ones.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from desktop.suites.importers.rows import Row, canonical


def draw(rows: Sequence[Row], count: int, seed: int, strata: Sequence[str] = ()) -> list[int]:
    """Return the places of `count` rows, ascending; `strata` names the stratum of each row."""
    names = strata or [""] * len(rows)
    quotas = share_out(Counter(names), count)
    ranked = sorted(range(len(rows)), key=_ranks(rows, seed).__getitem__)
    drawn = []
    for place in ranked:
        if quotas[names[place]]:
            quotas[names[place]] -= 1
            drawn.append(place)
    return sorted(drawn)


def _ranks(rows: Sequence[Row], seed: int) -> list[str]:
    seen: Counter[str] = Counter()
    ranks = []
    for row in rows:
        text = canonical(row.values)
        ranks.append(hashlib.sha256(f"{seed}\n{text}\n{seen[text]}".encode()).hexdigest())
        seen[text] += 1
    return ranks


def share_out(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Return how many of `count` each stratum of the given size gets."""
    total = sum(sizes.values())
    count = min(count, total)
    exact = {name: Fraction(size * count, total) for name, size in sizes.items()} if total else {}
    quotas = {name: int(share) for name, share in exact.items()}
    left = count - sum(quotas.values())
    for name in sorted(exact, key=lambda name: (quotas[name] - exact[name], name))[:left]:
        quotas[name] += 1
    return quotas
