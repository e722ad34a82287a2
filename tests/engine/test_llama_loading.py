"""Files that can't be loaded, sizes that don't fit, and what llama.cpp says a load needs."""

import re
import shutil
from pathlib import Path

import gguf
import numpy as np
import psutil
import pytest

from desktop.domain.settings import Sampling, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import GenerationFinished, LoadModel, Prompt
from desktop.worker.engine_process import EngineProcess

pytestmark = pytest.mark.engine


def refusal(engine: EngineProcess, path: Path, context: int = 512, parallel: int = 1) -> str:
    """Load and return the sentence; the process must survive."""
    with pytest.raises(EngineFault) as caught:
        engine.load(LoadModel(path=str(path), context_tokens=context, parallel_sequences=parallel))
    assert not caught.value.process_ended
    assert psutil.pid_exists(engine.pid)
    return caught.value.message


def test_broken_files_are_refused_with_a_sentence_each(
    engine: EngineProcess, smollm2: Path, tmp_path: Path
) -> None:
    assert "There is no file" in refusal(engine, tmp_path / "gone.gguf")
    assert "is a folder" in refusal(engine, tmp_path)
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)
    assert refusal(engine, garbage) == "garbage.gguf is not a GGUF file."
    cut = tmp_path / "cut.gguf"
    with smollm2.open("rb") as source, cut.open("wb") as target:
        target.write(source.read(20_000_000))
    assert "cut short" in refusal(engine, cut)
    headless = tmp_path / "headless.gguf"
    headless.write_bytes(smollm2.read_bytes()[:1000])
    assert "could not load headless.gguf" in refusal(engine, headless)
    nonsense = tmp_path / "nonsense.gguf"
    nonsense.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 400)
    assert "could not load nonsense.gguf" in refusal(engine, nonsense)
    assert engine.load(LoadModel(path=str(smollm2), context_tokens=256)).facts.threads


def test_an_unknown_architecture_is_named(engine: EngineProcess, tmp_path: Path) -> None:
    path = tmp_path / "tomorrow.gguf"
    writer = gguf.GGUFWriter(path, "mind2040")
    writer.add_tensor("token_embd.weight", np.zeros((8, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert "architecture “mind2040”" in refusal(engine, path)


def test_a_context_larger_than_memory_is_refused_before_it_is_made(
    engine: EngineProcess, smollm2: Path
) -> None:
    tokens = psutil.virtual_memory().total // 23_040 + 200_000
    message = refusal(engine, smollm2, context=tokens)
    assert f"{tokens:,}" in message
    assert "memory" in message
    for huge in (2_000_000_000, 2**31, 2**33):
        message = refusal(engine, smollm2, context=huge)
        assert re.search(r"needs [\d,.]+ GB of memory, and this machine has [\d,.]+ GB", message)
    assert "from 1 to 256" in refusal(engine, smollm2, parallel=1000)
    assert engine.peak_memory_bytes() < 2_000_000_000


def test_the_estimate_is_what_the_load_then_takes(engine: EngineProcess, smollm2: Path) -> None:
    request = LoadModel(path=str(smollm2), context_tokens=4096, parallel_sequences=1)
    before = engine.peak_memory_bytes()
    need = engine.estimate_memory(request)
    assert engine.peak_memory_bytes() - before < 80_000_000  # no weights, no cache
    facts = engine.load(request).facts
    assert need.kv_cache_bytes == facts.kv_cache_bytes == 4096 * 23_040
    assert facts.compute_bytes == pytest.approx(need.compute_bytes, rel=0.02)
    assert need.source == "llama.cpp"
    assert need.weights_bytes == facts.weights_bytes
    assert need.weights_bytes == pytest.approx(smollm2.stat().st_size, rel=0.05)
    assert facts.context_tokens == 4096
    assert engine.peak_memory_bytes() > need.weights_bytes


def test_names_of_files_may_hold_anything(
    engine: EngineProcess, smollm2: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "größe 模型 'x'.gguf"
    shutil.copyfile(smollm2, odd)
    assert engine.load(LoadModel(path=str(odd), context_tokens=256)).vocabulary_size == 49152


def test_speed_is_sampled_in_order_and_a_cancel_ends_it(smol: EngineProcess) -> None:
    tests = [SpeedTest(prompt_tokens=32), SpeedTest(generated_tokens=8, depth=16)]
    samples = list(smol.measure_speed(tests, 2))
    assert [(s.test, s.repetition, s.tokens) for s in samples] == [
        ("pp32", 0, 32),
        ("pp32", 1, 32),
        ("tg8 @ d16", 0, 8),
        ("tg8 @ d16", 1, 8),
    ]
    assert all(s.seconds > 0 for s in samples)
    few = []
    for sample in smol.measure_speed([SpeedTest(generated_tokens=32)], 1000):
        few.append(sample)
        smol.cancel()
    assert len(few) < 100
    prompt = Prompt(
        key="k", text="Once", has_special_tokens=False, sampling=Sampling(), max_tokens=2
    )
    assert [e for e in smol.generate([prompt]) if isinstance(e, GenerationFinished)]


def test_struct_defaults_are_those_that_this_was_written_for() -> None:
    """The binding is pinned exactly; this says which of llama.cpp's defaults are relied upon."""
    from desktop.inference.llama.binding import (  # noqa: PLC0415 - heavy
        PINNED_VERSION,
        api,
        binding_version,
    )

    assert binding_version == PINNED_VERSION == "0.3.36"
    model = api.llama_model_default_params()
    assert (model.n_gpu_layers, model.load_mode, model.split_mode) == (-1, -1, 1)
    assert (model.use_extra_bufts, model.no_alloc, model.vocab_only) == (True, False, False)
    context = api.llama_context_default_params()
    assert (context.n_batch, context.n_ubatch, context.n_seq_max) == (2048, 512, 1)
    assert (context.type_k, context.type_v, context.flash_attn_type) == (1, 1, -1)
    assert (context.kv_unified, context.embeddings, context.offload_kqv) == (False, False, True)
    assert (context.n_outputs_max, context.n_outputs_max_per_seq) == (0, 1)
    assert not context.abort_callback
