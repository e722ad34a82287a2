"""Something long behind a line that opens it: closed at first, by mouse and keyboard."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.widgets.buttons import link_button


class Disclosure(QWidget):
    """A link with an arrow; below it, once opened, what `make_content` returns.

    The content is made when it is first wanted: most are never opened. `name` is what screen
    readers say instead of `title`, followed by whether it is open.
    """

    def __init__(
        self,
        title: str,
        make_content: Callable[[], QWidget],
        *,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make the closed line."""
        super().__init__(parent)
        self._title = title
        self._name = name or title
        self._make_content = make_content
        self._content: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.button = link_button("", self._toggle)
        self.button.setProperty("flush", True)  # its arrow stands about where other text begins
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addStretch(1)
        self._column.addLayout(row)
        self._tell()

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self._content is not None and not self._content.isHidden()

    def _toggle(self) -> None:
        if self._content is None:
            self._content = self._make_content()
            self._column.addWidget(self._content)
            self._content.show()
        else:
            self._content.setVisible(self._content.isHidden())
        self._tell()

    def _tell(self) -> None:
        opened = self.is_open
        closed = "◂" if self.isRightToLeft() else "▸"
        self.button.setText(f"{'▾' if opened else closed} {self._title}")
        state = _tr("open") if opened else _tr("closed")
        self.button.setAccessibleName(f"{self._name}, {state}")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Disclosure", text)
