"""Narrowing the list down: by kind, family, memory, licence, tag and place."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.ui.models.columns import name_family, name_kind, name_license, name_place
from desktop.ui.models.entries import Entry, EntryState
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.fields import ComboBox
from desktop.ui.widgets.flow import FlowLayout

Accepts: TypeAlias = Callable[[Entry], bool]
_LETTERS = 9
_LINES = 24


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


class _Choice(ComboBox):
    """One filter: everything, or the entries with one of the values that occur.

    `list_values` returns an entry's values (several tags, one family, none); `special` are
    further choices that always stand first.
    """

    def __init__(
        self,
        name: str,
        everything: str,
        list_values: Callable[[Entry], Iterable[str]],
        special: Sequence[tuple[str, Accepts]] = (),
    ) -> None:
        super().__init__()
        self._everything = everything
        self._list_values = list_values
        self._special = dict(special)
        self._shown: list[tuple[str, str]] = []
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setMaxVisibleItems(_LINES)
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_LETTERS)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.offer(())

    def offer(self, entries: Iterable[Entry]) -> None:
        """Offer what occurs in these entries, with how often; the choice stays."""
        counts = Counter(value for entry in entries for value in self._list_values(entry) if value)
        lines = [(self._everything, ""), *((words, words) for words in self._special)]
        values = sorted(counts, key=str.casefold)
        lines += [(f"{value} ({counts[value]})", value) for value in values]
        chosen = self.chosen
        if chosen and chosen not in {value for _, value in lines}:
            lines.append((f"{chosen} (0)", chosen))
        if lines == self._shown:
            return
        self._shown = lines
        blocker = QSignalBlocker(self)
        self.clear()
        for text, value in lines:
            self.addItem(text, value)
        self.setCurrentIndex(max(0, self.findData(chosen)))
        blocker.unblock()

    @property
    def chosen(self) -> str:
        """The value wanted; empty for all."""
        return str(self.currentData() or "")

    def make_filter(self) -> Accepts | None:
        """Return what takes the entries wanted; nothing if all are."""
        chosen = self.chosen
        if not chosen:
            return None
        return self._special.get(chosen) or (lambda entry: chosen in self._list_values(entry))


class FilterBar(QWidget):
    """The filters in rows. `changed` follows every choice."""

    changed = Signal()

    def __init__(self) -> None:
        """Make the filters with nothing to choose yet."""
        super().__init__()
        self.kind = _Choice(self.tr("Kind of file"), self.tr("Any kind"), _one(name_kind))
        self.family = _Choice(self.tr("Family"), self.tr("Any family"), _one(name_family))
        self.fits = _Choice(
            self.tr("Memory of this machine"),
            self.tr("Any size"),
            lambda _: (),
            (
                (self.tr("Fits now"), lambda entry: entry.fits is True),
                (self.tr("Does not fit"), lambda entry: entry.fits is False),
            ),
        )
        self.license = _Choice(
            self.tr("Licence"), self.tr("Any licence"), _one(name_license), _list_uses()
        )
        self.tag = _Choice(
            self.tr("Tag"),
            self.tr("Any tag"),
            lambda entry: entry.annotation.tags,
            ((self.tr("Without a tag"), lambda entry: not entry.annotation.tags),),
        )
        self.place = _Choice(self.tr("Where it lies"), self.tr("Anywhere"), _one(name_place))
        self.state = _Choice(
            self.tr("State"),
            self.tr("Any state"),
            lambda _: (),
            (
                (self.tr("With something to note"), _is_notable),
                (self.tr("Gone or not usable"), lambda e: e.state >= EntryState.UNUSABLE),
            ),
        )
        self.clear_button = link_button(self.tr("Show all"), self.clear)
        self._choices = (
            *(self.kind, self.family, self.fits, self.license, self.tag, self.place, self.state),
        )
        row = FlowLayout(parent=self)
        for choice in self._choices:
            choice.currentIndexChanged.connect(self._tell)
            row.addWidget(choice)
        row.addWidget(self.clear_button)
        self.clear_button.hide()

    @property
    def active(self) -> int:
        """How many filters leave something out."""
        return sum(bool(choice.chosen) for choice in self._choices)

    def offer(self, entries: Sequence[Entry]) -> None:
        """Offer what occurs in the library."""
        for choice in self._choices:
            choice.offer(entries)

    def make_filter(self) -> Accepts | None:
        """Return what takes the entries that all filters take; nothing if all are wanted."""
        filters = [found for choice in self._choices if (found := choice.make_filter())]
        if not filters:
            return None
        return lambda entry: all(accepts(entry) for accepts in filters)

    def clear(self) -> None:
        """Show everything again."""
        for choice in self._choices:
            blocker = QSignalBlocker(choice)
            choice.setCurrentIndex(0)
            blocker.unblock()
        self._choices[0].setFocus()
        self._tell()

    def _tell(self) -> None:
        self.clear_button.setVisible(self.active > 0)
        self.changed.emit()


def _one(name: Callable[[Entry], str]) -> Callable[[Entry], tuple[str, ...]]:
    return lambda entry: (name(entry),)


def _is_notable(entry: Entry) -> bool:
    return entry.state > EntryState.READING or bool(entry.model and entry.model.warnings)


def _list_uses() -> tuple[tuple[str, Accepts], ...]:
    """Return filters by what a licence allows; what nobody knows is never taken for allowed."""

    def allows(use: str) -> Accepts:
        def accepts(entry: Entry) -> bool:
            terms = entry.model.facts.license_terms if entry.model else None
            return terms is not None and terms.commercial_use == use

        return accepts

    return (
        (_tr("Commercial use allowed"), allows("yes")),
        (_tr("… with conditions"), allows("conditional")),
        (_tr("… not allowed"), allows("no")),
        (
            _tr("Not stated"),
            lambda entry: entry.model is not None and not name_license(entry),
        ),
    )
