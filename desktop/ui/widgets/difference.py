"""The drawn difference: what two shares differ by, with what that could also be, round zero."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.domain.comparison import Interval
from desktop.ui.formatting import format_points
from desktop.ui.theme import model_color, tokens
from desktop.ui.widgets.dot import paint_dot

_BAND = 12
_REACHES = (0.1, 0.25, 0.5, 1.0)
_PADDING = 4


class DifferenceBar(QWidget):
    """Draws a difference and its interval on a line with zero in its middle.

    The side to the right is the first model's, the left the second's; the dot has the colour of
    the one that leads. The line reaches as far as it must: its ends are written below it.
    """

    def __init__(
        self,
        difference: float,
        interval: Interval,
        colors: tuple[int, int],
        *,
        parent: QWidget | None = None,
    ) -> None:
        """Make the bar; differences run from -1 to 1, `colors` are the models'."""
        super().__init__(parent)
        self._difference = difference
        self._interval = interval
        self._color = colors[0] if difference >= 0 else colors[1]
        furthest = max(abs(interval.low), abs(interval.high), abs(difference))
        self.reach = next((reach for reach in _REACHES if furthest <= reach), 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(120)
        text = self.tr("{0} points ({1} to {2})").format(
            format_points(difference), format_points(interval.low), format_points(interval.high)
        )
        self.setToolTip(text)
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        """Return room for the band and the figures below it."""
        return QSize(240, _BAND + 2 * _PADDING + self.fontMetrics().height())

    def _x(self, difference: float) -> float:
        room = self.width() - _BAND
        place = _BAND / 2 + (difference / self.reach + 1) / 2 * room
        return self.width() - place if self.isRightToLeft() else place

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint line, zero, band, dot and the figures of the scale."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = _BAND / 2 + _PADDING
        painter.setPen(QPen(QColor(tokens().line), 2))
        painter.drawLine(QPointF(1, middle), QPointF(self.width() - 1, middle))
        painter.setPen(QPen(QColor(tokens().dim), 1))
        zero = self._x(0)
        painter.drawLine(
            QPointF(zero, middle - _BAND / 2 - 2), QPointF(zero, middle + _BAND / 2 + 2)
        )
        band = model_color(self._color)
        band.setAlpha(110 if tokens().dark else 75)
        low, high = sorted((self._x(self._interval.low), self._x(self._interval.high)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawRoundedRect(QRectF(low - 2, middle - _BAND / 2, high - low + 4, _BAND), 5, 5)
        paint_dot(painter, QPointF(self._x(self._difference), middle), model_color(self._color), 9)
        self._paint_scale(painter, middle + _BAND / 2 + 2)
        painter.end()

    def _paint_scale(self, painter: QPainter, top: float) -> None:
        painter.setPen(QColor(tokens().faint))
        height = self.height() - top
        # Qt mirrors the sides itself where the line is mirrored.
        for place, align in (
            (-self.reach, Qt.AlignmentFlag.AlignLeft),
            (0.0, Qt.AlignmentFlag.AlignHCenter),
            (self.reach, Qt.AlignmentFlag.AlignRight),
        ):
            box = QRectF(0, top, self.width(), height)
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, format_points(place))
