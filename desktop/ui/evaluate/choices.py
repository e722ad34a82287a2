"""Check lists of models and suites, a line each, with what decides about choosing them."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel
from desktop.domain.suite import Suite
from desktop.ui.formatting import describe_model, format_bytes, format_number
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.fields import CheckBox
from desktop.ui.widgets.labels import ElidedLabel, Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.worker.operations import MemoryFit


class ModelLine(QWidget):
    """A model to choose: box, dot once chosen, name, supplier and size, and whether it fits."""

    def __init__(self, model: LanguageModel, on_toggle: Callable[[], None]) -> None:
        """Make the line, not chosen."""
        super().__init__()
        self.model = model
        self.box = CheckBox()
        self.box.setAccessibleName(f"{model.facts.name}, {describe_model(model)}")
        self.box.toggled.connect(lambda _: on_toggle())
        self._dot = Dot(None)
        self.fit = Pill("", Tone.NEUTRAL)
        self.fit.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        row.addWidget(self.box)
        row.addWidget(self._dot)
        words = QVBoxLayout()
        words.setSpacing(0)
        name = ElidedLabel(model.facts.name, "strong")
        name.setToolTip(model.path)
        words.addWidget(name)
        words.addWidget(ElidedLabel(describe_model(model), "label"))
        row.addLayout(words, 1)
        row.addWidget(self.fit)

    def mousePressEvent(self, event: object) -> None:
        """Take a click anywhere on the line."""
        del event
        self.box.toggle()

    def show_color(self, index: int | None) -> None:
        """Show the colour the model will have, or none."""
        self._dot.set_index(index)

    def show_fit(self, fit: MemoryFit) -> None:
        """Show whether there is memory for it."""
        need, free = fit.need.total_bytes, fit.available_bytes
        figures = self.tr("Needs {0}, {1} are free.").format(format_bytes(need), format_bytes(free))
        if fit.fits:
            self.fit.show_state(self.tr("✓ fits"), Tone.GOOD)
        else:
            text = self.tr("✕ needs {0}").format(format_bytes(need))
            self.fit.show_state(text, Tone.BAD)
        figures = f"{figures} {self._count(fit)}"
        self.fit.setToolTip(figures)
        self.fit.setAccessibleName(f"{self.fit.text()}. {figures}")
        self.fit.show()

    def _count(self, fit: MemoryFit) -> str:
        context = format_number(fit.need.context_tokens)
        if fit.need.sequences > 1:
            text = self.tr("Counted for {0} cases at once, {1} tokens of context each.")
            return text.format(fit.need.sequences, context)
        text = self.tr(
            "Counted for one case at a time with {0} tokens of context; more are run at once only "
            "as memory allows."
        )
        return text.format(context)

    def show_problem(self, message: str) -> None:
        """Show that it could not be looked at."""
        self.fit.show_state(self.tr("! unreadable"), Tone.WARNING)
        self.fit.setToolTip(message)
        self.fit.show()


class ModelChoice(Card):
    """The models of the library as a check list; `changed` follows every mark."""

    changed = Signal()

    def __init__(self, title: str) -> None:
        """Make an empty list."""
        super().__init__(title)
        self.lines: dict[str, ModelLine] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self.body.addLayout(self._rows)
        self._quiet = False

    def show_models(self, models: Sequence[LanguageModel]) -> None:
        """Show the library; marks stay."""
        chosen = {model.id for model in self.chosen}
        for line in self.lines.values():
            self._rows.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = {}
        for model in models:
            line = ModelLine(model, self._notice)
            self.lines[model.id] = line
            self._rows.addWidget(line)
        self.choose(chosen)

    def choose(self, ids: set[str]) -> None:
        """Mark exactly these models."""
        self._quiet = True
        for key, line in self.lines.items():
            line.box.setChecked(key in ids)
        self._quiet = False
        self._notice()

    @property
    def chosen(self) -> tuple[LanguageModel, ...]:
        """The models that are marked, in the list's order."""
        return tuple(line.model for line in self.lines.values() if line.box.isChecked())

    def _notice(self) -> None:
        if self._quiet:
            return
        number = 0
        for line in self.lines.values():
            checked = line.box.isChecked()
            line.show_color(number if checked else None)
            number += checked
        self.changed.emit()


class SuiteLine(QWidget):
    """A suite to choose, with what it asks."""

    def __init__(
        self, title: str, about: str, on_toggle: Callable[[], None], *, tip: str = ""
    ) -> None:
        """Make the line, not chosen."""
        super().__init__()
        self.box = CheckBox()
        self.box.setAccessibleName(f"{title}. {about}")
        self.box.toggled.connect(lambda _: on_toggle())
        self.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        row.addWidget(self.box)
        row.setAlignment(self.box, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(title, "strong", wrap=True))
        words.addWidget(Label(about, "label", wrap=True))
        row.addLayout(words, 1)

    def mousePressEvent(self, event: object) -> None:
        """Take a click anywhere on the line."""
        del event
        self.box.toggle()


class SuiteChoice(Card):
    """Suites and the speed probe as a check list; `changed` follows every mark."""

    changed = Signal()

    def __init__(self, title: str) -> None:
        """Make the list with the speed probe chosen."""
        super().__init__(title)
        self._suites: dict[str, Suite] = {}
        self.lines: dict[str, SuiteLine] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.body.addLayout(self._rows)
        self.speed = SuiteLine(
            self.tr("Speed probe"),
            self.tr("Tokens per second for prompt and answer, as llama-bench measures them."),
            self.changed.emit,
        )
        self.speed.box.setChecked(True)
        self.body.addWidget(self.speed)

    def show_suites(self, suites: Sequence[Suite]) -> None:
        """Show the suites there are; marks stay, and at first the first suite is marked."""
        chosen = {suite.sha256 for suite in self.chosen}
        if not self.lines and suites:
            chosen = {suites[0].sha256}
        for line in self.lines.values():
            self._rows.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._suites = {suite.sha256: suite for suite in suites}
        self.lines = {}
        for key, suite in self._suites.items():
            line = SuiteLine(suite.title, self._describe(suite), self.changed.emit, tip=suite.path)
            self.lines[key] = line
            line.box.setChecked(key in chosen)
            self._rows.addWidget(line)
        self.changed.emit()

    def _describe(self, suite: Suite) -> str:
        cases = self.tr("{0} cases").format(len(suite.cases))
        first = suite.description.strip().split("\n", maxsplit=1)[0]
        return f"{cases}. {first}" if first else cases

    @property
    def chosen(self) -> tuple[Suite, ...]:
        """The suites that are marked."""
        return tuple(self._suites[key] for key, line in self.lines.items() if line.box.isChecked())

    @property
    def with_speed(self) -> bool:
        """Whether the speed probe is marked."""
        return self.speed.box.isChecked()
