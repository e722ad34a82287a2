"""The matrix of pairs: may I say that the model of this row is better than that of this column?"""

from collections.abc import Callable
from string import ascii_uppercase
from typing import Any

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.comparison import ComparedModel, ComparedPair, Comparison, Saying
from desktop.ui.compare.standing import Standing
from desktop.ui.compare.table import ModelColumns, ModelHeader
from desktop.ui.formatting import format_points
from desktop.ui.screen import scrolled
from desktop.ui.theme import model_color, tokens
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.dot import paint_dot
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Tone, paint_pill
from desktop.ui.widgets.table import RowDelegate, TableView

_Index = QModelIndex | QPersistentModelIndex
_NAME_WIDTH = 150
_LEAST_CELL = 92
_WIDEST_CELL = 190
# From so many models on, columns are too narrow for long names.
_LETTERED = 5


def _tr(text: str) -> str:
    return QCoreApplication.translate("ComparePairs", text)


def describe_cell(pair: ComparedPair, *, asks_first: bool) -> tuple[str, Tone]:
    """Return sign and difference of a cell, seen from the row's model, and its tone."""
    if not pair.cases:
        return _tr("not compared"), Tone.NEUTRAL
    points = format_points(pair.difference if asks_first else -pair.difference)
    if pair.answer(asks_first=asks_first) is Saying.YES:
        return f"✓ {points}", Tone.GOOD
    if pair.answer(asks_first=not asks_first) is Saying.YES:
        return f"✕ {points}", Tone.BAD
    if not pair.enough_cases:
        return _tr("! too few"), Tone.WARNING
    return f"≈ {points}", Tone.NEUTRAL


class PairTableModel(ModelColumns):
    """Models by models; the first column holds their names, the diagonal nothing."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Begin empty."""
        super().__init__(parent)
        self._models: tuple[ComparedModel, ...] = ()
        self._pairs: dict[tuple[int, int], ComparedPair] = {}

    def show_comparison(self, comparison: Comparison) -> None:
        """Take another comparison."""
        self.beginResetModel()
        self._models = comparison.models
        self._pairs = {(pair.first, pair.second): pair for pair in comparison.pairs}
        self.endResetModel()

    def label_at(self, place: int) -> str:
        """Return a model's label, after a letter where so many are cut that some look alike."""
        label = self._models[place].label
        if len(self._models) < _LETTERED or place >= len(ascii_uppercase):
            return label
        return f"{ascii_uppercase[place]}  {label}"

    def model_at(self, place: int) -> ComparedModel:
        """Return the model of a row, or of the column after it."""
        return self._models[place]

    def pair_at(self, index: _Index) -> tuple[ComparedPair, bool] | None:
        """Return a cell's pair, and whether the row's model is its first."""
        row, other = index.row(), index.column() - 1
        pair = self._pairs.get((min(row, other), max(row, other)))
        return (pair, pair.first == row) if pair and other >= 0 else None

    def color_at(self, column: int) -> int | None:
        """Return the palette index of a model's column."""
        return self._models[column - 1].color if 1 <= column <= len(self._models) else None

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of models."""
        return 0 if parent is not None and parent.isValid() else len(self._models)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return the names and one column a model."""
        return 0 if parent is not None and parent.isValid() else 1 + len(self._models)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the models' labels."""
        if orientation is Qt.Orientation.Vertical:
            return None
        if section == 0:
            return _tr("BETTER THAN") if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.label_at(section - 1)
        return self._models[section - 1].label if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Let only pairs be chosen."""
        if self.pair_at(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, and as tool tip and for screen readers its sentence."""
        if index.column() == 0:
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
            return self.label_at(index.row()) if role in shown else None
        found = self.pair_at(index)
        if found is None:
            return None
        pair, asks_first = found
        if role == Qt.ItemDataRole.DisplayRole:
            return describe_cell(pair, asks_first=asks_first)[0]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return pair.sentence
        return None


