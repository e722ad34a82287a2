"""The two sample models, and engines that are closed in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import paths
from desktop.inference.engine import LoadModel
from desktop.worker.engine_process import EngineProcess, start_llama_engine

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
GEMMA = "gemma-3-270m-q4_k_m.gguf"


def find_sample(name: str) -> Path:
    path = paths.sample_models_folder() / name
    if not path.is_file():
        pytest.fail(f"The sample model {path} is not there; run `make sample-models` first.")
    return path


@pytest.fixture(scope="session")
def smollm2() -> Path:
    return find_sample(SMOLLM2)


@pytest.fixture(scope="session")
def gemma() -> Path:
    return find_sample(GEMMA)


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    """A llama.cpp process of its own for tests that hurt it."""
    process = start_llama_engine()
    yield process
    process.close()


@pytest.fixture(scope="module")
def smol(smollm2: Path) -> Iterator[EngineProcess]:
    """SmolLM2 behind a pipe with one sequence, for tests that leave it as it was."""
    process = start_llama_engine()
    process.load(LoadModel(path=str(smollm2), context_tokens=1024, parallel_sequences=1, threads=1))
    yield process
    process.close()
