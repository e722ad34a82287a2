"""A card whose content is made anew for each thing it shows, and scrolls."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card


class Panel(Card):
    """The panel at the side of a list."""

    def __init__(self) -> None:
        """Make an empty panel."""
        super().__init__()
        self.area = scrolled(QWidget())
        self.body.addWidget(self.area, 1)

    def clear(self) -> QVBoxLayout:
        """Take everything away; return the column to put things into, at its top."""
        fresh = QWidget()
        fresh.setProperty("kind", "clear")
        layout = QVBoxLayout(fresh)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(8)
        self.area.setWidget(fresh)  # deletes the old one with all that is in it
        fresh.setAutoFillBackground(False)
        self.area.verticalScrollBar().setValue(0)
        return layout
