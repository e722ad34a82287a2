"""What a comparison is made of."""

from desktop.domain.answer import Answer
from desktop.domain.base import Value
from desktop.domain.measurement import Measurement
from desktop.domain.run import Run
from desktop.domain.suite import Suite


class RunRecord(Value, frozen=True, kw_only=True):
    """A run with everything it holds. `suite` is `None` for probes, or if no copy is stored."""

    run: Run
    suite: Suite | None = None
    answers: tuple[Answer, ...] = ()
    measurements: tuple[Measurement, ...] = ()
