"""A run from beginning to end: its state kept in the database, its events told."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from desktop.domain.base import new_id
from desktop.domain.events import (
    EngineLoaded,
    EngineLost,
    MeasurementTaken,
    RunEvent,
    RunFinished,
    RunStarted,
)
from desktop.domain.language_model import LanguageModel
from desktop.domain.measurement import Measurement
from desktop.domain.run import EvaluationPlan, Run, RunStatus, SuiteReference
from desktop.domain.suite import Suite
from desktop.errors import Cancelled, EngineFault, EnvironmentFault, UserError
from desktop.evaluation.control import Wish
from desktop.evaluation.probe_run import ProbeRun
from desktop.evaluation.suite_run import SuiteRun
from desktop.evaluation.workshop import Workshop

_log = logging.getLogger(__name__)


def make_runs(plan: EvaluationPlan, now: Callable[[], datetime]) -> tuple[Run, ...]:
    """Return the runs of a plan as they are queued, in its order."""
    return tuple(
        Run(
            id=new_id(),
            evaluation_id=plan.id,
            model=planned.model,
            settings=planned.settings,
            status=RunStatus.QUEUED,
            created_at=now(),
            suite=refer_to(planned.suite) if planned.suite else None,
            probe=planned.probe,
        )
        for planned in plan.runs
    )


def refer_to(suite: Suite) -> SuiteReference:
    """Return what a run keeps of its suite."""
    fixed = [times for case in suite.cases if (times := case.fixed_repeats) is not None]
    return SuiteReference(
        id=suite.id,
        title=suite.title,
        version=suite.version,
        sha256=suite.sha256,
        cases=len(suite.cases),
        fixed_cases=len(fixed),
        fixed_answers=sum(fixed),
    )


class RunLife:
    """Carries one run out. What goes wrong with the model or engine ends the run, not the caller.

    Only a database that can't be written (`EnvironmentFault`) and bugs are raised.
    """

    def __init__(
        self,
        run: Run,
        suite: Suite | None,
        workshop: Workshop,
        check_model: Callable[[LanguageModel], LanguageModel],
    ) -> None:
        """Take the run as it is stored. `check_model` makes sure of the file and of its hash."""
        self._run = run
        self._suite = suite
        self._workshop = workshop
        self._check_model = check_model

    def carry_out(self) -> Iterator[RunEvent]:
        """Yield everything from `RunStarted` to `RunFinished`."""
        workshop = self._workshop
        self._change(
            status=RunStatus.RUNNING,
            started_at=self._run.started_at or workshop.now(),
            finished_at=None,
            machine=self._run.machine or workshop.inspect_machine(),
            problem="",
        )
        job: SuiteRun | ProbeRun | None = None
        problem = ""
        try:
            job = self._make_job()
            yield RunStarted(run=self._run, answers_kept=job.answers_kept)
            self._change(model=self._check_model(self._run.model))
            for event in job.carry_out():
                self._note(event)
                yield event
        except (EngineFault, UserError) as fault:
            if isinstance(fault, EnvironmentFault):
                raise
            _log.warning("Run %s failed: %s\n%s", self._run.id, fault.message, fault.details)
            problem = str(fault)
        except Cancelled:
            pass
        if isinstance(job, SuiteRun) and job.peak_memory_bytes:
            yield self._keep_peak(job.peak_memory_bytes)
        yield self._finish(problem, complete=job is not None and job.complete)

    def _make_job(self) -> SuiteRun | ProbeRun:
        if self._run.suite is not None:
            if self._suite is None:
                raise UserError(f"The suite {self._run.suite.title!r} of this run is gone.")
            return SuiteRun(self._run, self._suite, self._workshop)
        if self._run.probe is None:
            raise UserError("This run has neither a suite nor a probe.")
        return ProbeRun(self._run, self._run.probe, self._workshop)

    def _note(self, event: RunEvent) -> None:
        """Keep in the run what the events say about it."""
        if isinstance(event, EngineLoaded):
            self._change(engine=event.engine, prompt_format=event.prompt_format)
        elif isinstance(event, EngineLost):
            self._change(problem=event.message)

    def _keep_peak(self, peak_bytes: int) -> MeasurementTaken:
        measurement = Measurement(
            id=new_id(),
            run_id=self._run.id,
            test="peak_resident",
            value=float(peak_bytes),
            unit="bytes",
            taken_at=self._workshop.now(),
        )
        self._workshop.recorder.add_measurement(measurement)
        return MeasurementTaken(run_id=self._run.id, measurement=measurement)

    def _finish(self, problem: str, *, complete: bool) -> RunFinished:
        if complete:
            status = RunStatus.FINISHED
        elif problem:
            status = RunStatus.FAILED
        elif self._workshop.control.wish is Wish.CLOSE:
            status = RunStatus.INTERRUPTED
        else:
            status = RunStatus.CANCELLED
        self._change(
            status=status,
            problem=problem or self._run.problem,
            finished_at=self._workshop.now(),
        )
        return RunFinished(run=self._run)

    def _change(self, **changes: object) -> None:
        self._run = msgspec.structs.replace(self._run, **changes)
        self._workshop.recorder.update_run(self._run)
