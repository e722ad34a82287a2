"""The field that narrows a list down while one types."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPen,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.ui.theme import theme, tokens

_SIDE = 16
_SCALE = 3


class SearchField(QLineEdit):
    """A search field; Ctrl+F anywhere on its screen leads to it, Escape empties it."""

    def __init__(self, placeholder: str, *, parent: QWidget | None = None) -> None:
        """Make an empty field."""
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(True)
        self._sign = QAction(self)
        self.addAction(self._sign, QLineEdit.ActionPosition.LeadingPosition)
        self._draw_sign()
        theme.changed.connect(self._draw_sign)

    def bind(self, screen: QWidget) -> None:
        """Let Ctrl+F on `screen` lead here."""
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), screen)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._take_focus)

    def _take_focus(self) -> None:
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Empty the field on Escape."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _draw_sign(self) -> None:
        picture = QPixmap(_SIDE * _SCALE, _SIDE * _SCALE)
        picture.setDevicePixelRatio(_SCALE)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens().faint), 1.5))
        painter.drawEllipse(2, 2, 9, 9)
        painter.drawLine(10, 10, 14, 14)
        painter.end()
        self._sign.setIcon(QIcon(picture))


def match_words(text: str, describe: Callable[[Any], str]) -> Callable[[Any], bool]:
    """Return a filter that takes records whose description holds every word of `text`."""
    words = text.casefold().split()

    def accepts(record: Any) -> bool:
        description = describe(record).casefold()
        return all(word in description for word in words)

    return accepts
