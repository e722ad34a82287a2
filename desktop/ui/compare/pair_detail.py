"""One pair in full: the question, its answer, the drawn difference, and the reasons."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.comparison import ComparedModel, ComparedPair, Saying
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.difference import DifferenceBar
from desktop.ui.widgets.key_hint import KeyHints
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone


class PairDetail(Card):
    """The panel at the side of the matrix of pairs."""

    def __init__(self) -> None:
        """Make an empty panel with the keys at its foot."""
        super().__init__()
        self._area = scrolled(QWidget())
        self.body.addWidget(self._area, 1)
        self.body.addWidget(KeyHints((("↑ ↓ ← →", self.tr("another pair")),)))
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say that no pair is chosen."""
        layout = self._clear()
        layout.addWidget(Label(self.tr("Choose a pair to read what may be said of it."), "dim"))
        layout.addStretch(1)

    def show_pair(
        self, pair: ComparedPair, models: tuple[ComparedModel, ...], *, asks_first: bool
    ) -> None:
        """Show a pair; the question is asked of its first model, or else of its second."""
        layout = self._clear()
        first, second = models[pair.first], models[pair.second]
        one, other = (first, second) if asks_first else (second, first)
        question = self.tr("May I say that {0} is better than {1}?")
        title = question.format(one.label, other.label)
        self.setAccessibleName(title)
        layout.addWidget(Label(title, "card-title", wrap=True).make_selectable())
        layout.addWidget(Pill(*self._answer(pair, asks_first=asks_first)))
        layout.addWidget(Label(pair.sentence, wrap=True).make_selectable())
        if pair.cases:
            self._draw(layout, pair, (first, second))
        layout.addWidget(line())
        for reason in pair.verdict.reasons if pair.verdict else ():
            layout.addWidget(Label(reason, "dim", wrap=True).make_selectable())
        layout.addStretch(1)
        self._area.verticalScrollBar().setValue(0)

    def _answer(self, pair: ComparedPair, *, asks_first: bool) -> tuple[str, Tone]:
        if pair.answer(asks_first=asks_first) is Saying.YES:
            return self.tr("✓ Yes"), Tone.GOOD
        if pair.answer(asks_first=not asks_first) is Saying.YES:
            return self.tr("✕ No, the other way round"), Tone.BAD
        if pair.cases and not pair.enough_cases:
            return self.tr("! No, not enough cases"), Tone.WARNING
        if pair.answer(asks_first=asks_first) is Saying.MORE:
            more = self.tr("… Not yet: about {0} more cases would tell")
            return more.format(pair.more_cases), Tone.NEUTRAL
        if pair.cases:
            return self.tr("≈ No, they can't be told apart"), Tone.NEUTRAL
        return self.tr("✕ No, nothing was compared"), Tone.NEUTRAL

    def _draw(
        self, layout: QVBoxLayout, pair: ComparedPair, models: tuple[ComparedModel, ComparedModel]
    ) -> None:
        first, second = models
        layout.addSpacing(4)
        layout.addWidget(DifferenceBar(pair.difference, pair.interval, (first.color, second.color)))
        sides = self.tr(
            "Points of share passed, 95% interval: + where {0} leads, "
            "\N{MINUS SIGN} where {1} does."
        )
        text = sides.format(first.label, second.label)
        layout.addWidget(Label(text, "label", wrap=True))

    def _clear(self) -> QVBoxLayout:
        fresh = QWidget()
        fresh.setProperty("kind", "clear")
        layout = QVBoxLayout(fresh)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(8)
        self._area.setWidget(fresh)  # deletes the old one with all that is in it
        fresh.setAutoFillBackground(False)
        return layout
