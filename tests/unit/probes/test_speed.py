"""Speed measurements: figures, repeats when disturbed, and cancelling between repetitions."""

import statistics
from collections.abc import Callable, Iterator, Sequence

import pytest

from desktop.domain.measurement import Disturbance, Measurement
from desktop.domain.run import EngineFacts
from desktop.domain.settings import ProbePlan, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import Engine, LoadModel, SpeedSampled
from desktop.inference.scripted import EngineScript, ScriptedEngine
from desktop.probes.speed import measure_load, measure_peak_memory, measure_speed
from desktop.probes.validity import Watch

PLAN = ProbePlan(repetitions=3)
NOISE = Disturbance(code="other_processes", message="Others were busy.")
BATTERY = Disturbance(code="battery", message="On battery.")


class FakeEngine(ScriptedEngine):
    """Takes as many seconds as it is told, and remembers what was asked of it."""

    def __init__(self, seconds: Sequence[float] = (1.0,), *, stop_after: int | None = None) -> None:
        super().__init__(EngineScript())
        self.asked: list[tuple[tuple[str, ...], int]] = []
        self.cancels = 0
        self._seconds = list(seconds)
        self._stop_after = stop_after
        self._made = 0

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        self.asked.append((tuple(test.name for test in tests), repetitions))
        for test in tests:
            for repetition in range(repetitions):
                if self._stop_after is not None and self._made >= self._stop_after:
                    return
                seconds = self._seconds[self._made % len(self._seconds)]
                self._made += 1
                yield SpeedSampled(
                    test=test.name,
                    repetition=repetition,
                    tokens=test.prompt_tokens + test.generated_tokens,
                    seconds=seconds,
                )

    def cancel(self) -> None:
        self.cancels += 1


class FakeWatch:
    """Finds, attempt by attempt, what it is told to find."""

    def __init__(self, findings: Sequence[tuple[Disturbance, ...]] = ()) -> None:
        self._findings = list(findings)
        self.samples = 0
        self.starts = 0

    def __call__(self) -> Watch:
        return self

    def start(self) -> None:
        self.starts += 1

    def sample(self) -> None:
        self.samples += 1

    def finish(self) -> tuple[Disturbance, ...]:
        return self._findings.pop(0) if self._findings else ()


def measure(
    engine: Engine,
    watch: FakeWatch | None = None,
    plan: ProbePlan = PLAN,
    is_cancelled: Callable[[], bool] | None = None,
) -> list[Measurement]:
    events = measure_speed(
        engine, plan, "run", watch_factory=watch or FakeWatch(), is_cancelled=is_cancelled
    )
    return [event for event in events if isinstance(event, Measurement)]


def test_mean_and_sample_deviation_of_the_repetitions_rates() -> None:
    pp, tg = measure(FakeEngine([1.0, 1.01, 0.99, 2.0, 2.0, 2.0]))
    rates = (512 / 1.0, 512 / 1.01, 512 / 0.99)
    assert (pp.test, pp.unit, pp.run_id) == ("pp512", "tokens/s", "run")
    assert pp.repetitions == rates
    assert pp.value == statistics.fmean(rates)
    assert pp.standard_deviation == statistics.stdev(rates)
    assert pp.valid
    assert (tg.test, tg.value, tg.standard_deviation) == ("tg128", 64.0, 0.0)
    assert pp.id != tg.id


def test_one_repetition_has_no_deviation() -> None:
    (found,) = measure(
        FakeEngine(), plan=ProbePlan(tests=(SpeedTest(prompt_tokens=8),), repetitions=1)
    )
    assert found.standard_deviation is None
    assert found.valid


def test_every_repetition_is_told_before_its_measurement() -> None:
    events = list(measure_speed(FakeEngine(), PLAN, "run", watch_factory=FakeWatch()))
    kinds = ["sample" if isinstance(event, SpeedSampled) else event.test for event in events]
    assert kinds == ["sample"] * 3 + ["pp512"] + ["sample"] * 3 + ["tg128"]


