"""What is known of the evaluations under way, kept from the queue's events.

One monitor serves the whole window, so that the rail tells how far things are and the Evaluate
screen finds everything when it is opened late.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication, QObject, Signal

from desktop.domain.events import (
    AnswerFinished,
    AnswerGrew,
    AnswerStarted,
    EngineLoaded,
    EngineLost,
    EvaluationFinished,
    EvaluationQueued,
    MeasurementTaken,
    Progress,
    QueuePaused,
    RunEvent,
    RunFinished,
    RunStarted,
)
from desktop.domain.language_model import LanguageModel
from desktop.domain.measurement import Measurement
from desktop.domain.run import EngineFacts, Outcome, Run, RunStatus
from desktop.worker.operations import RunDetails
from desktop.worker.qt import QtEvents

_ANSWERS_KEPT = 60
# Letters of thinking: more than ever stands on the screen, and far less than models think.
_THINKING_KEPT = 1000
_ENDED = {RunStatus.FINISHED, RunStatus.CANCELLED, RunStatus.INTERRUPTED, RunStatus.FAILED}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Monitor", text)


@dataclass
class AnswerLine:
    """An answer that is being written, or that has just been judged.

    `thinking` is the end of what the model thought; `is_thinking` tells that it still does.
    """

    run_id: str
    case_id: str
    repeat: int
    title: str
    color: int
    text: str = ""
    thinking: str = ""
    is_thinking: bool = False
    outcome: Outcome | None = None
    explanation: str = ""


@dataclass
class RunState:
    """How far one run is. `done` and `total` are in the run's own steps."""

    run: Run
    color: int
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    answers_kept: int = 0
    kept_known: bool = False
    outcomes: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    engine: EngineFacts | None = None
    elapsed: float = 0.0
    _since: float | None = None

    def follow_clock(self, now: float, *, stands: bool) -> None:
        """Add what has passed since the last call, in seconds, unless the queue stood still."""
        if self._since is not None and not stands and not self.ended:
            self.elapsed += now - self._since
        self._since = None if self.ended else now

    def count(self, outcome: Outcome) -> int:
        """Return how many answers came out like this since the run began or went on."""
        return sum(found is outcome for found in self.outcomes.values())

    @property
    def ended(self) -> bool:
        """Whether it is over, whichever way."""
        return self.run.status in _ENDED

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        if self.ended:
            return 1.0
        return self.done / self.total if self.total else 0.0


@dataclass
class Trouble:
    """Something odd that a person should read: one sentence, and what was done about it."""

    title: str
    text: str
    details: str = ""
    disturbance: bool = False


