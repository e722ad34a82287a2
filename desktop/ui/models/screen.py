"""The Models screen: the library, what is known of each model, and how more come in."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.events import RunEvent, RunFinished
from desktop.domain.language_model import LanguageModel
from desktop.ui.models.columns import (
    can_be_evaluated,
    describe_for_search,
    make_columns,
    name_model,
)
from desktop.ui.models.details import ModelDetails
from desktop.ui.models.intake import Intake, list_dropped
from desktop.ui.screen import Context, Screen
from desktop.ui.widgets.busy import BusyLine
from desktop.ui.widgets.buttons import link_button, plain_button, primary_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.records import RecordTable
from desktop.ui.widgets.search import SearchField, match_words
from desktop.ui.widgets.split import DetailSplit
from desktop.worker.operations import MemoryFit

_SPLIT = "models"
_EMPTY, _LIST, _FAILURE = 1, 2, 3


class ModelsScreen(Screen):
    """The library of language models. Files and folders can be dropped anywhere on it."""

    def __init__(self, context: Context) -> None:
        """Make the screen; models are loaded when it comes to the front."""
        super().__init__(context, QCoreApplication.translate("models", "Models"))
        self.setAcceptDrops(True)
        self._stale = True
        self._wanted: tuple[str, ...] = ()
        self._samples: tuple[LanguageModel, ...] = ()
        self.intake = Intake(context, self)
        self.table = RecordTable(
            make_columns(),
            lambda model: str(model.id),
            name=self.tr("Language models"),
            nothing_found=self.tr("No model matches the search. Press Escape to empty it."),
        )
        self.details = ModelDetails()
        self.search = SearchField(self.tr("Search models"))
        self.search.bind(self)
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
                (plain_button(self.tr("Try again"), self.reload),),
            )
        )
        self.body.addWidget(self.busy)
        self.body.addWidget(self._stack, 1)
        self._drop_sign = _DropSign(self)
        self._connect()

    def _make_buttons(self) -> None:
        self.add_folder_button = plain_button(self.tr("Add folder…"), self.intake.ask_for_folder)
        self.add_files_button = plain_button(self.tr("Add files…"), self.intake.ask_for_files)
        self.evaluate_button = primary_button(self.tr("Evaluate"), self._evaluate)
        self.evaluate_button.setToolTip(self.tr("Evaluate the chosen models (Return)"))
        self.remove_button = plain_button(self.tr("Remove"), self._remove)
        self.remove_button.setToolTip(
            self.tr("Take the chosen models out of the library; the files stay (Delete)")
        )
        self.again_button = link_button(self.tr("Look again"), self.intake.look_again)
        self.again_button.setToolTip(self.tr("Read the folders of the settings anew"))
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
            "Drop GGUF files or a folder here, or add them below. Only their headers are read;"
            " they stay where they are."
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
        row.setSpacing(10)
        self.search.setMaximumWidth(340)
        self._count = Label("", "label")
        row.addWidget(self.search, 3)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self.again_button)
        row.addWidget(self.remove_button)
        column.addLayout(row)
        card = Card(margin=6)
        card.body.addWidget(self.table)
        self.split = DetailSplit(card, self.details)
        self.split.restore(self.context.options.splitter_sizes.get(_SPLIT, ()))
        column.addWidget(self.split, 1)
        return page

    def _connect(self) -> None:
        self.context.models_changed.connect(self._mark_stale)
        self.context.events.happened.connect(self._follow)
        self.context.options_changed.connect(self._show_state)
        self.context.database_changed.connect(self._show_state)
        self.intake.started.connect(self.busy.begin)
        self.intake.ended.connect(self.busy.end)
        self.intake.added.connect(self._choose_added)
        self.search.textChanged.connect(self._search)
        self.table.choice_changed.connect(self._show_choice)
        self.table.opened.connect(self._evaluate)
        self.table.delete_pressed.connect(self._remove)
        self.table.offer(self.tr("Evaluate"), self._evaluate)
        self.table.offer(self.tr("Copy path"), self._copy_paths)
        self._remove_action = self.table.offer(self.tr("Remove from the library"), self._remove)

    # Loading

    def activate(self) -> None:
        """Load the library if it may have changed."""
        if self._stale:
            self.reload()

    def deactivate(self) -> None:
        """Keep the widths of the panes."""
        shares = self.split.shares
        if self.context.options.splitter_sizes.get(_SPLIT) != shares:
            self.context.change_options(
                lambda now: msgspec.structs.replace(
                    now, splitter_sizes={**now.splitter_sizes, _SPLIT: shares}
                )
            )

    def _follow(self, event: RunEvent) -> None:
        # A run computes the SHA-256 of its model, which is shown here.
        if isinstance(event, RunFinished):
            self._mark_stale()

    def _mark_stale(self) -> None:
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
        self.run(self.context.operations.list_models, self._take_models, self._give_up)

    def _give_up(self, failure: Exception) -> None:
        self._stale = True
        if not self.table.records.records:
            self._stack.setCurrentIndex(_FAILURE)
        self._show_state()
        self.context.show_failure(failure)

    def _take_models(self, models: Sequence[LanguageModel]) -> None:
        self.intake.known = frozenset(model.id for model in models)
        self.table.show_records(models)
        if self._wanted:
            self.table.choose(self._wanted)
            self._wanted = ()
        elif models and not self.table.chosen:
            self.table.choose([self.table.records.shown[0].id] if self.table.records.shown else [])
        self._stack.setCurrentIndex(_LIST if models else _EMPTY)
        typing = self.focusWidget() is self.search
        if self.isAncestorOf(self.focusWidget()) and not typing:
            (self.table if models else self._empty_buttons[0]).setFocus()
        self.settle_focus()
        self._show_state()
        if not models:
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

    def _search(self, text: str) -> None:
        self.table.filter(match_words(text, describe_for_search) if text.strip() else None)
        self._show_state()

    def _show_state(self) -> None:
        total = len(self.table.records.records)
        shown = len(self.table.records.shown)
        size = (
            self.tr("1 model in the library")
            if total == 1
            else self.tr("{0} models in the library")
        )
        self.show_title(self.tr("Models"), size.format(total) if total else "")
        self._count.setText(self.tr("{0} of {1}").format(shown, total) if shown < total else "")
        self.again_button.setVisible(bool(self.context.options.model_folders))
        writable = not self.context.read_only
        adding = (self.add_folder_button, self.add_files_button, *self._empty_buttons)
        for button in (*adding, self.samples_button, self.again_button):
            button.setEnabled(writable)
        for button in (self.add_folder_button, self.add_files_button, self.evaluate_button):
            button.setVisible(total > 0)
        self._show_choice()

    def _show_choice(self) -> None:
        chosen = self.table.chosen
        usable = sum(can_be_evaluated(model) for model in chosen)
        self.evaluate_button.setEnabled(usable > 0)
        self.evaluate_button.setText(
            self.tr("Evaluate {0} models").format(usable) if usable > 1 else self.tr("Evaluate")
        )
        self.remove_button.setEnabled(bool(chosen) and not self.context.read_only)
        self._remove_action.setEnabled(self.remove_button.isEnabled())
        self._show_details(self.table.current, len(chosen))

    def _show_details(self, model: LanguageModel | None, chosen: int) -> None:
        self.details.show_model(model, chosen)
        if model is None or not can_be_evaluated(model):
            return
        settings = self.context.options.run
        operations = self.context.operations

        def current() -> bool:
            now = self.table.current
            return now is not None and now.id == model.id

        def take(fit: MemoryFit) -> None:
            if current():
                self.details.show_fit(fit)

        def give_up(failure: Exception) -> None:
            if current():
                self.details.show_no_fit(failure)

        self.run(lambda: operations.check_memory(model, settings), take, give_up)

    # Doing

    def _evaluate(self) -> None:
        chosen = [model for model in self.table.chosen if can_be_evaluated(model)]
        if chosen:
            self.context.prepare_evaluation([model.id for model in chosen])

    def _copy_paths(self) -> None:
        paths = [model.path for model in self.table.chosen]
        QGuiApplication.clipboard().setText("\n".join(paths))

    def _remove(self) -> None:
        chosen: list[LanguageModel] = self.table.chosen
        if not chosen or self.context.read_only:
            return
        ids = tuple(model.id for model in chosen)
        operations = self.context.operations
        title = (
            self.tr("{0} was removed from the library.").format(name_model(chosen[0]))
            if len(chosen) == 1
            else self.tr("{0} models were removed from the library.").format(len(chosen))
        )

        def tell(_: object) -> None:
            self.context.models_changed.emit()
            self.context.show_notice(
                Notice(
                    title=title,
                    text=self.tr("Files and runs stay."),
                    action_text=self.tr("Undo"),
                    action=lambda: self._restore(ids),
                    key="models-removed-" + ids[0],
                )
            )

        self.run(lambda: operations.remove_models(ids), tell)

    def _restore(self, ids: tuple[str, ...]) -> None:
        def tell(_: object) -> None:
            self._wanted = ids
            self.context.models_changed.emit()

        self.run(lambda: self.context.operations.restore_models(ids), tell)

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
            (self.tr("Alt+1 … 9"), self.tr("sort by a column")),
            (self.tr("Return"), self.tr("evaluate")),
            (self.tr("Delete"), self.tr("remove")),
        )


class _DropSign(QFrame):
    """Covers the screen while something is dragged over it."""

    def __init__(self, parent: QWidget) -> None:
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
