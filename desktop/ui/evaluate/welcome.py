"""The first start: nothing is in the library yet, so one thing to do and one other."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel
from desktop.ui.widgets.buttons import plain_button, primary_button
from desktop.ui.widgets.empty import EmptyState


class Welcome(QWidget):
    """Offers the two sample models where they are, else a folder; files can be dropped."""

    sample_asked = Signal()
    folder_asked = Signal()

    def __init__(self) -> None:
        """Make both variants; `show_offer` chooses."""
        super().__init__()
        self.compare = primary_button(
            self.tr("Compare the two sample models"), self.sample_asked.emit
        )
        self.folder = plain_button(self.tr("Add a folder…"), self.folder_asked.emit)
        self.folder_first = primary_button(self.tr("Add a folder…"), self.folder_asked.emit)
        self._state = EmptyState("", "", (self.compare, self.folder, self.folder_first))
        self._frame = QFrame()
        self._frame.setProperty("kind", "drop")
        inner = QVBoxLayout(self._frame)
        inner.addWidget(self._state)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._frame)

    def show_offer(self, samples: tuple[LanguageModel, ...]) -> None:
        """Offer the samples, or say that files are awaited."""
        title = self.tr("Which language model should you deploy on this machine?")
        if samples:
            names = self.tr(" and ").join(model.facts.name for model in samples)
            text = self.tr(
                "{0} are here already. One click asks both the same questions, measures how fast "
                "they are, and shows the answers side by side. Or add your own GGUF files: "
                "choose a folder, or drop files here."
            ).format(names)
        else:
            text = self.tr(
                "Add the GGUF files that you want to compare: choose a folder, or drop files "
                "here. They stay where they are, and nothing leaves this machine."
            )
        self._state.show_text(title, text)
        self.compare.setVisible(bool(samples))
        self.folder.setVisible(bool(samples))
        self.folder_first.setVisible(not samples)

    def show_hot(self, hot: bool) -> None:
        """Show that what is dragged can be dropped here."""
        self._frame.setProperty("hot", hot)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
