"""The choice that matters most: as fast as the machine allows, or the same answers every time."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from desktop.ui.widgets.labels import Label

_INDENT = 29  # below a radio button's text


class ModeChoice(QWidget):
    """Two buttons, each with what it means for people who have never heard of it."""

    changed = Signal()

    def __init__(self, *, reproducible: bool) -> None:
        """Make the choice, with one of the two taken."""
        super().__init__()
        self.throughput = QRadioButton(self.tr("Throughput"))
        self.reproducible = QRadioButton(self.tr("Reproducible"))
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(Label(self.tr("Mode")))
        self._column.addSpacing(4)
        self._add(
            self.throughput,
            self.tr(
                "As fast as this machine allows: several cases at once, as many as a short trial "
                "finds best. Run again, a few answers may differ."
            ),
        )
        self._column.addSpacing(4)
        self._add(
            self.reproducible,
            self.tr("One case at a time: slower, but the same answers every time on this machine."),
        )
        (self.reproducible if reproducible else self.throughput).setChecked(True)
        self.reproducible.toggled.connect(lambda _: self.changed.emit())

    def _add(self, button: QRadioButton, hint: str) -> None:
        button.setAccessibleDescription(hint)
        self._group.addButton(button)
        self._column.addWidget(button)
        below = QVBoxLayout()
        below.setContentsMargins(_INDENT, 0, 0, 0)
        below.addWidget(Label(hint, "label", wrap=True))
        self._column.addLayout(below)

    @property
    def is_reproducible(self) -> bool:
        """Whether one case at a time is chosen."""
        return self.reproducible.isChecked()
