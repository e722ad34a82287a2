"""What a model needs of memory, by formula, from its header alone.

llama.cpp's own accounting (`Engine.estimate_memory`) is better and takes its place where it can
be had; this one costs nothing, answers while people type, and speaks of machines that are not
here. It counts contexts as answers are written in: every sequence with a cache of its own, logits
for one token a sequence, windowed layers keeping only their window.

    weights   the tensors, as they lie in the file
    cache     sequences · (cells · (keys · bytes + values · bytes)
              + window cells · (window keys · bytes + window values · bytes) + 4 · states)
              cells: the context, window cells: window + batch, but no more than the context, both
              rounded up to 256; bytes: what an element takes in the cache's type (q8_0: 34/32)
    compute   4 · sequences · vocabulary for the logits handed out, and the largest of
              masks + 4 · batch · (3 · feed-forward + 3 · embedding + queries)
              masks + 4 · batch · (2 · embedding + 3 · queries + 2 · keys + heads · cells),
                  where flash attention is off
              masks + 4 · sequences · vocabulary
              masks: 2 · batch · (cells + window cells), 4 where flash attention is off

On the sample models with contexts of 512 to 8192, f16 and q8_0 and 1 and 8 sequences, llama.cpp
has the same cache to within the rounding of its log; its buffers are within 9 %, and the sum of all
within 2 %. The widths in the second part were found by fitting, the rest is llama.cpp's code.
"""

import math

from desktop.domain.language_model import MemoryNeed, ModelFacts
from desktop.domain.settings import CacheType, EngineOptions, FlashAttention
from desktop.gguf.shape import ModelShape, shape_of_facts
from desktop.gguf.tensor_types import TENSOR_TYPES

_FLOAT_BYTES = 4
_CACHE_PADDING_TOKENS = 256
_LOGICAL_BATCH_TOKENS = 2048  # the engine's own; a physical batch is no larger

_BYTES_BY_NAME = {
    kind.name.lower(): kind.block_bytes / kind.block_elements for kind in TENSOR_TYPES.values()
}
_ELEMENT_BYTES = {kind: _BYTES_BY_NAME[kind] for kind in CacheType}


def estimate_memory(
    facts: ModelFacts,
    context_tokens: int,
    sequences: int,
    options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
) -> MemoryNeed:
    """Return the need for `sequences` of `context_tokens` each, as far as facts tell."""
    return estimate_need(shape_of_facts(facts), context_tokens, sequences, options)


def estimate_need(
    shape: ModelShape,
    context_tokens: int,
    sequences: int,
    options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
) -> MemoryNeed:
    """Return the need for `sequences` of `context_tokens` each."""
    sequences = max(sequences, 1)
    cells = _pad(max(context_tokens, 1))
    batch = min(options.physical_batch_tokens, _LOGICAL_BATCH_TOKENS, cells * sequences)
    window = min(cells, _pad(shape.window + batch)) if shape.window else 0
    return MemoryNeed(
        context_tokens=context_tokens,
        sequences=sequences,
        weights_bytes=shape.weights_bytes,
        kv_cache_bytes=sequences * _cache_bytes(shape, cells, window, options),
        compute_bytes=_compute_bytes(shape, (cells, window), sequences, batch, options),
        source="formula",
    )


def least_cache_bytes(shape: ModelShape, tokens: int, options: EngineOptions) -> int:
    """Return what a sequence of `tokens` has in its cache: less than is set aside for it."""
    return _cache_bytes(shape, tokens, min(tokens, shape.window), options)


def _cache_bytes(shape: ModelShape, cells: int, window: int, options: EngineOptions) -> int:
    """Bytes of one sequence's keys, values and states."""
    keys = cells * shape.keys + window * shape.window_keys
    values = cells * shape.values + window * shape.window_values
    kept = keys * _ELEMENT_BYTES[options.key_cache_type]
    kept += values * _ELEMENT_BYTES[options.value_cache_type]
    return math.ceil(kept) + shape.states * _FLOAT_BYTES


def _compute_bytes(
    shape: ModelShape,
    cells_and_window: tuple[int, int],
    sequences: int,
    batch: int,
    options: EngineOptions,
) -> int:
    """One batch's activations, the masks of its attention, and logits, inside and handed out."""
    cells, window = cells_and_window
    is_flash = options.flash_attention is not FlashAttention.OFF
    masks = (2 if is_flash else 4) * batch * (cells + window)
    logits = _FLOAT_BYTES * sequences * shape.vocabulary
    wide = 3 * shape.feed_forward + 3 * shape.embedding + shape.query_width
    if not is_flash:
        attention = 2 * shape.embedding + 3 * shape.query_width + 2 * shape.key_value_width
        wide = max(wide, attention + shape.heads * cells)
    return logits + masks + max(_FLOAT_BYTES * batch * wide, logits)


def _pad(tokens: int) -> int:
    return -(-tokens // _CACHE_PADDING_TOKENS) * _CACHE_PADDING_TOKENS
