"""The main window: painted at once with rail and an empty place, filled when the backend is there.

`app.py` makes a `MainWindow`, shows it, builds operations and queue after `painted`, and calls
`connect_backend`.
"""

import base64
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from PySide6.QtCore import QByteArray, QEvent, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.settings.options import Options
from desktop.ui.rail import Rail
from desktop.ui.screen import Context, Screen, ScreenId
from desktop.ui.screens import SCREENS
from desktop.ui.theme import EDGE, theme
from desktop.ui.widgets.notices import Notice, NoticeArea, notice_for_failure
from desktop.ui.widgets.pill import Tone
from desktop.worker.operations import DatabaseFacts, Operations
from desktop.worker.qt import QtEvents, QtHashing
from desktop.worker.queue import EvaluationQueue
from desktop.worker.running import Runner


class MainWindow(QMainWindow):
    """The window. `painted` is emitted once, after the first paint; `closing` before it goes."""

    painted = Signal()
    closing = Signal()

    def __init__(self, options: Options) -> None:
        """Make rail and an empty place; nothing here builds a screen."""
        super().__init__()
        self._options = options
        self.context: Context | None = None
        self._screens: dict[ScreenId, Screen] = {}
        self._wanted = _known_screen(options.last_screen)
        self._was_painted = False
        self.setWindowTitle("Touchstone")
        self.setMinimumSize(720, 520)
        self.rail = Rail()
        self.rail.screen_chosen.connect(lambda name: self._enter_screen(ScreenId(name)))
        self.notices = NoticeArea()
        self._stack = QStackedWidget()
        self.setCentralWidget(self._lay_out())
        self._add_shortcuts()
        self._restore_geometry()
        self.rail.show_screen(self._wanted)
        self.setFocus()

    def _lay_out(self) -> QWidget:
        central = QWidget()
        central.setProperty("kind", "ground")
        row = QHBoxLayout(central)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        column = QVBoxLayout()
        column.setContentsMargins(0, 18, 0, 0)
        column.setSpacing(12)
        framed = QVBoxLayout()
        framed.setContentsMargins(EDGE, 0, EDGE, 0)
        framed.addWidget(self.notices)
        column.addLayout(framed)
        column.addWidget(self._stack, 1)
        row.addLayout(column, 1)
        return central

    def _add_shortcuts(self) -> None:
        for entry in SCREENS:
            if entry.shortcut:
                self._bind(entry.shortcut, partial(self._enter_screen, entry.id))
        self._bind("F1", self._show_keys)
        self._bind("Ctrl+Q", self.close)

    def _bind(self, keys: str, action: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(action)

    # The backend

    def connect_backend(
        self,
        operations: Operations,
        queue: EvaluationQueue,
        runner: Runner,
        events: QtEvents,
        *,
        background: Runner | None = None,
        hashing: QtHashing | None = None,
    ) -> None:
        """Fill the window: from now on screens are built and can ask."""
        context = Context(
            operations,
            queue,
            runner,
            events,
            self._options,
            background=background,
            hashing=hashing,
            parent=self,
        )
        self.context = context
        context.notice_shown.connect(self.notices.show_notice)
        context.notice_cleared.connect(self.notices.clear_key)
        context.failure_shown.connect(self.show_failure)
        context.screen_asked.connect(lambda name: self._enter_screen(ScreenId(name)))
        context.comparison_asked.connect(self.show_comparison)
        context.evaluation_asked.connect(self._prepare_evaluation)
        context.options_changed.connect(self._take_options)
        for each in (runner, background):
            failed = getattr(each, "failed", None)
            if failed is not None:
                failed.connect(self.show_failure)
        from desktop.ui.evaluate.announcer import Announcer  # noqa: PLC0415 -- after first paint

        announcer = Announcer(context, self.rail.status, self)
        self.closing.connect(announcer.release)
        runner.run(operations.describe_database, self._take_database, self.show_failure)
        self._enter_screen(self._wanted)

    def _take_database(self, facts: DatabaseFacts) -> None:
        if self.context is None:
            return
        self.context.database = facts
        if facts.read_only:
            self.notices.show_notice(
                Notice(
                    title=self.tr("Read only."),
                    text=facts.read_only_reason,
                    tone=Tone.WARNING,
                    key="read-only",
                )
            )
        self.context.database_changed.emit()

    def show_failure(self, failure: Exception) -> None:
        """Show a failure as a notice, with details to copy; cancellation shows nothing."""
        title = self.tr("Something went wrong inside Touchstone; what was stored is kept.")
        notice = notice_for_failure(failure, bug_title=title)
        if notice is not None:
            self.notices.show_notice(notice)

    # Screens

    def open_screen(self, screen: ScreenId) -> Screen | None:
        """Bring a screen to the front, building it when it is first shown."""
        self._wanted = screen
        self.rail.show_screen(screen)
        if self.context is None:
            return None
        wanted = self._screens.get(screen)
        if wanted is None:
            entry = next(e for e in SCREENS if e.id is screen)
            wanted = entry.build(self.context)
            self._screens[screen] = wanted
            self._stack.addWidget(wanted)
        before = self._stack.currentWidget()
        if before is not wanted and isinstance(before, Screen):
            before.deactivate()
        self._stack.setCurrentWidget(wanted)
        wanted.activate()
        return wanted

    def _enter_screen(self, screen: ScreenId) -> None:
        """Bring a screen to the front and the keyboard to what is used first there."""
        opened = self.open_screen(screen)
        if opened is not None:
            opened.focus_first()

    def show_comparison(self, run_ids: Sequence[str]) -> None:
        """Bring Compare to the front with these runs."""
        from desktop.ui.compare.screen import CompareScreen  # noqa: PLC0415 -- when first needed

        screen = self.open_screen(ScreenId.COMPARE)
        if isinstance(screen, CompareScreen):
            screen.show_runs(tuple(run_ids))
            screen.focus_first()

    def _prepare_evaluation(self, model_ids: Sequence[str]) -> None:
        from desktop.ui.evaluate.screen import EvaluateScreen  # noqa: PLC0415 -- as above

        screen = self.open_screen(ScreenId.EVALUATE)
        if isinstance(screen, EvaluateScreen):
            screen.choose_models(tuple(model_ids))
            screen.focus_first()

    def _show_keys(self) -> None:
        screen = self._stack.currentWidget()
        own = screen.list_keys() if isinstance(screen, Screen) else ()
        lines = [
            *(f"{entry.shortcut}  {entry.text}" for entry in SCREENS if entry.shortcut),
            *(f"{keys}  {words}" for keys, words in own),
            f"Tab  {self.tr('next control')}",
            f"F1  {self.tr('this list')}",
        ]
        if any(notice.key == "keys" for notice in self.notices.notices):
            self.notices.clear_key("keys")
            return
        text = "   ·   ".join(lines)
        self.notices.show_notice(Notice(title=self.tr("Keys"), text=text, key="keys"))

    # State of the window

    def _take_options(self) -> None:
        if self.context is not None:
            self._options = self.context.options
            theme.apply(self._options.appearance)

    def _restore_geometry(self) -> None:
        self.resize(1280, 820)
        if self._options.window_geometry:
            state = base64.b64decode(self._options.window_geometry, validate=False)
            self.restoreGeometry(QByteArray(state))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the window's state, then let `closing` end what runs."""
        if self.context is not None:
            for screen in self._screens.values():
                screen.deactivate()
            self.context.closing.emit()
            self.context.change_options(self.keep_state)
        self.closing.emit()
        super().closeEvent(event)

    def keep_state(self, options: Options) -> Options:
        """Return options with the window's place and its screen."""
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        return msgspec.structs.replace(
            options, window_geometry=geometry, last_screen=str(self._wanted)
        )

    def event(self, event: QEvent) -> bool:
        """Notice the first paint, after which everything slow may begin."""
        handled = super().event(event)
        if not self._was_painted and event.type() is QEvent.Type.Paint:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)
        return handled


def _known_screen(name: str) -> ScreenId:
    return ScreenId(name) if name in set(ScreenId) else ScreenId.EVALUATE


def prepare_application(options: Options) -> None:
    """Dress the application; call it once before the window is made."""
    QApplication.setStyle("Fusion")
    QApplication.setApplicationName("touchstone")
    QApplication.setApplicationDisplayName("Touchstone")
    QApplication.setDesktopFileName("touchstone")
    theme.apply(options.appearance)
