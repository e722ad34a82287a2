"""The Models screen with a thousand files: when their names are seen, and whether it stays fluid.

`make bench`, or on a display `.venv/bin/python benchmarks/models_screen.py`. The files are those
of `model_files.py library`. Measured is the window itself, on its own backend and threads: from
the moment that the screen is asked for until all names and sizes stand in its list, until the
facts do, and the longest time for which the window could not have answered a key meanwhile.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import model_files
import msgspec
import quiet
import results
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from desktop import app, paths
from desktop.settings.store import SettingsStore
from desktop.ui.models.screen import ModelsScreen
from desktop.ui.screen import ScreenId
from desktop.ui.start import TURN_SECONDS
from desktop.ui.window import MainWindow, prepare_application
from desktop.worker.qt import QtEvents, QtRunner

NAMES_SECONDS = 0.5
_LIMIT_SECONDS = 300
_ROUNDS = 3


class Watcher:
    """Turns the window's crank and notes for how long it was busy with itself."""

    def __init__(self, application: QApplication) -> None:
        """Begin with nothing noted."""
        self._application = application
        self.begin = time.perf_counter()
        self.longest = 0.0

    def wait_for(self, is_done: Callable[[], bool]) -> float:
        """Return the seconds since the beginning once `is_done`."""
        while not is_done():
            before = time.perf_counter()
            self._application.processEvents()
            now = time.perf_counter()
            self.longest = max(self.longest, now - before)
            if now - self.begin > _LIMIT_SECONDS:
                raise SystemExit("the list did not fill")
            time.sleep(0.001)
        return time.perf_counter() - self.begin


def look(application: QApplication) -> tuple[float, float, float]:
    """Return seconds until names, until facts, and the longest stall, in a fresh window."""
    options = SettingsStore(paths.settings_file()).load()
    backend = app.build_backend()
    short, long = QtRunner(), QtRunner()
    window = MainWindow(options)
    window.show()
    events = QtEvents(backend.queue)
    window.connect_backend(backend.operations, backend.queue, short, events, background=long)
    application.processEvents()
    watcher = Watcher(application)
    screen = window.open_screen(ScreenId.MODELS)
    if not isinstance(screen, ModelsScreen):
        raise SystemExit("there is no Models screen")
    watcher.longest = time.perf_counter() - watcher.begin
    shown = screen.table.records
    names = watcher.wait_for(lambda: len(shown.shown) == model_files.MODELS)
    facts = watcher.wait_for(lambda: all(entry.model is not None for entry in shown.shown))
    watcher.wait_for(lambda: screen.library.shelf.is_complete)
    window.close()
    short.close()
    long.close()
    backend.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return names, facts, watcher.longest


def main() -> int:
    """Return 0 when the aims are reached, 1 when one is missed, 2 when they can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    watch = quiet.begin(force=options.force)
    sys.setswitchinterval(TURN_SECONDS)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        return quiet.NOT_JUDGED
    with tempfile.TemporaryDirectory(prefix="touchstone-") as home:
        model_files.write_models(Path(home) / "models")
        os.environ |= {"HOME": home, "TOUCHSTONE_HOME": str(Path(home) / "own")}
        store = SettingsStore(paths.settings_file())
        folders = (str(Path(home) / "models"),)
        store.save(msgspec.structs.replace(store.load(), model_folders=folders, hash_models=False))
        prepare_application(store.load())
        looks = [look(application) for _ in range(1 + _ROUNDS)]
    first, known = looks[0], looks[1:]
    again = [statistics.median(times) for times in zip(*known, strict=True)]
    rows = [
        ("names and sizes in the list, s", f"{first[0]:.2f}", f"{again[0]:.2f}"),
        ("all facts in the list, s", f"{first[1]:.2f}", f"{again[1]:.2f}"),
        ("longest stall of the window, ms", f"{1000 * first[2]:.0f}", f"{1000 * again[2]:.0f}"),
    ]
    head = (f"{model_files.MODELS:,} files", "first time", "known")
    reached = max(first[0], again[0]) < NAMES_SECONDS
    verdict, status = quiet.judge(reached=reached, load=watch.read(), force=options.force)
    results.record(
        "A thousand models on the screen",
        aim=f"names and sizes on the screen in under {NAMES_SECONDS:g} s",
        body=results.table(head, rows),
        verdict=verdict,
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
