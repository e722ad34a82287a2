"""Fields that paint their own marks, so that they are seen on dark and light alike."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.ui.theme import tokens

_BOX = 16
_SPACE = 8
_TEXT_MARGIN = 7
_WIDEST_POPUP = 480
_POPUP_ROOM = 30


def paint_check(painter: QPainter, box: QRectF, *, checked: bool, enabled: bool = True) -> None:
    """Paint a check box: an outline, or filled with a tick."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    now = tokens()
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    if checked:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.accent if enabled else now.faint))
        painter.drawRoundedRect(inner, 4, 4)
        painter.setPen(
            QPen(
                QColor(now.on_accent),
                2,
                Qt.PenStyle.SolidLine,
                Qt.PenCapStyle.RoundCap,
                Qt.PenJoinStyle.RoundJoin,
            )
        )
        x, y = box.x(), box.y()
        painter.drawPolyline(
            QPolygonF([QPointF(x + 4, y + 8.5), QPointF(x + 7, y + 11.5), QPointF(x + 12, y + 5)])
        )
    else:
        painter.setPen(QPen(QColor(now.faint if enabled else now.line), 1))
        painter.setBrush(QColor(now.panel))
        painter.drawRoundedRect(inner, 4, 4)
    painter.restore()


class CheckBox(QCheckBox):
    """A check box in the window's colours."""

    def sizeHint(self) -> QSize:
        """Return room for box, space and text."""
        metrics = QFontMetrics(self.font())
        width = _BOX + 6
        if self.text():
            width += _SPACE + metrics.horizontalAdvance(self.text())
        return QSize(width, max(_BOX + 6, metrics.height() + 6))

    def minimumSizeHint(self) -> QSize:
        """Return the same: half a label helps nobody."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint box, text and focus."""
        del event
        painter = QPainter(self)
        right = self.isRightToLeft()
        x = self.width() - _BOX - 3 if right else 3
        box = QRectF(x, (self.height() - _BOX) / 2, _BOX, _BOX)
        paint_check(painter, box, checked=self.isChecked(), enabled=self.isEnabled())
        painter.setPen(QColor(tokens().text if self.isEnabled() else tokens().faint))
        margin = _BOX + 3 + _SPACE
        room = self.rect().adjusted(0 if right else margin, 0, -margin if right else 0, 0)
        align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(
            room,
            align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic,
            self.text(),
        )
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens().accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        painter.end()

    def hitButton(self, pos: object) -> bool:  # noqa: N802 -- Qt's name
        """Take clicks anywhere on it."""
        del pos
        return True


class ComboBox(QComboBox):
    """A drop-down list with a small arrow; what drops down is as wide as its longest line."""

    def showPopup(self) -> None:  # noqa: N802 -- Qt's name
        """Make room for long lines, however narrow the field is."""
        view = self.view()
        view.setMinimumWidth(min(_WIDEST_POPUP, view.sizeHintForColumn(0) + _POPUP_ROOM))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the field, then the arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens().dim), 1.5))
        x = 13 if self.isRightToLeft() else self.width() - 13
        y = self.height() / 2
        painter.drawPolyline(
            QPolygonF([QPointF(x - 4, y - 2), QPointF(x, y + 2), QPointF(x + 4, y - 2)])
        )
        painter.end()


class CheckDelegate(QStyledItemDelegate):
    """Paints checkable lines of a list: box, text, ground when chosen."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return a height with some air."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width() + 12, QFontMetrics(option.font).height() + 10)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint one line."""
        area = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(tokens().accent_ground))
        right = option.direction == Qt.LayoutDirection.RightToLeft
        x = area.right() - _BOX - 2 if right else area.left() + 3
        box = QRectF(x, area.center().y() - _BOX / 2 + 1, _BOX, _BOX)
        state = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole))
        paint_check(painter, box, checked=state is Qt.CheckState.Checked)
        margin = _BOX + _SPACE + 3
        room = area.adjusted(0 if right else margin, 0, -margin if right else 0, 0)
        painter.save()
        painter.setPen(QColor(tokens().text))
        text = QFontMetrics(option.font).elidedText(
            str(index.data() or ""), Qt.TextElideMode.ElideRight, room.width()
        )
        align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(room, align | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _finish(field: QAbstractSpinBox, name: str) -> None:
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.setAccessibleName(name)
    # Style sheets don't reach the line edit inside, whose text would touch the frame.
    field.lineEdit().setTextMargins(_TEXT_MARGIN, 0, _TEXT_MARGIN, 0)


def make_whole_number(
    value: int, low: int, high: int, *, name: str, parent: QWidget | None = None
) -> QSpinBox:
    """Return a field for a whole number; arrow keys and wheel-less, so that scrolling is safe."""
    field = QSpinBox(parent)
    field.setRange(low, high)
    field.setValue(value)
    _finish(field, name)
    return field


def make_number(
    value: float,
    low: float,
    high: float,
    *,
    name: str,
    decimals: int = 2,
    parent: QWidget | None = None,
) -> QDoubleSpinBox:
    """Return a field for a number with so many decimals."""
    field = QDoubleSpinBox(parent)
    field.setDecimals(decimals)
    field.setRange(low, high)
    field.setSingleStep(0.1)
    field.setValue(value)
    _finish(field, name)
    return field
