"""Everything about one model, at the side of the list."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel
from desktop.errors import UserError
from desktop.ui.formatting import describe_model, format_bytes, format_number
from desktop.ui.models.capacity import CapacityForm
from desktop.ui.models.columns import describe_state, name_kind
from desktop.ui.models.entries import Entry, EntryState, can_be_evaluated
from desktop.ui.models.hashing_feed import HashingFeed
from desktop.ui.models.integrity import IntegrityPart, say_check
from desktop.ui.models.notes import ModelNotes
from desktop.ui.models.wording import list_abilities, list_file, list_origin, list_structure
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.worker.operations import MemoryFit


class _Section(QWidget):
    """A line, a title, and what belongs under it."""

    def __init__(self, title: str, *parts: QWidget) -> None:
        super().__init__()
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(line())
        column.addWidget(Label(title, "strong", wrap=True))
        for part in parts:
            column.addWidget(part)


class ModelDetails(Card):
    """The panel. `show_entry` gives it a line of the list, `show_fit` what memory that needs.

    `capacity_wanted` carries a model and a `capacity.Question`.
    """

    capacity_wanted = Signal(object, object)

    def __init__(self, feed: HashingFeed) -> None:
        """Make an empty panel; hashes are followed by `feed`."""
        super().__init__()
        self.body.setContentsMargins(1, 1, 1, 1)
        self.setAccessibleName(self.tr("Details of the model"))
        self.setMinimumWidth(250)
        self._entry: Entry | None = None
        self._make_parts(feed)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        pills = QHBoxLayout()
        pills.setSpacing(6)
        for pill in (self.fit, self.state):
            pills.addWidget(pill)
        pills.addStretch(1)
        for part in (self._chosen, self._name, self._line):
            column.addWidget(part)
        column.addLayout(pills)
        for part in (self.message, self.memory):
            column.addWidget(part)
        column.addLayout(self._warnings)
        for section in self._sections:
            column.addWidget(section)
        column.addWidget(self._places)
        column.addStretch(1)
        self._area = scrolled(content)
        self._area.setAccessibleName(self.accessibleName())
        self.body.addWidget(self._area)
        self.show_entry(None, 0, writable=False)

    def _make_parts(self, feed: HashingFeed) -> None:
        self._name = Label("", "card-title", wrap=True).make_selectable()
        self._line = Label("", "dim", wrap=True)
        self._chosen = Label("", "label", wrap=True)
        self.fit = Pill("", Tone.NEUTRAL)
        self.state = Pill("", Tone.NEUTRAL)
        self.message = Label("", "bad", wrap=True).make_selectable()
        self.memory = Label("", "small-dim", wrap=True)
        self._warnings = QVBoxLayout()
        self._warnings.setSpacing(6)
        self.capacity = CapacityForm()
        self.capacity.asked.connect(self._ask_capacity)
        self.integrity = IntegrityPart(feed)
        self.notes = ModelNotes()
        self._facts = tuple(FactList() for _ in range(4))
        origin, abilities, structure, files = self._facts
        self._places = FactList()
        self.capacity_section = _Section(self.tr("What would carry it?"), self.capacity)
        self._sections = (
            _Section(self.tr("Where it comes from"), origin),
            self.capacity_section,
            _Section(self.tr("Is it what its publisher made?"), self.integrity),
            _Section(self.tr("What it can do"), abilities),
            _Section(self.tr("How it is built"), structure),
            _Section(self.tr("Tags and note"), self.notes),
            _Section(self.tr("File"), files),
        )

    @property
    def model(self) -> LanguageModel | None:
        """The model shown; nothing for a file that is no model, or not read yet."""
        return self._entry.model if self._entry else None

    def show_entry(self, entry: Entry | None, chosen: int, *, writable: bool) -> None:
        """Show a line of the list; `chosen` is how many are chosen there."""
        before, self._entry = self._entry, entry
        same = before is not None and entry is not None and before.key == entry.key
        model = entry.model if entry else None
        self._chosen.setText(self.tr("{0} models are chosen; this is one of them.").format(chosen))
        self._chosen.setVisible(chosen > 1)
        for section in self._sections:
            section.setVisible(model is not None)
        self._places.setVisible(entry is not None)
        self._show_state(entry)
        self._show_warnings(model)
        if model is None:
            self.notes.keep()
        if entry is None:
            self._name.setText(self.tr("No model is chosen"))
            self._line.setText(self.tr("Choose one in the list to see what its file says."))
            self._line.show()
            self._places.show_facts([], [])
            for part in (self.fit, self.memory):
                part.hide()
            return
        self._name.setText(entry.name)
        words = _describe(entry)
        self._line.setText(words)
        self._line.setVisible(bool(words))
        self._places.show_facts([], self._list_places(entry))
        self._prepare_fit(entry)
        if model is not None:
            self._show_model(entry, model, before, writable=writable)
        if not same:
            self._area.verticalScrollBar().setValue(0)

    def _show_model(
        self, entry: Entry, model: LanguageModel, before: Entry | None, *, writable: bool
    ) -> None:
        lists = (
            list_origin(model.facts),
            list_abilities(model.facts) if can_be_evaluated(model) else [],
            list_structure(model.facts),
            list_file(model),
        )
        for part, facts in zip(self._facts, lists, strict=True):
            part.show_facts(facts)
        abilities = self._sections[3]
        for section in (self.capacity_section, abilities):
            section.setVisible(can_be_evaluated(model))
        self.integrity.show_model(model, writable=writable and entry.state is not EntryState.GONE)
        self.notes.show_annotation(model.id, entry.annotation, writable=writable)
        known = before.model if before else None
        if known is None or (known.id, known.modified_ns) != (model.id, model.modified_ns):
            self.capacity.ask_anew()

    def _ask_capacity(self, question: object) -> None:
        model = self._entry.model if self._entry else None
        if model is not None and can_be_evaluated(model):
            self.capacity_wanted.emit(model, question)

    def _show_state(self, entry: Entry | None) -> None:
        # How many warnings there are is no state: they stand below.
        shown = describe_state(entry) if entry and entry.state is not EntryState.READY else None
        self.state.setVisible(shown is not None)
        if shown is not None:
            self.state.show_state(*shown)
        words = self._say_state(entry) if entry else ""
        self.message.setText(words)
        self.message.setVisible(bool(words))
        bad = entry is not None and entry.state >= EntryState.OTHER_HASH
        self.message.set_role("bad" if bad else "small-dim")

    def _say_state(self, entry: Entry) -> str:
        check = entry.model.hash_check if entry.model else None
        return {
            EntryState.READY: "",
            EntryState.READING: self.tr("Its header is being read."),
            EntryState.MOVED: self.tr(
                "The file was moved or renamed. Its runs, hash and notes have stayed with it."
            ),
            EntryState.CHANGED: self.tr(
                "The file has changed since it was seen last: its SHA-256 is computed anew, and"
                " runs that were made before belong to the file as it was."
            ),
            EntryState.OTHER_HASH: say_check(check) if check else "",
            EntryState.UNUSABLE: entry.message,
            EntryState.GONE: self.tr(
                "The file is not there now. Connect its drive or put it back; or remove it here,"
                " which leaves its runs."
            ),
        }[entry.state]

    def _prepare_fit(self, entry: Entry) -> None:
        model = entry.model
        self.fit.setVisible(model is not None and entry.state is not EntryState.UNUSABLE)
        self.memory.setVisible(entry.can_be_evaluated)
        if model is None:
            return
        if not can_be_evaluated(model):
            self.fit.show_state(name_kind(entry), Tone.NEUTRAL)
        elif entry.state is EntryState.GONE:
            self.fit.hide()

    def begin_fit(self) -> None:
        """Tell that the need of memory is being found out."""
        self.fit.show_state(self.tr("… checking memory"), Tone.NEUTRAL)
        self.memory.setText("")

    def show_fit(self, fit: MemoryFit) -> None:
        """Tell whether the model fits into memory."""
        need = fit.need
        if fit.fits:
            self.fit.show_state(self.tr("✓ fits"), Tone.GOOD)
        else:
            self.fit.show_state(self.tr("✕ does not fit"), Tone.BAD)
        source = (
            self.tr("counted by llama.cpp")
            if need.source == "llama.cpp"
            else self.tr("estimated from the header")
        )
        words = self.tr(
            "With the settings for runs it needs {0} at a context of {1} tokens: weights {2},"
            " context {3}, computing {4}{5} ({6}). {7} are free now."
        )
        beside = self.tr(", packed copies and tables {0}").format(format_bytes(need.beside_bytes))
        self.memory.setText(
            words.format(
                format_bytes(need.total_bytes),
                format_number(need.context_tokens),
                format_bytes(need.weights_bytes),
                format_bytes(need.kv_cache_bytes),
                format_bytes(need.compute_bytes),
                beside if need.beside_bytes else "",
                source,
                format_bytes(fit.available_bytes),
            )
        )

    def show_no_fit(self, failure: Exception) -> None:
        """Tell why the need of memory is not known."""
        self.fit.show_state(self.tr("? not known"), Tone.WARNING)
        reason = failure.message if isinstance(failure, UserError) else str(failure)
        self.memory.setText(
            self.tr("The need of memory could not be found out: {0}").format(reason)
        )

    def _show_warnings(self, model: LanguageModel | None) -> None:
        while (item := self._warnings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for warning in model.warnings if model else ():
            label = Label(f"⚠ {warning.message}", "warning", wrap=True)
            self._warnings.addWidget(label.make_selectable())

    def _list_places(self, entry: Entry) -> Sequence[tuple[str, str]]:
        model = entry.model
        if model is None:
            return [(self.tr("Path"), entry.path)]
        places = [(self.tr("Path"), model.path)]
        places += [
            (self.tr("Part {0}").format(number), path)
            for number, path in enumerate(model.paths[1:], start=2)
        ]
        places += [(self.tr("The same content, also at"), path) for path in model.copies]
        return places


def _describe(entry: Entry) -> str:
    if entry.model is not None:
        return describe_model(entry.model)
    return format_bytes(entry.file_bytes) if entry.file_bytes is not None else ""
