"""How long until something is painted: Touchstone's window beside a bare PySide6 window.

Measured from just before the process is started to the window's first paint event, by the same
clock, in turn, in the same run: `make bench`, or on a display
`.venv/bin/python benchmarks/first_paint.py`. The aim is a ratio under 3.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import quiet
import results

AIM = 3.0
_LIMIT_SECONDS = 60

# The peer does what the window does on its first paint event, and nothing else.
_BARE_WINDOW = """
import sys, time
from PySide6.QtWidgets import QApplication, QWidget
class Window(QWidget):
    def paintEvent(self, event):
        print(f"{time.time():.6f}", flush=True)
        QApplication.exit(0)
application = QApplication(sys.argv[:1])
window = Window()
window.resize(1200, 800)
window.show()
application.exec()
"""


def measure_once(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds from starting the command to the time that it prints."""
    begin = time.time()
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=dict(environment),
        timeout=_LIMIT_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    try:
        painted = float(result.stdout.split()[-1])
    except (IndexError, ValueError):
        message = f"{command[0]} reported no first paint (exit {result.returncode})"
        raise SystemExit(f"{message}:\n{result.stdout}{result.stderr}") from None
    return painted - begin


def measure_in_turn(
    peers: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    repetitions: int,
    measure: Callable[[Sequence[str], Mapping[str, str]], float] = measure_once,
) -> dict[str, list[float]]:
    """Return the seconds of each peer; one more round comes first and fills the disk cache."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for turn in range(repetitions + 1):
        for name, command in peers.items():
            value = measure(command, environment)
            if turn:
                seconds[name].append(value)
    return seconds


def describe(name: str, seconds: Sequence[float]) -> tuple[str, ...]:
    """Return a row of a table, in milliseconds."""
    return (name, *(f"{1000 * f(seconds):.0f}" for f in (statistics.median, min, max)))


def main() -> int:
    """Return 0 when the aim is reached, 1 when it is missed, 2 when it can't be judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()

    watch = quiet.begin(force=options.force)
    program = Path(sys.executable).with_name("touchstone")
    with tempfile.TemporaryDirectory(prefix="touchstone-") as home:
        environment = {
            **os.environ,
            "TOUCHSTONE_HOME": home,
            "TOUCHSTONE_REPORT_FIRST_PAINT": "1",
        }
        ours, bare = "Touchstone", "bare PySide6 window"
        peers = {ours: [str(program)], bare: [sys.executable, "-c", _BARE_WINDOW]}
        seconds = measure_in_turn(peers, environment, options.repetitions)

    ratio = statistics.median(seconds[ours]) / statistics.median(seconds[bare])
    verdict, status = quiet.judge(reached=ratio < AIM, load=watch.read(), force=options.force)
    results.record(
        "First paint",
        aim=f"a ratio under {AIM:g} to a bare PySide6 window",
        body=results.table(
            ("first paint, ms", "median", "min", "max"),
            [describe(name, values) for name, values in seconds.items()],
        )
        + f"\n\nRatio of medians {ratio:.2f}, {options.repetitions} repetitions in turn.",
        verdict=verdict,
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
