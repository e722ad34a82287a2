"""A list with its details beside it, or below it where the window is narrow."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from desktop.ui.theme import GAP

_NARROW = 820


class DetailSplit(QSplitter):
    """Two panes; people may move the border, and `shares` can be kept for the next start."""

    def __init__(self, main: QWidget, details: QWidget, *, parent: QWidget | None = None) -> None:
        """Put `details` at the side of `main`."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.addWidget(main)
        self.addWidget(details)
        self.setHandleWidth(GAP)
        self.setChildrenCollapsible(False)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self._wide: tuple[int, ...] = (680, 340)
        self._laid_out = False

    @property
    def shares(self) -> tuple[int, ...]:
        """The widths of both panes when they stood side by side last."""
        if self.orientation() is Qt.Orientation.Horizontal and self._laid_out:
            self._wide = tuple(self.sizes())
        return self._wide

    def restore(self, shares: tuple[int, ...]) -> None:
        """Take up the widths of an earlier session; anything odd is ignored."""
        if len(shares) == self.count() and all(share > 0 for share in shares):
            self._wide = shares

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn where room is short."""
        narrow = self.width() < _NARROW
        wanted = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if self.orientation() is not wanted or not self._laid_out:
            if narrow and self._laid_out:
                self._wide = tuple(self.sizes())
            self._laid_out = True
            self.setOrientation(wanted)
            room = max(self.width() - self._wide[1] - self.handleWidth(), 1)
            self.setSizes([300, 260] if narrow else [room, self._wide[1]])
        super().resizeEvent(event)