def test_the_clock_is_read_only_while_the_engine_works() -> None:
    watch = FakeWatch()
    measure(FakeEngine(), watch)
    assert (watch.starts, watch.samples) == (2, 4)


def test_a_disturbed_test_is_made_once_more() -> None:
    engine = FakeEngine()
    pp, tg = measure(engine, FakeWatch([(NOISE,)]))
    assert engine.asked == [(("pp512",), 3), (("pp512",), 3), (("tg128",), 3)]
    assert pp.valid
    assert pp.disturbances == ()
    assert tg.valid


def test_disturbed_twice_is_kept_but_marked() -> None:
    engine = FakeEngine([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    pp, tg = measure(engine, FakeWatch([(NOISE,), (NOISE,)]))
    assert (pp.valid, pp.disturbances) == (False, (NOISE,))
    # The second attempt's figures, though the first were faster.
    assert pp.value == 256.0
    assert tg.valid
    assert len(engine.asked) == 3


def test_a_wide_spread_counts_as_a_disturbance() -> None:
    engine = FakeEngine([1.0, 1.0, 2.0])
    pp, _ = measure(engine)
    assert not pp.valid
    assert [disturbance.code for disturbance in pp.disturbances] == ["spread"]
    assert len(engine.asked) == 4


def test_running_on_battery_is_not_cured_by_repeating() -> None:
    engine = FakeEngine()
    pp, _ = measure(engine, FakeWatch([(BATTERY,)]))
    assert not pp.valid
    assert len(engine.asked) == 2


def test_cancelling_between_repetitions() -> None:
    engine = FakeEngine()
    answers = iter((False, True))
    assert measure(engine, is_cancelled=lambda: next(answers)) == []
    assert engine.cancels == 1
    assert engine.asked == [(("pp512",), 3)]


def test_an_engine_that_was_cancelled_leaves_whole_tests_only() -> None:
    found = measure(FakeEngine(stop_after=4))
    assert [measurement.test for measurement in found] == ["pp512"]


def test_cancelled_in_the_second_attempt_keeps_the_first_marked() -> None:
    engine = FakeEngine(stop_after=4)
    found = measure(engine, FakeWatch([(NOISE,)]))
    assert [(measurement.test, measurement.valid) for measurement in found] == [("pp512", False)]
    assert len(engine.asked) == 2


def test_closing_the_iterator_cancels_the_engine() -> None:
    engine = FakeEngine()
    events = measure_speed(engine, PLAN, "run", watch_factory=FakeWatch())
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert engine.cancels == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_impossible_times_are_refused(seconds: float) -> None:
    with pytest.raises(EngineFault, match="no time"):
        measure(FakeEngine([seconds]))


def test_the_scripted_engine_with_the_real_watch() -> None:
    engine = ScriptedEngine(EngineScript(prompt_tokens_per_second=500.0))
    engine.load(LoadModel(path="any.gguf", context_tokens=512))
    found = [e for e in measure_speed(engine, PLAN, "run") if isinstance(e, Measurement)]
    assert [measurement.test for measurement in found] == ["pp512", "tg128"]
    assert all(measurement.value > 0 for measurement in found)


class SizedEngine(ScriptedEngine):
    def __init__(self, peak: int) -> None:
        super().__init__(EngineScript())
        self._peak = peak

    def peak_memory_bytes(self) -> int:
        return self._peak


def test_peak_memory() -> None:
    found = measure_peak_memory(SizedEngine(123_000_000), "run")
    assert found is not None
    assert (found.test, found.value, found.unit) == ("peak_resident", 123_000_000.0, "bytes")
    assert found.standard_deviation is None
    assert measure_peak_memory(SizedEngine(0), "run") is None


def test_load_time() -> None:
    facts = EngineFacts(name="llama.cpp", version="1", load_seconds=1.5)
    found = measure_load(facts, "run")
    assert found is not None
    assert (found.test, found.value, found.unit) == ("load", 1.5, "seconds")
    assert measure_load(EngineFacts(name="llama.cpp", version="1"), "run") is None
