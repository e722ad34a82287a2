"""A big figure with a quiet label below, the way results are read first."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.widgets.labels import Label


class Figure(QWidget):
    """A figure and what it is: `31.2` over `tokens/s`."""

    def __init__(self, value: str, label: str, *, parent: QWidget | None = None) -> None:
        """Make the figure."""
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._value = Label("", "figure")
        self._label = Label("", "label")
        layout.addWidget(self._value)
        layout.addWidget(self._label)
        self.show_value(value, label)

    def show_value(self, value: str, label: str, hint: str = "") -> None:
        """Change figure and label; `hint` goes to the tool tip."""
        self._value.setText(value)
        self._label.setText(label)
        self.setToolTip(hint)
        self.setAccessibleName(f"{value} {label}")


class Fact(QWidget):
    """A quiet label over a line of text, for facts in a side panel."""

    def __init__(self, label: str, text: str = "", *, parent: QWidget | None = None) -> None:
        """Make the fact."""
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        self._label = Label(label, "label")
        self._text = Label(text, wrap=True).make_selectable()
        layout.addWidget(self._label)
        layout.addWidget(self._text)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Change the text below the label."""
        if self._text.text() != text:
            self._text.setText(text)
        self.setAccessibleName(f"{self._label.text()}: {text}")
