"""What the parent does with a child that can't be trusted, and how ends are put in words."""

import importlib
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from desktop.errors import EngineFault
from desktop.inference.engine import LoadModel
from desktop.worker import engine_process
from desktop.worker.engine_frames import EngineSpec
from desktop.worker.engine_process import EngineProcess, Patience
from desktop.worker.process_end import describe_end


@pytest.fixture
def rogue_engines(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of rogue children, found by the spawned process as well."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("rogue_engines")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", "can't be understood, and was ended"),
        ("unknown_type", "can't be understood, and was ended"),
        ("pickle", "can't be understood, and was ended"),
        ("deep", "can't be understood, and was ended"),
        ("giant", "more at once than it may, and was ended"),
        ("unasked", "had not been asked for, and was ended"),
        ("twice_ready", "had not been asked for, and was ended"),
        ("other_job", "had not been asked for, and was ended"),
        ("no_answer", "did not answer all that it was asked, and was ended"),
        ("cut", "exit code 11"),
        ("closed_pipe", "closed its pipe and was ended"),
    ],
)
def test_an_engine_that_breaks_the_rules_is_ended_with_a_sentence(
    name: str, words: str, rogue_engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in {"giant", "cut"} and sys.platform == "win32":
        pytest.skip("pipes have messages there, not headers")
    monkeypatch.setattr(engine_process, "serve", getattr(rogue_engines, f"serve_{name}"))
    engine = EngineProcess(EngineSpec(), Patience(end=0.5))
    try:
        with pytest.raises(EngineFault, match=words) as caught:
            engine.load(LoadModel(path="x", context_tokens=1))
        assert caught.value.process_ended
        assert not psutil.pid_exists(engine.pid)
    finally:
        engine.close()


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


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("terminate called after throwing an instance of 'std::bad_alloc'", "ran out of memory"),
        ("ggml_aligned_malloc: insufficient memory (attempted to allocate 9 MB)", "ran out of"),
        ("GGML_ASSERT(n_tokens_all <= cparams.n_batch) failed", "check of its own failed"),
        ("", "check of its own failed"),
    ],
)
def test_last_words_tell_memory_from_other_reasons_to_give_up(said: str, words: str) -> None:
    assert words in describe_end(-signal.SIGABRT, said)
    assert "reading memory that is not its own" in describe_end(-signal.SIGSEGV, said)
