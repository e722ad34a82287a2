"""What a model needs of memory, by formula, from its header alone.

llama.cpp's own accounting (`Engine.estimate_memory`) is better and takes its place where it can
be had; this one costs nothing and answers while people type. It speaks of the contexts that
answers are written in: logits for one token a sequence, windowed layers keeping only their window.
On both sample models the two agree to the byte for the KV cache, and within 5 MiB for the rest.
Where the header is silent about a saving (which layers have a window, a recurrent state in place
of a cache) it is not made.
"""

import math

from desktop.domain.language_model import MemoryNeed, ModelFacts
from desktop.domain.settings import CacheType, EngineOptions
from desktop.gguf.tensor_types import TENSOR_TYPES

_FLOAT_BYTES = 4
_CACHE_PADDING_TOKENS = 256
# Of a feed-forward block: about 4 widths thrice, and the stream beside them.
_HIDDEN_WIDTHS = 16
_MASK_BYTES = 2  # f16, for each cell and token of a batch

_BYTES_BY_NAME = {
    kind.name.lower(): kind.block_bytes / kind.block_elements for kind in TENSOR_TYPES.values()
}
_ELEMENT_BYTES = {kind: _BYTES_BY_NAME[kind] for kind in CacheType}

# One layer of so many sees the whole context, the others a window; llama.cpp has this in code.
_WINDOW_PERIODS = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gemma-embedding": 6,
    "cohere2": 4,
    "olmo2": 4,
    "exaone4": 4,
    "gpt-oss": 2,
}
# With multi-head latent attention the values are part of the keys and are not kept again.
_LATENT_ATTENTION = frozenset({"deepseek2", "deepseek2-ocr", "deepseek32", "kimi-linear"})


def estimate_memory(
    facts: ModelFacts,
    context_tokens: int,
    sequences: int,
    options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
) -> MemoryNeed:
    """Return the need for `sequences` of `context_tokens` each."""
    sequences = max(sequences, 1)
    cells = _pad(max(context_tokens, 1))
    window = _windowed_cells(facts, cells, options.physical_batch_tokens)
    return MemoryNeed(
        context_tokens=context_tokens,
        sequences=sequences,
        weights_bytes=facts.weights_bytes,
        kv_cache_bytes=math.ceil(sequences * _cache_bytes(facts, cells, window, options)),
        compute_bytes=_compute_bytes(
            facts, cells + window, sequences, options.physical_batch_tokens
        ),
        source="formula",
    )


def _cache_bytes(facts: ModelFacts, cells: int, window: int, options: EngineOptions) -> float:
    """Bytes of one sequence's keys and values; `window` is 0 if every layer keeps all cells."""
    layers = facts.layers or 0
    heads = facts.key_value_heads or (facts.attention_heads or 0,)
    if len(heads) > 1:
        # One entry a layer, which does not tell the layers with a window from the others.
        head_cells = cells * sum(heads[: layers or None])
    else:
        whole = layers // _WINDOW_PERIODS[facts.architecture] if window else layers
        head_cells = heads[0] * (whole * cells + (layers - whole) * window)
    return head_cells * _head_bytes(facts, options)


def _head_bytes(facts: ModelFacts, options: EngineOptions) -> float:
    """Bytes of one head's key and value together."""
    each = (facts.embedding_length or 0) // (facts.attention_heads or 1)
    key = (facts.key_length or each) * _ELEMENT_BYTES[options.key_cache_type]
    value = (facts.value_length or each) * _ELEMENT_BYTES[options.value_cache_type]
    latent = facts.architecture in _LATENT_ATTENTION and max(facts.key_value_heads, default=0) == 1
    return key if latent else key + value


def _windowed_cells(facts: ModelFacts, cells: int, batch: int) -> int:
    """Cells that a layer with a window keeps for one sequence; 0 if no such layer is known."""
    if not facts.sliding_window or facts.architecture not in _WINDOW_PERIODS:
        return 0
    return min(cells, _pad(facts.sliding_window + batch))


def _compute_bytes(facts: ModelFacts, masked_cells: int, sequences: int, batch: int) -> int:
    """One batch's activations, the masks of its attention, and the logits handed out."""
    activations = (facts.embedding_length or 0) * _HIDDEN_WIDTHS * batch * _FLOAT_BYTES
    masks = masked_cells * batch * _MASK_BYTES
    return activations + masks + (facts.vocabulary_size or 0) * sequences * _FLOAT_BYTES


def _pad(tokens: int) -> int:
    return -(-tokens // _CACHE_PADDING_TOKENS) * _CACHE_PADDING_TOKENS
