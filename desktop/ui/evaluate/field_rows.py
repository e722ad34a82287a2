"""Rows of a form: a name with a hint at one side, the field at the other."""

from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.theme import scaled
from desktop.ui.widgets.labels import Label

FIELD_WIDTH = 124


class FieldRows(QWidget):
    """A column of fields; each has its name and a sentence on what it changes beside it."""

    def __init__(self) -> None:
        """Make it without rows."""
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(0, 1)

    def add_field(self, field: QWidget, hint: str) -> None:
        """Add a field under its accessible name."""
        row = self._grid.rowCount()
        # Fields of a column are as wide as the widest, which may be wider in another language.
        field.setMinimumWidth(scaled(FIELD_WIDTH))
        field.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._grid.addLayout(name_field(field, hint), row, 0)
        self._grid.addWidget(field, row, 1)

    def add_wide(self, part: QWidget) -> None:
        """Add something over both columns."""
        self._grid.addWidget(part, self._grid.rowCount(), 0, 1, 2)

    def add_problem(self) -> Label:
        """Add a line for what is wrong with the field above; hidden while nothing is."""
        problem = Label("", "bad", wrap=True)
        problem.hide()
        self.add_wide(problem)
        return problem


def name_field(field: QWidget, hint: str) -> QVBoxLayout:
    """Return the name and the hint of a field, and tell both to screen readers."""
    label = Label(field.accessibleName())
    label.setBuddy(field)
    field.setToolTip(hint)
    field.setAccessibleDescription(hint)
    words = QVBoxLayout()
    words.setSpacing(0)
    words.addWidget(label)
    words.addWidget(Label(hint, "label", wrap=True))
    return words


def show_problem(label: Label, text: str) -> None:
    """Show a problem below its field, or none."""
    label.setText(text)
    label.setVisible(bool(text))
