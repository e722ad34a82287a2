"""Opening the window: painted first, then the database is opened and the window filled."""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from desktop import paths
from desktop.errors import EnvironmentFault, UserError
from desktop.settings.store import SettingsStore
from desktop.ui.window import MainWindow, prepare_application
from desktop.worker.hashing import Hashing
from desktop.worker.operations import Operations
from desktop.worker.qt import QtEvents, QtHashing, QtRunner
from desktop.worker.queue import EvaluationQueue

_log = logging.getLogger(__name__)

TURN_SECONDS = 0.0005

# Set by the benchmark of the first paint: print the time of it, then end.
REPORT_FIRST_PAINT = "TOUCHSTONE_REPORT_FIRST_PAINT"


class WindowBackend(Protocol):
    """What the window needs of `worker.backend.Backend`."""

    @property
    def operations(self) -> Operations:
        """Short work."""

    @property
    def queue(self) -> EvaluationQueue:
        """Long work."""

    @property
    def hashing(self) -> Hashing:
        """Hashes in the background."""

    def close(self) -> None:
        """End all of them."""


class OpenBackend(Protocol):
    """Opens the database and what works on it."""

    def __call__(self, *, read_only: bool = False) -> WindowBackend:
        """Return a backend; `EnvironmentFault` while another copy of the program is writing."""


def show_window(open_backend: OpenBackend, *, compare: Sequence[str] = ()) -> int:
    """Show the window until it is closed; `compare` names runs to begin with."""
    # While other threads read headers, painting would wait 5 ms for each cell's turn.
    sys.setswitchinterval(TURN_SECONDS)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    store = SettingsStore(paths.settings_file())
    options = store.load()
    prepare_application(options)
    window = MainWindow(options)
    if os.environ.get(REPORT_FIRST_PAINT):
        window.painted.connect(_report_first_paint)
    else:
        session = _Session(window, open_backend, compare, store)
        window.painted.connect(session.begin)
        window.closing.connect(session.end)
    window.show()
    return int(application.exec())


def _report_first_paint() -> None:
    print(f"{time.time():.6f}", flush=True)  # noqa: T201 - what the benchmark reads
    QApplication.exit(0)


class _Session(QObject):
    """Backend and bridge of one window."""

    def __init__(
        self,
        window: MainWindow,
        open_backend: OpenBackend,
        compare: Sequence[str],
        store: SettingsStore,
    ) -> None:
        super().__init__(window)
        self._store = store
        self._window = window
        self._open_backend = open_backend
        self._compare = tuple(compare)
        self._backend: WindowBackend | None = None
        self._runner = QtRunner(self)
        self._background = QtRunner(self)
        self._events: QtEvents | None = None

    def begin(self) -> None:
        """Open the database in the operations' thread, then fill the window."""
        self._runner.run(self._open, self._connect, self._window.show_failure)

    def end(self) -> None:
        """Close everything; runs under way become interrupted and can be resumed."""
        self._runner.close()  # first: it may still be keeping options
        self._background.close()
        if self._backend is not None:
            self._backend.close()
        elif not self._store.problem:
            # Closed before it was filled, when nobody else keeps its state yet.
            with contextlib.suppress(EnvironmentFault, UserError):
                self._store.save(self._window.keep_state(self._store.load()))

    def _open(self) -> WindowBackend:
        try:
            return self._open_backend()
        except EnvironmentFault as fault:
            # In use, or a disk that can't be written: what is stored can still be looked at.
            _log.warning("Opening read-only: %s", fault)
            return self._open_backend(read_only=True)

    def _connect(self, backend: WindowBackend) -> None:
        self._backend = backend
        self._events = QtEvents(backend.queue, self)
        self._window.connect_backend(
            backend.operations,
            backend.queue,
            self._runner,
            self._events,
            background=self._background,
            hashing=QtHashing(backend.hashing, self),
        )
        if self._compare:
            QTimer.singleShot(0, lambda: self._window.show_comparison(self._compare))
