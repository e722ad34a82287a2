"""The settings of a run as a form: everything has a default, and a hint what it changes."""

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QSpinBox, QVBoxLayout, QWidget

from desktop.domain.settings import RunSettings
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.fields import make_number, make_whole_number
from desktop.ui.widgets.labels import Label

_MOST_SEED = 2**31 - 1
_MOST_CONTEXT = 1_048_576


class SettingsForm(Card):
    """A card that is closed at first and says in a line what is set; `changed` follows typing."""

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
        self.fields = QWidget()
        self._grid = QGridLayout(self.fields)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(0, 1)
        self._make_fields(settings)
        self.fields.hide()
        self.body.addWidget(self.fields)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self.changed.emit)
        self._connect()
        self._describe()

    def _make_fields(self, settings: RunSettings) -> None:
        automatic = self.tr("automatic")
        self.temperature = make_number(
            settings.sampling.temperature, 0.0, 2.0, name=self.tr("Temperature")
        )
        self.seed = make_whole_number(settings.sampling.seed, 0, _MOST_SEED, name=self.tr("Seed"))
        self.max_tokens = make_whole_number(
            settings.max_tokens, 1, 32768, name=self.tr("Longest answer")
        )
        self.context = make_whole_number(
            settings.context_tokens or 0, 0, _MOST_CONTEXT, name=self.tr("Context")
        )
        self.context.setSpecialValueText(automatic)
        self.context.setSingleStep(1024)
        self.threads = make_whole_number(settings.threads or 0, 0, 512, name=self.tr("Threads"))
        self.threads.setSpecialValueText(automatic)
        self.parallel = make_whole_number(
            settings.parallel_sequences or 0, 0, 256, name=self.tr("Cases at once")
        )
        self.parallel.setSpecialValueText(automatic)
        self.repeats = make_whole_number(settings.repeats, 1, 50, name=self.tr("Repeats"))
        self._add(self.temperature, self.tr("0 always takes the likeliest word: repeatable."))
        self._add(self.seed, self.tr("Starts the chance that a temperature above 0 brings in."))
        self._add(self.max_tokens, self.tr("In tokens, where a case sets no limit of its own."))
        self._add(self.context, self.tr("In tokens, for prompt and answer together."))
        self._add(self.threads, self.tr("Automatic takes what this machine can use."))
        self._add(self.parallel, self.tr("1 gives the same answers every time; more is faster."))
        self._add(self.repeats, self.tr("How often each case is asked; more steadies a share."))
        self.system_prompt = QPlainTextEdit(settings.system_prompt or "")
        self.system_prompt.setAccessibleName(self.tr("System prompt"))
        self.system_prompt.setPlaceholderText(self.tr("The suite's own, or none"))
        self.system_prompt.setMaximumHeight(76)
        self.system_prompt.setTabChangesFocus(True)
        row = self._grid.rowCount()
        hint = self.tr("What every model is told before each case.")
        box = QVBoxLayout()
        box.setSpacing(0)
        box.addWidget(Label(self.system_prompt.accessibleName()))
        box.addWidget(Label(hint, "label", wrap=True))
        box.addSpacing(4)
        box.addWidget(self.system_prompt)
        self._grid.addLayout(box, row, 0, 1, 2)

    def _add(self, field: QWidget, hint: str) -> None:
        row = self._grid.rowCount()
        label = Label(field.accessibleName())
        label.setBuddy(field)
        field.setToolTip(hint)
        field.setAccessibleDescription(hint)
        field.setFixedWidth(118)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label)
        words.addWidget(Label(hint, "label", wrap=True))
        self._grid.addLayout(words, row, 0)
        self._grid.addWidget(field, row, 1)

    def _connect(self) -> None:
        self.temperature.valueChanged.connect(self._notice)
        whole: tuple[QSpinBox, ...] = (
            self.seed,
            self.max_tokens,
            self.context,
            self.threads,
            self.parallel,
            self.repeats,
        )
        for field in whole:
            field.valueChanged.connect(self._notice)
        self.system_prompt.textChanged.connect(self._notice)

    def _notice(self) -> None:
        self._describe()
        self._timer.start()

    def read_settings(self) -> RunSettings:
        """Return what is set; what the form does not show stays as it was given."""
        sampling = msgspec.structs.replace(
            self._base.sampling, temperature=self.temperature.value(), seed=self.seed.value()
        )
        return msgspec.structs.replace(
            self._base,
            sampling=sampling,
            max_tokens=self.max_tokens.value(),
            context_tokens=self.context.value() or None,
            threads=self.threads.value() or None,
            parallel_sequences=self.parallel.value() or None,
            repeats=self.repeats.value(),
            system_prompt=self.system_prompt.toPlainText().strip() or None,
        )

    def _toggle(self) -> None:
        opened = self.fields.isHidden()
        self.fields.setVisible(opened)
        self.toggle.setText(self.tr("Done") if opened else self.tr("Change settings"))

    def _describe(self) -> None:
        settings = self.read_settings()
        automatic = self.tr("automatic")
        parts = [
            self.tr("temperature {0}").format(f"{settings.sampling.temperature:g}"),
            self.tr("answers up to {0} tokens").format(settings.max_tokens),
            self.tr("context {0}").format(settings.context_tokens or automatic),
            self.tr("threads {0}").format(settings.threads or automatic),
        ]
        if settings.sampling.temperature > 0:
            parts.insert(1, self.tr("seed {0}").format(settings.sampling.seed))
        parts.append(self.tr("{0} cases at once").format(settings.parallel_sequences or automatic))
        if settings.repeats > 1:
            parts.append(self.tr("each case {0} times").format(settings.repeats))
        if settings.system_prompt:
            parts.append(self.tr("own system prompt"))
        self._summary.setText(" · ".join(parts))
