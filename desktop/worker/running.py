"""Running short work away from the window: an operation in, one of two callbacks back."""

from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


def ignore(_: object) -> None:
    """Do nothing with a result or a failure."""


class Runner(Protocol):
    """Runs operations one after another off the caller's thread.

    In the window the callbacks come back on the GUI thread (`worker/qt.py`); in tests and on the
    command line `InlineRunner` runs everything at once in the caller's thread.
    """

    def run(
        self,
        operation: Callable[[], Result],
        on_success: Callable[[Result], None] = ignore,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run `operation`; without `on_failure` a failure is shown in the runner's default way."""


class InlineRunner:
    """Runs at once, in this thread. Failures without a callback are raised."""

    def run(
        self,
        operation: Callable[[], Result],
        on_success: Callable[[Result], None] = ignore,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run `operation` and hand its result or failure to the callback."""
        try:
            result = operation()
        except Exception as failure:
            if on_failure is None:
                raise
            on_failure(failure)
        else:
            on_success(result)
