"""What covers the Models screen while files are dragged over it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.ui.widgets.labels import Label


class DropSign(QFrame):
    """Says that files may be dropped; hidden until `appear`."""

    def __init__(self, parent: QWidget) -> None:
        """Make it hidden."""
        super().__init__(parent)
        self.setProperty("kind", "drop")
        self.setProperty("hot", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        text = Label(self.tr("Drop to add to the library"), "card-title")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(text)
        self.hide()

    def appear(self) -> None:
        """Come to the front."""
        self.raise_()
        self.show()
