"""Faults provoked again and again, and how often the right thing happened.

`make test` provokes each a few times and fails at the first wrong outcome. `make stress` goes
through the full counts, goes on after a failure, holds times to their limits, and ends with a
table.
"""

import os
import statistics
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

FULL = os.environ.get("TOUCHSTONE_STRESS") == "full"


@dataclass
class Line:
    """One line of the table; `limits` are in seconds, or in whatever unit the name ends with."""

    fault: str
    expected: str
    few: int
    full: int
    limits: Mapping[str, float] = field(default_factory=dict)
    good: int = 0
    tried: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rounds(self) -> int:
        """How often to provoke it."""
        return self.full if FULL else self.few

    def run(self, attempt: Callable[[int], Mapping[str, float] | None]) -> None:
        """Provoke the fault; `attempt` gets the number of the round and returns figures."""
        problems = []
        begun = time.monotonic()
        for number in range(self.rounds):
            self.tried += 1
            try:
                self._judge(attempt(number) or {})
            except Exception:
                if not FULL:
                    raise
                problems.append(f"Round {number + 1}:\n{traceback.format_exc()}")
            else:
                self.good += 1
        self.seconds = time.monotonic() - begun
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def _judge(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)
        if FULL:  # a busy machine must not fail the everyday tests
            over = {name: v for name, v in figures.items() if v > self.limits.get(name, v)}
            assert not over, f"over the limit: {over}"

    def measured(self) -> str:
        """Return the figures in words: the median, and the most of several."""
        parts = []
        for name, values in self.figures.items():
            limit = f" of {self.limits[name]:g}" if name in self.limits else ""
            middle = f"{statistics.median(values):.3g}, " if len(values) > 1 else ""
            parts.append(f"{name} {middle}at most {max(values):.3g}{limit}")
        return "; ".join(parts)


LINES: list[Line] = []


def line(
    fault: str,
    expected: str,
    *,
    few: int = 1,
    full: int = 10,
    limits: Mapping[str, float] | None = None,
) -> Line:
    """Begin a line of the table."""
    LINES.append(Line(fault, expected, few, full, limits or {}))
    return LINES[-1]


def print_table(write: Callable[[str], None]) -> None:
    """Write what has been tried so far."""
    for entry in LINES:
        mark = "ok  " if entry.good == entry.tried == entry.rounds else "FAIL"
        write(f"{mark} {entry.good:>6,} of {entry.rounds:<6,}  {entry.fault}")
        write(f"     expected: {entry.expected}")
        if entry.figures:
            write(f"     measured: {entry.measured()}")
