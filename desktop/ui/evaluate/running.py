"""An evaluation under way: models by what they are asked, and how far each is."""

from collections import Counter

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.language_model import LanguageModel
from desktop.domain.run import RunCounts, RunStatus
from desktop.ui.engine_wording import describe_engine_work
from desktop.ui.evaluate.answers import AnswersPanel
from desktop.ui.evaluate.machine_panel import MachinePanel
from desktop.ui.evaluate.monitor import EvaluationState, RunState, Trouble
from desktop.ui.formatting import (
    describe_model,
    format_bytes,
    format_number,
    format_rate,
    format_time_left,
)
from desktop.ui.screen import Context, scrolled
from desktop.ui.theme import GAP
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.labels import ElidedLabel, Label
from desktop.ui.widgets.notices import Notice, NoticeArea
from desktop.ui.widgets.pill import Pill, Tone
from desktop.ui.widgets.progress import ProgressBar
from desktop.worker.operations import MemoryFit

_MOST_HEIGHT = 290
_SCROLL_BAR = 10
_CELL_WIDTH = 96


def _tr(text: str) -> str:
    return QCoreApplication.translate("RunningView", text)


class RunCell(QStackedWidget):
    """One run in the grid: waits, a bar while it goes on, then what came of it."""

    def __init__(self) -> None:
        """Make a cell that waits."""
        super().__init__()
        self._label = Label("", "dim")
        self._bar = ProgressBar()
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(1)
        column.addWidget(self._bar)
        column.addStretch(1)
        self.addWidget(self._label)
        self.addWidget(holder)

    def show_state(self, state: RunState | None, *, paused: bool) -> None:
        """Show how a run stands; `None` is a cell without a run."""
        if state is None:
            self._label.setText("")
            return
        if state.run.status is RunStatus.RUNNING:
            self._bar.show_share(state.share, describe_progress(state, paused=paused))
            self._bar.setToolTip(_describe_work(state))
            self.setCurrentIndex(1)
            return
        text, role, tip = self._describe_end(state)
        self._label.setText(text)
        self._label.set_role(role)
        self._label.setToolTip(tip)
        self.setCurrentIndex(0)

    def _describe_end(self, state: RunState) -> tuple[str, str, str]:
        status = state.run.status
        if status is RunStatus.FINISHED:
            return (*self._describe_result(state), _describe_work(state))
        if status is RunStatus.FAILED:
            return self.tr("✕ could not run"), "bad", state.run.problem
        if status is RunStatus.CANCELLED:
            return self.tr("cancelled"), "dim", ""
        if status is RunStatus.INTERRUPTED:
            return self.tr("interrupted"), "warning", state.run.problem
        return self.tr("waits"), "dim", ""

    def _describe_result(self, state: RunState) -> tuple[str, str]:
        if state.run.suite is None:
            return self._describe_speed(state)
        if state.answers_kept and not state.kept_known:
            # Answers of before are not loaded yet, so that a count here would be too low.
            return self.tr("✓ done"), "good"
        counts = RunCounts.of_outcomes(Counter(state.outcomes.values()), state.total)
        if counts.measured and not counts.scored and not counts.errors:
            return self.tr("✓ {0} measured").format(counts.measured), "good"
        if not counts.scored:
            return self.tr("! no scored case"), "warning"
        text = self.tr("✓ {0} of {1} correct").format(counts.passed, counts.scored)
        if counts.truncated:
            text = self.tr("{0}, {1} cut off").format(text, counts.truncated)
        if counts.errors:
            text = self.tr("{0}, {1} errors").format(text, counts.errors)
        return text, "warning" if counts.errors or counts.truncated else "good"

    def _describe_speed(self, state: RunState) -> tuple[str, str]:
        generation = [m for m in state.measurements if m.test.startswith("tg")]
        found = generation or [m for m in state.measurements if m.unit == "tokens/s"]
        if not found:
            return self.tr("no measurement"), "warning"
        rate = self.tr("{0} tokens/s").format(format_rate(found[-1].value))
        return (f"✓ {rate}", "good") if found[-1].valid else (f"! {rate}", "warning")


