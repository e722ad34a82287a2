"""Everything about one run, at the side of the list."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.machine import Machine
from desktop.domain.run import EngineFacts, Run, RunStatus, RunSummary
from desktop.ui.engine_wording import describe_engine_work
from desktop.ui.formatting import (
    describe_model,
    format_bytes,
    format_duration,
    format_moment,
    format_rate,
)
from desktop.ui.history.annotations import AnnotationForm
from desktop.ui.history.wording import (
    describe_settings,
    describe_thinking,
    explain_passed,
    label_model,
    name_work,
    show_status,
)
from desktop.ui.screen import scrolled
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone


class RunPanel(Card):
    """The panel: annotations that can be changed, and facts that cannot."""

    def __init__(self) -> None:
        """Make an empty panel."""
        super().__init__()
        self.body.setContentsMargins(1, 1, 1, 1)
        self.setAccessibleName(self.tr("Details of the run"))
        self.setMinimumWidth(250)
        self._run_id = ""
        self._title = Label("", "card-title", wrap=True).make_selectable()
        self._line = Label("", "dim", wrap=True)
        self._status = Pill("", Tone.NEUTRAL)
        self.problem = Label("", "bad", wrap=True).make_selectable()
        self.form = AnnotationForm()
        self._facts = FactList()
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for part in (self._title, self._line, self._status, self.problem, self.form, line()):
            column.addWidget(part)
        column.addWidget(self._facts)
        column.addStretch(1)
        self._area = scrolled(content)
        self._area.setAccessibleName(self.accessibleName())
        self.body.addWidget(self._area)

    def show_run(self, summary: RunSummary | None, *, writable: bool) -> None:
        """Show a run; `None` says that none is chosen."""
        run = summary.run if summary else None
        self.form.show_run(run, writable=writable)
        for part in (self._status, self.form, self._facts):
            part.setVisible(run is not None)
        self.problem.setVisible(bool(run and run.problem))
        if summary is None or run is None:
            self._run_id = ""
            self._title.setText(self.tr("No run is chosen"))
            self._line.setText(self.tr("Choose one in the list to see what it was made with."))
            return
        self._title.setText(label_model(run))
        self._line.setText(describe_model(run.model))
        self._status.show_state(*show_status(summary))
        self.problem.setText(run.problem)
        self.problem.set_role("bad" if run.status is RunStatus.FAILED else "warning")
        self._facts.show_facts(self._list_facts(summary), self._list_copyable(run))
        if run.id != self._run_id:
            self._run_id = run.id
            self._area.verticalScrollBar().setValue(0)

    def _list_facts(self, summary: RunSummary) -> list[tuple[str, str]]:
        run = summary.run
        format_name = {
            "chat_template": self.tr("by the model's own chat template"),
            "plain_text": self.tr("as plain text: the file brings no chat template"),
            "running_text": self.tr("as running text: likelihood decides, nothing is asked"),
        }.get(run.prompt_format, "")
        probe = run.probe
        tests = ", ".join(test.name for test in probe.tests) if probe else ""
        if probe:
            tests = self.tr("{0}, {1} times each").format(tests, probe.repetitions)
        return [
            (self.tr("Asked"), name_work(run)),
            (self.tr("Tests"), tests),
            (self.tr("Cases"), explain_passed(summary) if run.suite else ""),
            (self.tr("Thinking"), describe_thinking(summary)),
            (self.tr("Speed"), self._describe_speed(summary)),
            (
                self.tr("Peak memory"),
                format_bytes(summary.peak_memory_bytes) if summary.peak_memory_bytes else "",
            ),
            (self.tr("Begun"), format_moment(run.started_at) if run.started_at else ""),
            (self.tr("Ended"), format_moment(run.finished_at) if run.finished_at else ""),
            (self.tr("Took"), format_duration(summary.seconds) if summary.seconds else ""),
            (self.tr("Settings"), describe_settings(run.settings) if run.suite else ""),
            (self.tr("System prompt"), run.settings.system_prompt or ""),
            (self.tr("Prompts written"), format_name),
            (self.tr("Engine"), self._describe_engine(run.engine)),
            (
                self.tr("Engine's work"),
                describe_engine_work(run.engine, asked_cases=run.suite is not None)
                if run.engine
                else "",
            ),
            (self.tr("Machine"), self._describe_machine(run.machine)),
        ]

    def _describe_speed(self, summary: RunSummary) -> str:
        parts = []
        if summary.tokens_per_second is not None:
            rate = format_rate(summary.tokens_per_second)
            parts.append(self.tr("{0} tokens/s written").format(rate))
        if summary.prompt_tokens_per_second is not None:
            rate = format_rate(summary.prompt_tokens_per_second)
            parts.append(self.tr("{0} tokens/s read").format(rate))
        return ", ".join(parts)

    def _describe_engine(self, engine: EngineFacts | None) -> str:
        if engine is None:
            return self.tr("was not loaded")
        parts = [
            f"{engine.name} {engine.version} {engine.build}".strip(),
            ", ".join(engine.devices),
        ]
        return " · ".join(part for part in parts if part)

    def _describe_machine(self, machine: Machine | None) -> str:
        if machine is None:
            return ""
        parts = [
            machine.processor.name,
            self.tr("{0} cores").format(machine.processor.usable_cores),
            format_bytes(machine.memory_bytes),
            ", ".join(gpu.name for gpu in machine.gpus) or self.tr("no GPU"),
            machine.system,
        ]
        return " · ".join(part for part in parts if part)

    def _list_copyable(self, run: Run) -> list[tuple[str, str]]:
        return [
            (self.tr("Run"), run.id),
            (self.tr("Evaluation"), run.evaluation_id),
            (self.tr("Model file"), run.model.path),
            (self.tr("SHA-256 of the model"), run.model.sha256 or ""),
            (self.tr("SHA-256 of the suite"), run.suite.sha256 if run.suite else ""),
        ]
