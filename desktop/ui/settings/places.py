"""A list of places (folders, files) that people add to and take from."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from desktop.ui.widgets.buttons import plain_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.table import ROW_PADDING, RowDelegate

_MOST_ROWS = 6


class PlaceList(Card):
    """A card with a list of paths, and buttons to add and to remove.

    `remove_asked` carries the paths to take out; adding is the caller's, who knows the dialog.
    """

    remove_asked = Signal(object)

    def __init__(
        self,
        title: str,
        explanation: str,
        *,
        nothing: str,
        add_text: str,
        on_add: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty list; `nothing` is shown in its place."""
        super().__init__(title, parent=parent)
        self.body.addWidget(Label(explanation, "small-dim", wrap=True))
        self._nothing = Label(nothing, "label", wrap=True)
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemSelectionChanged.connect(self._show_choice)
        self.body.addWidget(self._nothing)
        self.body.addWidget(self.list)
        self.add_button = plain_button(add_text, on_add)
        self.remove_button = plain_button(self.tr("Remove"), self._remove)
        self.remove_button.setAccessibleName(self.tr("Remove from {0}").format(title))
        self.remove_button.setToolTip(self.tr("Nothing is deleted on disk"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.add_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        self.body.addLayout(row)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.list)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self._remove)
        self.show_places(())

    @property
    def places(self) -> tuple[str, ...]:
        """What is listed."""
        return tuple(self.list.item(row).text() for row in range(self.list.count()))

    def show_places(self, places: Sequence[str]) -> None:
        """List other places."""
        if self.list.count() and self.places == tuple(places):
            return
        self.list.clear()
        for place in places:
            item = QListWidgetItem(place)
            item.setToolTip(place)
            self.list.addItem(item)
        row = self.fontMetrics().height() + ROW_PADDING
        self.list.setFixedHeight(row * min(max(len(places), 1), _MOST_ROWS) + 4)
        self.list.setVisible(bool(places))
        self._nothing.setVisible(not places)
        self.remove_button.setVisible(bool(places))
        self._show_choice()

    def _show_choice(self) -> None:
        self.remove_button.setEnabled(bool(self.list.selectedItems()))

    def _remove(self) -> None:
        chosen = tuple(item.text() for item in self.list.selectedItems())
        if chosen:
            self.remove_asked.emit(chosen)


def without(places: Sequence[str], removed: object) -> tuple[str, ...]:
    """Return `places` without those in `removed`, in order."""
    gone = set(removed) if isinstance(removed, tuple) else set()
    return tuple(place for place in places if place not in gone)
