"""Cases by models as a table: the model behind it, what may be seen of it, and how cells look."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem, QWidget

from desktop.domain.comparison import ComparedAnswer, ComparedCase, ComparedModel, Comparison
from desktop.domain.run import Outcome
from desktop.ui.theme import model_color, scaled, tokens
from desktop.ui.widgets.dot import paint_dot
from desktop.ui.widgets.pill import Tone, paint_pill
from desktop.ui.widgets.table import RowDelegate

TITLE_COLUMN = 0
TAG_COLUMN = 1
FIRST_MODEL_COLUMN = 2
_SORT_ROLE = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_TONES = {"✓": Tone.GOOD, "✕": Tone.BAD, "■": Tone.BAD, "!": Tone.WARNING}


def _tr(text: str) -> str:
    return QCoreApplication.translate("CompareTable", text)


def describe_outcome(answer: ComparedAnswer | None) -> tuple[str, Tone]:
    """Return sign and word for a cell, and its tone; repeats show how many passed."""
    if answer is None:
        return _tr("… waiting"), Tone.NEUTRAL
    sign, word, tone = {
        Outcome.PASSED: ("✓", _tr("pass"), Tone.GOOD),
        Outcome.FAILED: ("✕", _tr("fail"), Tone.BAD),
        Outcome.REFUSED: ("⊘", _tr("refused"), Tone.BAD),
        Outcome.TRUNCATED: ("■", _tr("cut off"), Tone.BAD),
        Outcome.THINKING_ONLY: ("■", _tr("only thought"), Tone.BAD),
        Outcome.ERROR: ("!", _tr("error"), Tone.WARNING),
        Outcome.OPEN: ("?", _tr("to be rated"), Tone.NEUTRAL),
        Outcome.MEASURED: ("·", _tr("measured"), Tone.NEUTRAL),
    }[answer.outcome]
    if answer.repeats > 1 and answer.outcome.is_judged:
        word = _tr("{0} of {1}").format(answer.repeats_passed, answer.repeats)
    return f"{sign} {word}", tone


def _rank(answer: ComparedAnswer | None) -> float:
    """Return where a cell sorts: passes, then by score, cut off, errors, and what waits last."""
    if answer is None:
        return -3.0
    if not answer.outcome.is_judged:
        return -2.0
    if answer.outcome in (Outcome.TRUNCATED, Outcome.THINKING_ONLY):
        return -1.0
    return answer.score + (1.0 if answer.outcome is Outcome.PASSED else 0.0)


class ModelColumns(QAbstractTableModel):
    """A table of which some columns are models, each with its colour."""

    def color_at(self, column: int) -> int | None:
        """Return the palette index of a model's column; `None` for others, as all are here."""
        del column
        return None


