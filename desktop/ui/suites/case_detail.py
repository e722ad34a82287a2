"""One case in full: what is asked, with which texts, what a good answer is, and examples."""

from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.suite import Case, Continuation, Role, Suite
from desktop.ui.formatting import format_number
from desktop.ui.suites.entries import name_difficulty
from desktop.ui.suites.panel import Panel
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import quote_frame
from desktop.ui.widgets.disclosure import Disclosure
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.flow import FlowLayout
from desktop.ui.widgets.key_hint import KeyHints
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.worker.suite_shelf import explain_check

# Laying out a text of 100,000 signs takes seconds; nobody reads so much in a panel.
_MOST_SHOWN = 4000
_SHOWN_END = 1000
_MOST_CONTINUATIONS = 20


class CaseDetail(Panel):
    """The panel at the side of the list of cases."""

    def __init__(self) -> None:
        """Make an empty panel with the keys at its foot."""
        super().__init__()
        self.foot = QVBoxLayout()
        self.body.addLayout(self.foot)
        self.body.addWidget(KeyHints((("↑ ↓", self.tr("another case")),)))
        self.show_case(None, None)

    def show_case(self, suite: Suite | None, case: Case | None) -> None:
        """Show a case of a suite."""
        layout = self.clear()
        if suite is None or case is None:
            self.setAccessibleName(self.tr("No case is chosen"))
            layout.addWidget(Label(self.tr("Choose a case to read what is asked."), "dim"))
            layout.addStretch(1)
            return
        self.setAccessibleName(case.title)
        layout.addWidget(Label(case.title or case.id, "card-title", wrap=True).make_selectable())
        self._add_pills(layout, case)
        self._add_question(layout, suite, case)
        self._add_demands(layout, case)
        self._add_examples(layout, case)
        facts = FactList()
        facts.show_facts(self._list_facts(case), ((self.tr("Id"), case.id),))
        layout.addWidget(facts)
        layout.addStretch(1)

    def _add_pills(self, layout: QVBoxLayout, case: Case) -> None:
        row = QWidget()
        flow = FlowLayout(spacing=6, parent=row)
        words = (name_difficulty(case.difficulty), case.language, *case.tags)
        for word in words:
            if word:
                flow.addWidget(Pill(word, Tone.NEUTRAL))
        layout.addWidget(row)

    def _add_question(self, layout: QVBoxLayout, suite: Suite, case: Case) -> None:
        messages = case.messages
        brings_own = bool(messages) and messages[0].role is Role.SYSTEM
        if suite.system_prompt and not brings_own and messages:
            _add_quote(layout, self.tr("System prompt"), suite.system_prompt)
        for shot in suite.few_shot:
            if shot.id == case.few_shot:
                told = "\n\n".join(message.content for message in shot.messages) or shot.text
                title = self.tr("Worked examples that come before")
                layout.addWidget(Disclosure(title, partial(_quote, told)))
        for document in suite.documents:
            if document.id in case.documents:
                title = self.tr("Document: {0}").format(document.title or document.id)
                layout.addWidget(Disclosure(title, partial(_quote, document.text)))
        names = {
            Role.SYSTEM: self.tr("System prompt"),
            Role.USER: self.tr("Prompt"),
            Role.ASSISTANT: self.tr("Answer given before"),
        }
        for message in messages:
            _add_quote(layout, names[message.role], message.content)

    def _add_demands(self, layout: QVBoxLayout, case: Case) -> None:
        if case.continuations:
            self._add_continuations(layout, case)
        if not case.checks:
            return
        layout.addWidget(Label(self.tr("A good answer …"), "strong"))
        weighted = len({check.weight for check in case.checks}) > 1
        for check in case.checks:
            text = f"•  {explain_check(check)}"
            if weighted:
                text += " " + self.tr("(weight {0})").format(f"{check.weight:g}")
            layout.addWidget(Label(text, wrap=True).make_selectable())

    def _add_continuations(self, layout: QVBoxLayout, case: Case) -> None:
        words = self.tr("Decided by how likely each of these is ({0}); nothing is written.")
        layout.addWidget(Label(words.format(case.metric or ""), "dim", wrap=True))
        shared = {part.context for part in case.continuations}
        if len(shared) == 1:
            _add_quote(layout, self.tr("Begins with"), case.continuations[0].context)
        for part in case.continuations[:_MOST_CONTINUATIONS]:
            layout.addWidget(_continuation(part, with_context=len(shared) > 1))

    def _add_examples(self, layout: QVBoxLayout, case: Case) -> None:
        if case.passing_example is not None:
            _add_quote(layout, self.tr("✓ An answer that must pass"), case.passing_example, "good")
        if case.failing_example is not None:
            _add_quote(layout, self.tr("✕ An answer that must fail"), case.failing_example, "bad")

    def _list_facts(self, case: Case) -> tuple[tuple[str, str], ...]:
        form = self.tr("a JSON Schema") if case.json_schema is not None else ""
        tokens = format_number(case.max_tokens) if case.max_tokens else ""
        return (
            (self.tr("At most so many tokens"), tokens),
            (self.tr("Stops at"), ", ".join(repr(text) for text in case.stop)),
            (self.tr("Can only write what fits"), self.tr("a grammar") if case.grammar else form),
            (self.tr("Asked so often"), str(case.repeats) if case.repeats else ""),
            (self.tr("Weight"), f"{case.weight:g}" if case.weight != 1 else ""),
            (self.tr("Group"), case.group),
        )


def _continuation(part: Continuation, *, with_context: bool) -> Label:
    text = (part.context + part.text if with_context else part.text)[:_MOST_SHOWN]
    label = Label(f"{'✓' if part.correct else '·'}  {text}", wrap=True)
    label.set_role("good" if part.correct else "")
    return label.make_selectable()


def _add_quote(layout: QVBoxLayout, title: str, text: str, role: str = "label") -> None:
    layout.addWidget(Label(title, role))
    layout.addWidget(_quote(text))


def _quote(text: str) -> QWidget:
    """Return a quoted text; of a long one its beginning and end, with a way to copy all of it."""
    if len(text) <= _MOST_SHOWN:
        return quote_frame(text)
    left_out = len(text) - _MOST_SHOWN
    words = _tr("{0} characters are left out here").format(format_number(left_out))
    shown = f"{text[: _MOST_SHOWN - _SHOWN_END]}\n\n[{words}]\n\n{text[-_SHOWN_END:]}"
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(quote_frame(shown))
    row = QHBoxLayout()
    row.addWidget(
        link_button(_tr("Copy the whole text"), lambda: QGuiApplication.clipboard().setText(text))
    )
    row.addStretch(1)
    column.addLayout(row)
    return whole


def _tr(text: str) -> str:
    return QCoreApplication.translate("CaseDetail", text)
