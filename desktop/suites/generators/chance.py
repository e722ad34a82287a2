"""Chance that is the same everywhere: SplitMix64, seeded by the SHA-256 of a key.

Python promises to keep only `random.Random.random()` the same between versions; `choice`,
`shuffle` and `sample` have changed before. So everything here is our own, of whole numbers only.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


class Draws:
    """A stream of draws that depends on its key alone."""

    def __init__(self, *key: object) -> None:
        """Begin the stream of a key: texts and whole numbers."""
        named = "\x1f".join(str(part) for part in key)
        self._state = int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], "big")

    def _next(self) -> int:
        self._state = (self._state + _STEP) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to below `limit`, each as likely as the others."""
        # What lies beyond the last whole multiple would favour small numbers.
        bound = 2**64 - 2**64 % limit
        drawn = self._next()
        while drawn >= bound:
            drawn = self._next()
        return drawn % limit

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def choose(self, items: Sequence[_T]) -> _T:
        """Return one of the items."""
        return items[self.below(len(items))]

    def shuffle(self, items: Sequence[_T]) -> list[_T]:
        """Return the items in another order."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def sample(self, items: Sequence[_T], count: int) -> list[_T]:
        """Return `count` of the items, none of them twice, in a drawn order."""
        return self.shuffle(items)[:count]

    def numbers(self, count: int, low: int, high: int) -> list[int]:
        """Return `count` different whole numbers from `low` to `high` in a drawn order."""
        drawn: dict[int, None] = {}
        while len(drawn) < count:
            drawn[self.between(low, high)] = None
        return list(drawn)
