"""A bench for every test."""

import pytest

from desktop.evaluation.control import RunControl
from tests.unit.evaluation.bench import Bench, MemoryRecorder, answer_all


@pytest.fixture
def bench() -> Bench:
    return Bench(MemoryRecorder(), RunControl(), [], [answer_all()])
