"""Measurements: figures with unit, repetitions, and whether they may be trusted."""

from datetime import datetime

from desktop.domain.base import Value


class Disturbance(Value, frozen=True, kw_only=True):
    """Why a measurement may not be trusted: a stable code and one sentence."""

    code: str
    message: str


class Measurement(Value, frozen=True, kw_only=True):
    """One figure of a run.

    `value` is the mean of `repetitions`, `standard_deviation` their sample standard deviation
    (`None` with fewer than two). `test` is llama-bench's name for speeds (`pp512`, `tg128`) and
    otherwise ours (`peak_resident`, `load`). `unit` is one of `tokens/s`, `bytes`, `seconds`.
    """

    id: str
    run_id: str
    test: str
    value: float
    unit: str
    taken_at: datetime
    standard_deviation: float | None = None
    repetitions: tuple[float, ...] = ()
    valid: bool = True
    disturbances: tuple[Disturbance, ...] = ()
