"""Every benchmark that can be imported, by name."""

from collections.abc import Mapping

from desktop.errors import UserError
from desktop.suites.findings import nearest
from desktop.suites.importers import (
    common_sense,
    instructions,
    knowledge,
    mathematics,
    reading,
    running_text,
    science,
)
from desktop.suites.importers.item import Benchmark

_FAMILIES = (common_sense, instructions, knowledge, mathematics, reading, running_text, science)

BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in sorted(
        (benchmark for family in _FAMILIES for benchmark in family.BENCHMARKS),
        key=lambda benchmark: benchmark.name,
    )
}


def find_benchmark(name: str) -> Benchmark:
    """Return a benchmark by its name, `-` as good as `_`; raises `UserError` with the nearest."""
    wanted = name.strip().lower().replace("-", "_")
    if wanted in BENCHMARKS:
        return BENCHMARKS[wanted]
    near = nearest(wanted, BENCHMARKS)
    raise UserError(
        f"There is no importer {name[:60]!r}{near}{'' if near.endswith('?') else '.'}",
        remedy="`touchstone suites importers` lists them.",
    )