class CompareTableModel(ModelColumns):
    """All cases of a comparison; nothing is copied, cells are looked up when painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Begin empty."""
        super().__init__(parent)
        self._cases: Sequence[ComparedCase] = ()
        self._models: Sequence[ComparedModel] = ()

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Take another comparison."""
        self.beginResetModel()
        self._cases = comparison.cases if comparison else ()
        self._models = comparison.models if comparison else ()
        self.endResetModel()

    def case_at(self, row: int) -> ComparedCase:
        """Return the case of a row of this model."""
        return self._cases[row]

    def color_at(self, column: int) -> int | None:
        """Return the palette index of a model's column."""
        place = column - FIRST_MODEL_COLUMN
        return self._models[place].color if 0 <= place < len(self._models) else None

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of cases."""
        return 0 if parent is not None and parent.isValid() else len(self._cases)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return title, tags and one column a model."""
        valid = parent is not None and parent.isValid()
        return 0 if valid else FIRST_MODEL_COLUMN + len(self._models)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return column titles; a model's full name is the tool tip."""
        if orientation is Qt.Orientation.Vertical:
            return None
        if section >= FIRST_MODEL_COLUMN:
            column = self._models[section - FIRST_MODEL_COLUMN]
            if role == Qt.ItemDataRole.DisplayRole:
                return column.label
            if role == Qt.ItemDataRole.ToolTipRole:
                return column.model.facts.name
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (_tr("CASE"), _tr("TAG"))[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, tool tip, order, and for screen readers the whole sentence of a cell."""
        case = self._cases[index.row()]
        column = index.column()
        if column >= FIRST_MODEL_COLUMN:
            return self._answer_data(case, column - FIRST_MODEL_COLUMN, role)
        text = case.title if column == TITLE_COLUMN else ", ".join(case.tags)
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == _SORT_ROLE:
            return text.casefold()
        if role == Qt.ItemDataRole.ToolTipRole:
            return text
        return None

    def _answer_data(self, case: ComparedCase, place: int, role: int) -> Any:
        answer = case.answers[place]
        if role == Qt.ItemDataRole.DisplayRole:
            return describe_outcome(answer)[0]
        if role == _SORT_ROLE:
            return _rank(answer)
        if role == Qt.ItemDataRole.ToolTipRole:
            return answer.explanation if answer else _tr("There is no answer yet.")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            told = describe_outcome(answer)[0]
            why = f", {answer.explanation}" if answer and answer.explanation else ""
            return f"{case.title}, {self._models[place].label}: {told}{why}"
        return None


class CaseFilter(QSortFilterProxyModel):
    """Which cases are seen: by text, tag, whether the models disagree, and steadiness."""

    def __init__(self, source: CompareTableModel, parent: QObject | None = None) -> None:
        """Begin with all of `source`."""
        super().__init__(parent)
        self._source = source
        self._text = ""
        self._tag = ""
        self._only_disagreements = False
        self._only_flaky = False
        self.setSourceModel(source)
        self.setSortRole(_SORT_ROLE)

    def narrow(
        self, *, text: str, tag: str, only_disagreements: bool, only_flaky: bool = False
    ) -> None:
        """Change what is seen; the text is looked for in title, prompt, tags and answers."""
        self.beginFilterChange()
        self._text = text.casefold().strip()
        self._tag = tag
        self._only_disagreements = only_disagreements
        self._only_flaky = only_flaky
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def case_at(self, row: int) -> ComparedCase:
        """Return the case of a row that is seen."""
        return self._source.case_at(self.mapToSource(self.index(row, 0)).row())

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:
        """Tell whether a case is seen."""
        del source_parent
        case = self._source.case_at(source_row)
        if self._only_disagreements and not case.disagrees:
            return False
        if self._only_flaky and not case.is_flaky:
            return False
        if self._tag and self._tag not in case.tags:
            return False
        return not self._text or any(self._text in part.casefold() for part in _words(case))

    def find_disagreement(self, row: int, step: int = 1) -> int | None:
        """Return the next row after `row` on which models disagree, going round once."""
        count = self.rowCount()
        for distance in range(1, count + 1):
            candidate = (row + step * distance) % count
            if self.case_at(candidate).disagrees:
                return candidate
        return None


def _words(case: ComparedCase) -> tuple[str, ...]:
    answers = tuple(a.text for a in case.answers if a)
    return (case.title, case.prompt, case.case_id, *case.tags, *answers)


class CompareDelegate(RowDelegate):
    """Paints verdicts as pills; title and tags as text."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one cell."""
        if index.column() < FIRST_MODEL_COLUMN:
            super().paint(painter, option, index)
            return
        self.paint_ground(painter, option, index)
        text = str(index.data() or "")
        tone = _TONES.get(text[:1], Tone.NEUTRAL)
        painter.setFont(option.font)
        paint_pill(painter, option.rect, text, tone)


class ModelHeader(QHeaderView):
    """Column titles with the models' dots, and an arrow where the table is sorted."""

    def __init__(self, source: ModelColumns, parent: QWidget) -> None:
        """Make the header of `source`'s columns."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._source = source
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorClearable(True)
        self.setSortIndicatorShown(False)
        self.setFixedHeight(self.fontMetrics().height() + 18)

    def sectionSizeFromContents(self, logicalIndex: int) -> QSize:  # noqa: N802, N803 -- Qt's names
        """Return room for the whole title with its dot."""
        text = str(self._source.headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        return QSize(self.fontMetrics().horizontalAdvance(f"{text} ↓") + 36, self.height())

    def _choose_elision(self, metrics: QFontMetrics, width: int) -> Qt.TextElideMode:
        """Cut titles at their end, or in their middle where models would look the same."""
        end = Qt.TextElideMode.ElideRight
        columns = [
            n for n in range(self._source.columnCount()) if self._source.color_at(n) is not None
        ]
        titles = {str(self._source.headerData(n, Qt.Orientation.Horizontal) or "") for n in columns}
        shown = {metrics.elidedText(title, end, width) for title in titles}
        return end if len(shown) == len(titles) else Qt.TextElideMode.ElideMiddle

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N802, N803 -- Qt's names
        """Paint a title with its dot, and the order if it is the one that sorts."""
        painter.save()
        painter.fillRect(rect, QColor(tokens().panel))
        painter.setPen(QPen(QColor(tokens().line), 1))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        text = str(self._source.headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        color = self._source.color_at(logicalIndex)
        inner = rect.adjusted(10, 0, -6, 0)
        right = self.isRightToLeft()
        if color is not None:
            x = inner.right() - 6 if right else inner.left() + 4
            paint_dot(painter, QPointF(x, rect.center().y() + 1), model_color(color), 9)
            inner = inner.adjusted(0 if right else 16, 0, -16 if right else 0, 0)
        font = self.font()
        font.setPixelSize(scaled(12))
        painter.setFont(font)
        painter.setPen(QColor(tokens().dim if color is not None else tokens().faint))
        if self.sortIndicatorSection() == logicalIndex:
            up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            text = f"{text} {'↑' if up else '↓'}"
        mode = self._choose_elision(QFontMetrics(font), inner.width())
        shown = QFontMetrics(font).elidedText(text, mode, inner.width())
        align = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(inner, align | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()
