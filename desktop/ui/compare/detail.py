"""One case in full: the prompt, what is demanded, and every model's answer in its colour."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.comparison import ComparedAnswer, ComparedCase, ComparedModel
from desktop.domain.run import Outcome
from desktop.ui.compare.table import describe_outcome
from desktop.ui.formatting import format_duration, format_number
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, quote_frame
from desktop.ui.widgets.disclosure import Disclosure
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.key_hint import KeyHints
from desktop.ui.widgets.labels import ElidedLabel, Label

_SHORT = 40  # letters of a verdict that stand beside a model's name without a column of scraps


class CaseDetail(Card):
    """The panel at the side. Long prompts and answers scroll; everything can be copied."""

    def __init__(self) -> None:
        """Make an empty panel with the keys at its foot."""
        super().__init__()
        self._content = QWidget()
        self._layout = QVBoxLayout(self._content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(7)
        self._area = scrolled(self._content)
        self.body.addWidget(self._area, 1)
        self.body.addWidget(
            KeyHints((("↑ ↓", self.tr("next case")), ("D", self.tr("next disagreement"))))
        )
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say that no case is chosen."""
        self._clear()
        self._layout.addWidget(Label(self.tr("Choose a case to read its answers."), "dim"))
        self._layout.addStretch(1)

    def show_case(self, case: ComparedCase, models: tuple[ComparedModel, ...]) -> None:
        """Show one case with the answers of `models`."""
        self._clear()
        self.setAccessibleName(case.title)
        self._layout.addWidget(Label(case.title, "card-title", wrap=True).make_selectable())
        about = " · ".join(part for part in (", ".join(case.tags), ", ".join(case.demands)) if part)
        if about:
            self._layout.addWidget(Label(about, "dim", wrap=True))
        self._layout.addWidget(quote_frame(case.prompt))
        for column, answer in zip(models, case.answers, strict=True):
            self._layout.addSpacing(3)
            self._add_answer(column, answer)
        self._layout.addStretch(1)
        self._area.verticalScrollBar().setValue(0)

    def _add_answer(self, column: ComparedModel, answer: ComparedAnswer | None) -> None:
        verdict, role = describe_verdict(answer)
        head = QHBoxLayout()
        head.setSpacing(6)
        dot = Dot(column.color)
        name = ElidedLabel(column.model.facts.name, "strong")
        name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        head.addWidget(dot)
        head.addWidget(name)
        head.addSpacing(4)
        reason = Label(verdict, role, wrap=True)
        beside = len(verdict) <= _SHORT
        if beside:
            head.addWidget(reason, 1)
        else:
            head.addStretch(1)
        for part in (dot, name):
            head.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(head)
        if not beside:
            self._layout.addWidget(reason)
        if answer is None:
            return
        if answer.thinking:
            self._layout.addWidget(_make_thinking(column.model.facts.name, answer))
        if answer.text:
            text = Label(answer.text, wrap=True).make_selectable()
            text.setAccessibleName(f"{column.model.facts.name}: {answer.text}")
            self._layout.addWidget(text)
        if answer.generated_tokens:
            about = describe_tokens(answer)
            if answer.timed_alone:
                about = f"{format_duration(answer.seconds)} · {about}"
            self._layout.addWidget(Label(about, "label", wrap=True))

    def _clear(self) -> None:
        fresh = QWidget()
        fresh.setProperty("kind", "clear")
        layout = QVBoxLayout(fresh)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(7)
        self._area.setWidget(fresh)  # deletes the old one with all that is in it
        fresh.setAutoFillBackground(False)
        self._content, self._layout = fresh, layout


def _make_thinking(model: str, answer: ComparedAnswer) -> Disclosure:
    """Return what a model thought before it answered, closed."""
    title = QCoreApplication.translate("CaseDetail", "Thinking, {0} tokens")
    title = title.format(format_number(answer.thinking_tokens))

    def make_content() -> QWidget:
        return quote_frame(answer.thinking, "thinking")

    return Disclosure(title, make_content, name=f"{model}: {title}")


def describe_tokens(answer: ComparedAnswer) -> str:
    """Return how much a model wrote, and how much of that was thinking."""
    if answer.outcome in (Outcome.TRUNCATED, Outcome.THINKING_ONLY) and not answer.text.strip():
        text = QCoreApplication.translate("CaseDetail", "{0} tokens, all of them thinking")
    elif answer.thinking_tokens:
        text = QCoreApplication.translate("CaseDetail", "{0} tokens, {1} of them thinking")
    else:
        text = QCoreApplication.translate("CaseDetail", "{0} tokens")
    return text.format(
        format_number(answer.generated_tokens), format_number(answer.thinking_tokens)
    )


def describe_verdict(answer: ComparedAnswer | None) -> tuple[str, str]:
    """Return verdict and reason as a line, and the role that colours it."""
    told = describe_outcome(answer)[0]
    if answer is None:
        return told, "dim"
    if answer.outcome is Outcome.PASSED:
        return told, "good"
    roles = {Outcome.ERROR: "warning", Outcome.OPEN: "dim", Outcome.MEASURED: "dim"}
    role = roles.get(answer.outcome, "bad")
    text = QCoreApplication.translate("CaseDetail", "{0}: {1}")
    return (text.format(told, answer.explanation) if answer.explanation else told), role
