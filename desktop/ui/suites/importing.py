"""Bringing in another program's file: what it is, what each column fills, and what comes of it."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.suite import Suite
from desktop.domain.suite_import import ImportPreview, TableOptions
from desktop.errors import UserError
from desktop.ui.formatting import format_number
from desktop.ui.screen import Context
from desktop.ui.suites.panel import Panel
from desktop.ui.widgets.buttons import link_button, plain_button, primary_button
from desktop.ui.widgets.card import line, quote_frame
from desktop.ui.widgets.fields import ComboBox, make_whole_number
from desktop.ui.widgets.flow import FlowLayout
from desktop.ui.widgets.labels import ElidedLabel, Label
from desktop.worker.suite_drafts import import_file
from desktop.worker.suite_exchange import list_formats, preview_import

_UNUSED = "ignore"  # the field of tables that fills nothing
_MOST_CASES = 5
_MOST_NOTICES = 20
_MOST_CHARACTERS = 600
_TABLES = ("csv", "jsonl")


class ImportPage(QWidget):
    """One file on its way in. `left` is the way back; `added` carries the new suite."""

    left = Signal()
    added = Signal(object)

    def __init__(self, context: Context) -> None:
        """Make an empty page."""
        super().__init__()
        self._context = context
        self._path = Path()
        self._filling = False
        self.columns: dict[str, ComboBox] = {}
        self.preview = ImportPreview(format="")
        self.name = ElidedLabel("", "strong")
        self.form = ComboBox()
        self.form.setAccessibleName(self.tr("Format"))
        self.form.addItem(self.tr("Format found by itself"), "")
        for form in list_formats():
            self.form.addItem(form.title, form.name)
        self.sample = make_whole_number(0, 0, 10_000_000, name=self.tr("How many questions"))
        self.sample.setSpecialValueText(self.tr("All questions"))
        self.sample.setSuffix(self.tr(" questions"))
        self.seed = make_whole_number(0, 0, 2**31 - 1, name=self.tr("Seed"))
        self.seed.setPrefix(self.tr("Seed "))
        self.panel = Panel()
        self.import_button = primary_button(self.tr("Import"), self._import)
        self._lay_out()
        self.form.currentIndexChanged.connect(lambda _: self.look())

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(link_button(self.tr("← All suites"), self.left.emit))
        row.addWidget(self.name, 1)
        row.addWidget(plain_button(self.tr("Another file…"), self.ask))
        row.addWidget(self.import_button)
        choices = QWidget()
        flow = FlowLayout(spacing=8, parent=choices)
        for part in (self.form, self.sample, self.seed):
            flow.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(choices)
        column.addWidget(self.panel, 1)

    def ask(self) -> bool:
        """Let people choose a file; return whether they did."""
        kinds = self.tr("Suites and tables (*.yaml *.yml *.json *.jsonl *.ndjson *.csv *.tsv)")
        every = self.tr("All files (*)")
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Import a suite"), "", f"{kinds};;{every}"
        )
        if name:
            self.show_file(Path(name))
        return bool(name)

    def show_file(self, path: Path) -> None:
        """Show what would come of a file."""
        self._path = path
        self.name.setText(str(path))
        self._filling = True
        self.form.setCurrentIndex(0)
        self.sample.setValue(0)
        self._filling = False
        self.columns = {}
        self.look()

    def look(self) -> None:
        """Preview the file under what is chosen; columns of another form are forgotten."""
        if self._filling:
            return
        path, form, table = self._path, str(self.form.currentData() or ""), self._table()

        def take(preview: ImportPreview) -> None:
            if path == self._path:
                self._show(preview)

        self.import_button.setEnabled(False)
        self._context.runner.run(lambda: preview_import(path, form, table), take, self._refuse)

    def _table(self) -> TableOptions:
        # Every column is named, or those that people don't want would be guessed again.
        return TableOptions(
            mapping={name: str(box.currentData()) for name, box in self.columns.items()}
        )

    def _refuse(self, failure: Exception) -> None:
        if not isinstance(failure, UserError):
            self._context.show_failure(failure)
            return
        layout = self.panel.clear()
        layout.addWidget(Label(failure.message, "bad", wrap=True).make_selectable())
        for text in (failure.remedy, failure.details):
            layout.addWidget(Label(text, "dim", wrap=True).make_selectable())
        layout.addStretch(1)

    def _show(self, preview: ImportPreview) -> None:
        self.preview = preview
        is_table = preview.format in _TABLES
        for field in (self.sample, self.seed):
            field.setVisible(not is_table and preview.format not in {"touchstone", "promptfoo"})
        self.import_button.setEnabled(not preview.problem and preview.total > 0)
        layout = self.panel.clear()
        titles = {form.name: form.title for form in list_formats()}
        words = self.tr("{0}: {1} cases")
        told = words.format(
            titles.get(preview.format, preview.format), format_number(preview.total)
        )
        layout.addWidget(Label(told, "card-title", wrap=True))
        if preview.problem:
            layout.addWidget(Label(preview.problem, "bad", wrap=True).make_selectable())
        self._add_columns(layout, preview)
        for notice in preview.notices[:_MOST_NOTICES]:
            layout.addWidget(Label(f"!  {notice.sentence}", "warning", wrap=True).make_selectable())
        left = len(preview.notices) - _MOST_NOTICES
        if left > 0:
            layout.addWidget(Label(self.tr("… and {0} more").format(left), "warning"))
        self._add_cases(layout, preview)
        layout.addStretch(1)

    def _add_columns(self, layout: QVBoxLayout, preview: ImportPreview) -> None:
        self.columns = {}
        for number, column in enumerate(preview.columns):
            box = ComboBox()
            box.setAccessibleName(self.tr("What the column {0} fills").format(column))
            box.addItem(self.tr("not used"), _UNUSED)
            for field in preview.fields:
                if field != _UNUSED:
                    box.addItem(field, field)
            box.setCurrentIndex(max(0, box.findData(preview.mapping.get(column, _UNUSED))))
            box.currentIndexChanged.connect(lambda _: self.look())
            self.columns[column] = box
            sample = next((row[number] for row in preview.rows if number < len(row)), "")
            row = QHBoxLayout()
            row.setSpacing(10)
            row.addWidget(ElidedLabel(column, "strong"), 2)
            row.addWidget(box, 2)
            row.addWidget(ElidedLabel(sample, "dim"), 4)
            layout.addLayout(row)
        if preview.columns:
            layout.addWidget(line())

    def _add_cases(self, layout: QVBoxLayout, preview: ImportPreview) -> None:
        for case in preview.cases[:_MOST_CASES]:
            asked = "\n\n".join(message.content for message in case.messages)
            asked = asked or "\n".join(part.context + part.text for part in case.continuations)
            cut = asked[:_MOST_CHARACTERS] + ("…" if len(asked) > _MOST_CHARACTERS else "")
            layout.addWidget(Label(case.title or case.id, "label", wrap=True))
            layout.addWidget(quote_frame(cut))

    def _import(self) -> None:
        path, form, table = self._path, self.preview.format, self._table()
        sample, seed = self.sample.value(), self.seed.value()
        operations = self._context.operations

        def bring() -> Suite:
            made = import_file(path, form, table, sample=sample, seed=seed)
            return operations.add_suite(made)

        self.import_button.setEnabled(False)
        self._context.runner.run(bring, self.added.emit, self._refuse)
