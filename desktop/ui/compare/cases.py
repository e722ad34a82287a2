"""The matrix of cases and models with what narrows it: text, tag, disagreements, flaky cases."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
)

from desktop.domain.comparison import Comparison
from desktop.ui.compare.table import (
    FIRST_MODEL_COLUMN,
    TAG_COLUMN,
    TITLE_COLUMN,
    CaseFilter,
    CompareDelegate,
    CompareTableModel,
    ModelHeader,
)
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.fields import CheckBox, ComboBox
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.table import TableView

_MODEL_WIDTH = 104
_WIDEST_MODEL_WIDTH = 200
_NARROW_MODEL_WIDTH = 70
_TITLE_WIDTH = 96
_CALM_TITLE_WIDTH = 190
_TAG_WIDTH = 110


class CasesPanel(Card):
    """The matrix with what narrows it: text, tag, disagreements, flaky cases."""

    def __init__(self) -> None:
        """Make an empty matrix."""
        super().__init__(margin=10)
        self.case_changed: Callable[[int], None] = lambda _: None
        self.model = CompareTableModel(self)
        self.filter = CaseFilter(self.model, self)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search cases and answers"))
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.setClearButtonEnabled(True)
        self.tags = ComboBox()
        self.tags.setAccessibleName(self.tr("Tag"))
        self.disagreements = CheckBox(self.tr("Disagreements"))
        self.disagreements.setToolTip(self.tr("Only cases that some passed and others did not"))
        self.flaky = CheckBox(self.tr("Flaky"))
        self.flaky.setToolTip(self.tr("Only cases that a model sometimes passed, sometimes not"))
        self.flaky.hide()
        self.count = Label("", "label")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(150)
        self._timer.timeout.connect(self._narrow)
        self.search.textChanged.connect(lambda _: self._timer.start())
        self.tags.currentIndexChanged.connect(lambda _: self._narrow())
        for box in (self.disagreements, self.flaky):
            box.toggled.connect(lambda _: self._narrow())

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        row.addWidget(self.tags)
        row.addWidget(self.disagreements)
        row.addWidget(self.flaky)
        row.addWidget(self.count)
        self.body.addLayout(row)
        self.table = TableView()
        self.table.setAccessibleName(self.tr("Cases and models"))
        self.header = ModelHeader(self.model, self.table)
        self.table.setHorizontalHeader(self.header)
        self.table.setItemDelegate(CompareDelegate(self.table))
        self.table.setModel(self.filter)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(self._tell_row)
        self.body.addWidget(self.table, 1)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show other cases; the case that was chosen stays chosen if it is still there."""
        before = self._present_case()
        self.model.show_comparison(comparison)
        present = self.tags.currentText()
        self.tags.blockSignals(True)
        self.tags.clear()
        self.tags.addItem(self.tr("All tags"), "")
        for tag in sorted({tag for case in comparison.cases for tag in case.tags}):
            self.tags.addItem(tag, tag)
        self.tags.setCurrentIndex(max(0, self.tags.findText(present)))
        self.tags.blockSignals(False)
        some_flaky = any(case.is_flaky for case in comparison.cases)
        self.flaky.setVisible(some_flaky)
        self.flaky.setChecked(some_flaky and self.flaky.isChecked())
        self._narrow(before)
        self._fit_columns()

    def _present_case(self) -> tuple[str, str] | None:
        row = self.table.currentIndex().row()
        if not 0 <= row < self.filter.rowCount():
            return None
        case = self.filter.case_at(row)
        return case.suite_id, case.case_id

    def _narrow(self, wanted: tuple[str, str] | None = None) -> None:
        wanted = wanted or self._present_case()
        self.filter.narrow(
            text=self.search.text(),
            tag=str(self.tags.currentData() or ""),
            only_disagreements=self.disagreements.isChecked(),
            only_flaky=self.flaky.isChecked(),
        )
        seen, all_rows = self.filter.rowCount(), self.model.rowCount()
        self.count.setText(
            self.tr("{0} of {1}").format(seen, all_rows) if seen != all_rows else str(seen)
        )
        rows = (r for r in range(seen) if self._key(r) == wanted)
        row = next(rows, 0) if wanted else 0
        if seen:
            self._go_to(row)
        self.case_changed(row if seen else -1)

    def _key(self, row: int) -> tuple[str, str]:
        case = self.filter.case_at(row)
        return case.suite_id, case.case_id

    def _go_to(self, row: int) -> None:
        column = max(0, self.table.currentIndex().column())
        self.table.setCurrentIndex(self.filter.index(row, column))

    def _tell_row(self, current: QModelIndex, _: QModelIndex) -> None:
        self.case_changed(current.row() if current.isValid() else -1)

    def go_to_disagreement(self, step: int) -> None:
        """Choose the next or previous case on which models disagree."""
        found = self.filter.find_disagreement(self.table.currentIndex().row(), step)
        if found is not None:
            self._go_to(found)
            self.table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give columns their share of the room."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Fit models first, then tags, and leave the rest to titles; scroll if all is narrow."""
        models = self.model.columnCount() - FIRST_MODEL_COLUMN
        if models < 1:
            return
        room = self.table.viewport().width()
        self.header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        with_tags = room - models * _NARROW_MODEL_WIDTH - _TAG_WIDTH >= _CALM_TITLE_WIDTH
        spare = room - _CALM_TITLE_WIDTH - (_TAG_WIDTH if with_tags else 0)
        # Names that differ only in their middle or end can be told apart when they stand whole.
        wanted = max(
            self.header.sectionSizeFromContents(FIRST_MODEL_COLUMN + number).width()
            for number in range(models)
        )
        wanted = min(max(wanted, _MODEL_WIDTH), _WIDEST_MODEL_WIDTH)
        width = min(max(spare // models, _NARROW_MODEL_WIDTH), wanted)
        self.table.setColumnHidden(TAG_COLUMN, not with_tags)
        for column in range(FIRST_MODEL_COLUMN, FIRST_MODEL_COLUMN + models):
            self.table.setColumnWidth(column, width)
        self.table.setColumnWidth(TAG_COLUMN, _TAG_WIDTH)
        taken = width * models + (_TAG_WIDTH if with_tags else 0)
        self.table.setColumnWidth(TITLE_COLUMN, max(_TITLE_WIDTH, room - taken))