def _describe_work(state: RunState) -> str:
    """Return what the engine chose, once it has made the context."""
    if state.engine is None or not state.engine.context_tokens:
        return ""
    return describe_engine_work(state.engine, asked_cases=state.run.suite is not None)


def describe_progress(state: RunState, *, paused: bool) -> str:
    """Return share and time left of a run under way, as one short text."""
    if state.engine is None and not state.done:
        return _tr("loading the model")
    share = f"{format_number(100 * state.share)}%"
    if paused:
        return f"{share}, " + _tr("paused")
    left = format_time_left(state.seconds_left)
    return f"{share}, {left}" if left else share


class ProgressGrid(Card):
    """The table of models by probe and suites. It scrolls when there are many of either."""

    def __init__(self, context: Context, evaluation: EvaluationState) -> None:
        """Make the grid of one evaluation."""
        super().__init__(margin=14)
        self._context = context
        self._cells: dict[str, RunCell] = {}
        content = QWidget()
        self._grid = QGridLayout(content)
        self._grid.setContentsMargins(2, 0, 4, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(8)
        columns = self._make_header(evaluation)
        for row, model in enumerate(evaluation.models, start=1):
            self._add_model(row, model, evaluation, columns)
        self.body.addWidget(scrolled(content))
        height = content.sizeHint().height() + 2 * 14 + _SCROLL_BAR
        self.setFixedHeight(min(height, _MOST_HEIGHT))

    def _make_header(self, evaluation: EvaluationState) -> list[str]:
        titles: dict[str, str] = {}
        for state in evaluation.runs:
            suite = state.run.suite
            titles[_column_key(state)] = suite.title if suite else self.tr("Speed probe")
        self._grid.addWidget(Label(self.tr("MODEL"), "column"), 0, 0)
        self._grid.setColumnStretch(0, 2)
        for column, title in enumerate(titles.values(), start=1):
            self._grid.addWidget(ElidedLabel(title.upper(), "column"), 0, column)
            self._grid.setColumnMinimumWidth(column, _CELL_WIDTH)
            self._grid.setColumnStretch(column, 3)
        self._grid.addWidget(Label(self.tr("NEEDS"), "column"), 0, len(titles) + 1)
        return list(titles)

    def _add_model(
        self, row: int, model: LanguageModel, evaluation: EvaluationState, columns: list[str]
    ) -> None:
        states = [s for s in evaluation.runs if s.run.model.paths == model.paths]
        line = QHBoxLayout()
        line.setSpacing(6)
        dot = Dot(states[0].color)
        line.addWidget(dot)
        line.setAlignment(dot, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        name = ElidedLabel(model.facts.name, "strong")
        name.setMinimumWidth(120)
        words.addWidget(name)
        words.addWidget(ElidedLabel(describe_model(model), "label"))
        line.addLayout(words, 1)
        self._grid.addLayout(line, row, 0)
        for state in states:
            cell = RunCell()
            cell.setAccessibleName(f"{model.facts.name}, {_column_key(state)}")
            self._cells[state.run.id] = cell
            self._grid.addWidget(cell, row, columns.index(_column_key(state)) + 1)
        self._check_fit(row, len(columns) + 1, model, states[0])

    def _check_fit(self, row: int, column: int, model: LanguageModel, state: RunState) -> None:
        pill = Pill("…", Tone.NEUTRAL)
        self._grid.addWidget(pill, row, column)

        def show(fit: MemoryFit) -> None:
            need = format_bytes(fit.need.total_bytes)
            # Once it is loaded, free memory no longer tells whether it fits: the need does.
            if fit.fits:
                pill.show_state(self.tr("✓ fits"), Tone.GOOD)
            elif state.run.status is RunStatus.QUEUED:
                pill.show_state(f"✕ {need}", Tone.BAD)
            else:
                pill.show_state(need, Tone.NEUTRAL)
            pill.setToolTip(
                self.tr("Needs {0}; {1} were free.").format(need, format_bytes(fit.available_bytes))
            )

        operations, settings = self._context.operations, state.run.settings
        self._context.runner.run(
            lambda: operations.check_memory(model, settings), show, lambda _: pill.hide()
        )

    def refresh(self, evaluation: EvaluationState, *, paused: bool) -> None:
        """Show how every run stands now."""
        for state in evaluation.runs:
            cell = self._cells.get(state.run.id)
            if cell is not None:
                cell.show_state(state, paused=paused)


def _column_key(state: RunState) -> str:
    suite = state.run.suite
    return suite.sha256 if suite else "speed"


class RunningView(QWidget):
    """Grid, troubles, answers as they arrive, this machine, and what waits."""

    def __init__(self, context: Context) -> None:
        """Make the view; `refresh` fills it."""
        super().__init__()
        self._context = context
        self._evaluation: EvaluationState | None = None
        self._told = 0
        self._grid: ProgressGrid | None = None
        self.troubles = NoticeArea()
        self.answers = AnswersPanel()
        self.machine = MachinePanel(context)
        self.waiting = WaitingPanel(context)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP + 2)
        self._column.addWidget(self.troubles)
        self._column.addWidget(self.waiting)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(GAP + 2)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.answers)
        splitter.addWidget(self.machine)
        splitter.setSizes([600, 400])
        self._column.addWidget(splitter, 1)

    def refresh(self, evaluation: EvaluationState) -> None:
        """Show how things stand; called at most ten times a second."""
        if evaluation is not self._evaluation or self._grid is None:
            self._take(evaluation)
        if self._grid is not None:
            self._grid.refresh(evaluation, paused=self._context.monitor.paused)
        for trouble in evaluation.troubles[self._told :]:
            if trouble.disturbance:
                self._tell_disturbances(evaluation)
            else:
                self.troubles.show_notice(_notice(trouble))
        self._told = len(evaluation.troubles)
        self.answers.show_answers(evaluation.answers)
        self.waiting.show_waiting(self._context.monitor.waiting)

    def _tell_disturbances(self, evaluation: EvaluationState) -> None:
        """Tell all disturbed measurements in one notice: the last in words, all in details."""
        found = [trouble for trouble in evaluation.troubles if trouble.disturbance]
        title = found[-1].title
        if len(found) > 1:
            title = self.tr("{0} measurements were disturbed.").format(len(found))
        self.troubles.show_notice(
            Notice(
                title=title,
                text=found[-1].text,
                details="\n".join(trouble.text for trouble in found) if len(found) > 1 else "",
                tone=Tone.WARNING,
                key="disturbed",
            )
        )

    def _take(self, evaluation: EvaluationState) -> None:
        if self._grid is not None:
            self._column.removeWidget(self._grid)
            self._grid.hide()
            self._grid.deleteLater()
        self.troubles.clear()
        self._evaluation = evaluation
        self._told = 0
        self._grid = ProgressGrid(self._context, evaluation)
        self._column.insertWidget(0, self._grid)


