"""The settings of a run as a form: everything has a default, and a hint what it changes."""

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.settings import RunSettings
from desktop.domain.settings_limits import Contradiction, find_contradictions
from desktop.ui.engine_wording import (
    describe_mode,
    explain_contradiction,
    list_unusual_options,
)
from desktop.ui.evaluate.engine_form import EngineForm
from desktop.ui.evaluate.field_rows import FieldRows, name_field, show_problem
from desktop.ui.evaluate.mode_choice import ModeChoice
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.disclosure import Disclosure
from desktop.ui.widgets.fields import make_number, make_whole_number
from desktop.ui.widgets.labels import Label

_MOST_SEED = 2**31 - 1
_MOST_CONTEXT = 1_048_576
_MOST_TOKENS = 32_768
_NO_BUDGET = -1


class SettingsForm(Card):
    """A card that is closed at first and says in a line what is set; `changed` follows typing.

    What only experts need is in a second part, which is closed too.
    """

    changed = Signal()

    def __init__(self, settings: RunSettings) -> None:
        """Make the form with `settings` in it."""
        super().__init__()
        self._base = settings
        self.toggle = link_button(self.tr("Change settings"), self._toggle)
        self._summary = Label("", "dim", wrap=True)
        head = QGridLayout()
        head.addWidget(Label(self.tr("Settings"), "card-title"), 0, 0)
        head.setColumnStretch(0, 1)
        head.addWidget(self.toggle, 0, 1)
        head.addWidget(self._summary, 1, 0, 1, 2)
        self.body.addLayout(head)
        self.fields = FieldRows()
        self.mode = ModeChoice(reproducible=settings.is_reproducible)
        self.fields.add_wide(self.mode)
        self.fields.add_wide(line())
        self._add_answers(settings)
        self._add_thinking(settings)
        self._add_work(settings)
        self._add_expert_part(settings)
        self.fields.hide()
        self.body.addWidget(self.fields)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self.changed.emit)
        self._connect()
        self._describe()

    def _add_answers(self, settings: RunSettings) -> None:
        self.temperature = make_number(
            settings.sampling.temperature, 0.0, 2.0, name=self.tr("Temperature")
        )
        self.seed = make_whole_number(settings.sampling.seed, 0, _MOST_SEED, name=self.tr("Seed"))
        self.max_tokens = make_whole_number(
            settings.max_tokens, 1, _MOST_TOKENS, name=self.tr("Longest answer")
        )
        add = self.fields.add_field
        add(self.temperature, self.tr("0 always takes the likeliest word."))
        add(self.seed, self.tr("Starts the chance that a temperature above 0 brings in."))
        add(self.max_tokens, self.tr("In tokens, where a case sets no limit of its own."))

    def _add_thinking(self, settings: RunSettings) -> None:
        self.max_thinking = make_whole_number(
            settings.max_thinking_tokens, 1, _MOST_CONTEXT, name=self.tr("Longest thinking")
        )
        self.max_thinking.setSingleStep(256)
        budget = _NO_BUDGET if settings.thinking_budget is None else settings.thinking_budget
        self.thinking_budget = make_whole_number(
            budget, _NO_BUDGET, _MOST_CONTEXT, name=self.tr("Thinking budget")
        )
        self.thinking_budget.setSpecialValueText(self.tr("none"))
        self.fields.add_field(
            self.max_thinking,
            self.tr("In tokens, for models that think first. Cut off there, they give no answer."),
        )
        self.fields.add_field(
            self.thinking_budget,
            self.tr("Ends the thinking after so many tokens, so that the answer begins."),
        )
        self.budget_problem = self.fields.add_problem()

    def _add_work(self, settings: RunSettings) -> None:
        self.context = make_whole_number(
            settings.context_tokens or 0, 0, _MOST_CONTEXT, name=self.tr("Context")
        )
        self.context.setSpecialValueText(self.tr("automatic"))
        self.context.setSingleStep(1024)
        self.repeats = make_whole_number(settings.repeats, 1, 50, name=self.tr("Repeats"))
        self.fields.add_field(self.context, self.tr("In tokens, for prompt and answer together."))
        self.fields.add_field(
            self.repeats, self.tr("How often each case is asked; more steadies a share.")
        )
        self.system_prompt = QPlainTextEdit(settings.system_prompt or "")
        self.system_prompt.setAccessibleName(self.tr("System prompt"))
        self.system_prompt.setPlaceholderText(self.tr("The suite's own, or none"))
        self.system_prompt.setMaximumHeight(76)
        self.system_prompt.setTabChangesFocus(True)
        prompt = QWidget()
        column = QVBoxLayout(prompt)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(
            name_field(self.system_prompt, self.tr("What every model is told before each case."))
        )
        column.addWidget(self.system_prompt)
        self.fields.add_wide(prompt)

    def _add_expert_part(self, settings: RunSettings) -> None:
        self.engine = EngineForm(settings)
        self.expert_part = Disclosure(self.tr("Engine options"), lambda: self.engine)
        self.fields.add_wide(self.expert_part)

    def _connect(self) -> None:
        self.mode.changed.connect(self._notice)
        self.engine.changed.connect(self._notice)
        self.temperature.valueChanged.connect(self._notice)
        for field in (
            self.seed,
            self.max_tokens,
            self.max_thinking,
            self.thinking_budget,
            self.context,
            self.repeats,
        ):
            field.valueChanged.connect(self._notice)
        self.system_prompt.textChanged.connect(self._notice)

    def _notice(self) -> None:
        self._describe()
        self._timer.start()

    @property
    def problem(self) -> str:
        """Why no run can be made with these settings, in a sentence; empty if one can."""
        found = find_contradictions(self.read_settings())
        return explain_contradiction(found[0]) if found else ""

    def read_settings(self) -> RunSettings:
        """Return what is set; what the form does not show stays as it was given."""
        sampling = msgspec.structs.replace(
            self._base.sampling, temperature=self.temperature.value(), seed=self.seed.value()
        )
        budget = self.thinking_budget.value()
        settings = msgspec.structs.replace(
            self.engine.change(self._base),
            sampling=sampling,
            max_tokens=self.max_tokens.value(),
            max_thinking_tokens=self.max_thinking.value(),
            thinking_budget=None if budget == _NO_BUDGET else budget,
            context_tokens=self.context.value() or None,
            repeats=self.repeats.value(),
            system_prompt=self.system_prompt.toPlainText().strip() or None,
        )
        if self.mode.is_reproducible:
            return msgspec.structs.replace(settings, parallel_sequences=1)
        return settings

    def _toggle(self) -> None:
        opened = self.fields.isHidden()
        self.fields.setVisible(opened)
        self.toggle.setText(self.tr("Done") if opened else self.tr("Change settings"))

    def _describe(self) -> None:
        settings = self.read_settings()
        self.engine.parallel.setEnabled(not settings.is_reproducible)
        found = find_contradictions(settings)
        wrong = Contradiction.THINKING_BUDGET
        show_problem(self.budget_problem, explain_contradiction(wrong) if wrong in found else "")
        self.engine.show_contradictions(found)
        self._summary.setText(self.problem or " · ".join(self._list_summary(settings)))
        self._summary.set_role("bad" if found else "dim")

    def _list_summary(self, settings: RunSettings) -> list[str]:
        """Return clauses: the main settings always, the others where they are not usual."""
        usual = RunSettings()
        parts = [
            describe_mode(settings),
            self.tr("temperature {0}").format(f"{settings.sampling.temperature:g}"),
        ]
        if settings.sampling.temperature > 0:
            parts.append(self.tr("seed {0}").format(settings.sampling.seed))
        parts.append(self.tr("answers up to {0} tokens").format(settings.max_tokens))
        if settings.max_thinking_tokens != usual.max_thinking_tokens:
            parts.append(self.tr("thinking up to {0}").format(settings.max_thinking_tokens))
        if settings.thinking_budget is not None:
            parts.append(self.tr("thinking budget {0}").format(settings.thinking_budget))
        if settings.context_tokens:
            parts.append(self.tr("context {0}").format(settings.context_tokens))
        if settings.threads:
            parts.append(self.tr("threads {0}").format(settings.threads))
        if settings.gpu_layers != usual.gpu_layers:
            parts.append(self.tr("{0} layers on the GPU").format(settings.gpu_layers))
        parts += list_unusual_options(settings.engine)
        if settings.repeats > 1:
            parts.append(self.tr("each case {0} times").format(settings.repeats))
        if settings.system_prompt:
            parts.append(self.tr("own system prompt"))
        return parts
