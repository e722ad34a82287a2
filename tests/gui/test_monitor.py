import msgspec
from PySide6.QtCore import QObject

from desktop.domain.events import (
    EvaluationFinished,
    MeasurementTaken,
    Progress,
    RunFinished,
    RunStarted,
)
from desktop.domain.run import Run, RunStatus
from desktop.ui.evaluate.monitor import Monitor
from desktop.ui.evaluate.screen import EvaluateScreen, describe_time_left
from desktop.ui.screen import ScreenId
from desktop.ui.window import MainWindow
from desktop.worker.qt import QtEvents
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import NOW, make_measurement
from tests.gui.scenes import begin_run, end_run, finish_answers, make_plan


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def find_suite_run(operations: FakeOperations) -> Run:
    return next(s.run for s in operations.summaries if s.run.suite is not None)


def resume(queue: FakeQueue, run: Run, *, kept: int) -> Run:
    running = msgspec.structs.replace(run, status=RunStatus.RUNNING, started_at=NOW, name="")
    queue.tell(RunStarted(run=running, answers_kept=kept))
    return running


def test_a_resumed_run_has_a_title_and_counts_what_it_had_before(
    window: MainWindow, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    run = find_suite_run(operations)
    kept = len(operations.load_run(run.id).answers)
    screen = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(screen, EvaluateScreen)
    screen._starting = True
    running = resume(queue, run, kept=kept)
    queue.tell(Progress(run_id=run.id, done=kept, total=kept))
    end_run(queue, running)
    queue.tell(EvaluationFinished(evaluation_id=run.evaluation_id))
    events.flush()
    assert run.suite is not None
    assert screen.title.text() == f"{run.suite.title}, {run.model.facts.name}"
    assert screen.running._grid is not None
    cell = screen.running._grid._cells[run.id]
    passed = sum(a.outcome == "passed" for a in operations.load_run(run.id).answers)
    assert f"{passed} of" in cell._label.text()
    assert f"{screen.title.text()} is done." in [n.title for n in window.notices.notices]


def test_resumed_runs_of_several_models_are_named_by_their_number(
    qapp: QObject, queue: FakeQueue, events: QtEvents, operations: FakeOperations
) -> None:
    monitor = Monitor(events, parent=qapp)
    runs = [s.run for s in operations.summaries if s.run.suite is not None]
    first = runs[0]
    other = next(r for r in runs if r.model.paths != first.model.paths)
    for run in (first, msgspec.structs.replace(other, evaluation_id=first.evaluation_id)):
        end_run(queue, resume(queue, run, kept=3))
    events.flush()
    assert monitor.current is not None
    assert monitor.current.title.endswith(", 2 models")


def test_time_left_of_everything_is_told_once_every_kind_of_run_has_been_seen(
    qapp: QObject, queue: FakeQueue, events: QtEvents
) -> None:
    clock = Clock()
    monitor = Monitor(events, parent=qapp, clock=clock)
    plan = make_plan()
    model = plan.runs[0].model
    twice = tuple(
        msgspec.structs.replace(
            planned, model=msgspec.structs.replace(model, paths=(f"/m/{number}.gguf",))
        )
        for number, planned in enumerate((plan.runs[3], plan.runs[3]))
    )
    runs = queue.submit(msgspec.structs.replace(plan, runs=twice))
    running = begin_run(queue, runs[0])
    events.flush()
    evaluation = monitor.current
    assert evaluation is not None
    first = evaluation.seconds
    assert first is None
    clock.now += 60
    queue.tell(Progress(run_id=running.id, done=18, total=36, seconds_left=60.0))
    events.flush()
    assert evaluation.seconds == (180.0, 240.0)
    queue.pause()
    events.flush()
    clock.now += 1000
    queue.proceed()
    events.flush()
    assert evaluation.seconds == (180.0, 240.0)
    clock.now += 60
    queue.tell(RunFinished(run=msgspec.structs.replace(running, status=RunStatus.FINISHED)))
    events.flush()
    clock.now += 500
    queue.pause()
    events.flush()
    assert evaluation.seconds == (120.0, 240.0)


def test_the_title_says_what_is_left_of_the_whole() -> None:
    assert describe_time_left((200.0, 305.0)) == "about 3 min left of 5 min"
    assert describe_time_left((4.0, 305.0)) == "a few seconds left"
    assert describe_time_left(None) == ""


def test_measurements_of_before_are_not_counted_twice(
    window: MainWindow, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    assert window.context is not None
    run = find_suite_run(operations)
    running = resume(queue, run, kept=2)
    queue.tell(MeasurementTaken(run_id=run.id, measurement=make_measurement(run.id, "tg128", 99.0)))
    finish_answers(queue, running, 0, 2)
    events.flush()
    current = window.context.monitor.current
    assert current is not None
    state = current.runs[0]
    assert len(state.outcomes) == len(operations.load_run(run.id).answers)


def test_evaluate_shows_a_resumed_run_as_soon_as_it_begins(
    window: MainWindow, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    assert window.context is not None
    window.context.await_evaluation()
    screen = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(screen, EvaluateScreen)
    assert not screen.running.isVisible()
    resume(queue, find_suite_run(operations), kept=2)
    events.flush()
    assert screen.running.isVisible()