def _notice(trouble: Trouble) -> Notice:
    return Notice(
        title=trouble.title, text=trouble.text, details=trouble.details, tone=Tone.WARNING
    )


class WaitingPanel(Card):
    """Evaluations that wait their turn, each with a way to take it back."""

    def __init__(self, context: Context) -> None:
        """Make an empty panel, hidden."""
        super().__init__(margin=12)
        self._context = context
        self._shown: list[str] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self.body.addWidget(Label(self.tr("Waiting"), "strong"))
        self.body.addLayout(self._rows)
        self.hide()

    def show_waiting(self, waiting: list[EvaluationState]) -> None:
        """Show what waits, in order."""
        ids = [evaluation.id for evaluation in waiting]
        if ids == self._shown:
            return
        self._shown = ids
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for evaluation in waiting:
            self._rows.addWidget(self._make_row(evaluation))
        self.setVisible(bool(waiting))

    def _make_row(self, evaluation: EvaluationState) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(ElidedLabel(evaluation.title), 1)
        cancel = link_button(
            self.tr("Cancel"), lambda: cancel_evaluation(self._context, evaluation)
        )
        cancel.setAccessibleName(self.tr("Cancel {0}").format(evaluation.title))
        row.addWidget(cancel)
        return holder


def cancel_evaluation(context: Context, evaluation: EvaluationState) -> None:
    """End what is left of one evaluation; what it has is kept."""
    context.monitor.mark_cancelled(evaluation)
    for state in evaluation.runs:
        if not state.ended:
            context.queue.cancel_run(state.run.id)
