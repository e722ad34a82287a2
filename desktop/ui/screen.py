"""What the window asks of a screen, and what a screen may ask of the window."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.domain.suite import Suite
from desktop.settings.options import Options
from desktop.ui.evaluate.monitor import Monitor
from desktop.ui.theme import EDGE, GAP
from desktop.ui.widgets.labels import ElidedLabel, Label
from desktop.ui.widgets.notices import Notice
from desktop.worker.operations import DatabaseFacts, Operations
from desktop.worker.qt import QtEvents, QtHashing
from desktop.worker.queue import EvaluationQueue
from desktop.worker.running import Runner


class ScreenId(StrEnum):
    """The screens, by the names that options remember them by."""

    MODELS = "models"
    EVALUATE = "evaluate"
    COMPARE = "compare"
    HISTORY = "history"
    MACHINE = "machine"
    SUITES = "suites"
    SETTINGS = "settings"
    ABOUT = "about"


class Context(QObject):
    """Everything a screen may use. Signals tell all screens what has changed.

    `models_changed` and `runs_changed` follow what was added, removed or annotated, by whichever
    screen; whoever changes them emits. Options are replaced whole by `change_options`.
    """

    models_changed = Signal()
    suites_changed = Signal()
    runs_changed = Signal()
    options_changed = Signal()
    database_changed = Signal()
    notice_shown = Signal(object)
    notice_cleared = Signal(str)
    failure_shown = Signal(Exception)
    screen_asked = Signal(str)
    comparison_asked = Signal(object)
    evaluation_asked = Signal(object)
    speed_probe_asked = Signal()
    evaluation_awaited = Signal()
    closing = Signal()

    def __init__(
        self,
        operations: Operations,
        queue: EvaluationQueue,
        runner: Runner,
        events: QtEvents,
        options: Options,
        *,
        background: Runner | None = None,
        hashing: QtHashing | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Keep what was built elsewhere.

        `background` takes what may last long (looking at the disk), so that short work does not
        wait behind it. Without `hashing` no hashes are computed by themselves.
        """
        super().__init__(parent)
        self.operations = operations
        self.queue = queue
        self.runner = runner
        self.background = background or runner
        self.hashing = hashing
        self.events = events
        self.options = options
        self.monitor = Monitor(events, parent=self)
        self.monitor.resumed.connect(self._load_kept)
        self.database: DatabaseFacts | None = None

    @property
    def read_only(self) -> bool:
        """Whether nothing can be stored, because another copy writes or the disk does not let."""
        return self.database is not None and self.database.read_only

    def change_options(self, change: Callable[[Options], Options]) -> None:
        """Apply `change` to the options in force and keep them."""
        changed = change(self.options)
        if changed == self.options:
            return
        self.options = changed
        self.runner.run(lambda: self.operations.save_options(changed), on_failure=self.show_failure)
        self.options_changed.emit()

    def adopt_suite(self, suite: Suite) -> None:
        """Follow `Operations.add_suite`, which wrote the settings file itself, and tell all.

        Without this the options in force would miss the suite, and the next change of any option
        would take it out of the file again.
        """
        if suite.path and suite.path not in self.options.suite_files:
            self.change_options(
                lambda now: msgspec.structs.replace(now, suite_files=(*now.suite_files, suite.path))
            )
        self.suites_changed.emit()

    def _load_kept(self, run_id: str) -> None:
        self.runner.run(
            lambda: self.operations.load_run(run_id), self.monitor.take_kept, self.show_failure
        )

    def show_notice(self, notice: Notice) -> None:
        """Show a notice above the screen."""
        self.notice_shown.emit(notice)

    def clear_notice(self, key: str) -> None:
        """Take the notice of `key` away."""
        self.notice_cleared.emit(key)

    def show_failure(self, failure: Exception) -> None:
        """Show a failure as a notice with details; cancellation is told to nobody."""
        self.failure_shown.emit(failure)

    def open_screen(self, screen: ScreenId) -> None:
        """Bring a screen to the front."""
        self.screen_asked.emit(str(screen))

    def show_comparison(self, run_ids: Sequence[str]) -> None:
        """Bring Compare to the front with these runs."""
        self.comparison_asked.emit(tuple(run_ids))

    def prepare_evaluation(self, model_ids: Sequence[str]) -> None:
        """Bring Evaluate to the front with these models (ids in the library) chosen."""
        self.evaluation_asked.emit(tuple(model_ids))

    def await_evaluation(self) -> None:
        """Bring Evaluate to the front; it shows what begins next."""
        self.open_screen(ScreenId.EVALUATE)
        self.evaluation_awaited.emit()

    def prepare_speed_probe(self) -> None:
        """Bring Evaluate to the front, then ask it to choose the speed probe."""
        # The screen is built by the first signal at the latest, so that it hears the second.
        self.open_screen(ScreenId.EVALUATE)
        self.speed_probe_asked.emit()


class Screen(QWidget):
    """Base of all screens: a title with a line below, actions at the end, the body under it.

    Put widgets into `self.body`, buttons into `self.add_action`. `activate` is called whenever
    the screen comes to the front, `deactivate` when it leaves.
    """

    def __init__(self, context: Context, title: str, *, parent: QWidget | None = None) -> None:
        """Make the header and an empty body."""
        super().__init__(parent)
        self.context = context
        self.setProperty("kind", "ground")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(title)
        self.title = ElidedLabel(title, "screen-title")
        self.subtitle = Label("", "dim", wrap=True)
        self.subtitle.hide()
        self._actions = QHBoxLayout()
        self._actions.setSpacing(GAP)
        first = QHBoxLayout()
        first.setSpacing(GAP)
        first.addWidget(self.title, 1)
        first.addLayout(self._actions)
        # Below the buttons too, so that it needs no column of many short lines beside them.
        header = QVBoxLayout()
        header.setSpacing(0)
        header.addLayout(first)
        header.addWidget(self.subtitle)
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(EDGE, 4, EDGE, EDGE - 4)
        outer.setSpacing(GAP)
        outer.addLayout(header)
        outer.addLayout(self.body, 1)

    def add_action(self, button: QWidget) -> None:
        """Put a button into the header's end."""
        self._actions.addWidget(button)

    def show_title(self, title: str, subtitle: str = "") -> None:
        """Change title and the line below it."""
        self.title.setText(title)
        self.subtitle.setText(subtitle)
        self.subtitle.setVisible(bool(subtitle))

    def activate(self) -> None:
        """Come to the front: load what may have changed."""

    def deactivate(self) -> None:
        """Leave the front: stop what is only of use when seen."""

    def focus_first(self) -> None:
        """Give the keyboard to what is used first here; called when the screen opens."""
        self.setFocus()

    def settle_focus(self) -> None:
        """Give the keyboard on if nothing could take it yet; called when data have arrived."""
        if self.window().focusWidget() is self:
            self.focus_first()

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return this screen's own keys with what they do, for the list under F1."""
        return ()

    def run(
        self,
        operation: Callable[[], Any],
        on_success: Callable[[Any], None] = lambda _: None,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run an operation off this thread; failures are shown unless `on_failure` takes them."""
        self.context.runner.run(operation, on_success, on_failure or self.context.show_failure)


def scrolled(content: QWidget) -> QScrollArea:
    """Return `content` in a scroll area that is as wide as its room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
    content.setProperty("kind", "clear")
    content.setAutoFillBackground(False)
    area.setWidget(content)
    area.viewport().setAutoFillBackground(False)
    return area
