"""Speed of a model on this machine, as llama-bench measures it, and whether to believe it."""

import statistics
from collections.abc import Callable, Generator, Iterator, Sequence

from desktop.domain.base import Value, new_id, utc_now
from desktop.domain.measurement import Disturbance, Measurement
from desktop.domain.run import EngineFacts
from desktop.domain.settings import ProbePlan, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import Engine, SpeedSampled
from desktop.probes.validity import ValidityWatch, Watch, WatchFactory, judge_spread

ATTEMPTS = 2
# A second attempt can't get rid of these.
_LASTING = frozenset({"battery", "unwatched"})


class _Attempt(Value, frozen=True, kw_only=True):
    rates: tuple[float, ...]
    disturbances: tuple[Disturbance, ...]

    @property
    def worth_repeating(self) -> bool:
        return any(disturbance.code not in _LASTING for disturbance in self.disturbances)


def measure_speed(
    engine: Engine,
    plan: ProbePlan,
    run_id: str,
    *,
    watch_factory: WatchFactory = ValidityWatch,
    is_cancelled: Callable[[], bool] | None = None,
) -> Iterator[SpeedSampled | Measurement]:
    """Yield every repetition as it is made, and after those of a test its measurement.

    A measurement is in tokens per second: mean and sample standard deviation. A disturbed test is
    made once more, and counts as invalid if that is disturbed too; the second attempt's figures
    are kept whichever look better. So a test yields its repetitions once or twice.

    Ends early, without a word, once the engine was cancelled or `is_cancelled` is true (asked
    between repetitions; it cancels the engine); a test that is not whole has no measurement.
    Closing the iterator cancels the engine. Raises what the engine raises.
    """
    for test in plan.tests:
        kept: _Attempt | None = None
        for _ in range(ATTEMPTS):
            attempt = yield from _attempt(
                engine, test, plan.repetitions, watch_factory(), is_cancelled
            )
            kept = attempt or kept
            if attempt is None or not attempt.worth_repeating:
                break
        if kept is not None:
            yield _to_measurement(test.name, run_id, kept)
        if attempt is None:
            return


def measure_peak_memory(engine: Engine, run_id: str) -> Measurement | None:
    """Return the engine process's peak resident set, `None` where it is not known.

    Taken of a process that loaded one model only, or it says nothing about this one.
    """
    peak = engine.peak_memory_bytes()
    return _single(run_id, "peak_resident", float(peak), "bytes") if peak > 0 else None


def measure_load(facts: EngineFacts, run_id: str) -> Measurement | None:
    """Return how long the model took to load, `None` if the engine did not say.

    Files that the system still has in memory load much faster than from the disk.
    """
    if facts.load_seconds is None:
        return None
    return _single(run_id, "load", facts.load_seconds, "seconds")


def _attempt(
    engine: Engine,
    test: SpeedTest,
    repetitions: int,
    watch: Watch,
    is_cancelled: Callable[[], bool] | None,
) -> Generator[SpeedSampled, None, _Attempt | None]:
    """Measure one test and yield its repetitions; return `None` if it was cancelled early."""
    rates: list[float] = []
    cancelled = False
    watch.start()
    samples = engine.measure_speed((test,), repetitions)
    try:
        for sample in samples:
            if cancelled:
                # The engine was told; what it had under way is taken off the pipe and dropped.
                continue
            rates.append(_rate(sample))
            if len(rates) < repetitions:
                watch.sample()
            yield sample
            if len(rates) < repetitions and is_cancelled is not None and is_cancelled():
                cancelled = True
                engine.cancel()
    except BaseException:
        # The caller has closed us, for one: the engine must not go on measuring for nobody.
        engine.cancel()
        raise
    if cancelled or len(rates) < repetitions:
        return None
    return _Attempt(rates=tuple(rates), disturbances=(*watch.finish(), *judge_spread(rates)))


def _rate(sample: SpeedSampled) -> float:
    if sample.seconds <= 0 or sample.tokens <= 0:
        raise EngineFault(f"The engine gave no time for a repetition of {sample.test}.")
    return sample.tokens / sample.seconds


def _to_measurement(test: str, run_id: str, attempt: _Attempt) -> Measurement:
    rates: Sequence[float] = attempt.rates
    return Measurement(
        id=new_id(),
        run_id=run_id,
        test=test,
        value=statistics.fmean(rates),
        unit="tokens/s",
        taken_at=utc_now(),
        standard_deviation=statistics.stdev(rates) if len(rates) > 1 else None,
        repetitions=attempt.rates,
        valid=not attempt.disturbances,
        disturbances=attempt.disturbances,
    )


def _single(run_id: str, test: str, value: float, unit: str) -> Measurement:
    return Measurement(
        id=new_id(),
        run_id=run_id,
        test=test,
        value=value,
        unit=unit,
        taken_at=utc_now(),
        repetitions=(value,),
    )
