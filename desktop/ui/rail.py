"""The rail at the window's edge: screens, the evaluation under way, and the offline promise."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.screen import ScreenId
from desktop.ui.screens import SCREENS, ScreenEntry
from desktop.ui.theme import tokens
from desktop.ui.widgets.labels import ElidedLabel, Label
from desktop.ui.widgets.progress import ProgressBar


class _Mark(QWidget):
    """The program's sign: a stone cut to a diamond. Or, as a dot, that nothing is sent."""

    def __init__(self, *, dot: bool = False) -> None:
        super().__init__()
        self._dot = dot
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        side = 9 if self._dot else 13
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().good if self._dot else tokens().text))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._dot:
            painter.drawEllipse(box)
        else:
            middle = box.center()
            corners = [
                QPointF(middle.x(), box.top()),
                QPointF(box.right(), middle.y()),
                QPointF(middle.x(), box.bottom()),
                QPointF(box.left(), middle.y()),
            ]
            painter.drawPolygon(QPolygonF(corners))
        painter.end()


class RunningStatus(QAbstractButton):
    """How far the evaluation under way is, small; a click leads to it."""

    def __init__(self) -> None:
        """Make it hidden; `show_progress` shows it."""
        super().__init__()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # A long title must not widen the rail.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(13, 6, 13, 6)
        layout.setSpacing(4)
        self._title = ElidedLabel("", "small-dim")
        self._bar = ProgressBar(slim=True)
        self._text = ElidedLabel("", "label")
        for part in (self._title, self._bar, self._text):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(part)
        self.hide()

    def sizeHint(self) -> QSize:
        """Return the room of the three lines."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else QSize(80, 40)

    def show_progress(self, title: str, share: float, text: str) -> None:
        """Show a title, a share of 0 to 1 and what is left."""
        self._title.setText(title)
        self._bar.show_share(share, "")
        self._text.setText(text)
        self.setAccessibleName(f"{title}, {text}")
        self.setToolTip(f"{title}\n{text}")
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the focus; the rest is labels."""
        del event
        if not self.hasFocus():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens().accent), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)
        painter.end()


class Rail(QFrame):
    """The rail. `screen_chosen` carries the id of the screen that was asked for."""

    screen_chosen = Signal(str)

    def __init__(self) -> None:
        """Make the rail with all screens."""
        super().__init__()
        self.setProperty("kind", "rail")
        self.setAccessibleName(self.tr("Screens"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._buttons: dict[ScreenId, QPushButton] = {}
        self._group = QButtonGroup(self)
        self.status = RunningStatus()
        self.status.clicked.connect(lambda: self.screen_chosen.emit(str(ScreenId.EVALUATE)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 18, 12, 16)
        layout.setSpacing(2)
        layout.addLayout(self._make_name())
        layout.addSpacing(12)
        for entry in SCREENS:
            if not entry.at_bottom:
                layout.addWidget(self._make_button(entry))
        layout.addStretch(1)
        layout.addWidget(self.status)
        for entry in SCREENS:
            if entry.at_bottom:
                layout.addWidget(self._make_button(entry))
        layout.addSpacing(8)
        layout.addLayout(self._make_promise())

    def sizeHint(self) -> QSize:
        """Return a width that holds the longest name, and no less than is calm."""
        hint = super().sizeHint()
        widest = max(button.sizeHint().width() for button in self._buttons.values())
        return QSize(max(172, widest + 24), hint.height())

    def show_screen(self, screen: ScreenId) -> None:
        """Mark the screen that is in front."""
        self._buttons[screen].setChecked(True)

    @property
    def chosen(self) -> ScreenId:
        """The screen that is marked."""
        return next(screen for screen, button in self._buttons.items() if button.isChecked())

    def _make_name(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(_Mark())
        row.addWidget(Label("Touchstone", "mark"))
        row.addStretch(1)
        return row

    def _make_button(self, entry: ScreenEntry) -> QPushButton:
        button = QPushButton(entry.text)
        button.setProperty("kind", "nav")
        button.setCheckable(True)
        button.setAutoDefault(True)  # Return presses it too, not only Space
        button.setToolTip(f"{entry.text}  {entry.shortcut}".strip())
        button.clicked.connect(lambda: self.screen_chosen.emit(str(entry.id)))
        self._group.addButton(button)
        self._buttons[entry.id] = button
        return button

    def _make_promise(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(13, 0, 4, 0)
        row.setSpacing(6)
        mark = _Mark(dot=True)
        beside = QVBoxLayout()
        beside.setContentsMargins(0, 4, 0, 0)
        beside.addWidget(mark)
        beside.addStretch(1)
        row.addLayout(beside)
        self.promise = Label(self.tr("Offline. Nothing leaves this machine."), "label", wrap=True)
        row.addWidget(self.promise, 1)
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line at the side of the screens, which is on the left in Hebrew and Arabic."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(tokens().line), 1))
        x = 0 if self.isRightToLeft() else self.width() - 1
        painter.drawLine(x, 0, x, self.height())
        painter.end()
