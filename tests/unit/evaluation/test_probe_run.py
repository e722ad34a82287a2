"""A speed probe as a run: measurements stored and told, cancelled ones left out."""

from collections.abc import Iterator

import msgspec
import pytest

from desktop.domain.events import MeasurementTaken, Progress, RunEvent, RunFinished, RunStarted
from desktop.domain.measurement import Disturbance
from desktop.domain.run import RunStatus
from desktop.domain.settings import CacheType, EngineOptions, ProbePlan, SpeedTest
from desktop.inference.scripted import EngineScript
from tests.unit.evaluation.bench import Bench, make_run

PLAN = ProbePlan(
    tests=(SpeedTest(prompt_tokens=512), SpeedTest(generated_tokens=128)), repetitions=3
)


class QuietWatch:
    """A machine that nothing else uses."""

    def start(self) -> None:
        pass

    def sample(self) -> None:
        pass

    def finish(self) -> tuple[Disturbance, ...]:
        return ()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    # The default was bound when the module was read.
    from desktop.probes import speed  # noqa: PLC0415 - what is patched

    defaults = speed.measure_speed.__kwdefaults__ or {}
    monkeypatch.setattr(
        speed.measure_speed, "__kwdefaults__", {**defaults, "watch_factory": QuietWatch}
    )


def test_a_probe_is_measured_stored_and_told(bench: Bench) -> None:
    events = list(bench.carry_out(make_run(probe=PLAN)))
    assert isinstance(events[0], RunStarted)
    taken = {e.measurement.test: e.measurement for e in events if isinstance(e, MeasurementTaken)}
    assert {"pp512", "tg128", "load", "peak_resident"} == set(taken)
    assert list(taken.values()) == bench.recorder.measurements
    assert taken["pp512"].value == pytest.approx(500, rel=0.02)
    assert taken["tg128"].value == pytest.approx(50, rel=0.02)
    assert len(taken["tg128"].repetitions) == 3
    assert taken["tg128"].valid
    final = events[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.FINISHED


def test_a_probe_is_measured_with_the_options_of_its_run(bench: Bench) -> None:
    options = EngineOptions(key_cache_type=CacheType.Q8_0)
    run = make_run(probe=PLAN)
    settings = msgspec.structs.replace(run.settings, engine=options)
    *_, final = bench.carry_out(msgspec.structs.replace(run, settings=settings))
    assert isinstance(final, RunFinished)
    assert final.run.engine is not None
    assert final.run.engine.options == options


def test_progress_is_told_by_repetition(bench: Bench) -> None:
    events = list(bench.carry_out(make_run(probe=PLAN)))
    progress = [(e.done, e.total) for e in events if isinstance(e, Progress)]
    assert progress == [(done, 6) for done in range(7)]


def test_a_disturbed_test_is_made_again_and_progress_knows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = iter([(Disturbance(code="other_processes", message="A virus scan."),), (), ()])
    monkeypatch.setattr(QuietWatch, "finish", lambda _: next(findings))
    events = list(bench.carry_out(make_run(probe=PLAN)))
    progress = [(e.done, e.total) for e in events if isinstance(e, Progress)]
    assert progress[-1] == (9, 9)
    assert all(done <= total for done, total in progress)
    assert all(m.valid for m in bench.recorder.measurements)


def _until_first_measurement(events: Iterator[RunEvent]) -> None:
    for event in events:
        if isinstance(event, MeasurementTaken):
            return


def test_a_cancelled_probe_keeps_whole_measurements_and_goes_on_with_the_rest(
    bench: Bench,
) -> None:
    run = make_run(probe=PLAN)
    events = bench.carry_out(run)
    _until_first_measurement(events)
    bench.control.cancel()
    final = list(events)[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.CANCELLED
    assert [m.test for m in bench.recorder.measurements] == ["pp512"]

    bench.control = type(bench.control)()
    again = list(bench.carry_out(final.run))
    assert isinstance(again[0], RunStarted)
    assert again[0].answers_kept == 1
    assert [m.test for m in bench.recorder.measurements].count("pp512") == 1
    assert {m.test for m in bench.recorder.measurements} >= {"pp512", "tg128"}


def test_a_model_that_cannot_be_loaded_fails_the_probe_in_words(bench: Bench) -> None:
    bench.scripts = [EngineScript(load_problem="Too large for this machine.")]
    final = list(bench.carry_out(make_run(probe=PLAN)))[-1]
    assert isinstance(final, RunFinished)
    assert (final.run.status, final.run.problem) == (
        RunStatus.FAILED,
        "Too large for this machine.",
    )
