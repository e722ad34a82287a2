"""Looking at the disk off this thread: when the window is looked at, and when a folder changes.

Both are needed. The system's watching of folders (`QFileSystemWatcher`) tells at once, but not on
network drives, not of files that grow in place, and only up to a number of folders that systems
limit. A look whenever the window comes to the front costs a third of a second for a thousand
known models and misses nothing.
"""

import os
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop.ui.models.entries import Find
from desktop.ui.screen import Context
from desktop.worker.collection import LibraryChange

_FLUSH_MILLISECONDS = 150
_SETTLE_MILLISECONDS = 1000  # a file that is being copied changes its folder many times
_REST_SECONDS = 3.0
_MOST_FOLDERS = 512


class Refresher(QObject):
    """Refreshes the library, one look at a time; whoever asks meanwhile gets another one after.

    `found` carries what has come since the last time, some times a second; `ended` the whole.
    """

    began = Signal()
    found = Signal(object)
    ended = Signal(object)
    failed = Signal(Exception)
    _arrived = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        """Look through `context`; nothing happens before `look`."""
        super().__init__(parent)
        self._context = context
        self._is_looking = False
        self._again = False
        self._closing = False
        self._looked_at = float("-inf")
        self._waiting: list[Find] = []
        self._arrived.connect(self._gather, Qt.ConnectionType.QueuedConnection)
        self._flush_timer = QTimer(self)
        self._flush_timer.setSingleShot(True)
        self._flush_timer.timeout.connect(self._flush)
        self._settle_timer = QTimer(self)
        self._settle_timer.setSingleShot(True)
        self._settle_timer.setInterval(_SETTLE_MILLISECONDS)
        self._settle_timer.timeout.connect(self.look)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(lambda _: self._settle_timer.start())
        context.closing.connect(self._close)

    @property
    def is_looking(self) -> bool:
        """Whether the disk is being looked at."""
        return self._is_looking

    def look_if_rested(self) -> None:
        """Look, unless that was done a moment ago."""
        if monotonic() - self._looked_at >= _REST_SECONDS:
            self.look()

    def look_next_time(self) -> None:
        """Count as not having looked: there are other folders now."""
        self._looked_at = float("-inf")

    def look(self) -> None:
        """Look at the disk now, or as soon as the look under way has ended."""
        if self._closing:
            return
        if self._is_looking:
            self._again = True
            return
        self._is_looking = True
        self._again = False
        self._waiting = []
        self.began.emit()
        operations = self._context.operations
        tell = self._arrived.emit

        def refresh() -> LibraryChange:
            return operations.refresh(lambda finds: tell(tuple(finds)), lambda: self._closing)

        self._context.background.run(refresh, self._end, self._give_up)

    def _gather(self, finds: Sequence[Find]) -> None:
        if not self._is_looking:
            return  # the whole has been told already
        if not self._waiting and not self._flush_timer.isActive():
            self._flush_timer.start(0)  # names and sizes are wanted at once
        elif not self._flush_timer.isActive():
            self._flush_timer.start(_FLUSH_MILLISECONDS)
        self._waiting += finds

    def _flush(self) -> None:
        finds, self._waiting = self._waiting, []
        if finds and self._is_looking:
            self.found.emit(finds)
            self._flush_timer.start(_FLUSH_MILLISECONDS)

    def _end(self, change: LibraryChange) -> None:
        self._settle()
        self.ended.emit(change)
        self._watch_on(change)
        if self._again:
            self.look()

    def _give_up(self, failure: Exception) -> None:
        self._settle()
        if self._again:
            self.look()
        else:
            self.failed.emit(failure)

    def _settle(self) -> None:
        self._is_looking = False
        self._waiting = []
        self._flush_timer.stop()
        self._looked_at = monotonic()

    def _watch_on(self, change: LibraryChange) -> None:
        """Watch the folders of all models, and those in which further ones would turn up."""
        roots = [*self._context.options.model_folders]
        operations = self._context.operations
        parents = {os.path.dirname(path) for model in change.models for path in model.paths}  # noqa: PTH120 -- a thousand times

        def list_folders() -> list[str]:
            stores = [place.folder for place in operations.list_stores()]
            return list_folders_to_watch([*roots, *stores], parents)

        self._context.background.run(list_folders, self._watch, lambda _: None)

    def _watch(self, folders: Sequence[str]) -> None:
        wanted, now = set(folders), set(self._watcher.directories())
        if now - wanted:
            self._watcher.removePaths(sorted(now - wanted))
        if wanted - now and not self._closing:
            self._watcher.addPaths(sorted(wanted - now))

    def _close(self) -> None:
        self._closing = True
        self._settle_timer.stop()
        self._watch(())


def list_folders_to_watch(roots: Iterable[str], parents: Iterable[str]) -> list[str]:
    """Return folders with models, then roots with what lies below, breadth first, up to 512.

    Folders that can't be read are left out. Links are not followed, which could lead in circles.
    """
    found = dict.fromkeys(folder for folder in parents if os.path.isdir(folder))  # noqa: PTH112 -- as above
    waiting = deque(roots)
    while waiting and len(found) < _MOST_FOLDERS:
        folder = waiting.popleft()
        try:
            with os.scandir(folder) as entries:
                below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        found[folder] = None
        waiting.extend(sorted(below))
    return list(found)[:_MOST_FOLDERS]


class FrontWatch(QObject):
    """Tells with `came` that the program came to the front after it was away."""

    came = Signal()

    def __init__(self, parent: QObject) -> None:
        """Follow the application's state."""
        super().__init__(parent)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._follow)

    def _follow(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.came.emit()
