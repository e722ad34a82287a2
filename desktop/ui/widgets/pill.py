"""Pills: a verdict in a rounded box, as a widget and painted into tables. Never colour alone."""

from enum import StrEnum

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from desktop.ui.theme import tokens

_ROOMY = 96


class Tone(StrEnum):
    """What a pill, notice or figure means; each has a colour and a ground."""

    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    ACCENT = "accent"
    NEUTRAL = "neutral"


def tone_colors(tone: Tone) -> tuple[QColor, QColor]:
    """Return text colour and ground of a tone in the appearance in force."""
    now = tokens()
    text, ground = {
        Tone.GOOD: (now.good, now.good_ground),
        Tone.BAD: (now.bad, now.bad_ground),
        Tone.WARNING: (now.warning, now.warning_ground),
        Tone.ACCENT: (now.accent, now.accent_ground),
        Tone.NEUTRAL: (now.dim, now.ground),
    }[tone]
    return QColor(text), QColor(ground)


class Pill(QLabel):
    """A pill as a widget, such as ✓ fits."""

    def __init__(self, text: str, tone: Tone, *, parent: QWidget | None = None) -> None:
        """Make the pill; `text` carries a sign beside the colour."""
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setProperty("pill", str(tone))

    def show_state(self, text: str, tone: Tone) -> None:
        """Change text and tone."""
        self.setText(text)
        self.setProperty("pill", str(tone))
        self.style().unpolish(self)
        self.style().polish(self)


def paint_pill(painter: QPainter, cell: QRect, text: str, tone: Tone) -> None:
    """Paint a pill in the middle of the height of `cell`, as wide as its column allows."""
    ink, ground = tone_colors(tone)
    metrics = QFontMetrics(painter.font())
    height = metrics.height() + 4
    margin = 8 if cell.width() >= _ROOMY else 3
    width = min(cell.width() - 2 * margin, max(84, metrics.horizontalAdvance(text) + 20))
    box = QRectF(cell.x() + margin, cell.center().y() - height / 2 + 0.5, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(ink)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(width) - 8)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
    painter.restore()
