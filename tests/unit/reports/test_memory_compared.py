"""Memory held side by side is the models' own, not that of how many cases were asked at once."""

import msgspec
import pytest

from desktop.domain.measurement import Measurement
from desktop.domain.run import EngineFacts
from desktop.domain.settings import RunSettings
from desktop.reports.records import RunRecord
from desktop.reports.selection import ModelRuns
from desktop.reports.speed import find_peak_memory
from tests.unit.reports.sample_runs import make_model, make_probe, make_record, make_suite


def suite_run(name: str, peak: float, parallel: int | None, used: int) -> RunRecord:
    """Return a suite run with a peak of memory, made with a setting and what it came to."""
    record = make_record(name, "+-+-", suite=make_suite(4))
    run = msgspec.structs.replace(
        record.run,
        settings=RunSettings(parallel_sequences=parallel),
        engine=EngineFacts(name="llama.cpp", version="1", parallel_sequences=used),
    )
    measurement = Measurement(
        id=f"{run.id}-peak",
        run_id=run.id,
        test="peak_resident",
        value=peak,
        unit="bytes",
        taken_at=run.created_at,
    )
    return msgspec.structs.replace(record, run=run, measurements=(measurement,))


def found(*records: RunRecord) -> float | None:
    runs = ModelRuns(label="m", color=0, model=make_model("m"), chosen=records)
    peak = find_peak_memory(runs)
    return peak.value if peak else None


@pytest.mark.parametrize("used", [1, 32, 64])
def test_a_suite_answered_many_at_a_time_says_nothing_of_the_model(used: int) -> None:
    assert found(suite_run("m", 900e6, None, used)) is None
    assert found(suite_run("m", 900e6, 16, used)) is None


def test_a_probe_is_the_same_for_every_model_and_comes_first() -> None:
    probe = make_probe("m", 50.0, memory_bytes=400_000_000)
    assert found(suite_run("m", 900e6, None, 64), probe) == 400e6
    assert found(suite_run("m", 500e6, 1, 1), probe) == 400e6


def test_one_case_at_a_time_is_the_models_own() -> None:
    assert found(suite_run("m", 500e6, 1, 1)) == 500e6
