"""A field for the text of a suite: numbered lines, quiet colours, marked lines, its own Tab."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRegularExpression, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from desktop.ui.theme import theme, tokens

_INDENT = "  "
_MARGIN = 8
_LONGEST_LINE = 4000


class _YamlColors(QSyntaxHighlighter):
    """Keys, quoted texts and comments told apart; nothing loud."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._key = QRegularExpression(r"^\s*(- )*[A-Za-z_][\w.-]*(?=:(\s|$))")
        self._quoted = QRegularExpression("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^']|'')*'")
        self._comment = QRegularExpression(r"(^|\s)#.*$")
        theme.changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:  # noqa: N802 -- Qt's name
        if len(text) > _LONGEST_LINE:
            return
        now = tokens()
        for pattern, color in (
            (self._key, now.accent),
            (self._quoted, now.good),
            (self._comment, now.faint),
        ):
            shape = QTextCharFormat()
            shape.setForeground(QColor(color))
            matches = pattern.globalMatch(text)
            while matches.hasNext():
                found = matches.next()
                self.setFormat(found.capturedStart(), found.capturedLength(), shape)


class _Numbers(QWidget):
    """The numbers beside the lines."""

    def __init__(self, field: "CodeField") -> None:
        super().__init__(field)
        self._field = field

    def sizeHint(self) -> QSize:
        return QSize(self._field.numbers_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._field.paint_numbers(self, event)


class CodeField(QPlainTextEdit):
    """The field. Tab indents by two spaces, which is what YAML wants; Escape leaves it."""

    def __init__(self, name: str) -> None:
        """Make an empty field; `name` is for screen readers."""
        super().__init__()
        self.setAccessibleName(name)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # YAML reads that way everywhere
        self._colors = _YamlColors(self.document())
        self._numbers = _Numbers(self)
        self._marked: dict[int, bool] = {}
        self.blockCountChanged.connect(lambda _: self._make_room())
        self.updateRequest.connect(self._move_numbers)
        theme.changed.connect(self._paint_marks)
        self._make_room()

    def mark_lines(self, lines: Sequence[tuple[int, bool]]) -> None:
        """Mark lines (from 1) in which something was found; with true only a warning."""
        self._marked = {}
        for line, is_warning in lines:
            self._marked[line] = self._marked.get(line, True) and is_warning
        self._paint_marks()

    def go_to(self, line: int) -> None:
        """Put the cursor at the beginning of a line (from 1), in the middle of what is seen."""
        block = self.document().findBlockByNumber(max(0, line - 1))
        cursor = QTextCursor(block if block.isValid() else self.document().lastBlock())
        self.setTextCursor(cursor)
        self.centerCursor()
        self.setFocus()

    def replace_text(self, text: str) -> None:
        """Replace everything as one change that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)

    def numbers_width(self) -> int:
        """Return the room that the numbers need."""
        digits = max(3, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9") * digits + 2 * _MARGIN

    def paint_numbers(self, area: QWidget, event: QPaintEvent) -> None:
        """Paint the numbers of the lines that are seen; marked ones stand out by a sign too."""
        now = tokens()
        painter = QPainter(area)
        painter.fillRect(event.rect(), QColor(now.ground))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        width = area.width() - _MARGIN
        height = self.fontMetrics().height()
        while block.isValid() and top <= event.rect().bottom():
            line = block.blockNumber() + 1
            warns = self._marked.get(line)
            color = now.faint if warns is None else now.warning if warns else now.bad
            painter.setPen(QColor(color))
            place = QRect(0, round(top), width, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, str(line))
            if warns is not None:
                painter.drawText(place, Qt.AlignmentFlag.AlignLeft, "!" if warns else "✕")
            top += self.blockBoundingRect(block).height()
            block = block.next()
        painter.end()

    def _paint_marks(self) -> None:
        selections = []
        for line, is_warning in self._marked.items():
            block = self.document().findBlockByNumber(line - 1)
            if line < 1 or not block.isValid():
                continue
            selection = QTextEdit.ExtraSelection()
            ground = tokens().warning_ground if is_warning else tokens().bad_ground
            selection.format.setBackground(QColor(ground))
            selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            selection.cursor = QTextCursor(block)
            selections.append(selection)
        self.setExtraSelections(selections)
        self._numbers.update()

    def _make_room(self) -> None:
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)
        self._place_numbers()

    def _place_numbers(self) -> None:
        inside = self.viewport().geometry()
        width = self.numbers_width()
        self._numbers.setGeometry(inside.left() - width, inside.top(), width, inside.height())

    def _move_numbers(self, rect: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the numbers beside the text."""
        super().resizeEvent(event)
        self._place_numbers()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Tab indent, Return keep the indentation, Escape lead out."""
        cursor = self.textCursor()
        if event.key() == Qt.Key.Key_Escape:
            self.focusNextChild()
        elif event.key() == Qt.Key.Key_Tab and not cursor.hasSelection():
            cursor.insertText(_INDENT[: 2 - cursor.positionInBlock() % 2])
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            before = cursor.block().text()[: cursor.positionInBlock()]
            cursor.insertText("\n" + before[: len(before) - len(before.lstrip(" "))])
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)
