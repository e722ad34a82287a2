"""Quantising through the pipe, by the scripted engine: order, cancel, and what is left behind."""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from desktop.errors import EngineFault
from desktop.inference.engine import Frame, Quantise, Quantised, QuantiseProgress
from desktop.inference.quantising import partial_path
from desktop.inference.scripted import EngineScript, ScriptedEngine
from desktop.worker.engine_process import EngineProcess, start_scripted_engine
from desktop.worker.event_order import QuantiseOrder

REQUEST = Quantise(source="/m/a.gguf", target="/m/b.gguf", kind="Q4_K_M")
DONE = Quantised(path="/m/b.gguf", file_bytes=9, bits_per_weight=4.5, seconds=1.0)
SLOW = EngineScript(pace=1.0, generated_tokens_per_second=0.01)


@pytest.fixture
def slow() -> Iterator[EngineProcess]:
    engine = start_scripted_engine(SLOW)
    yield engine
    engine.close()


def step(done: int, tensors: int = 3) -> QuantiseProgress:
    return QuantiseProgress(done_tensors=done, tensors=tensors)


@pytest.mark.parametrize(
    ("events", "fits"),
    [
        ([step(0), step(2), DONE], True),
        ([step(0)], False),
        ([DONE, DONE], False),
        ([DONE, step(3)], False),
        ([step(2), step(1), DONE], False),
        ([step(4), DONE], False),
        ([step(-1), DONE], False),
        ([msgspec.structs.replace(DONE, path="/etc/passwd")], False),
        ([msgspec.structs.replace(DONE, file_bytes=0)], False),
        ([msgspec.structs.replace(DONE, bits_per_weight=math.nan)], False),
    ],
)
def test_only_progress_and_then_the_file_asked_for_have_a_place(
    events: list[Frame], fits: bool
) -> None:
    order = QuantiseOrder(REQUEST)
    assert (all(map(order.accept, events)) and order.may_end(cancelled=False)) is fits


def test_the_scripted_engine_pretends_and_says_so(tmp_path: Path) -> None:
    engine = start_scripted_engine()
    target = tmp_path / "b.gguf"
    request = msgspec.structs.replace(REQUEST, target=str(target))
    here = list(ScriptedEngine().quantise(request))
    assert list(engine.quantise(request)) == here
    assert isinstance(here[-1], Quantised)
    assert "No file was made" in here[-1].caveats[0]
    target.touch()
    with pytest.raises(EngineFault, match="exists already"):
        list(engine.quantise(request))
    with pytest.raises(EngineFault, match="can't be quantised to “Q9”"):
        list(engine.quantise(msgspec.structs.replace(request, kind="Q9")))
    engine.close()


def test_a_cancel_ends_the_process_and_clears_the_half_file_away(
    slow: EngineProcess, tmp_path: Path
) -> None:
    target = tmp_path / "b.gguf"
    partial_path(str(target)).write_bytes(b"half")
    steps = slow.quantise(msgspec.structs.replace(REQUEST, target=str(target)))
    next(steps)
    slow.cancel()
    assert list(steps) == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EngineFault) as caught:
        slow.peak_memory_bytes()
    assert caught.value.process_ended


def test_leaving_early_and_closing_clear_it_away_too(slow: EngineProcess, tmp_path: Path) -> None:
    target = tmp_path / "b.gguf"
    partial_path(str(target)).write_bytes(b"half")
    steps = slow.quantise(msgspec.structs.replace(REQUEST, target=str(target)))
    next(steps)
    del steps
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_by_itself_is_told_and_leaves_nothing(
    slow: EngineProcess, tmp_path: Path
) -> None:
    target = tmp_path / "b.gguf"
    partial_path(str(target)).write_bytes(b"half")
    steps = slow.quantise(msgspec.structs.replace(REQUEST, target=str(target)))
    next(steps)
    psutil.Process(slow.pid).kill()
    with pytest.raises(EngineFault) as caught:
        list(steps)
    assert caught.value.process_ended
    assert list(tmp_path.iterdir()) == []
