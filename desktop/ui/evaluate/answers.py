"""Answers as they arrive: the newest first, growing while they are written."""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.run import Outcome
from desktop.ui.evaluate.monitor import AnswerLine
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.labels import ElidedLabel, Label

_SHOWN = 24
_MOST_TEXT = 280


class _AnswerRow(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._dot = Dot(None)
        self._title = ElidedLabel("", "strong")
        self._verdict = ElidedLabel("", "dim")
        self._text = Label("", "dim", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._dot)
        head.addWidget(self._title, 3)
        head.addWidget(self._verdict, 2)
        self._verdict.setAlignment(Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._text)
        column.addSpacing(4)
        column.addWidget(line())

    def show_answer(self, answer: AnswerLine) -> None:
        self._dot.set_index(answer.color)
        self._title.setText(answer.title)
        verdict, role = describe_state(answer)
        self._verdict.setText(verdict)
        self._verdict.set_role(role)
        # Thinking gives way to the answer; of a cut-off one its end is all there is.
        thinks = bool(answer.thinking) and not answer.text.strip()
        if thinks:
            text = shorten(answer.thinking, growing=True)
        else:
            text = shorten(answer.text, growing=answer.outcome is None)
        if self._text.text() != text:
            self._text.setText(text)
            self._text.setAccessibleName(self.tr("Thinking: {0}").format(text) if thinks else "")
        self._text.set_role("thinking" if thinks else "dim")
        self._text.setVisible(bool(text))


def shorten(text: str, *, growing: bool) -> str:
    """Return a text that fits into a few lines: the end of a growing one, else the beginning."""
    flat = " ".join(text.split())
    if len(flat) <= _MOST_TEXT:
        return flat
    return f"… {flat[-_MOST_TEXT:]}" if growing else f"{flat[:_MOST_TEXT]} …"


def describe_state(answer: AnswerLine) -> tuple[str, str]:
    """Return a sign and words for how an answer stands, and the role that colours them."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("AnswersPanel", text)

    if answer.outcome is None:
        return tr("… thinking") if answer.is_thinking else tr("… writing"), "dim"
    told, role = {
        Outcome.PASSED: (tr("✓ pass"), "good"),
        Outcome.FAILED: (tr("✕ fail"), "bad"),
        Outcome.REFUSED: (tr("⊘ refused"), "bad"),
        Outcome.TRUNCATED: (tr("■ cut off"), "bad"),
        Outcome.THINKING_ONLY: (tr("■ only thought, no answer"), "bad"),
        Outcome.ERROR: (tr("! error"), "warning"),
        Outcome.OPEN: (tr("? to be rated"), "dim"),
        Outcome.MEASURED: (tr("· measured"), "dim"),
    }[answer.outcome]
    telling = (Outcome.FAILED, Outcome.REFUSED, Outcome.ERROR, Outcome.MEASURED)
    says_why = answer.outcome in telling
    if says_why and answer.explanation:
        told = f"{told}: {answer.explanation}"
    return told, role


class AnswersPanel(Card):
    """The list. Rows are made once and filled again, so that ten updates a second cost little."""

    def __init__(self) -> None:
        """Make an empty list."""
        super().__init__()
        self.title.setText(self.tr("Answers as they arrive"))
        self.title.show()
        self.setAccessibleName(self.title.text())
        self._nothing = Label(
            self.tr("The first answers come once the speed is measured."), "dim", wrap=True
        )
        self._rows: list[_AnswerRow] = []
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(0, 0, 6, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._nothing)
        self._layout.addStretch(1)
        area = scrolled(content)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(area, 1)
        self.setMinimumWidth(260)

    def show_answers(self, answers: Iterable[AnswerLine]) -> None:
        """Show the newest answers."""
        shown = list(answers)[:_SHOWN]
        while len(self._rows) < len(shown):
            row = _AnswerRow()
            self._layout.insertWidget(self._layout.count() - 1, row)
            self._rows.append(row)
        for place, row in enumerate(self._rows):
            row.setVisible(place < len(shown))
            if place < len(shown):
                row.show_answer(shown[place])
        self._nothing.setVisible(not shown)
