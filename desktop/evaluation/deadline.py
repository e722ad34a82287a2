"""A time by which something must have happened, watched by a thread of its own."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """Calls `act` once when the time that was last set has come; a context manager.

    For what blocks its own thread: an engine that gives no sign, and so no chance to look at a
    clock. `act` runs in the deadline's thread.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        """Watch nothing yet."""
        self._act = act
        self._changed = threading.Condition()
        self._at: float | None = None
        self._over = False
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def set(self, at: float | None) -> None:
        """Name the time, by `time.monotonic`; `None` for never."""
        with self._changed:
            if at != self._at:
                self._at = at
                self._changed.notify_all()

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; `act` is not called after this returns."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._over:
                    return
                left = None if self._at is None else self._at - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                self._at = None
            self._act()