class PairDelegate(RowDelegate):
    """Paints verdicts as pills and the rows' models with their dots."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one cell."""
        source = index.model()
        if not isinstance(source, PairTableModel):
            return
        self.paint_ground(painter, option, index)
        area: QRect = option.rect
        if index.column() == 0:
            color = source.model_at(index.row()).color
            self._paint_name(painter, option, source.label_at(index.row()), color)
            return
        found = source.pair_at(index)
        if found is None:
            return
        painter.setFont(option.font)
        text, tone = describe_cell(found[0], asks_first=found[1])
        paint_pill(painter, area, text, tone)

    def _paint_name(
        self, painter: QPainter, option: QStyleOptionViewItem, label: str, color: int
    ) -> None:
        area: QRect = option.rect
        right = option.direction == Qt.LayoutDirection.RightToLeft
        x = area.right() - 10 if right else area.left() + 10
        paint_dot(painter, QPointF(x, area.center().y() + 1), model_color(color), 9)
        inner = area.adjusted(6, 0, -22, 0) if right else area.adjusted(22, 0, -6, 0)
        align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(option.font)
        painter.setPen(QColor(tokens().text))
        shown = QFontMetrics(option.font).elidedText(
            label, Qt.TextElideMode.ElideMiddle, inner.width()
        )
        painter.drawText(inner, align | Qt.AlignmentFlag.AlignVCenter, shown)


class PairsPanel(Card):
    """Where the models stand, and what may be said of each two of them."""

    def __init__(self) -> None:
        """Make an empty panel."""
        super().__init__(margin=12)
        self.pair_changed: Callable[[ComparedPair | None, bool], None] = lambda *_: None
        self.model = PairTableModel(self)
        self.table = TableView()
        self.table.setAccessibleName(_tr("Pairs of models"))
        self.table.setHorizontalHeader(ModelHeader(self.model, self.table))
        self.table.setItemDelegate(PairDelegate(self.table))
        self.table.setModel(self.model)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.horizontalHeader().setSectionsClickable(False)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentChanged.connect(lambda now, _: self._tell(now))
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(10)
        self.standing: Standing | None = None
        self._legend = Label(
            _tr(
                "In points of share passed, the row's model against the column's: ✓ better, "
                "✕ worse, ≈ can't be told apart."
            ),
            "label",
            wrap=True,
        )
        self._column.addWidget(line())
        self._column.addWidget(self.table)
        self._column.addWidget(self._legend)
        self._column.addStretch(1)
        self.body.addWidget(scrolled(page), 1)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show other models, the first pair chosen."""
        if self.standing is not None:
            self._column.removeWidget(self.standing)
            self.standing.hide()
            self.standing.deleteLater()
        self.standing = Standing(comparison)
        self._column.insertWidget(0, self.standing)
        self.model.show_comparison(comparison)
        rows = self.model.rowCount() * self.table.verticalHeader().defaultSectionSize()
        bar = self.table.horizontalScrollBar().sizeHint().height()
        self.table.setFixedHeight(self.table.horizontalHeader().height() + rows + bar + 4)
        self._fit_columns()
        if comparison.pairs:
            self.table.setCurrentIndex(self.model.index(0, 2))
        else:
            self.pair_changed(None, True)

    def _tell(self, current: QModelIndex) -> None:
        found = self.model.pair_at(current) if current.isValid() else None
        if found is None:
            self.pair_changed(None, True)
        else:
            self.pair_changed(*found)

    def showEvent(self, event: QShowEvent) -> None:
        """Give the columns their share of the room, which was not known before."""
        super().showEvent(event)
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the columns their share of the room."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        models = self.model.rowCount()
        if not models:
            return
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        room = self.table.viewport().width()
        cell = min(max((room - _NAME_WIDTH) // models, _LEAST_CELL), _WIDEST_CELL)
        self.table.setColumnWidth(0, max(_NAME_WIDTH, room - cell * models))
        for column in range(1, models + 1):
            self.table.setColumnWidth(column, cell)
