"""Facts in a side panel: quiet labels over texts, some with a button that copies them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.figure import Fact
from desktop.ui.widgets.labels import ElidedLabel, Label


class CopyFact(QWidget):
    """A label over one long line (a path, a hash), cut in its middle, with a Copy button."""

    def __init__(self, label: str, text: str, *, parent: QWidget | None = None) -> None:
        """Make the fact."""
        super().__init__(parent)
        self.text = text
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(Label(label, "label"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(ElidedLabel(text, mode=Qt.TextElideMode.ElideMiddle), 1)
        self.button = link_button(self.tr("Copy"), self._copy)
        self.button.setAccessibleName(self.tr("Copy {0}").format(label))
        row.addWidget(self.button)
        column.addLayout(row)
        self.setAccessibleName(f"{label}: {text}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)


class FactList(QWidget):
    """Facts one below the other, rebuilt whole; empty ones are left out."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Make an empty list."""
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._shown: tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]] = ((), ())

    def show_facts(
        self, facts: Sequence[tuple[str, str]], copyable: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Show pairs of label and text; `copyable` ones follow with a Copy button each."""
        if self._shown == (facts, copyable):
            return
        self._shown = (facts, copyable)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for label, text in facts:
            if text:
                self._column.addWidget(Fact(label, text))
        for label, text in copyable:
            if text:
                self._column.addWidget(CopyFact(label, text))
