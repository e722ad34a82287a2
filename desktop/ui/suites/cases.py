"""The cases of one suite: a list to search and filter, and the chosen one beside it."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.suite import Case, Suite
from desktop.ui.suites.case_detail import CaseDetail
from desktop.ui.suites.entries import name_difficulty
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.fields import ComboBox
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.records import Column, RecordTable
from desktop.ui.widgets.search import SearchField, match_words
from desktop.ui.widgets.split import DetailSplit


class CasesPage(QWidget):
    """What a suite asks. `left` is the way back to the list, `tried` asks to try the case."""

    left = Signal()
    tried = Signal()

    def __init__(self) -> None:
        """Make an empty page."""
        super().__init__()
        self.suite: Suite | None = None
        self.table = RecordTable(
            self._make_columns(),
            lambda case: str(case.id),
            name=self.tr("Cases"),
            nothing_found=self.tr("No case matches. Empty the search, or choose all."),
        )
        self.detail = CaseDetail()
        self.search = SearchField(self.tr("Search cases"))
        self.search.bind(self)
        self.search.setMaximumWidth(340)
        self.tier = ComboBox()
        self.tier.setAccessibleName(self.tr("Difficulty"))
        self.language = ComboBox()
        self.language.setAccessibleName(self.tr("Language"))
        self._count = Label("", "label")
        self.back = link_button(self.tr("← All suites"), self.left.emit)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.back)
        row.addWidget(self.search, 3)
        for part in (self.tier, self.language, self._count):
            row.addWidget(part)
        row.addStretch(1)
        self.try_button = link_button(self.tr("Try on a model…"), self.tried.emit)
        self.try_button.setToolTip(self.tr("Ask a model this case at once"))
        self.detail.foot.addWidget(self.try_button)
        card = Card(margin=6)
        card.body.addWidget(self.table)
        self.split = DetailSplit(card, self.detail)
        self.split.restore((520, 480))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.split, 1)
        self.table.choice_changed.connect(self._show_choice)
        self.search.textChanged.connect(lambda _: self._filter())
        self.tier.currentIndexChanged.connect(lambda _: self._filter())
        self.language.currentIndexChanged.connect(lambda _: self._filter())

    def _make_columns(self) -> tuple[Column, ...]:
        return (
            Column(title=self.tr("Case"), text=lambda c: c.title or c.id),
            Column(
                title=self.tr("Difficulty"),
                text=lambda c: name_difficulty(c.difficulty),
                order=lambda c: _TIERS.get(c.difficulty),
                importance=7,
            ),
            Column(title=self.tr("Language"), text=lambda c: str(c.language), importance=6),
            Column(title=self.tr("Subjects"), text=lambda c: ", ".join(c.tags), importance=4),
        )

    def show_suite(self, suite: Suite) -> None:
        """Show a suite's cases, the filters of another one taken away."""
        if self.suite is None or self.suite.id != suite.id:
            self.search.clear()
        self.suite = suite
        tiers = sorted({c.difficulty for c in suite.cases} - {""}, key=lambda t: _TIERS.get(t, 9))
        _offer(self.tier, self.tr("Every difficulty"), tiers, name_difficulty)
        languages = sorted({case.language for case in suite.cases})
        _offer(self.language, self.tr("Every language"), languages, str)
        self.table.show_records(suite.cases)
        if self.table.records.shown and not self.table.chosen:
            self.table.choose([self.table.records.shown[0].id])
        self._filter()

    @property
    def case(self) -> Case | None:
        """The case that is shown."""
        found: Case | None = self.table.current
        return found

    def _filter(self) -> None:
        text = self.search.text()
        found = match_words(text, _describe) if text.strip() else None
        tier, language = self.tier.currentData(), self.language.currentData()
        self.table.filter(
            lambda case: (
                (tier is None or case.difficulty == tier)
                and (language is None or case.language == language)
                and (found is None or found(case))
            )
        )
        total, shown = len(self.table.records.records), len(self.table.records.shown)
        self._count.setText(self.tr("{0} of {1}").format(shown, total) if shown < total else "")
        self._show_choice()

    def _show_choice(self) -> None:
        self.detail.show_case(self.suite, self.case)
        self.try_button.setEnabled(self.case is not None)


_TIERS = {"easy": 0, "medium": 1, "hard": 2}


def _describe(case: Case) -> str:
    asked = (message.content for message in case.messages)
    read = (part.context + part.text for part in case.continuations)
    return " ".join((case.id, case.title, *case.tags, *asked, *read))


def _offer(box: ComboBox, every: str, values: list[str], name: Callable[[str], str]) -> None:
    box.blockSignals(True)
    kept = box.currentData()
    box.clear()
    box.addItem(every, None)
    for value in values:
        box.addItem(name(value), value)
    box.setCurrentIndex(max(0, box.findData(kept)) if kept is not None else 0)
    box.setVisible(len(values) > 1)
    box.blockSignals(False)
