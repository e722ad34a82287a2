"""The sample model, and the table at the end of `make stress`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.paths import sample_models_folder
from tests.stress import tally
from tests.stress.bench import RealBench

_FULL_SECONDS = 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the full counts the time that they take."""
    if tally.FULL:
        for item in items:
            item.add_marker(pytest.mark.timeout(_FULL_SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if tally.FULL and tally.LINES:
        terminalreporter.section("faults")
        tally.print_table(terminalreporter.write_line)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    path = sample_models_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert path.is_file(), "The sample models are missing: make sample-models"
    return path


@pytest.fixture
def bench(smollm2: Path) -> Iterator[RealBench]:
    """A run on a real model, whose engines are gone afterwards."""
    bench = RealBench(smollm2)
    yield bench
    bench.close()
