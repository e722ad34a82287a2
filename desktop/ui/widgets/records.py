"""Lists of records as tables: columns are functions; search, order and choice are kept by key.

Filtering and sorting are done on Python lists, with each key computed once: five thousand rows
take milliseconds, where a proxy that calls back for every comparison takes a good part of a
second.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem, QWidget

from desktop.domain.base import Value
from desktop.ui.theme import tokens
from desktop.ui.widgets.pill import Tone, paint_pill
from desktop.ui.widgets.table import RowDelegate, TableView

Index = QModelIndex | QPersistentModelIndex

_PILL_ROLE = Qt.ItemDataRole.UserRole + 1
_WIDEST = 220
_FIRST_COLUMN = 190
_FIGURES = 9
_SAMPLE = 60
_PILL_ROOM = 46
_TEXT_ROOM = 28


class Column(Value, frozen=True, kw_only=True):
    """One column. `order` is its sort key; records without one (`None`) come last either way.

    Where room is short, columns of the lowest `importance` are hidden first; the first column
    always stays.
    """

    title: str
    text: Callable[[Any], str]
    order: Callable[[Any], Any] | None = None
    pill: Callable[[Any], tuple[str, Tone] | None] | None = None
    hint: Callable[[Any], str] | None = None
    right: bool = False
    importance: int = 5


class RecordModel(QAbstractTableModel):
    """The records that pass the filter, in order."""

    def __init__(self, columns: Sequence[Column], *, parent: QObject | None = None) -> None:
        """Begin empty, in the order in which records come."""
        super().__init__(parent)
        self.columns = tuple(columns)
        self.records: list[Any] = []
        self.shown: list[Any] = []
        self._accepts: Callable[[Any], bool] | None = None
        self._sort_column = -1
        self._descending = False

    def show_records(self, records: Iterable[Any]) -> None:
        """Take other records."""
        self.records = list(records)
        self._arrange()

    def filter(self, accepts: Callable[[Any], bool] | None) -> None:
        """Show only what `accepts` takes; `None` shows all."""
        self._accepts = accepts
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put records in the order of a column."""
        self._sort_column = column
        self._descending = order is Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        accepts = self._accepts
        self.shown = [r for r in self.records if accepts is None or accepts(r)]
        if 0 <= self._sort_column < len(self.columns):
            column = self.columns[self._sort_column]
            key = column.order or (lambda record: column.text(record).casefold())
            pairs = [(key(record), record) for record in self.shown]
            known = [pair for pair in pairs if pair[0] is not None]
            known.sort(key=lambda pair: pair[0], reverse=self._descending)
            unknown = [record for found, record in pairs if found is None]
            self.shown = [record for _, record in known] + unknown
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many records are shown."""
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        record = self.shown[index.row()]
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(record)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.hint(record) if column.hint else column.text(record)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(record) or '–'}"  # noqa: RUF001 -- an en dash stands for nothing
        if role == _PILL_ROLE:
            return column.pill(record) if column.pill else None
        return None


def _alignment(column: Column) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return int((side | Qt.AlignmentFlag.AlignVCenter).value)


class _RecordDelegate(RowDelegate):
    """Paints pills where a column has them, and the first column strong."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        hint = super().sizeHint(option, index)
        font = option.font
        font.setBold(index.column() == 0)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        extra = 40 if index.data(_PILL_ROLE) else 22
        return QSize(QFontMetrics(font).horizontalAdvance(text) + extra, hint.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        chosen = self.paint_ground(painter, option, index)
        pill = index.data(_PILL_ROLE)
        if pill:
            paint_pill(painter, option.rect, pill[0], pill[1])
            return
        first = index.column() == 0
        self.paint_text(painter, option, index, strong=first, dim=not chosen and not first)


class RecordTable(TableView):
    """A table of records. Choice survives reloading, searching and sorting.

    `choice_changed` follows every change of what is chosen or current; `opened` is Return or a
    double click; `delete_pressed` the Delete key.
    """

    choice_changed = Signal()
    opened = Signal()
    delete_pressed = Signal()

    def __init__(
        self,
        columns: Sequence[Column],
        key: Callable[[Any], str],
        *,
        name: str,
        nothing_found: str,
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty table; `name` is for screen readers, `nothing_found` for a vain search."""
        super().__init__(parent=parent)
        self.records = RecordModel(columns, parent=self)
        self._key = key
        self._nothing_found = nothing_found
        self._quiet = False
        self.setModel(self.records)
        self.setItemDelegate(_RecordDelegate(self))
        self.setAccessibleName(name)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorShown(True)
        header.sortIndicatorChanged.connect(self._sort)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().selectionChanged.connect(lambda *_: self._tell())
        self.selectionModel().currentChanged.connect(lambda *_: self._tell())
        self.doubleClicked.connect(lambda _: self.opened.emit())
        self._widths: list[int] = []

    @property
    def chosen(self) -> list[Any]:
        """The chosen records in the order shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.records.shown[row] for row in rows]

    @property
    def current(self) -> Any:
        """The record that the keyboard stands on if it is chosen, else the first chosen one."""
        index = self.currentIndex()
        if index.isValid() and self.selectionModel().isRowSelected(index.row()):
            return self.records.shown[index.row()]
        chosen = self.chosen
        return chosen[0] if chosen else None

    def offer(self, text: str, on_choice: Callable[[], object]) -> QAction:
        """Add an entry to the menu of the right mouse button; return it to be enabled or not."""
        action = QAction(text, self)
        action.triggered.connect(lambda: on_choice())  # noqa: PLW0108 -- drops "checked"
        self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return action

    def show_records(self, records: Iterable[Any]) -> None:
        """Take other records; what was chosen stays chosen where it is still there."""
        self._keep_choice(lambda: self.records.show_records(records))
        self._measure()

    def filter(self, accepts: Callable[[Any], bool] | None) -> None:
        """Show only what `accepts` takes."""
        self._keep_choice(lambda: self.records.filter(accepts))

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        """Put records in the order of a column, and show the mark in its header."""
        self.horizontalHeader().setSortIndicator(column, order)

    def choose(self, keys: Iterable[str]) -> None:
        """Choose the records of these keys, as far as they are shown."""
        wanted = set(keys)
        rows = [row for row, r in enumerate(self.records.shown) if self._key(r) in wanted]
        self._quiet = True
        self._choose_rows(rows, rows[0] if rows else -1)
        self._quiet = False
        self._tell()

    def _sort_by_place(self, place: int) -> None:
        """Sort by the column seen at `place`; the other way round if it is sorted by it."""
        columns = range(len(self.records.columns))
        seen = [column for column in columns if not self.isColumnHidden(column)]
        if place >= len(seen):
            return
        header = self.horizontalHeader()
        again = header.sortIndicatorSection() == seen[place]
        ascending = Qt.SortOrder.AscendingOrder
        turned = again and header.sortIndicatorOrder() is ascending
        self.sort_by(seen[place], Qt.SortOrder.DescendingOrder if turned else ascending)

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        self._keep_choice(lambda: self.records.sort(column, order))

    def _keep_choice(self, change: Callable[[], None]) -> None:
        chosen = {self._key(record) for record in self.chosen}
        index = self.currentIndex()
        current = self._key(self.records.shown[index.row()]) if index.isValid() else ""
        self._quiet = True
        change()
        keys = [self._key(record) for record in self.records.shown]
        rows = [row for row, key in enumerate(keys) if key in chosen]
        self._choose_rows(rows, keys.index(current) if current in keys else -1)
        self._quiet = False
        self._tell()

    def _choose_rows(self, rows: Sequence[int], current: int) -> None:
        selection = QItemSelection()
        last = len(self.records.columns) - 1
        for row in rows:
            selection.select(self.records.index(row, 0), self.records.index(row, last))
        model = self.selectionModel()
        if current >= 0:
            index = self.records.index(current, 0)
            model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(index)
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _tell(self) -> None:
        if not self._quiet:
            self.choice_changed.emit()

    # Columns give way where room is short

    def _measure(self) -> None:
        """Find each column's wanted width once a load; a sample of rows is enough.

        Asking the view for its hints takes ten times as long, too long where lists stream in.
        """
        headings = QFontMetrics(self.horizontalHeader().font())
        metrics = QFontMetrics(self.font())
        shown = self.records.shown
        sample = shown[:: max(1, len(shown) // _SAMPLE)]
        self._widths = []
        for column in self.records.columns:
            widest = headings.horizontalAdvance(column.title) + 34
            for text, is_pill in {(column.text(r), column.pill is not None) for r in sample}:
                room = metrics.horizontalAdvance(text) + (_PILL_ROOM if is_pill else _TEXT_ROOM)
                widest = max(widest, min(_WIDEST, room))
            self._widths.append(widest)
        self._fit()

    def _fit(self) -> None:
        columns = self.records.columns
        if not self._widths:
            return
        room = self.viewport().width() - _FIRST_COLUMN
        order = sorted(range(1, len(columns)), key=lambda n: -columns[n].importance)
        for number in order:
            room -= self._widths[number]
            self.setColumnHidden(number, room < 0)
            self.setColumnWidth(number, self._widths[number])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many columns as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say that nothing was found where a search leaves nothing."""
        super().paintEvent(event)
        if self.records.shown or not self.records.records:
            return
        painter = QPainter(self.viewport())
        painter.setPen(QColor(tokens().dim))
        area = self.viewport().rect().adjusted(16, 24, -16, -16)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(area, flags | Qt.TextFlag.TextWordWrap, self._nothing_found)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Return open, Delete delete, Alt with a figure sort; the rest moves through rows."""
        number = event.key() - Qt.Key.Key_1
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and 0 <= number < _FIGURES:
            self._sort_by_place(number)
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.opened.emit()
        elif event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)