@dataclass
class EvaluationState:
    """One evaluation: its runs in order, its last answers, and what went wrong."""

    id: str
    title: str
    runs: list[RunState] = field(default_factory=list)
    answers: deque[AnswerLine] = field(default_factory=lambda: deque(maxlen=_ANSWERS_KEPT))
    troubles: list[Trouble] = field(default_factory=list)
    case_titles: dict[tuple[str, str], str] = field(default_factory=dict)
    finished: bool = False
    cancelled: bool = False

    @property
    def models(self) -> list[LanguageModel]:
        """The models in the order of the plan, each once."""
        seen: dict[tuple[str, ...], LanguageModel] = {}
        for state in self.runs:
            seen.setdefault(state.run.model.paths, state.run.model)
        return list(seen.values())

    @property
    def under_way(self) -> bool:
        """Whether one of its runs has begun and something is left to do."""
        return not self.finished and any(
            state.ended or state.run.status is RunStatus.RUNNING for state in self.runs
        )

    @property
    def share(self) -> float:
        """How far it is, 0 to 1; every run counts the same."""
        return sum(state.share for state in self.runs) / len(self.runs) if self.runs else 0.0

    @property
    def seconds(self) -> tuple[float, float] | None:
        """What is left and how long all of it takes; unknown until it can be told honestly.

        Runs that wait are taken to need as long as another model's run of the same kind in
        proportion to the files' sizes, so that one of every kind must have shown its pace.
        """
        paces = self._find_paces()
        left = took = 0.0
        for state in self.runs:
            took += state.elapsed
            if state.ended:
                continue
            if state.run.status is RunStatus.RUNNING:
                if state.seconds_left is None:
                    return None
                left += state.seconds_left
            elif (pace := paces.get(_kind(state))) is not None:
                left += pace * max(state.run.model.facts.file_bytes, 1)
            else:
                return None
        return left, left + took

    def _find_paces(self) -> dict[str, float]:
        """Return seconds for a byte of model file, for every kind of run seen so far."""
        seen: dict[str, list[float]] = {}
        for state in self.runs:
            whole = state.elapsed + (state.seconds_left or 0.0)
            known = state.run.status is RunStatus.FINISHED or state.seconds_left is not None
            if known and whole and not state.answers_kept:
                size = max(state.run.model.facts.file_bytes, 1)
                seen.setdefault(_kind(state), []).append(whole / size)
        return {kind: sum(paces) / len(paces) for kind, paces in seen.items()}

    def find(self, run_id: str) -> RunState | None:
        """Return the state of a run of this evaluation."""
        return next((state for state in self.runs if state.run.id == run_id), None)


