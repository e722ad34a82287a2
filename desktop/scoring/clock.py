"""How long the patterns of one case may run, all together.

The package `regex` can be cut off, Python's own `re` can't. A second a case is far more than any
sane pattern takes, and a case with many patterns gets no more than one with a single one.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SECONDS_A_CASE = 1.0
# The shortest time that `regex` can be given.
_LEAST_SECONDS = 0.001
_used: ContextVar[list[float] | None] = ContextVar("used", default=None)


@contextmanager
def one_case() -> Iterator[None]:
    """Count the time of all patterns within together."""
    token = _used.set([0.0])
    try:
        yield
    finally:
        _used.reset(token)


@contextmanager
def pattern_time() -> Iterator[float]:
    """Give the seconds that are left for a pattern, and count what it takes."""
    used = _used.get()
    spent = used[0] if used else 0.0
    begun = time.monotonic()
    try:
        yield max(_LEAST_SECONDS, SECONDS_A_CASE - spent)
    finally:
        if used is not None:
            used[0] += time.monotonic() - begun
