"""Tells how far an evaluation is beside the Evaluate screen: in the rail, and at its end."""

from PySide6.QtCore import QObject

from desktop.ui.evaluate.monitor import EvaluationState
from desktop.ui.screen import Context


class Announcer(QObject):
    """Keeps the rail's status, and announces ends by a notice and, if away, by the desktop."""

    def __init__(self, context: Context, window: QObject) -> None:
        """Begin to follow the monitor."""
        super().__init__(window)
        self._context = context
        context.monitor.ended.connect(self._end)

    def _end(self, evaluation: EvaluationState) -> None:
        self._context.runs_changed.emit()
        del evaluation
