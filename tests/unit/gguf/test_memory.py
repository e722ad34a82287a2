"""The formula against what llama.cpp 0c1e570 logged for the same models and contexts."""

from pathlib import Path

import msgspec
import pytest

from desktop.domain.language_model import ModelFacts
from desktop.gguf.facts import read_facts
from desktop.gguf.memory import estimate_memory

MIB = 1 << 20


def facts_of(sample_models: list[Path], word: str) -> ModelFacts:
    return read_facts(next(path for path in sample_models if word in path.name.lower()))


# llama.cpp's lines "llama_kv_cache: size" (added up), and "compute buffer size" with "output
# buffer size", of a context made with no_alloc. Compute of SmolLM2 at 2,048 by 4
# was 4 MiB more than ours.
@pytest.mark.parametrize(
    ("word", "context_by_sequences", "whole", "cache_mib", "compute_mib"),
    [
        ("smollm2", (512, 1), True, 11.25, 98.25 + 0.1875),
        ("smollm2", (4096, 1), True, 90, 98.25 + 0.1875),
        ("smollm2", (4096, 8), True, 720, 98.25 + 1.5),
        ("smollm2", (32768, 1), False, 720, 98.25 + 0.1875),
        ("gemma", (512, 1), True, 9, 514.5 + 1),
        ("gemma", (4096, 1), True, 72, 514.5 + 1),
        ("gemma", (4096, 8), True, 576, 514.5 + 8),
        ("gemma", (4096, 8), False, 216, 514.5 + 8),
        ("gemma", (2048, 4), False, 84, 514.5 + 4),
        ("gemma", (32768, 1), False, 111, 514.5 + 1),
    ],
)
def test_formula_agrees_with_llama_cpp(  # noqa: PLR0917 - pytest names them all
    sample_models: list[Path],
    word: str,
    context_by_sequences: tuple[int, int],
    whole: bool,
    cache_mib: float,
    compute_mib: float,
) -> None:
    facts = facts_of(sample_models, word)
    context, sequences = context_by_sequences
    need = estimate_memory(facts, context, sequences, whole_window=whole)
    assert need.kv_cache_bytes == cache_mib * MIB
    assert need.compute_bytes == compute_mib * MIB
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
