"""The coloured dot that stands for a model wherever it is shown."""

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.theme import model_color, tokens

DIAMETER = 10


def paint_dot(painter: QPainter, center: QPointF, color: QColor, diameter: float = 10.0) -> None:
    """Paint a dot with a fine edge, so that yellow shows on white and blue on black."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = QColor(tokens().text)
    edge.setAlpha(70)
    painter.setPen(QPen(edge, 1))
    painter.setBrush(color)
    painter.drawEllipse(center, diameter / 2, diameter / 2)
    painter.restore()


class Dot(QWidget):
    """A model's dot; `None` leaves the place empty, so that texts beside stay in line."""

    def __init__(self, index: int | None, *, parent: QWidget | None = None) -> None:
        """Make the dot in the colour of the model at `index`."""
        super().__init__(parent)
        self._index = index
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def set_index(self, index: int | None) -> None:
        """Change the model."""
        self._index = index
        self.update()

    def sizeHint(self) -> QSize:
        """Return the dot's size, as high as a line, so that it stands beside text."""
        return QSize(DIAMETER + 3, max(DIAMETER + 3, self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the dot."""
        del event
        if self._index is None:
            return
        painter = QPainter(self)
        middle = QPointF(self.width() / 2, self.height() / 2)
        paint_dot(painter, middle, model_color(self._index), DIAMETER)
        painter.end()
