"""The worker thread: queue, pause, cancel, close, and faults that must not end it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from desktop.domain.base import new_id
from desktop.domain.events import (
    AnswerFinished,
    AnswerStarted,
    EvaluationFinished,
    EvaluationQueued,
    QueuePaused,
    RunEvent,
    RunFinished,
    RunStarted,
)
from desktop.domain.run import EvaluationPlan, PlannedRun, RunStatus
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.evaluation.control import RunControl
from desktop.evaluation.workshop import Workshop
from desktop.inference.scripted import (
    EngineScript,
    ScriptedEngine,
    ScriptedFault,
    ScriptedReply,
)
from desktop.storage.database import Database
from desktop.worker.thread import EvaluationThread
from tests.unit.evaluation.bench import make_machine, make_model, make_suite, render_plainly

_PATIENCE = 20.0


class Watched:
    """A queue whose events can be waited for."""

    def __init__(self, database: Database, script: EngineScript) -> None:
        self.database = database
        self.script = script
        self.events: list[RunEvent] = []
        self._changed = threading.Condition()
        self.queue = EvaluationThread(database.runs, self._workshop, lambda model, _: model)
        self.queue.subscribe(self._receive)
        self.queue.start()

    def _workshop(self, control: RunControl) -> Workshop:
        return Workshop(
            recorder=self.database.runs,
            start_engine=lambda: ScriptedEngine(self.script),
            render=render_plainly,
            inspect_machine=make_machine,
            control=control,
        )

    def _receive(self, event: RunEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, _PATIENCE), self.events

    def count(self, kind: type[RunEvent]) -> int:
        return sum(isinstance(event, kind) for event in self.events)

    def statuses(self) -> list[RunStatus]:
        return [summary.run.status for summary in reversed(self.database.runs.list_runs())]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened


def _script(text: str = "yes", pace: float = 0.0) -> EngineScript:
    return EngineScript(
        replies=(ScriptedReply(pattern="", text=text),), pace=pace, generated_tokens_per_second=500
    )


@pytest.fixture
def start(database: Database) -> Iterator[Callable[[EngineScript], Watched]]:
    started: list[Watched] = []

    def begin(script: EngineScript) -> Watched:
        started.append(Watched(database, script))
        return started[-1]

    yield begin
    for watched in started:
        watched.queue.close()


def make_plan(suite: Suite, models: int = 1) -> EvaluationPlan:
    return EvaluationPlan(
        id=new_id(),
        title="Plan",
        runs=tuple(
            PlannedRun(
                model=msgspec.structs.replace(make_model(), id=f"m{number}"),
                settings=RunSettings(),
                suite=suite,
            )
            for number in range(models)
        ),
    )


def test_a_plan_is_stored_as_queued_before_submit_returns(
    database: Database, start: Callable[[EngineScript], Watched]
) -> None:
    watched = start(_script())
    watched.queue.pause()
    runs = watched.queue.submit(make_plan(make_suite(), models=2))
    assert [database.runs.load_run(run.id).status for run in runs] == [RunStatus.QUEUED] * 2
    busy = [watched.queue.busy]
    watched.queue.proceed()
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert watched.statuses() == [RunStatus.FINISHED] * 2
    assert [*busy, watched.queue.busy] == [True, False]
    assert isinstance(watched.events[0], QueuePaused)
    assert isinstance(watched.events[1], EvaluationQueued)


def test_a_pause_frees_the_machine_and_loses_nothing(
    database: Database, start: Callable[[EngineScript], Watched]
) -> None:
    watched = start(_script("yes " * 200, pace=1.0))
    (run,) = watched.queue.submit(make_plan(make_suite(2)))
    watched.wait_for(lambda: watched.count(AnswerStarted) >= 1)
    watched.queue.pause()
    assert watched.queue.paused
    assert database.runs.load_answers(run.id) == ()
    watched.script = _script()
    watched.queue.proceed()
    watched.wait_for(lambda: watched.count(RunFinished) == 1)
    assert len(database.runs.load_answers(run.id)) == 2
    assert watched.statuses() == [RunStatus.FINISHED]


def test_cancelling_one_run_leaves_the_others(
    database: Database, start: Callable[[EngineScript], Watched]
) -> None:
    watched = start(_script("yes " * 400, pace=1.0))
    first, second, third = watched.queue.submit(make_plan(make_suite(1), models=3))
    watched.wait_for(lambda: watched.count(AnswerStarted) == 1)
    watched.queue.cancel_run(second.id)
    watched.script = _script()
    watched.queue.cancel_run(first.id)
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert [database.runs.load_run(run.id).status for run in (first, second, third)] == [
        RunStatus.CANCELLED,
        RunStatus.CANCELLED,
        RunStatus.FINISHED,
    ]


def test_cancelling_all_ends_a_paused_queue_too(start: Callable[[EngineScript], Watched]) -> None:
    watched = start(_script())
    watched.queue.pause()
    watched.queue.submit(make_plan(make_suite(), models=2))
    watched.queue.cancel_all()
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert watched.statuses() == [RunStatus.CANCELLED] * 2


def test_closing_interrupts_what_runs_and_leaves_the_rest_queued(
    database: Database, start: Callable[[EngineScript], Watched]
) -> None:
    watched = start(_script("yes " * 400, pace=1.0))
    watched.queue.submit(make_plan(make_suite(2), models=2))
    watched.wait_for(lambda: watched.count(AnswerStarted) == 1)
    watched.queue.close()
    assert watched.statuses() == [RunStatus.INTERRUPTED, RunStatus.QUEUED]

    again = start(_script())
    left = [summary.run for summary in reversed(database.runs.list_runs())]
    again.queue.resume_runs(tuple(left))
    again.wait_for(lambda: again.count(EvaluationFinished) == 1)
    assert again.statuses() == [RunStatus.FINISHED] * 2


def test_a_finished_run_cannot_be_resumed(start: Callable[[EngineScript], Watched]) -> None:
    watched = start(_script())
    watched.queue.submit(make_plan(make_suite(1)))
    watched.wait_for(lambda: watched.count(RunFinished) == 1)
    run = next(e.run for e in watched.events if isinstance(e, RunFinished))
    with pytest.raises(UserError, match="nothing to resume"):
        watched.queue.resume_runs((run,))


def test_a_broken_model_does_not_keep_the_next_one_from_being_measured(
    start: Callable[[EngineScript], Watched],
) -> None:
    script = EngineScript(
        replies=(
            ScriptedReply(pattern="", model="model", fault=ScriptedFault.DIE),
            ScriptedReply(pattern="", text="yes"),
        )
    )
    watched = start(script)
    plan = make_plan(make_suite(1), models=2)
    good = msgspec.structs.replace(plan.runs[1].model, paths=("good.gguf",))
    second = msgspec.structs.replace(plan.runs[1], model=good)
    watched.queue.submit(msgspec.structs.replace(plan, runs=(plan.runs[0], second)))
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert watched.statuses()[1] is RunStatus.FINISHED
    assert watched.queue.fault is None


def test_a_full_disk_ends_the_queue_with_its_cause_and_keeps_what_is_stored(
    database: Database,
    start: Callable[[EngineScript], Watched],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = start(_script())
    real = database.runs.add_answer
    stored: list[object] = []

    def fill_up(answer: object) -> None:
        if stored:
            raise EnvironmentFault("The disk is full.")
        stored.append(answer)
        real(answer)  # type: ignore[arg-type]

    monkeypatch.setattr(database.runs, "add_answer", fill_up)
    watched.queue.submit(make_plan(make_suite(3), models=2))
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert isinstance(watched.queue.fault, EnvironmentFault)
    assert database.runs.count_answers() == 1
    assert watched.statuses() == [RunStatus.FAILED, RunStatus.CANCELLED]


def test_the_thread_outlives_a_bug(
    start: Callable[[EngineScript], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = start(_script())
    with monkeypatch.context() as patch:
        patch.setattr("desktop.worker.thread.RunLife.carry_out", lambda _: 1 / 0)
        watched.queue.submit(make_plan(make_suite(1)))
        watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    watched.queue.submit(make_plan(make_suite(1)))
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 2)
    assert watched.statuses() == [RunStatus.FAILED, RunStatus.FINISHED]


def test_what_is_told_is_stored(
    database: Database, start: Callable[[EngineScript], Watched]
) -> None:
    watched = start(_script())
    missing: list[RunEvent] = []

    def look(event: RunEvent) -> None:
        if isinstance(event, AnswerFinished):
            known = database.runs.load_answers(event.run_id)
            missing.extend([event] if event.answer not in known else [])
        if isinstance(event, RunStarted):
            status = database.runs.load_run(event.run.id).status
            missing.extend([event] if status is not RunStatus.RUNNING else [])

    watched.queue.subscribe(look)
    watched.queue.submit(make_plan(make_suite(3)))
    watched.wait_for(lambda: watched.count(EvaluationFinished) == 1)
    assert missing == []