class Monitor(QObject):
    """Follows the queue. `changed` comes at most ten times a second, `ended` once an evaluation.

    `resumed` carries the id of a run that goes on: what it had before is no longer told by the
    queue, and whoever hears it should load that and call `take_kept`.
    """

    changed = Signal()
    ended = Signal(object)
    resumed = Signal(str)

    def __init__(
        self,
        events: QtEvents,
        *,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to listen. `clock` tells seconds."""
        super().__init__(parent)
        self.evaluations: list[EvaluationState] = []
        self.paused = False
        self._clock = clock
        self._dirty = False
        events.happened.connect(self._take)
        events.batch_ended.connect(self._tell)

    @property
    def current(self) -> EvaluationState | None:
        """The evaluation that is under way, or the first that waits."""
        waiting = [state for state in self.evaluations if not state.finished]
        return next(
            (state for state in waiting if state.under_way), waiting[0] if waiting else None
        )

    @property
    def waiting(self) -> list[EvaluationState]:
        """Evaluations that have not begun, in order."""
        current = self.current
        return [s for s in self.evaluations if not s.finished and s is not current]

    @property
    def last(self) -> EvaluationState | None:
        """The evaluation that ended last in this session of the program."""
        return next((s for s in reversed(self.evaluations) if s.finished), None)

    def mark_cancelled(self, evaluation: EvaluationState) -> None:
        """Remember that the user ended it, so that its end is not announced as a success."""
        evaluation.cancelled = True

    def _tell(self) -> None:
        if self._dirty:
            self._dirty = False
            self.changed.emit()

    def _follow_clock(self) -> None:
        current, now = self.current, self._clock()
        for state in current.runs if current is not None else ():
            if state.run.status is not RunStatus.QUEUED:
                state.follow_clock(now, stands=self.paused)

    def _take(self, event: RunEvent) -> None:
        self._dirty = True
        self._follow_clock()
        match event:
            case EvaluationQueued():
                self._add(event)
            case RunStarted():
                self._start(event)
            case QueuePaused():
                self.paused = event.paused
            case EvaluationFinished():
                self._end(event.evaluation_id)
            case RunFinished():
                self._finish_run(event.run)
            case _:
                self._take_detail(event)

    def _take_detail(self, event: RunEvent) -> None:
        run_id = getattr(event, "run_id", "")
        found = self._find(run_id)
        if found is None:
            return
        evaluation, state = found
        match event:
            case EngineLoaded():
                state.engine = event.engine
            case EngineLost():
                evaluation.troubles.append(_engine_lost(state, event))
            case AnswerStarted():
                _begin_answer(evaluation, state, event)
            case AnswerGrew():
                _grow_answer(evaluation, state, event)
            case AnswerFinished():
                _finish_answer(evaluation, state, event)
            case MeasurementTaken():
                _add_measurement(evaluation, state, event.measurement)
            case Progress():
                state.done, state.total = event.done, event.total
                state.seconds_left = event.seconds_left
            case _:
                pass

    def _find(self, run_id: str) -> tuple[EvaluationState, RunState] | None:
        for evaluation in reversed(self.evaluations):
            state = evaluation.find(run_id)
            if state is not None:
                return evaluation, state
        return None

    def _add(self, event: EvaluationQueued) -> None:
        evaluation = EvaluationState(id=event.plan.id, title=event.plan.title)
        for run in event.runs:
            _add_run(evaluation, run)
        _color_models(evaluation)
        for planned in event.plan.runs:
            if planned.suite is not None:
                for case in planned.suite.cases:
                    evaluation.case_titles[planned.suite.sha256, case.id] = case.title
        self.evaluations.append(evaluation)

    def _start(self, event: RunStarted) -> None:
        """Take a run up; a resumed one was never announced, so it makes its evaluation anew."""
        run = event.run
        evaluation = next(
            (s for s in self.evaluations if s.id == run.evaluation_id and not s.finished), None
        )
        if evaluation is None:
            evaluation = EvaluationState(id=run.evaluation_id, title="")
            self.evaluations.append(evaluation)
        known = evaluation.find(run.id)
        state = known or _add_run(evaluation, run)
        state.run = run
        state.done = state.answers_kept = event.answers_kept
        if known is None:
            evaluation.title = _make_title(evaluation)
        if event.answers_kept:
            self.resumed.emit(run.id)

    def take_kept(self, details: RunDetails) -> None:
        """Count what a resumed run had before; what has come since stays as it is."""
        found = self._find(details.run.id)
        if found is None:
            return
        evaluation, state = found
        for answer in details.answers:
            state.outcomes.setdefault((answer.case_id, answer.repeat), answer.outcome)
        state.kept_known = True
        told = {measurement.test for measurement in state.measurements}
        kept = [m for m in details.measurements if m.test not in told]
        state.measurements[:0] = kept
        suite = details.suite
        sha256 = state.run.suite.sha256 if state.run.suite else ""
        for case in suite.cases if suite is not None else ():
            evaluation.case_titles[sha256, case.id] = case.title
        self._dirty = True
        self._tell()

    def _finish_run(self, run: Run) -> None:
        found = self._find(run.id)
        if found is None:
            return
        evaluation, state = found
        state.run = run
        state.seconds_left = None
        for line in list(evaluation.answers):
            if line.run_id == run.id and line.outcome is None:
                evaluation.answers.remove(line)
        if run.status is RunStatus.FAILED:
            evaluation.troubles.append(Trouble(title=_name(run), text=run.problem))

    def _end(self, evaluation_id: str) -> None:
        for evaluation in self.evaluations:
            if evaluation.id == evaluation_id and not evaluation.finished:
                evaluation.finished = True
                self.ended.emit(evaluation)


def _name(run: Run) -> str:
    return run.model.facts.name


def _kind(state: RunState) -> str:
    return state.run.suite.sha256 if state.run.suite else "speed"


def _make_title(evaluation: EvaluationState) -> str:
    """Name an evaluation that goes on: its plan, which had a title, is not told again."""
    names = list(dict.fromkeys(state.run.name for state in evaluation.runs))
    if len(names) == 1 and names[0]:
        return names[0]
    suites = [s.run.suite.title if s.run.suite else _tr("Speed probe") for s in evaluation.runs]
    models = list(dict.fromkeys(_name(state.run) for state in evaluation.runs))
    who = models[0] if len(models) == 1 else _tr("{0} models").format(len(models))
    return f"{', '.join(dict.fromkeys(suites))}, {who}"


def _add_run(evaluation: EvaluationState, run: Run) -> RunState:
    same = next((s.color for s in evaluation.runs if s.run.model.paths == run.model.paths), None)
    color = len(evaluation.models) if same is None else same
    state = RunState(run=run, color=color, total=run.suite.cases if run.suite else 0)
    evaluation.runs.append(state)
    return state


def _color_models(evaluation: EvaluationState) -> None:
    """Give models their colours in the order of their names, as comparisons do."""
    names = {state.run.model.paths: _name(state.run) for state in evaluation.runs}
    order = sorted(names, key=lambda paths: (names[paths].casefold(), names[paths], paths))
    for state in evaluation.runs:
        state.color = order.index(state.run.model.paths)


def _engine_lost(state: RunState, event: EngineLost) -> Trouble:
    title = _tr("The engine was restarted during {0}.").format(_name(state.run))
    text = _tr("The cases under way are asked again; nothing stored was lost.")
    return Trouble(title=title, text=text, details=event.message)


def _begin_answer(evaluation: EvaluationState, state: RunState, event: AnswerStarted) -> None:
    for line in list(evaluation.answers):
        if (line.run_id, line.case_id, line.repeat) == (event.run_id, event.case_id, event.repeat):
            evaluation.answers.remove(line)
    suite = state.run.suite
    title = evaluation.case_titles.get((suite.sha256, event.case_id)) if suite else None
    evaluation.answers.appendleft(
        AnswerLine(
            run_id=event.run_id,
            case_id=event.case_id,
            repeat=event.repeat,
            title=title or event.case_id,
            color=state.color,
        )
    )


def _find_line(
    evaluation: EvaluationState, run_id: str, case_id: str, repeat: int
) -> AnswerLine | None:
    wanted = (run_id, case_id, repeat)
    return next((x for x in evaluation.answers if (x.run_id, x.case_id, x.repeat) == wanted), None)


def _grow_answer(evaluation: EvaluationState, state: RunState, event: AnswerGrew) -> None:
    line = _find_line(evaluation, event.run_id, event.case_id, event.repeat)
    if line is None:
        _begin_answer(
            evaluation,
            state,
            AnswerStarted(run_id=event.run_id, case_id=event.case_id, repeat=event.repeat),
        )
        line = evaluation.answers[0]
    line.is_thinking = event.is_thinking
    if event.is_thinking:
        line.thinking = (line.thinking + event.text)[-_THINKING_KEPT:]
    else:
        line.text += event.text


def _finish_answer(evaluation: EvaluationState, state: RunState, event: AnswerFinished) -> None:
    answer = event.answer
    if _find_line(evaluation, event.run_id, answer.case_id, answer.repeat) is None:
        _begin_answer(
            evaluation,
            state,
            AnswerStarted(run_id=event.run_id, case_id=answer.case_id, repeat=answer.repeat),
        )
    line = _find_line(evaluation, event.run_id, answer.case_id, answer.repeat)
    if line is not None:
        line.text = answer.text
        line.thinking = answer.thinking[-_THINKING_KEPT:]
        line.is_thinking = False
        line.outcome = answer.outcome
        refused = next((s.explanation for s in answer.scores if not s.passed), "")
        line.explanation = answer.problem or refused
    state.outcomes[answer.case_id, answer.repeat] = answer.outcome


def _add_measurement(
    evaluation: EvaluationState, state: RunState, measurement: Measurement
) -> None:
    state.measurements.append(measurement)
    if measurement.valid:
        return
    messages = " ".join(d.message for d in measurement.disturbances)
    about = _tr("{0}, {1}:").format(_name(state.run), measurement.test)
    title = _tr("One measurement was disturbed.")
    evaluation.troubles.append(Trouble(title=title, text=f"{about} {messages}", disturbance=True))
