"""What an empty screen says: what is missing, and what to do next."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui.widgets.labels import Label


class EmptyState(QWidget):
    """A title, a sentence and buttons in the middle of the room there is."""

    def __init__(
        self,
        title: str,
        text: str,
        buttons: Sequence[QPushButton] = (),
        *,
        parent: QWidget | None = None,
    ) -> None:
        """Make the empty state."""
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addStretch(2)
        self._title = Label(title, "card-title", wrap=True)
        self._text = Label(text, "dim", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(10)
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setMinimumWidth(260)
            words.addWidget(label)
        # Wrapped labels get their height from a width that the layout decides, not an alignment.
        room = QWidget()
        room.setMaximumWidth(520)
        words.setContentsMargins(0, 0, 0, 0)
        room.setLayout(words)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(room, 1000)
        middle.addStretch(1)
        layout.addLayout(middle)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(3)

    def show_text(self, title: str, text: str) -> None:
        """Change title and sentence."""
        self._title.setText(title)
        self._text.setText(text)
