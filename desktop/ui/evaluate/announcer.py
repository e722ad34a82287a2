"""Tells how an evaluation goes beside its own screen: in the rail, at the end, to the system."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from desktop.domain.run import Outcome, RunStatus
from desktop.ui.evaluate.monitor import EvaluationState
from desktop.ui.formatting import format_number, format_time_left
from desktop.ui.rail import RunningStatus
from desktop.ui.screen import Context
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.awake import Awake

_SHOWN_MILLISECONDS = 15_000


class Announcer(QWidget):
    """Keeps the rail's status, keeps the machine awake, and announces ends."""

    def __init__(
        self, context: Context, status: RunningStatus, window: QWidget, awake: Awake | None = None
    ) -> None:
        """Begin to follow the monitor. A widget only for its place in the window's life."""
        super().__init__(window)
        self.hide()
        self._context = context
        self._status = status
        self._awake = awake or Awake()
        self._tray: QSystemTrayIcon | None = None
        context.monitor.changed.connect(self._refresh)
        context.monitor.ended.connect(self._announce)
        context.options_changed.connect(self._hold_or_release)

    def _refresh(self) -> None:
        self._hold_or_release()
        current = self._context.monitor.current
        if current is None:
            self._status.hide()
            return
        share = f"{format_number(100 * current.share)}%"
        running = (s for s in current.runs if s.run.status is RunStatus.RUNNING)
        state = next(running, None)
        if self._context.monitor.paused:
            share = f"{share}, {self.tr('paused')}"
        elif state is not None:
            left = format_time_left(state.seconds_left)
            several = len([s for s in current.runs if not s.ended]) > 1
            if left and not several:
                share = f"{share}, {left}"
        self._status.show_progress(current.title, current.share, share)

    def _hold_or_release(self) -> None:
        monitor = self._context.monitor
        wanted = self._context.options.keep_awake and not monitor.paused
        if monitor.current is not None and wanted:
            self._awake.hold(self.tr("Evaluating language models"))
        else:
            self._awake.release()

    def release(self) -> None:
        """Let the machine sleep again; called when the window closes."""
        self._awake.release()
        if self._tray is not None:
            self._tray.hide()

    def _announce(self, evaluation: EvaluationState) -> None:
        self._context.runs_changed.emit()
        title, text, tone = self._describe(evaluation)
        run_ids = [state.run.id for state in evaluation.runs]
        self._context.show_notice(
            Notice(
                title=title,
                text=text,
                tone=tone,
                action_text=self.tr("Compare"),
                action=lambda: self._context.show_comparison(run_ids),
                key=f"ended-{evaluation.id}",
            )
        )
        if self._context.options.notify_at_end and QApplication.activeWindow() is None:
            self._tell_desktop(title, text)

    def _describe(self, evaluation: EvaluationState) -> tuple[str, str, Tone]:
        runs = evaluation.runs
        failed = sum(state.run.status is RunStatus.FAILED for state in runs)
        open_ended = sum(
            state.run.status in {RunStatus.CANCELLED, RunStatus.INTERRUPTED} for state in runs
        )
        errors = sum(state.count(Outcome.ERROR) for state in runs)
        cut = sum(state.count(Outcome.TRUNCATED) for state in runs)
        name = evaluation.title or self.tr("The evaluation")
        if open_ended:
            text = self.tr("What was measured is kept; History can go on with it.")
            return self.tr("{0} was ended early.").format(name), text, Tone.WARNING
        if failed:
            text = self.tr("{0} of {1} runs could not be made.").format(failed, len(runs))
            return self.tr("{0} is done in part.").format(name), text, Tone.WARNING
        text = " ".join(part for part in (self._tell_errors(errors), self._tell_cut(cut)) if part)
        return self.tr("{0} is done.").format(name), text, Tone.WARNING if text else Tone.GOOD

    def _tell_errors(self, count: int) -> str:
        text = self.tr("{0} cases ended in an error and do not count.")
        return text.format(count) if count else ""

    def _tell_cut(self, count: int) -> str:
        if count == 1:
            return self.tr("1 answer was cut off and counts as not passed.")
        text = self.tr("{0} answers were cut off and count as not passed.")
        return text.format(count) if count else ""

    def _tell_desktop(self, title: str, text: str) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.messageClicked.connect(self._come_to_front)
        self._tray.show()
        self._tray.showMessage(title, text, QApplication.windowIcon(), _SHOWN_MILLISECONDS)
        QTimer.singleShot(_SHOWN_MILLISECONDS, self._tray, self._tray.hide)

    def _come_to_front(self) -> None:
        window = self.window()
        window.raise_()
        window.activateWindow()
