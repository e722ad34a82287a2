"""Evaluations in the middle and at their end, told to a `FakeQueue` event by event."""

from datetime import timedelta

import msgspec

from desktop.domain.events import (
    AnswerFinished,
    AnswerGrew,
    AnswerStarted,
    EngineLoaded,
    EngineLost,
    EvaluationFinished,
    MeasurementTaken,
    Progress,
    RunFinished,
    RunStarted,
)
from desktop.domain.measurement import Disturbance
from desktop.domain.run import EvaluationPlan, PlannedRun, Run, RunStatus
from desktop.domain.settings import ProbePlan, RunSettings
from tests.gui.fakes import FakeQueue
from tests.gui.samples import (
    NOW,
    make_answers,
    make_case_id,
    make_engine,
    make_measurement,
    make_models,
    make_second_suite,
    make_suite,
)


def make_plan() -> EvaluationPlan:
    """Return three models, the speed probe and two suites."""
    runs: list[PlannedRun] = []
    for what in (None, make_suite(), make_second_suite()):
        for model in make_models():
            probe = ProbePlan() if what is None else None
            runs.append(PlannedRun(model=model, settings=RunSettings(), suite=what, probe=probe))
    return EvaluationPlan(id="plan-1", title="Overnight plan", runs=tuple(runs))


def begin_run(queue: FakeQueue, run: Run) -> Run:
    """Tell that a run has begun and its model is loaded."""
    running = msgspec.structs.replace(run, status=RunStatus.RUNNING, started_at=NOW)
    queue.tell(RunStarted(run=running), EngineLoaded(run_id=run.id, engine=make_engine()))
    return running


def end_run(queue: FakeQueue, run: Run, status: RunStatus = RunStatus.FINISHED) -> None:
    """Tell that a run has ended."""
    ended = msgspec.structs.replace(run, status=status, finished_at=NOW + timedelta(minutes=3))
    queue.tell(RunFinished(run=ended))


def finish_answers(queue: FakeQueue, run: Run, position: int, count: int) -> None:
    """Tell the first `count` answers of a run."""
    for number, answer in enumerate(make_answers(run, position)[:count]):
        queue.tell(
            AnswerStarted(run_id=run.id, case_id=answer.case_id),
            AnswerFinished(run_id=run.id, answer=answer),
            Progress(run_id=run.id, done=number + 1, total=36, seconds_left=540.0 - number),
        )


def play_half(queue: FakeQueue, plan: EvaluationPlan | None = None) -> tuple[Run, ...]:
    """Tell an evaluation up to the middle of its second suite."""
    runs = queue.submit(plan or make_plan())
    rates = (31.2, 110.4, 194.3)
    for run, rate in zip(runs[:3], rates, strict=True):
        running = begin_run(queue, run)
        queue.tell(
            MeasurementTaken(run_id=run.id, measurement=make_measurement(run.id, "tg128", rate))
        )
        end_run(queue, running)
    running = begin_run(queue, runs[3])
    finish_answers(queue, running, 0, 36)
    end_run(queue, running)
    running = begin_run(queue, runs[4])
    finish_answers(queue, running, 1, 22)
    queue.tell(
        AnswerStarted(run_id=running.id, case_id=make_case_id("Spell the reference")),
        AnswerGrew(
            run_id=running.id, case_id=make_case_id("Spell the reference"), text="RF18 5390 "
        ),
        AnswerGrew(run_id=running.id, case_id=make_case_id("Spell the reference"), text="0754"),
    )
    return runs


def disturb(queue: FakeQueue, run: Run) -> None:
    """Tell of a disturbed measurement."""
    disturbance = Disturbance(
        code="other_processes",
        message="Other processes used 34% of one core meanwhile (backup).",
    )
    queue.tell(
        MeasurementTaken(
            run_id=run.id,
            measurement=make_measurement(
                run.id, "tg128", 98.0, valid=False, disturbances=(disturbance,)
            ),
        )
    )


def lose_engine(queue: FakeQueue, run: Run) -> None:
    """Tell that the engine process ended."""
    queue.tell(EngineLost(run_id=run.id, message="The engine process ended (signal 9)."))


def end_all(queue: FakeQueue, runs: tuple[Run, ...]) -> None:
    """Tell that everything has ended well."""
    for run in runs:
        end_run(queue, run)
    queue.tell(EvaluationFinished(evaluation_id=runs[0].evaluation_id))
