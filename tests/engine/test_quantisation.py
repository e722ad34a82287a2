"""Quantising a sample model with the real llama.cpp."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

from desktop.domain.settings import Sampling
from desktop.errors import EngineFault
from desktop.inference.engine import (
    GenerationFinished,
    LoadModel,
    Prompt,
    Quantise,
    Quantised,
    QuantiseProgress,
)
from desktop.worker.engine_process import EngineProcess

pytestmark = pytest.mark.engine
_Expected: TypeAlias = tuple[str, tuple[float, float], list[str]]
_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "expected",
    [("Q8_0", (8.4, 8.6), ["(Q4_1)"]), ("Q3_K_M", (4.0, 6.0), ["(Q4_1)", "180 of 272"])],
)
def test_a_copy_is_made_that_loads_and_answers(
    engine: EngineProcess, smollm2: Path, tmp_path: Path, expected: _Expected
) -> None:
    kind, bits, caveats = expected
    target = tmp_path / f"SmolLM2.{kind}.gguf"
    request = Quantise(source=str(smollm2), target=str(target), kind=kind, threads=2)
    *steps, result = engine.quantise(request)
    assert isinstance(result, Quantised)
    progress = [step for step in steps if isinstance(step, QuantiseProgress)]
    assert progress[0] == QuantiseProgress(done_tensors=0, tensors=272)
    assert len(progress) == len(steps) > 2
    assert bits[0] < result.bits_per_weight < bits[1]
    assert result.file_bytes == target.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert len(result.caveats) == len(caveats)
    assert all(part in said for part, said in zip(caveats, result.caveats, strict=True))
    engine.load(LoadModel(path=str(target), context_tokens=512, parallel_sequences=1, threads=1))
    text = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    prompt = Prompt(key="a", text=text, has_special_tokens=True, sampling=Sampling(), max_tokens=8)
    answers = [e for e in engine.generate([prompt]) if isinstance(e, GenerationFinished)]
    assert answers[0].text == "The capital of France is Paris."


def test_a_cancel_ends_the_process_and_leaves_no_half_file(
    engine: EngineProcess, smollm2: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.gguf"
    request = Quantise(source=str(smollm2), target=str(target), kind="Q3_K_M", threads=1)
    steps = engine.quantise(request)
    for step in steps:
        assert isinstance(step, QuantiseProgress)
        if step.done_tensors:
            assert [path.name for path in tmp_path.iterdir()] == [".copy.gguf.part"]
            break
    engine.cancel()
    assert not [step for step in steps if isinstance(step, Quantised)]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EngineFault) as caught:
        engine.peak_memory_bytes()
    assert caught.value.process_ended


def test_what_cannot_be_done_is_refused_and_the_engine_goes_on(
    engine: EngineProcess, smollm2: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.gguf"
    there.write_bytes(b"mine")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(smollm2.read_bytes()[:2_000_000])
    new = str(tmp_path / "new.gguf")
    for request, words in (
        (Quantise(source=str(smollm2), target=str(there), kind="Q8_0"), "exists already"),
        (Quantise(source=str(smollm2), target=new, kind="Q9"), "can't be quantised to “Q9”"),
        (Quantise(source=str(smollm2), target=new, kind="IQ1_S"), "possible are F32, F16"),
        (Quantise(source=str(there), target=new, kind="Q8_0"), "there.gguf is not a GGUF file"),
        (Quantise(source=str(broken), target=new, kind="Q8_0"), "broken.gguf is cut short"),
        (Quantise(source=new, target=new, kind="Q8_0"), "There is no file"),
        (Quantise(source=str(smollm2), target=f"{new}/x/y", kind="Q8_0"), "There is no folder"),
    ):
        with pytest.raises(EngineFault, match=words) as caught:
            list(engine.quantise(request))
        assert not caught.value.process_ended
    assert there.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.gguf", "there.gguf"]
    assert engine.peak_memory_bytes() > 0


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on file sizes is set as on Unix")
def test_a_disk_that_is_full_is_told_before_and_while_writing(
    smollm2: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.quantise_child", smollm2, tmp_path / "a.gguf"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=_ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcome = json.loads(done.stdout)
    assert "a.gguf needs 0.15 GB, but only 0.00 GB are free" in outcome["small"]
    assert "the disk is full" in outcome["full"]
    assert outcome["left"] == []
    # The numbers are those of the names: llama.cpp calls Q4_K_M "Q4_K - Medium".
    words = {"_S": " - Small", "_M": " - Medium", "_L": " - Large"}
    for kind, name in outcome["names"].items():
        spelt = kind[:-2] + words[kind[-2:]] if "_K_" in kind else kind
        assert name.startswith({"F32": "all F32", "IQ3_M": "IQ3_S mix"}.get(kind, spelt)), kind
