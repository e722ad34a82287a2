"""The drawn interval: a share on a line from 0 to 100 %, with what it could also be."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.comparison import Interval
from desktop.ui.formatting import format_interval, format_share
from desktop.ui.theme import model_color, tokens
from desktop.ui.widgets.dot import paint_dot

_HEIGHT = 18
_BAND = 12


class IntervalBar(QWidget):
    """Draws a share and its interval in a model's colour; without either only the line."""

    def __init__(self, index: int, *, parent: QWidget | None = None) -> None:
        """Make an empty bar in the colour of the model at `index`."""
        super().__init__(parent)
        self._index = index
        self._share: float | None = None
        self._interval: Interval | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)

    def show_share(self, share: float | None, interval: Interval | None) -> None:
        """Show a share of 0 to 1 with its interval."""
        self._share = share
        self._interval = interval
        text = f"{format_share(share)} ({format_interval(interval)})"
        self.setToolTip(text if share is not None else "")
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a height that leaves the band some air."""
        return QSize(160, _HEIGHT)

    def _x(self, share: float) -> float:
        room = self.width() - 2 * _BAND / 2
        place = _BAND / 2 + min(max(share, 0.0), 1.0) * room
        return self.width() - place if self.isRightToLeft() else place

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint line, band and dot."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(QPen(QColor(tokens().line), 2))
        painter.drawLine(QPointF(1, middle), QPointF(self.width() - 1, middle))
        color = model_color(self._index)
        if self._interval is not None:
            band = QColor(color)
            band.setAlpha(110 if tokens().dark else 75)
            low, high = sorted((self._x(self._interval.low), self._x(self._interval.high)))
            box = QRectF(low - 3, middle - _BAND / 2, high - low + 6, _BAND)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(band)
            painter.drawRoundedRect(box, 5, 5)
        if self._share is not None:
            paint_dot(painter, QPointF(self._x(self._share), middle), color, 9)
        painter.end()
