"""That something is under way whose end cannot be told: a moving line with words."""

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop.ui.theme import tokens
from desktop.ui.widgets.labels import ElidedLabel

_STEP = 0.02
_PART = 0.3
_MILLISECONDS = 33


class _MovingLine(QWidget):
    """A slim line along which a piece wanders; it costs nothing while hidden."""

    def __init__(self) -> None:
        super().__init__()
        self._place = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_MILLISECONDS)
        self._timer.timeout.connect(self._move)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, 4)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _move(self) -> None:
        self._place = (self._place + _STEP) % (1 + _PART)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().line))
        width = self.width()
        left = (self._place - _PART) * width
        part = QRectF(left, 0, _PART * width, self.height())
        painter.fillRect(part.intersected(QRectF(self.rect())), QColor(tokens().accent))
        painter.end()


class BusyLine(QWidget):
    """A line of words with a moving bar; hidden until `begin`."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Make it hidden."""
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(_MovingLine())
        self._text = ElidedLabel("", "dim")
        row.addWidget(self._text, 1)
        self._count = 0
        self.hide()

    def begin(self, text: str) -> None:
        """Say what is under way; every `begin` wants an `end`."""
        self._count += 1
        self._text.setText(text)
        self.setAccessibleName(text)
        self.show()

    def end(self) -> None:
        """Take it away once everything begun has ended."""
        self._count = max(0, self._count - 1)
        self.setVisible(self._count > 0)
