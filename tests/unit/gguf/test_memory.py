"""The formula against what llama.cpp 0c1e570 logged for the same models and contexts."""

from pathlib import Path

import msgspec
import pytest

from desktop.domain.language_model import ModelFacts
from desktop.domain.settings import CacheType, EngineOptions
from desktop.gguf.facts import read_facts
from desktop.gguf.memory import estimate_memory

MIB = 1 << 20


def facts_of(sample_models: list[Path], word: str) -> ModelFacts:
    return read_facts(next(path for path in sample_models if word in path.name.lower()))


# llama.cpp's lines "llama_kv_cache: size" (added up), and "compute buffer size" with "output
# buffer size" (added up), of a context made with no_alloc, swa_full=False and n_outputs_max equal
# to the sequences, as our engine makes it.
@pytest.mark.parametrize(
    ("word", "context_by_sequences", "cache_mib", "compute_mib"),
    [
        ("smollm2", (512, 1), 11.25, 14.01 + 0.19),
        ("smollm2", (4096, 1), 90, 17.51 + 0.19),
        ("smollm2", (4096, 8), 720, 17.51 + 1.5),
        ("smollm2", (2048, 4), 180, 15.51 + 0.75),
        ("smollm2", (32768, 1), 720, 45.51 + 0.19),
        ("smollm2", (1024, 16), 360, 14.51 + 3),
        ("gemma", (4096, 8), 216, 22.77 + 8),
        ("gemma", (2048, 4), 84, 20.77 + 4),
        ("gemma", (8192, 1), 39, 26.77 + 1),
        ("gemma", (32768, 1), 111, 50.77 + 1),
        ("gemma", (1024, 16), 288, 19.77 + 16),
    ],
)
def test_formula_agrees_with_llama_cpp(
    sample_models: list[Path],
    word: str,
    context_by_sequences: tuple[int, int],
    cache_mib: float,
    compute_mib: float,
) -> None:
    facts = facts_of(sample_models, word)
    context, sequences = context_by_sequences
    need = estimate_memory(facts, context, sequences)
    assert need.kv_cache_bytes == cache_mib * MIB
    assert compute_mib - 0.1 <= need.compute_bytes / MIB < compute_mib + 5
    assert need.weights_bytes == facts.weights_bytes
    assert (need.source, need.context_tokens, need.sequences) == ("formula", context, sequences)


FACTS = ModelFacts(
    name="Made up",
    architecture="llama",
    layers=4,
    embedding_length=64,
    attention_heads=8,
    key_value_heads=(2,),
    vocabulary_size=1000,
    weights_bytes=10 * MIB,
)


def cache_bytes(facts: ModelFacts, context: int = 256) -> int:
    return estimate_memory(facts, context, 1).kv_cache_bytes


def test_context_is_padded_as_llama_cpp_does() -> None:
    assert cache_bytes(FACTS, 1) == cache_bytes(FACTS, 256) == 256 * 4 * 2 * (8 + 8) * 2
    assert cache_bytes(FACTS, 257) == 2 * cache_bytes(FACTS, 256)


def test_heads_by_layer_are_added_up() -> None:
    by_layer = msgspec.structs.replace(FACTS, key_value_heads=(2, 0, 2, 0))
    assert cache_bytes(by_layer) * 2 == cache_bytes(FACTS)


def test_without_grouped_heads_every_head_is_kept() -> None:
    silent = msgspec.structs.replace(FACTS, key_value_heads=())
    assert cache_bytes(silent) == 4 * cache_bytes(FACTS)


def test_own_head_sizes_count() -> None:
    own = msgspec.structs.replace(FACTS, key_length=16, value_length=4)
    assert cache_bytes(own) * 16 == cache_bytes(FACTS) * 20


def test_latent_attention_keeps_no_values() -> None:
    latent = msgspec.structs.replace(
        FACTS, architecture="deepseek2", key_value_heads=(1,), key_length=576, value_length=512
    )
    assert cache_bytes(latent) == 256 * 4 * 576 * 2


def test_absurd_headers_give_a_number_at_once() -> None:
    absurd = msgspec.structs.replace(FACTS, layers=2**31, key_value_heads=(2**31,))
    assert cache_bytes(absurd, 2**31) > 2**60
    assert cache_bytes(ModelFacts(name="", architecture="")) == 0


def test_quantised_caches_need_what_their_blocks_take() -> None:
    """ggml stores 32 elements of q8_0 in 34 bytes and of q4_0 in 18."""
    exact = estimate_memory(FACTS, 1024, 1)
    options = EngineOptions(key_cache_type=CacheType.Q8_0, value_cache_type=CacheType.Q4_0)
    small = estimate_memory(FACTS, 1024, 1, options)
    assert small.kv_cache_bytes * 2 * 2 * 32 == exact.kv_cache_bytes * (34 + 18)
    assert small.compute_bytes == exact.compute_bytes


def test_a_larger_physical_batch_needs_more_to_compute() -> None:
    usual = estimate_memory(FACTS, 4096, 1).compute_bytes
    larger = estimate_memory(FACTS, 4096, 1, EngineOptions(physical_batch_tokens=2048))
    assert larger.compute_bytes > 3 * usual


def test_a_batch_is_no_larger_than_the_context() -> None:
    options = EngineOptions(physical_batch_tokens=2048)
    whole = estimate_memory(FACTS, 512, 1, options)
    assert whole.compute_bytes == estimate_memory(FACTS, 512, 1).compute_bytes
