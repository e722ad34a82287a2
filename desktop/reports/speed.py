"""Speed and memory: which measurement stands for a model, and which may be held side by side."""

import math
from collections.abc import Sequence

from desktop.domain.base import Value
from desktop.domain.measurement import Measurement
from desktop.domain.settings import EngineOptions
from desktop.reports.records import RunRecord
from desktop.reports.selection import ModelRuns

# Two measurements of one model on a quiet machine agree within this share.
_REPRODUCIBILITY = 0.05
_PEAK = "peak_resident"


class Setup(Value, frozen=True, kw_only=True):
    """What a speed holds for; figures of different setups are never compared."""

    machine_id: str
    engine: tuple[str, str, str]
    devices: tuple[str, ...]
    threads: int
    gpu_layers: int
    options: EngineOptions


class Figure(Value, frozen=True, kw_only=True):
    """One figure of one model, with the setup it was measured in. `model` is its place."""

    model: int
    measurement: Measurement
    setup: Setup


def find_generation(model: ModelRuns) -> Measurement | None:
    """Return the speed of generation, `tg128` if it was measured, valid if there is one."""
    return _find(model, "tg", "tg128")


def find_prompt_processing(model: ModelRuns) -> Measurement | None:
    """Return the speed of reading a prompt, `pp512` if it was measured."""
    return _find(model, "pp", "pp512")


def find_peak_memory(model: ModelRuns) -> Measurement | None:
    """Return the largest valid peak of the engine process that is the model's own.

    A probe's comes first: it is taken under the same conditions for every model. A suite answered
    many cases at a time tells how many the engine took at once, found by trial, and never counts.
    """
    alone = [record for record in model.suite_runs if record.run.answers_alone]
    for records in (model.probe_runs, alone):
        peaks = [m for r in records for m in r.measurements if m.test == _PEAK and m.valid]
        if peaks:
            return max(peaks, key=lambda peak: peak.value)
    return None


def figures_to_compare(
    models: Sequence[ModelRuns], found: Sequence[Measurement | None]
) -> tuple[Figure, ...]:
    """Return the figures that may be held side by side: valid, same test, same setup, two or more.

    Where there are several setups, those of the largest group are returned.
    """
    groups: dict[tuple[str, Setup], list[Figure]] = {}
    for place, (model, measurement) in enumerate(zip(models, found, strict=True)):
        setup = setup_of(model, measurement) if measurement else None
        if measurement and setup and measurement.valid and measurement.value > 0:
            figure = Figure(model=place, measurement=measurement, setup=setup)
            groups.setdefault((measurement.test, setup), []).append(figure)
    largest = max(groups.values(), key=len, default=[])
    return tuple(largest) if len(largest) > 1 else ()


def setup_of(model: ModelRuns, measurement: Measurement) -> Setup | None:
    """Return what a measurement holds for, `None` if its run doesn't say on which machine."""
    record = _record_of(model, measurement)
    if record is None or record.run.machine is None:
        return None
    engine = record.run.engine
    return Setup(
        machine_id=record.run.machine.id,
        engine=(engine.name, engine.version, engine.build) if engine else ("", "", ""),
        devices=engine.devices if engine else (),
        threads=engine.threads if engine else record.run.settings.threads or 0,
        gpu_layers=record.run.settings.gpu_layers,
        # Those asked for: runs of earlier versions did not record the ones in force.
        options=record.run.settings.engine,
    )


def differs(faster: Measurement, slower: Measurement) -> bool:
    """Tell whether one rate is larger than another by more than repeated measurements scatter.

    By more than twice the standard error of the difference, and by more than 5 %, which is what
    separates two sittings on one machine however little the repetitions scatter.
    """
    if faster.value <= slower.value * (1 + _REPRODUCIBILITY):
        return False
    error = math.hypot(_standard_error(faster), _standard_error(slower))
    return faster.value - slower.value > 2 * error


def _standard_error(measurement: Measurement) -> float:
    if measurement.standard_deviation is None or not measurement.repetitions:
        return 0.0
    return measurement.standard_deviation / math.sqrt(len(measurement.repetitions))


def _record_of(model: ModelRuns, measurement: Measurement) -> RunRecord | None:
    return next((r for r in model.chosen if measurement in r.measurements), None)


def _find(model: ModelRuns, kind: str, usual: str) -> Measurement | None:
    candidates = [
        measurement
        for record in model.chosen
        for measurement in record.measurements
        if measurement.unit == "tokens/s"
        and measurement.test.startswith(kind)
        and "+" not in measurement.test
        and "@" not in measurement.test
    ]
    return max(
        candidates,
        key=lambda m: (m.test == usual, m.valid, m.taken_at),
        default=None,
    )
