"""Cards: panels with a one-pixel line on the quiet ground."""

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.ui.theme import CARD_MARGIN
from desktop.ui.widgets.labels import Label


class Card(QFrame):
    """A panel. Put things into `body`; the title is optional."""

    def __init__(
        self, title: str = "", *, margin: int = CARD_MARGIN, parent: QWidget | None = None
    ) -> None:
        """Make the card with an empty body."""
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin - 2, margin, margin - 2)
        self.body.setSpacing(8)
        self.title = Label(title, "card-title")
        self.title.setVisible(bool(title))
        if title:
            self.setAccessibleName(title)
        self.body.addWidget(self.title)


def quote_frame(text: str, role: str = "") -> QFrame:
    """Return a quiet box around a text that is quoted, such as a prompt; it can be copied."""
    frame = QFrame()
    frame.setProperty("kind", "quote")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(12, 8, 12, 8)
    layout.addWidget(Label(text, role, wrap=True).make_selectable())
    return frame


def line() -> QFrame:
    """Return a horizontal line of one pixel."""
    frame = QFrame()
    frame.setProperty("kind", "line")
    return frame
