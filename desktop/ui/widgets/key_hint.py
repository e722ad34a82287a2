"""Keys written where they help: `↑ ↓ next case · D next disagreement`."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from desktop.ui.widgets.labels import Label


class KeyHints(Label):
    """A quiet line of keys and what they do."""

    def __init__(self, hints: Sequence[tuple[str, str]], *, parent: QWidget | None = None) -> None:
        """Make the line from pairs of keys and words."""
        super().__init__("", "label", wrap=True, parent=parent)
        self.show_hints(hints)

    def show_hints(self, hints: Sequence[tuple[str, str]]) -> None:
        """Change the keys."""
        self.setText("   ·   ".join(f"{keys} {words}" for keys, words in hints))
