"""Progress as a bar with words in it; slim without words where room is short."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.theme import LABEL_PIXELS, scaled, tokens


class ProgressBar(QWidget):
    """A share of 0 to 1 with a text such as `62 %, 9 min left`."""

    def __init__(self, *, slim: bool = False, parent: QWidget | None = None) -> None:
        """Make an empty bar."""
        super().__init__(parent)
        self._slim = slim
        self._share = 0.0
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(40)

    def show_share(self, share: float, text: str) -> None:
        """Show how far it is."""
        share = min(max(share, 0.0), 1.0)
        if (share, text) == (self._share, self._text):
            return
        self._share = share
        self._text = text
        self.setAccessibleName(text or f"{share:.0%}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for a line of text, or for a slim line."""
        if self._slim:
            return QSize(80, 4)
        metrics = QFontMetrics(self.font())
        return QSize(max(120, metrics.horizontalAdvance(self._text) + 24), metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        """Return a narrow bar."""
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ground, share and words."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = box.height() / 2
        outline = QPainterPath()
        outline.addRoundedRect(box, radius, radius)
        painter.fillPath(outline, QColor(tokens().line if self._slim else tokens().ground))
        filled = QRectF(box)
        filled.setWidth(box.width() * self._share)
        if self.isRightToLeft():
            filled.moveRight(box.right())
        painter.save()
        painter.setClipPath(outline)
        painter.fillRect(filled, QColor(tokens().accent if self._slim else tokens().accent_ground))
        painter.restore()
        if not self._slim:
            painter.setPen(QPen(QColor(tokens().line), 1))
            painter.drawPath(outline)
            painter.setPen(QColor(tokens().text))
            font = self.font()
            font.setPixelSize(scaled(LABEL_PIXELS))
            painter.setFont(font)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()
