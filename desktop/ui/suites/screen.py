"""The Suites screen: what can be asked of models, and where one's own questions are kept."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel, ModelKind
from desktop.domain.suite import Suite
from desktop.domain.suite_import import Notice as SuiteNotice
from desktop.ui.screen import Context, Screen
from desktop.ui.suites.cases import CasesPage
from desktop.ui.suites.details import SuiteDetails
from desktop.ui.suites.editor import EditorPage
from desktop.ui.suites.entries import Origin, SuiteEntry, describe_for_search, make_columns
from desktop.ui.suites.importing import ImportPage
from desktop.ui.widgets.buttons import link_button, plain_button, primary_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.ui.widgets.records import RecordTable
from desktop.ui.widgets.search import SearchField, match_words
from desktop.ui.widgets.split import DetailSplit
from desktop.worker.suite_drafts import EditedText, duplicate_suite, open_text
from desktop.worker.suite_exchange import export_suite
from desktop.worker.suite_shelf import UnreadSuite, find_unread, single_out

_SPLIT = "suites"
_LIST, _CASES, _FAILURE, _EDITOR, _IMPORT = 1, 2, 3, 4, 5


class SuitesScreen(Screen):
    """All suites: those that ship, the user's own, and those that were imported."""

    def __init__(self, context: Context) -> None:
        """Make the screen; suites are loaded when it comes to the front."""
        super().__init__(context, QCoreApplication.translate("suites", "Suites"))
        self._stale = True
        self._wanted = ""
        self.table = RecordTable(
            make_columns(),
            lambda entry: str(entry.key),
            name=self.tr("Suites"),
            nothing_found=self.tr("No suite matches. Press Escape in the search to empty it."),
        )
        self.details = SuiteDetails()
        self.search = SearchField(self.tr("Search suites"))
        self.cases = CasesPage()
        self.cases_button = primary_button(self.tr("See the cases"), self._open_cases)
        self.cases_button.setToolTip(self.tr("Read what the chosen suite asks (Return)"))
        self.duplicate_button = plain_button(self.tr("Duplicate"), self._duplicate)
        self.duplicate_button.setToolTip(
            self.tr("Make a copy of the chosen suite that can be changed, and open it")
        )
        self.edit_button = plain_button(self.tr("Edit"), self._edit)
        self.editor = EditorPage(context)
        self.import_button = link_button(self.tr("Import…"), self._ask_for_import)
        self.import_button.setToolTip(self.tr("Make a suite of a table or of a benchmark's file"))
        self.export_button = link_button(self.tr("Export…"), self._export)
        self.importing = ImportPage(context)
        self._buttons = (self.duplicate_button, self.edit_button, self.cases_button)
        for button in self._buttons:
            self.add_action(button)
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())  # until suites are known, nothing is claimed
        self._stack.addWidget(self._make_list())
        self._stack.addWidget(self.cases)
        self._stack.addWidget(
            EmptyState(
                self.tr("The suites could not be read"),
                self.tr("The notice above says why. Nothing was changed."),
                (plain_button(self.tr("Try again"), self.reload),),
            )
        )
        self._stack.addWidget(self.editor)
        self._stack.addWidget(self.importing)
        self.body.addWidget(self._stack, 1)
        self._connect()
        self._show_state()

    def _make_list(self) -> QWidget:
        page = QWidget()
        self.search.bind(page)
        self.search.setMaximumWidth(340)
        self._count = Label("", "label")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.search, 3)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self.import_button)
        row.addWidget(self.export_button)
        card = Card(margin=6)
        card.body.addWidget(self.table)
        self.split = DetailSplit(card, self.details)
        self.split.restore(self.context.options.splitter_sizes.get(_SPLIT, ()))
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.split, 1)
        return page

    def _connect(self) -> None:
        self.table.choice_changed.connect(self._show_choice)
        self.table.opened.connect(self._open_cases)
        self.table.offer(self.tr("See the cases"), self._open_cases)
        self.table.offer(self.tr("Duplicate"), self._duplicate)
        self._edit_action = self.table.offer(self.tr("Edit"), self._edit)
        self.search.textChanged.connect(lambda _: self._filter())
        self.table.offer(self.tr("Export…"), self._export)
        self.importing.left.connect(self._show_list)
        self.importing.added.connect(self._take_import)
        self.editor.left.connect(self._show_list)
        self.editor.saved.connect(self.context.suites_changed.emit)
        self.models_menu = QMenu(self)
        self.cases.tried.connect(self._offer_models)
        self.cases.left.connect(self._show_list)
        self.context.suites_changed.connect(self._mark_stale)

    # Loading

    def activate(self) -> None:
        """Load suites if they may have changed."""
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

    def _mark_stale(self) -> None:
        self._stale = True
        if self.isVisible():
            self.reload()

    def focus_first(self) -> None:
        """Give the keyboard to the list in front; while it loads, the screen keeps it."""
        ways = (self.editor.field, self.cases.table, self.table)
        next((way for way in ways if way.isVisible()), self).setFocus()

    def reload(self) -> None:
        """Load suites anew, and find out which of the user's files can't be read."""
        self._stale = False
        operations, files = self.context.operations, self.context.options.suite_files

        def load() -> tuple[tuple[Suite, ...], tuple[UnreadSuite, ...]]:
            suites = operations.list_suites()
            read = {suite.path for suite in suites}
            return suites, find_unread([name for name in files if name not in read])

        self.run(load, self._take_suites, self._give_up)

    def _give_up(self, failure: Exception) -> None:
        self._stale = True
        if not self.table.records.records:
            self._stack.setCurrentIndex(_FAILURE)
        self.context.show_failure(failure)

    def _take_suites(self, found: tuple[Sequence[Suite], Sequence[UnreadSuite]]) -> None:
        suites, unread = found
        entries = [SuiteEntry(suite=suite) for suite in suites]
        entries += [SuiteEntry(unread=each) for each in unread]
        self.table.show_records(entries)
        if self._wanted:
            self.table.choose([self._wanted])
            self._wanted = ""
        elif entries and not self.table.chosen:
            self.table.choose([entries[0].key])
        if self._stack.currentIndex() in (0, _FAILURE):
            self._stack.setCurrentIndex(_LIST)
        self.settle_focus()
        self._show_state()

    # What is shown

    @property
    def entry(self) -> SuiteEntry | None:
        """The suite that is chosen."""
        found: SuiteEntry | None = self.table.current
        return found

    def _filter(self) -> None:
        text = self.search.text()
        self.table.filter(match_words(text, describe_for_search) if text.strip() else None)
        self._show_state()

    def _show_state(self) -> None:
        records = self.table.records
        total, shown = len(records.records), len(records.shown)
        self._count.setText(self.tr("{0} of {1}").format(shown, total) if shown < total else "")
        self._show_choice()

    def _show_choice(self) -> None:
        entry = self.entry
        self.details.show_entry(entry)
        self.cases_button.setEnabled(bool(entry and entry.cases))
        self.duplicate_button.setEnabled(bool(entry and entry.suite))
        self.export_button.setEnabled(bool(entry and entry.cases))
        can_edit = entry is not None and entry.origin is not Origin.BUNDLED
        self.edit_button.setEnabled(can_edit)
        self._edit_action.setEnabled(can_edit)
        self.edit_button.setToolTip(
            self.tr("Change the text of the chosen suite")
            if can_edit
            else self.tr("Suites that ship stay as they are; duplicate it to change the copy")
        )
        self._show_header()

    def _show_header(self) -> None:
        page = self._stack.currentIndex()
        for button in self._buttons:
            button.setVisible(page == _LIST)
        if page == _EDITOR:
            self.show_title(os.path.basename(self.editor.path), self.editor.path)  # noqa: PTH119 -- as text
            return
        if page == _CASES and self.cases.suite is not None:
            suite = self.cases.suite
            self.show_title(suite.title, self._count_cases(len(suite.cases)))
            return
        entries: list[SuiteEntry] = self.table.records.records
        cases = sum(len(entry.cases) for entry in entries)
        words = self.tr("1 suite") if len(entries) == 1 else self.tr("{0} suites")
        told = f"{words.format(len(entries))}, {self._count_cases(cases)}" if entries else ""
        self.show_title(self.tr("Suites"), told)

    def _count_cases(self, count: int) -> str:
        return self.tr("1 case") if count == 1 else self.tr("{0} cases").format(count)

    # Going to and fro

    def _open_cases(self) -> None:
        entry = self.entry
        if entry is None or entry.suite is None:
            return
        self.cases.show_suite(entry.suite)
        self._stack.setCurrentIndex(_CASES)
        self._show_header()
        self.cases.table.setFocus()

    def _show_list(self) -> None:
        self._stack.setCurrentIndex(_LIST)
        self._show_header()
        self.table.setFocus()

    # Changing

    def _duplicate(self) -> None:
        entry = self.entry
        if entry is None or entry.suite is None:
            return
        suite, operations = entry.suite, self.context.operations
        taken = {e.suite.id for e in self.table.records.records if e.suite is not None}
        title = self.tr("{0} (copy)").format(suite.title)

        def copy() -> tuple[Suite, EditedText]:
            path = duplicate_suite(suite, title, taken)
            return operations.add_suite(path), open_text(path)

        self.run(copy, self._take_copy)

    def _take_copy(self, made: tuple[Suite, EditedText]) -> None:
        suite, edited = made
        self._wanted = suite.path
        self.context.adopt_suite(suite)
        self.show_editor(edited)

    def _edit(self) -> None:
        entry = self.entry
        if entry is None or entry.origin is Origin.BUNDLED:
            return
        self.run(lambda: open_text(Path(entry.path)), self.show_editor)

    def show_editor(self, edited: EditedText) -> None:
        """Bring the editor to the front with a text."""
        self.editor.show_text(edited)
        self._stack.setCurrentIndex(_EDITOR)
        self._show_header()
        self.editor.field.setFocus()

    # Trying a case

    def _offer_models(self) -> None:
        self.run(self.context.operations.list_models, self._show_models)

    def _show_models(self, models: Sequence[LanguageModel]) -> None:
        self.models_menu.clear()
        for model in models:
            if model.facts.kind is ModelKind.LANGUAGE_MODEL:
                self.models_menu.addAction(model.facts.name, partial(self._try, model))
        if self.models_menu.isEmpty():
            self.models_menu.addAction(self.tr("No model yet: add one in Models")).setEnabled(False)
        button = self.cases.try_button
        self.models_menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _try(self, model: LanguageModel) -> None:
        suite, case = self.cases.suite, self.cases.case
        if suite is None or case is None:
            return
        operations, queue = self.context.operations, self.context.queue
        settings, alone = self.context.options.run, single_out(suite, case)

        def submit() -> None:
            plan = operations.plan_evaluation([model], [alone], speed=False, settings=settings)
            queue.submit(plan)

        self.run(submit, lambda _: self.context.await_evaluation())

    # Coming and going

    def _ask_for_import(self) -> None:
        if self.importing.ask():
            self.show_import()

    def show_import(self) -> None:
        """Bring what is being imported to the front."""
        self._stack.setCurrentIndex(_IMPORT)
        self._show_header()
        self.importing.form.setFocus()

    def _take_import(self, suite: Suite) -> None:
        self._wanted = suite.path
        self._show_list()
        self.context.adopt_suite(suite)

    def _export(self) -> None:
        entry = self.entry
        if entry is None or entry.suite is None:
            return
        kinds = self.tr("Suite (*.yaml);;CSV table (*.csv);;JSONL table (*.jsonl)")
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export the suite"), f"{entry.suite.id}.yaml", kinds
        )
        if name:
            self.export_to(entry.suite, Path(name))

    def export_to(self, suite: Suite, path: Path) -> None:
        """Write a suite as the form that the file's name asks for, and tell what it can't hold."""

        def tell(lost: tuple[SuiteNotice, ...]) -> None:
            text = " ".join(notice.sentence for notice in lost)
            tone = Tone.WARNING if lost else Tone.GOOD
            title = self.tr("{0} was written.").format(path.name)
            self.context.show_notice(Notice(title=title, text=text, tone=tone, key="suite-export"))

        self.run(lambda: export_suite(suite, path), tell)

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of this screen."""
        return (
            (self.tr("Return"), self.tr("see the cases")),
            ("Ctrl+F", self.tr("search")),
            ("Ctrl+S", self.tr("save what is being changed")),
        )
