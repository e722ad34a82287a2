"""The Models screen: the library, what is known of each model, and how more come in."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAction,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.events import RunEvent, RunFinished
from desktop.domain.language_model import LanguageModel, ModelAnnotation
from desktop.ui.models.answers import Answers
from desktop.ui.models.columns import describe_for_search, make_columns
from desktop.ui.models.details import ModelDetails
from desktop.ui.models.drop_sign import DropSign
from desktop.ui.models.entries import Entry, EntryState, list_tags
from desktop.ui.models.filters import FilterBar
from desktop.ui.models.hashing_strip import HashingStrip
from desktop.ui.models.intake import Intake, list_dropped
from desktop.ui.models.library import Library
from desktop.ui.models.refreshing import FrontWatch
from desktop.ui.models.telling import Teller
from desktop.ui.screen import Context, Screen
from desktop.ui.widgets.busy import BusyLine
from desktop.ui.widgets.buttons import link_button, plain_button, primary_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.records import RecordTable
from desktop.ui.widgets.search import SearchField, match_words
from desktop.ui.widgets.split import DetailSplit

_SPLIT = "models"
_EMPTY, _LIST, _FAILURE = 1, 2, 3
_PANES = (640, 400)
_BUSY_AFTER_MILLISECONDS = 500


class ModelsScreen(Screen):
    """The library of language models. Files and folders can be dropped anywhere on it."""

    def __init__(self, context: Context) -> None:
        """Make the screen; models are loaded when it comes to the front."""
        super().__init__(context, QCoreApplication.translate("models", "Models"))
        self.setAcceptDrops(True)
        self._stale = True
        self._told = ""
        self._arriving = self._machines_due = False
        self._wanted: tuple[str, ...] = ()
        self._samples: tuple[LanguageModel, ...] = ()
        self.library = Library(context, self)
        self.intake = Intake(context, self)
        self.teller = Teller(context, self.library)
        self.table = RecordTable(
            make_columns(),
            lambda entry: str(entry.key),
            name=self.tr("Language models"),
            nothing_found=self.tr("No model matches. Press Escape in the search to empty it."),
        )
        self.details = ModelDetails(self.library.feed)
        self.answers = Answers(context, self.details, self.library)
        self.search = SearchField(self.tr("Search models"))
        self.search.bind(self)
        self.filters = FilterBar()
        self.busy = BusyLine()
        self._make_buttons()
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())  # until the library is known, nothing is claimed
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_list())
        self._stack.addWidget(
            EmptyState(
                self.tr("The library could not be read"),
                self.tr("The notice above says why. Nothing was changed."),
                (plain_button(self.tr("Try again"), self._try_again),),
            )
        )
        self.body.addWidget(self.busy)
        self.body.addWidget(self._stack, 1)
        self._drop_sign = DropSign(self)
        self._busy_timer = QTimer(self)
        self._busy_timer.setSingleShot(True)
        self._busy_timer.setInterval(_BUSY_AFTER_MILLISECONDS)
        self._connect()

    def _make_buttons(self) -> None:
        self.add_folder_button = plain_button(self.tr("Add folder…"), self.intake.ask_for_folder)
        self.add_files_button = plain_button(self.tr("Add files…"), self.intake.ask_for_files)
        self.evaluate_button = primary_button(self.tr("Evaluate"), self._evaluate)
        self.evaluate_button.setToolTip(self.tr("Evaluate the chosen models (Return)"))
        self.remove_button = link_button(self.tr("Remove"), self._remove)
        self.remove_button.setToolTip(
            self.tr("Take the chosen models out of the library; the files stay (Delete)")
        )
        self.again_button = link_button(self.tr("Look again"), self.library.refresher.look)
        self.again_button.setToolTip(
            self.tr("Look at your folders and the stores of other programs once more (F5)")
        )
        self.again_button.setShortcut("F5")
        self.filter_button = link_button(self.tr("Filters"), self._toggle_filters)
        for button in (self.add_folder_button, self.add_files_button, self.evaluate_button):
            self.add_action(button)

    def _make_empty(self) -> QWidget:
        frame = QFrame()
        frame.setProperty("kind", "drop")
        self.samples_button = primary_button(
            self.tr("Use the two sample models"), self._add_samples
        )
        self._empty_buttons = (
            plain_button(self.tr("Add folder…"), self.intake.ask_for_folder),
            plain_button(self.tr("Add files…"), self.intake.ask_for_files),
        )
        self.empty = EmptyState("", "", (self.samples_button, *self._empty_buttons))
        layout = QVBoxLayout(frame)
        layout.addWidget(self.empty)
        self._describe_empty()
        return frame

    def _describe_empty(self) -> None:
        text = self.tr(
            "A language model is a file that ends in .gguf. Drop such files or a folder here, or"
            " add them below; only their headers are read, and they stay where they are. Models"
            " of LM Studio, Ollama, Jan, GPT4All, llama.cpp and the Hugging Face cache are found"
            " by themselves; none is on this machine."
        )
        if self._samples:
            text += " " + self.tr("Two small sample models lie on this machine, ready to try.")
        self.empty.show_text(self.tr("No models yet"), text)
        self.samples_button.setVisible(bool(self._samples))

    def _make_list(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.search.setMaximumWidth(340)
        self._count = Label("", "label")
        row.addWidget(self.search, 3)
        row.addWidget(self.filter_button)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self.again_button)
        row.addWidget(self.remove_button)
        column.addLayout(row)
        self.filters.hide()
        column.addWidget(self.filters)
        card = Card(margin=6)
        card.body.addWidget(self.table)
        self.split = DetailSplit(card, self.details)
        self.split.restore(self.context.options.splitter_sizes.get(_SPLIT, _PANES))
        column.addWidget(self.split, 1)
        self.strip = HashingStrip(self.library.feed)
        column.addWidget(self.strip)
        return page

    def _connect(self) -> None:
        self._sort_by(0)
        self.context.models_changed.connect(self._mark_stale)
        self.context.events.happened.connect(self._follow)
        self.context.options_changed.connect(self._take_options)
        self.context.database_changed.connect(self._show_state)
        self.intake.started.connect(self.busy.begin)
        self.intake.ended.connect(self.busy.end)
        self.intake.added.connect(self._choose_added)
        self.library.changed.connect(self._show_entries)
        self.library.failed.connect(self._give_up)
        self.library.loaded.connect(self._arrive)
        refresher = self.library.refresher
        refresher.began.connect(self._busy_timer.start)
        refresher.ended.connect(self._end_busy)
        refresher.failed.connect(self._end_busy)
        self._is_busy = False
        self._busy_timer.timeout.connect(self._begin_busy)
        FrontWatch(self).came.connect(self._look_again)
        self.search.textChanged.connect(lambda _: self._filter())
        self.filters.changed.connect(self._filter)
        self.details.notes.changed.connect(self._annotate)
        self.table.choice_changed.connect(self._show_choice)
        self.table.opened.connect(self._evaluate)
        self.table.delete_pressed.connect(self._remove)
        self.table.offer(self.tr("Evaluate"), self._evaluate)
        self.table.offer(self.tr("Copy path"), self._copy_paths)
        self.table.offer(self.tr("Open its folder"), self._open_folder)
        self._remove_action = self.table.offer(self.tr("Remove from the library"), self._remove)
        self._offer_sorting()

    def _offer_sorting(self) -> None:
        """Let the headings' menu sort by columns that have no room just now, too."""
        header = self.table.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for number, column in enumerate(self.table.records.columns):
            action = QAction(self.tr("Sort by {0}").format(column.title), header)
            action.triggered.connect(lambda *_, n=number: self._sort_by(n))
            header.addAction(action)

    def _sort_by(self, column: int) -> None:
        self.table.sort_by(column, Qt.SortOrder.AscendingOrder)

    # Loading

    def activate(self) -> None:
        """Load the library if it may have changed, then look at the disk."""
        self._arriving = self._machines_due = True
        if self._stale:
            self.reload()
        else:
            self._arrive()
            self._offer_machines()

    def _arrive(self) -> None:
        """Look at the disk once what is known has been loaded: threads would take turns."""
        if self._arriving:
            self._arriving = False
            self.library.refresher.look_if_rested()

    def _offer_machines(self) -> None:
        """Load the catalogue once there is a list to be seen, which it would delay."""
        if self._machines_due:
            self._machines_due = False
            self.answers.offer_machines()

    def deactivate(self) -> None:
        """Keep what was typed, and the widths of the panes."""
        self.details.notes.keep()
        shares = self.split.shares
        if self.context.options.splitter_sizes.get(_SPLIT) != shares:
            self.context.change_options(
                lambda now: msgspec.structs.replace(
                    now, splitter_sizes={**now.splitter_sizes, _SPLIT: shares}
                )
            )

    def _look_again(self) -> None:
        if self.isVisible():
            self.library.refresher.look_if_rested()

    def _begin_busy(self) -> None:
        self._is_busy = True
        self.busy.begin(self.tr("Looking for models"))

    def _end_busy(self) -> None:
        self._busy_timer.stop()
        if self._is_busy:
            self._is_busy = False
            self.busy.end()

    def _follow(self, event: RunEvent) -> None:
        # A run computes the SHA-256 of its model, which is shown here.
        if isinstance(event, RunFinished):
            self._mark_stale()

    def _mark_stale(self) -> None:
        if self.library.is_telling:
            return
        self._stale = True
        if self.isVisible():
            self.reload()

    def focus_first(self) -> None:
        """Give the keyboard to the list; while it loads, the screen keeps it."""
        ways = (self.table, *self._empty_buttons)
        next((way for way in ways if way.isVisible()), self).setFocus()

    def reload(self) -> None:
        """Load the library anew."""
        self._stale = False
        self.library.reload()

    def _try_again(self) -> None:
        self._told = ""
        self.reload()
        self.library.refresher.look()

    def _take_options(self) -> None:
        self.library.follow_options()
        self.answers.forget()
        self._show_state()

    def _give_up(self, failure: Exception) -> None:
        self._stale = True
        if not self.table.records.records:
            self._stack.setCurrentIndex(_FAILURE)
        self._show_state()
        if str(failure) != self._told:  # loading and looking fail for the same reason
            self._told = str(failure)
            self.context.show_failure(failure)
        self._arrive()

    def _show_entries(self) -> None:
        entries = self.library.list_entries()
        models = self.library.shelf.models
        self.intake.known = frozenset(models)
        place = self.table.verticalScrollBar().value()
        if self.filters.isVisible():
            self.filters.offer(entries)
        self.table.show_records(entries)
        self.table.verticalScrollBar().setValue(place)
        self.details.notes.offer_tags(list_tags(self.library.shelf.annotations))
        if self._wanted and models.keys() & set(self._wanted):
            self.table.choose(self._wanted)
            self._wanted = ()
        elif entries and not self.table.chosen:
            self.table.choose([self.table.records.shown[0].key] if self.table.records.shown else [])
        if entries or self.library.shelf.is_complete:
            self._show_page(has_entries=bool(entries))
        self._show_state()
        if entries:
            self._offer_machines()

    def _show_page(self, *, has_entries: bool) -> None:
        page = _LIST if has_entries else _EMPTY
        if page == self._stack.currentIndex():
            return
        self._stack.setCurrentIndex(page)
        focused = self.focusWidget()
        typing = isinstance(focused, QLineEdit | QPlainTextEdit)
        if self.isAncestorOf(focused) and not typing:
            (self.table if has_entries else self._empty_buttons[0]).setFocus()
        self.settle_focus()
        if not has_entries:
            self.run(self.context.operations.find_sample_models, self._take_samples, lambda _: None)

    def _take_samples(self, models: tuple[LanguageModel, ...]) -> None:
        self._samples = models
        self._describe_empty()

    def _add_samples(self) -> None:
        self.intake.add([Path(model.path) for model in self._samples])

    def _choose_added(self, models: Sequence[LanguageModel]) -> None:
        keys = tuple(model.id for model in models)
        if self.intake.known.issuperset(keys):
            self.table.choose(keys)
        else:
            self._wanted = keys

    # What is shown

    def _toggle_filters(self) -> None:
        self.filters.offer(self.table.records.records)
        self.filters.setVisible(self.filters.isHidden())
        if self.filters.isVisible():
            self.filters.kind.setFocus()
        self._show_state()

    def _filter(self) -> None:
        text = self.search.text()
        accepts = self.filters.make_filter()
        matches = match_words(text, describe_for_search) if text.strip() else None
        wanted = [test for test in (accepts, matches) if test is not None]
        self.table.filter((lambda e: all(test(e) for test in wanted)) if wanted else None)
        self._show_state()

    def _show_state(self) -> None:
        entries = self.table.records.records
        total, shown = len(entries), len(self.table.records.shown)
        self.show_title(self.tr("Models"), self._describe_library(entries))
        self._count.setText(self.tr("{0} of {1}").format(shown, total) if shown < total else "")
        arrow = "▾" if self.filters.isVisible() else "▸"
        active = self.filters.active
        words = self.tr("Filters ({0})").format(active) if active else self.tr("Filters")
        self.filter_button.setText(f"{arrow} {words}")
        opened = self.tr("open") if self.filters.isVisible() else self.tr("closed")
        self.filter_button.setAccessibleName(f"{words}, {opened}")
        writable = not self.context.read_only
        adding = (self.add_folder_button, self.add_files_button, *self._empty_buttons)
        for button in (*adding, self.samples_button, self.again_button):
            button.setEnabled(writable)
        for button in (self.add_folder_button, self.add_files_button, self.evaluate_button):
            button.setVisible(total > 0)
        self._show_choice()

    def _describe_library(self, entries: Sequence[Entry]) -> str:
        if not entries:
            return ""
        models = sum(entry.model is not None for entry in entries)
        size = (
            self.tr("1 model in the library")
            if models == 1
            else self.tr("{0} models in the library")
        )
        parts = [size.format(models)] if models else []
        reading = sum(entry.state is EntryState.READING for entry in entries)
        unusable = sum(entry.model is None for entry in entries) - reading
        if reading:
            parts.append(self.tr("{0} being read").format(reading))
        if unusable:
            parts.append(self.tr("{0} not usable").format(unusable))
        stores = dict.fromkeys(entry.store for entry in entries if entry.store)
        if stores:
            parts.append(self.tr("also from {0}").format(", ".join(sorted(stores))))
        return " · ".join(parts)

    def _show_choice(self) -> None:
        chosen = self.table.chosen
        usable = sum(entry.can_be_evaluated for entry in chosen)
        self.evaluate_button.setEnabled(usable > 0)
        self.evaluate_button.setText(
            self.tr("Evaluate {0} models").format(usable) if usable > 1 else self.tr("Evaluate")
        )
        removable = any(entry.model is not None for entry in chosen)
        self.remove_button.setEnabled(removable and not self.context.read_only)
        self._remove_action.setEnabled(self.remove_button.isEnabled())
        current = self.table.current
        self.details.show_entry(current, len(chosen), writable=not self.context.read_only)
        self.answers.show_fit(current)

    # Doing

    def _evaluate(self) -> None:
        chosen = [entry.key for entry in self.table.chosen if entry.can_be_evaluated]
        if chosen:
            self.context.prepare_evaluation(chosen)

    def _copy_paths(self) -> None:
        paths = [entry.path for entry in self.table.chosen]
        QGuiApplication.clipboard().setText("\n".join(paths))

    def _open_folder(self) -> None:
        current = self.table.current
        if current is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(current.path).parent)))

    def _annotate(self, model_id: str, annotation: ModelAnnotation) -> None:
        self.teller.annotate(model_id, annotation)

    def _remove(self) -> None:
        models = [entry.model for entry in self.table.chosen if entry.model is not None]
        if models and not self.context.read_only:
            self.teller.remove(models, self._want_back)

    def _want_back(self, ids: tuple[str, ...]) -> None:
        self._wanted = ids

    # Dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files and folders of this machine."""
        if list_dropped(event.mimeData()) and not self.context.read_only:
            event.acceptProposedAction()
            self._drop_sign.appear()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the sign away."""
        super().dragLeaveEvent(event)
        self._drop_sign.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        self._drop_sign.hide()
        event.acceptProposedAction()
        self.intake.add(list_dropped(event.mimeData()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the sign as large as the screen."""
        super().resizeEvent(event)
        self._drop_sign.setGeometry(self.rect().adjusted(8, 0, -8, -8))

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return this screen's keys."""
        return (
            ("Ctrl+F", self.tr("search")),
            ("F5", self.tr("look again")),
            (self.tr("Alt+1 … 9"), self.tr("sort by a column")),
            (self.tr("Return"), self.tr("evaluate")),
            (self.tr("Delete"), self.tr("remove")),
        )
