"""What the parent does with a child that can't be trusted, and how ends are put in words."""

import importlib
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from desktop.errors import EngineFault
from desktop.inference.engine import LoadModel
from desktop.worker import engine_process
from desktop.worker.engine_frames import EngineSpec
from desktop.worker.engine_process import EngineProcess
from desktop.worker.process_end import describe_end


@pytest.fixture
def rogue_engines(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of rogue children, found by the spawned process as well."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("rogue_engines")


@pytest.mark.parametrize("name", ["nonsense", "unknown_type", "pickle", "giant"])
def test_garbage_ends_the_process_with_a_sentence(
    name: str, rogue_engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "giant" and sys.platform == "win32":
        pytest.skip("pipes have messages there, not headers")
    monkeypatch.setattr(engine_process, "serve", getattr(rogue_engines, f"serve_{name}"))
    engine = EngineProcess(EngineSpec())
    try:
        with pytest.raises(EngineFault) as caught:
            engine.load(LoadModel(path="x", context_tokens=1))
    finally:
        engine.close()
    assert caught.value.process_ended
    assert caught.value.message.endswith("and was ended.")


def test_a_process_that_dies_at_once_is_told(
    rogue_engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process, "serve", rogue_engines.die_at_once)
    with pytest.raises(EngineFault, match="exit code 9") as caught:
        EngineProcess(EngineSpec())
    assert caught.value.process_ended


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ends_are_put_in_words() -> None:
    assert "memory ran out (SIGKILL)" in describe_end(-signal.SIGKILL)
    assert "processor lacks" in describe_end(-signal.SIGILL)
    assert "SIGUSR1" in describe_end(-signal.SIGUSR1)
    assert "number 99" in describe_end(-99)
    assert "exit code 3" in describe_end(3)
    assert "of its own accord" in describe_end(0)
