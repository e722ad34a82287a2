"""What the window and the command line see of the worker thread."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from desktop.domain.events import RunEvent
from desktop.domain.run import EvaluationPlan, Run

Listener: TypeAlias = Callable[[RunEvent], None]


class EvaluationQueue(Protocol):
    """Evaluations one after another, in a thread of their own. All methods return at once."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event, in the worker thread."""

    def submit(self, plan: EvaluationPlan) -> tuple[Run, ...]:
        """Store a plan's runs and put them at the end of the queue; returns them."""

    def resume_runs(self, runs: tuple[Run, ...]) -> None:
        """Put runs that were interrupted, cancelled or still queued at the end of the queue."""

    def pause(self) -> None:
        """Stand still at once; the cases under way are asked again afterwards."""

    def proceed(self) -> None:
        """Go on after `pause`."""

    def cancel_run(self, run_id: str) -> None:
        """End one run, under way or waiting; what it has is kept."""

    def cancel_all(self) -> None:
        """End everything; what there is is kept."""

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Cancel, end the engine and the thread. Runs under way become interrupted."""

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waiting."""

    @property
    def paused(self) -> bool:
        """Whether the queue was paused."""
