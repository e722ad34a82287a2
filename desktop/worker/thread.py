"""The worker thread: takes plans, carries their runs out one after another, tells listeners.

A plain `threading.Thread`, the same in the window and on the command line. Runs are stored as
queued before `submit` returns; what is told has been stored before.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from desktop.domain.base import utc_now
from desktop.domain.events import (
    EvaluationFinished,
    EvaluationQueued,
    QueuePaused,
    RunEvent,
    RunFinished,
)
from desktop.domain.language_model import LanguageModel
from desktop.domain.recording import RunRecorder
from desktop.domain.run import EvaluationPlan, Run, RunStatus
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.evaluation.control import RunControl
from desktop.evaluation.evaluator import RunLife, make_runs
from desktop.evaluation.workshop import Workshop
from desktop.worker.queue import Listener

_log = logging.getLogger(__name__)

RESUMABLE = {
    RunStatus.QUEUED,
    RunStatus.INTERRUPTED,
    RunStatus.CANCELLED,
    RunStatus.FAILED,
    RunStatus.RUNNING,
}


class SuiteShelf(RunRecorder, Protocol):
    """A recorder that also gives back the suites it keeps."""

    def load_suite(self, sha256: str) -> Suite:
        """Return a stored suite."""


@dataclass
class _Job:
    run: Run
    control: RunControl


class EvaluationThread:
    """Implements `EvaluationQueue`. Start it with `start`, end it with `close`."""

    def __init__(
        self,
        store: SuiteShelf,
        make_workshop: Callable[[RunControl], Workshop],
        check_model: Callable[[LanguageModel, RunControl], LanguageModel],
    ) -> None:
        """Take what is needed; nothing runs before `start`."""
        self._store = store
        self._make_workshop = make_workshop
        self._check_model = check_model
        self._listeners: list[Listener] = []
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._current: _Job | None = None
        self._paused = False
        self._closing = False
        self.fault: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="evaluation", daemon=True)

    def start(self) -> None:
        """Begin to take work."""
        self._thread.start()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event; it must not block and may be in any thread."""
        self._listeners.append(listener)

    def submit(self, plan: EvaluationPlan) -> tuple[Run, ...]:
        """Store the runs of a plan as queued and take them into the queue."""
        for planned in plan.runs:
            if planned.suite is not None:
                self._store.add_suite(planned.suite)
        runs = make_runs(plan, utc_now)
        self._store.add_runs(runs)
        self._tell(EvaluationQueued(plan=plan, runs=runs))
        self._enqueue(runs)
        return runs

    def resume_runs(self, runs: Iterable[Run]) -> None:
        """Put unfinished runs into the queue again; raises `UserError` for a finished one."""
        taken = tuple(runs)
        for run in taken:
            if run.status not in RESUMABLE:
                raise UserError(f"The run {run.id} has finished; there is nothing to resume.")
        with self._changed:
            known = {job.run.id for job in self._jobs()}
        queued = [
            msgspec.structs.replace(run, status=RunStatus.QUEUED)
            for run in taken
            if run.id not in known
        ]
        for run in queued:
            self._store.update_run(run)
        self._enqueue(queued)

    def pause(self) -> None:
        """Stand still at once; the cases under way are asked again later."""
        self._set_paused(paused=True)

    def proceed(self) -> None:
        """Go on after `pause`."""
        self._set_paused(paused=False)

    def cancel_run(self, run_id: str) -> None:
        """End one run, under way or waiting; what it has is kept."""
        with self._changed:
            jobs = [job for job in self._jobs() if job.run.id == run_id]
        for job in jobs:
            job.control.cancel()

    def cancel_all(self) -> None:
        """End everything; what there is is kept."""
        with self._changed:
            jobs = self._jobs()
        for job in jobs:
            job.control.cancel()
        self.proceed()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Interrupt the run under way, leave the others queued, and end the thread."""
        with self._changed:
            self._closing = True
            current = self._current
            self._changed.notify_all()
        if current is not None:
            current.control.close()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waiting."""
        with self._changed:
            return bool(self._jobs())

    @property
    def paused(self) -> bool:
        """Whether the queue was paused."""
        with self._changed:
            return self._paused

    def _jobs(self) -> list[_Job]:
        current = [self._current] if self._current is not None else []
        return [*current, *self._waiting]

    def _enqueue(self, runs: Iterable[Run]) -> None:
        with self._changed:
            self._waiting.extend(_Job(run, RunControl()) for run in runs)
            self._changed.notify_all()

    def _set_paused(self, *, paused: bool) -> None:
        with self._changed:
            if self._paused is paused:
                return
            self._paused = paused
            current = self._current
            self._changed.notify_all()
        if current is not None:
            if paused:
                current.control.pause()
            else:
                current.control.proceed()
        self._tell(QueuePaused(paused=paused))

    def _tell(self, event: RunEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _take(self) -> _Job | None:
        """Wait for the next job; `None` when the thread is to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closing
                    or (self._waiting and (not self._paused or self._waiting[0].control.ended))
                )
            )
            if self._closing:
                return None
            self._current = self._waiting.popleft()
            return self._current

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                self._carry_out(job)
            except Exception as fault:  # noqa: BLE001 - the thread must outlive any one run
                self._give_up(job, fault)
            with self._changed:
                self._current = None
                last = not any(
                    other.run.evaluation_id == job.run.evaluation_id for other in self._waiting
                )
                self._changed.notify_all()
            if last:
                self._tell(EvaluationFinished(evaluation_id=job.run.evaluation_id))

    def _carry_out(self, job: _Job) -> None:
        if job.control.ended:
            cancelled = msgspec.structs.replace(
                job.run, status=RunStatus.CANCELLED, finished_at=utc_now()
            )
            self._store.update_run(cancelled)
            self._tell(RunFinished(run=cancelled))
            return
        suite = self._store.load_suite(job.run.suite.sha256) if job.run.suite else None
        life = RunLife(
            job.run,
            suite,
            self._make_workshop(job.control),
            lambda model: self._check_model(model, job.control),
        )
        for event in life.carry_out():
            self._tell(event)

    def _give_up(self, job: _Job, fault: Exception) -> None:
        """The database failed, or there is a bug: end this run and all that wait."""
        _log.error("Run %s ended by a fault", job.run.id, exc_info=fault)
        self.fault = fault
        failed = replace(job)
        failed.run = msgspec.structs.replace(
            job.run, status=RunStatus.FAILED, problem=str(fault), finished_at=utc_now()
        )
        try:
            self._store.update_run(failed.run)
        except Exception:  # noqa: BLE001 - the database itself may be what failed
            _log.exception("The failure of run %s could not be stored", job.run.id)
        self._tell(RunFinished(run=failed.run))
        with self._changed:
            for other in self._waiting:
                other.control.cancel()
