"""The kinds of buttons. One filled button a screen; the rest is quiet."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget


def _make(
    text: str, kind: str, on_click: Callable[[], object] | None, parent: QWidget | None
) -> QPushButton:
    button = QPushButton(text, parent)
    if kind:
        button.setProperty("kind", kind)
    button.setAutoDefault(True)  # Return presses it too, not only Space
    if on_click is not None:
        button.clicked.connect(lambda: on_click())  # noqa: PLW0108 -- drops "checked"
    return button


def primary_button(
    text: str, on_click: Callable[[], object] | None = None, parent: QWidget | None = None
) -> QPushButton:
    """Return the filled button: what most people want next."""
    return _make(text, "primary", on_click, parent)


def plain_button(
    text: str, on_click: Callable[[], object] | None = None, parent: QWidget | None = None
) -> QPushButton:
    """Return an outlined button."""
    return _make(text, "", on_click, parent)


def link_button(
    text: str, on_click: Callable[[], object] | None = None, parent: QWidget | None = None
) -> QPushButton:
    """Return a button that looks like a link, for what is beside the point."""
    button = _make(text, "link", on_click, parent)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
