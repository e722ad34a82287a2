"""How long a run will still take, from how long it has taken."""

import time
from collections.abc import Callable

# Before this many steps the mean says little, and a wrong promise is worse than none.
_STEPS_BEFORE_A_PROMISE = 2


class Pace:
    """Counts steps done and tells the time left; standing still does not count."""

    def __init__(
        self, total: int, done: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start at `done` of `total`, with nothing known of this session's speed."""
        self.total = total
        self.done = done
        self._clock = clock
        self._steps = 0
        self._seconds = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Begin, or go on, to count time."""
        self._since = self._clock()

    def stop(self) -> None:
        """Stand still."""
        if self._since is not None:
            self._seconds += self._clock() - self._since
        self._since = None

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self._steps += 1

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all is done, `None` until that can be told."""
        if self._steps < min(_STEPS_BEFORE_A_PROMISE, self.total):
            return None
        running = self._clock() - self._since if self._since is not None else 0.0
        return (self._seconds + running) / self._steps * (self.total - self.done)
