"""What a model needs of memory, by formula, from its header alone.

llama.cpp's own accounting (`Engine.estimate_memory`) is better and takes its place where it can
be had; this one costs nothing and answers while people type. On both sample models the two agree
to the byte for the KV cache, and within 5 MiB for the compute buffer. Where the header is silent
about a saving (which layers have a window, a recurrent state in place of a cache) it is not made.
"""

from desktop.domain.language_model import MemoryNeed, ModelFacts

_CACHE_ELEMENT_BYTES = 2  # f16, llama.cpp's default for keys and values
_LOGIT_BYTES = 4
_BATCH_TOKENS = 512  # llama.cpp's ubatch, whose logits and activations are in memory at once
_CACHE_PADDING_TOKENS = 256
_HIDDEN_WIDTHS = 14  # of a feed-forward block: about 4 widths thrice, and the stream beside them

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
    facts: ModelFacts, context_tokens: int, sequences: int, *, whole_window: bool = True
) -> MemoryNeed:
    """Return the need for `sequences` of `context_tokens` each.

    `whole_window` is llama.cpp's `swa_full`, on by default there: layers with a sliding window
    keep the whole context too. Without it they keep a window and a batch.
    """
    cells = _pad(max(context_tokens, 1)) * max(sequences, 1)
    return MemoryNeed(
        context_tokens=context_tokens,
        sequences=sequences,
        weights_bytes=facts.weights_bytes,
        kv_cache_bytes=_cache_bytes(facts, cells, max(sequences, 1), whole_window=whole_window),
        compute_bytes=_compute_bytes(facts, max(sequences, 1)),
        source="formula",
    )


def _cache_bytes(facts: ModelFacts, cells: int, sequences: int, *, whole_window: bool) -> int:
    layers = facts.layers or 0
    windowed = 0 if whole_window else _windowed_cells(facts, cells, sequences)
    heads = facts.key_value_heads or (facts.attention_heads or 0,)
    width = _head_width(facts)
    if not windowed and len(heads) == 1:
        return cells * layers * heads[0] * width * _CACHE_ELEMENT_BYTES
    if len(heads) == 1:
        full = layers // _WINDOW_PERIODS[facts.architecture]
        elements = heads[0] * (full * cells + (layers - full) * windowed)
        return elements * width * _CACHE_ELEMENT_BYTES
    # The largest cache of the two kinds, as the header's list does not say which layer is which.
    return cells * sum(heads[: layers or None]) * width * _CACHE_ELEMENT_BYTES


def _head_width(facts: ModelFacts) -> int:
    """Elements of one head's key and value together."""
    each = (facts.embedding_length or 0) // (facts.attention_heads or 1)
    key, value = facts.key_length or each, facts.value_length or each
    latent = facts.architecture in _LATENT_ATTENTION and max(facts.key_value_heads, default=0) == 1
    return key if latent else key + value


def _windowed_cells(facts: ModelFacts, cells: int, sequences: int) -> int:
    """Cells that a layer with a window keeps; 0 if no such layer is known."""
    if not facts.sliding_window or facts.architecture not in _WINDOW_PERIODS:
        return 0
    one = min(cells // sequences, _pad(facts.sliding_window + _BATCH_TOKENS))
    return one * sequences


def _compute_bytes(facts: ModelFacts, sequences: int) -> int:
    """One batch's logits with the activations beside them, and the logits handed out."""
    width, vocabulary = facts.embedding_length or 0, facts.vocabulary_size or 0
    batch = max(vocabulary + 2 * width, _HIDDEN_WIDTHS * width) * _BATCH_TOKENS
    return (batch + vocabulary * sequences) * _LOGIT_BYTES


def _pad(tokens: int) -> int:
    return -(-tokens // _CACHE_PADDING_TOKENS) * _CACHE_PADDING_TOKENS
