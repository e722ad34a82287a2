"""Time as it counts for one of several cases that share an engine.

Of n cases under way each has an nth of the engine, so that a second counts as an nth of a second.
A time limit then means the same for a case that is asked alone and for one among sixty others.
"""

import time

# Of a sum of many small stretches.
_ROUNDING_SECONDS = 1e-6


class SharedTime:
    """A clock that runs slower the more cases share it, and not at all while there is none."""

    def __init__(self) -> None:
        """Begin at 0, with nobody to share."""
        self._elapsed = 0.0
        self._last = time.monotonic()
        self._sharers = 0

    def share(self, sharers: int) -> float:
        """Count up to now, go on with so many sharers; return the seconds so far."""
        now = time.monotonic()
        if self._sharers:
            self._elapsed += (now - self._last) / self._sharers
        self._last, self._sharers = now, sharers
        return self._elapsed

    def moment_of(self, elapsed: float) -> float:
        """Return when, by `time.monotonic`, it will be so late if nobody comes and goes."""
        return self._last + max(0.0, elapsed - self._elapsed) * max(1, self._sharers)

    def has_passed(self, elapsed: float) -> bool:
        """Whether it is so late now."""
        return self.share(self._sharers) >= elapsed - _ROUNDING_SECONDS
