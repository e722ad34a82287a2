"""The table that lists share: rows with a line below, the whole row chosen, by keyboard too."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop.ui.theme import tokens

ROW_PADDING = 18
_CELL_PADDING = 8


class RowDelegate(QStyledItemDelegate):
    """Paints a row's ground, its mark when chosen, and text. Others paint cells on top of it."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return a row's height from its font, so that larger text gets room."""
        height = QFontMetrics(option.font).height() + ROW_PADDING
        return QSize(super().sizeHint(option, index).width() + 8, height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint ground and text of a cell."""
        chosen = self.paint_ground(painter, option, index)
        self.paint_text(painter, option, index, strong=False, dim=not chosen and index.column() > 0)

    def paint_ground(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Paint the ground, the line below and, at the row's beginning, the mark if chosen."""
        area: QRect = option.rect
        state = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(area, QColor(tokens().accent_ground))
            if index.column() == 0:
                right = option.direction == Qt.LayoutDirection.RightToLeft
                x = area.right() - 2 if right else area.left()
                painter.fillRect(QRect(x, area.top(), 3, area.height()), QColor(tokens().accent))
        painter.setPen(QPen(QColor(tokens().line), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.restore()
        return chosen

    def paint_text(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
        *,
        strong: bool,
        dim: bool,
    ) -> None:
        """Paint the cell's text in one line with an ellipsis."""
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        given = index.data(Qt.ItemDataRole.TextAlignmentRole)
        align = Qt.AlignmentFlag(given) if given else Qt.AlignmentFlag.AlignLeft
        area: QRect = option.rect
        font = option.font
        font.setBold(strong)
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(tokens().dim if dim else tokens().text))
        inner = area.adjusted(_CELL_PADDING + 2, 0, -_CELL_PADDING, 0)
        shown = QFontMetrics(font).elidedText(
            text.replace("\n", " "), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, align | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


class TableView(QTableView):
    """A table with the look of the window. Keys move rows; Tab leaves the table."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Make the table without a model."""
        super().__init__(parent)
        self.setItemDelegate(RowDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        # One height for all rows keeps thousands of them quick.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + ROW_PADDING)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(48)
