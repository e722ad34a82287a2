"""What an evaluation needs of a database, so that it need not know one."""

from collections.abc import Sequence
from typing import Protocol

from desktop.domain.answer import Answer
from desktop.domain.measurement import Measurement
from desktop.domain.run import Run
from desktop.domain.suite import Suite


class RunRecorder(Protocol):
    """Keeps runs as they come. Every call is one transaction, durable when it returns.

    Raises `EnvironmentFault` when the disk is full or read-only; what was stored before stays.
    """

    def add_suite(self, suite: Suite) -> None:
        """Keep a copy of a suite under its `sha256`; a copy that is there already stays."""

    def add_runs(self, runs: Sequence[Run]) -> None:
        """Add new runs, all or none."""

    def update_run(self, run: Run) -> None:
        """Store a run's new state; annotations are left as they are.

        Raises `UserError` if the stored run has finished: those never change.
        """

    def add_answer(self, answer: Answer) -> None:
        """Store an answer with its scores.

        A second one for the same case and repeat takes the place of an error, of nothing else.
        """

    def add_measurement(self, measurement: Measurement) -> None:
        """Store a measurement."""

    def load_answers(self, run_id: str) -> tuple[Answer, ...]:
        """Return a run's answers in the order in which they finished."""

    def load_measurements(self, run_id: str) -> tuple[Measurement, ...]:
        """Return a run's measurements in the order in which they were taken."""
