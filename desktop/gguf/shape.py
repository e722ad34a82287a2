"""The sizes of a model that its need of memory follows from, read from headers.

Which layers keep all tokens, which only a window and which a state of fixed size is partly in
the header and partly in llama.cpp's own code, by architecture (its `src/models`, and
`llama-hparams.cpp` for the states; build 0c1e570). What neither tells is counted as if every layer
kept every token, which is too much rather than too little.
"""

from collections.abc import Sequence
from pathlib import Path

from desktop.domain.base import Value
from desktop.domain.language_model import ModelFacts
from desktop.gguf.header import GgufHeader, read_header

# Layers of an absurd header are not walked through; llama.cpp itself takes 512.
_MOST_LAYERS = 4096
_STATES_ONLY = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
# Every layer of these has a state and a cache.
_STATES_BESIDE_CACHE = frozenset({"falcon-h1"})
# One layer in four has a cache and the others a state, unless the header says otherwise.
_STATES_BY_INTERVAL = frozenset({"qwen3next", "qwen35", "qwen35moe"})
# A layer of these without heads for keys and values has a state.
_STATES_WITHOUT_HEADS = frozenset(
    {"jamba", "plamo2", "granitehybrid", "lfm2", "lfm2moe", "kimi-linear", "nemotron_h"}
    | {"nemotron_h_moe"}
)
# One layer of so many sees the whole context, the others a window: the last of them, or the first.
_WINDOW_PERIODS = {
    "afmoe": 4,
    "cohere2": 4,
    "cohere2moe": 4,
    "exaone-moe": 4,
    "exaone4": 4,
    "gemma-embedding": 6,
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "llama4": 4,
    "mellum": 4,
    "olmo2": 4,
    "plamo3": 8,
    "smallthinker": 4,
}
_WHOLE_LAYER_FIRST = frozenset({"cohere2moe", "smallthinker"})
# Windows that stand in the code, whatever the header says, and those it has for a silent one.
_FIXED_WINDOWS = {"llama4": 8192, "smallthinker": 4096}
_USUAL_WINDOWS = {"gemma2": 4096, "llama4": 8192, "exaone4": 4096}
_WINDOWED_EXAONE4_LAYERS = 64
# Layers after these use the caches of earlier ones.
_LAYERS_WITH_OWN_CACHE = {"gemma3n": 20}
# With multi-head latent attention the values are part of the keys and are not kept again.
_LATENT_ATTENTION = frozenset({"deepseek2", "deepseek2-ocr", "deepseek32", "kimi-linear"})


class ModelShape(Value, frozen=True, kw_only=True):
    """What one token and one sequence take, summed over the layers.

    `keys` and `values` are numbers kept for each token by layers that keep all of them,
    `window_keys` and `window_values` by layers that keep the last `window` tokens; `states` are
    32-bit numbers kept for a sequence whatever its length. The rest are widths of the largest
    layer, for the buffers of computing. `active_bytes` are the weights read for one token at
    least: the experts in use, no row of an input embedding.
    """

    keys: int = 0
    values: int = 0
    window_keys: int = 0
    window_values: int = 0
    window: int = 0
    states: int = 0
    embedding: int = 0
    feed_forward: int = 0
    query_width: int = 0
    key_value_width: int = 0
    heads: int = 0
    vocabulary: int = 0
    weights_bytes: int = 0
    active_bytes: int = 0
    trained_context: int | None = None


def read_shape(paths: Sequence[str | Path]) -> ModelShape:
    """Return the shape of a model from the headers of all its files; `UserError` as these."""
    return shape_of_headers([read_header(Path(path)) for path in paths])


def shape_of_headers(headers: Sequence[GgufHeader]) -> ModelShape:
    """Return the shape of a model whose shards have these headers, in order."""
    keys = _Keys(headers[0])
    tensors = [tensor for header in headers for tensor in header.tensors]
    weights = sum(header.tensor_bytes for header in headers)
    tied = not any(tensor.name == "output.weight" for tensor in tensors)
    experts, used = keys.largest("expert_count"), keys.largest("expert_used_count")
    idle = 0.0
    for tensor in tensors:
        if tensor.name == "token_embd.weight" and not tied:
            idle += tensor.size_bytes
        elif "_exps." in tensor.name and 0 < used < experts:
            idle += tensor.size_bytes * (1 - used / experts)
    listed = headers[0].lengths.get("tokenizer.ggml.tokens")
    return _Layers(keys).shape(
        vocabulary=listed or keys.largest("vocab_size"),
        weights_bytes=weights,
        active_bytes=weights - round(idle),
    )


def shape_of_facts(facts: ModelFacts) -> ModelShape:
    """Return the shape as far as a model's facts tell, where its files are not at hand.

    They are silent about states, shared caches and the width of feed-forward blocks, for which
    4 embeddings are taken, more than most families have; experts all count as active.
    """
    arch = facts.architecture
    latent = arch in _LATENT_ATTENTION and max(facts.key_value_heads, default=0) == 1
    stated = {
        "block_count": facts.layers,
        "embedding_length": facts.embedding_length,
        "feed_forward_length": (facts.embedding_length or 0) * 4,
        "attention.head_count": facts.attention_heads,
        "attention.head_count_kv": facts.key_value_heads or None,
        "attention.key_length": facts.key_length,
        "attention.value_length": facts.value_length,
        "attention.sliding_window": facts.sliding_window,
        "attention.key_length_mla": facts.key_length if latent else None,
        "attention.value_length_mla": facts.value_length if latent else None,
        "context_length": facts.context_length,
    }
    values = {f"{arch}.{key}": value for key, value in stated.items() if value is not None}
    header = GgufHeader(
        version=facts.gguf_version,
        big_endian=False,
        values={"general.architecture": arch, **values},
        lengths={},
        tensors=(),
        data_offset=0,
        data_end=0,
        file_bytes=facts.file_bytes,
    )
    return _Layers(_Keys(header)).shape(
        vocabulary=facts.vocabulary_size or 0,
        weights_bytes=facts.weights_bytes,
        active_bytes=facts.weights_bytes,
    )


class _Keys:
    """A header's keys of its architecture; negative numbers count as none."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self.architecture = header.text("general.architecture")

    def each(self, key: str) -> tuple[int, ...]:
        numbers = self._header.numbers(f"{self.architecture}.{key}")
        return tuple(max(0, number) for number in numbers)

    def largest(self, key: str) -> int:
        return max(self.each(key), default=0)

    def flags(self, key: str) -> tuple[bool, ...]:
        """Return an array of truth values, which converters also write as numbers."""
        value = self._header.values.get(f"{self.architecture}.{key}")
        return tuple(bool(item) for item in value) if isinstance(value, tuple) else ()

    def states(self, key: str) -> bool:
        return f"{self.architecture}.{key}" in self._header.values


class _Layers:
    """What the layers of one model keep."""

    def __init__(self, keys: _Keys) -> None:
        self._keys = keys
        self._arch = keys.architecture
        self._count = max(0, keys.largest("block_count") - keys.largest("nextn_predict_layers"))
        self._embedding = keys.largest("embedding_length")
        self._heads = keys.largest("attention.head_count")
        self._key_value_heads = keys.each("attention.head_count_kv") or (self._heads,)
        each = self._embedding // self._heads if self._heads else 0
        self._key_length = keys.largest("attention.key_length") or each
        self._value_length = keys.largest("attention.value_length") or each
        self._latent = bool(
            keys.largest("attention.key_length_mla") and keys.largest("attention.value_length_mla")
        )
        self._window = self._find_window()
        self._period = keys.largest("attention.sliding_window_pattern") or _WINDOW_PERIODS.get(
            self._arch, 0
        )
        self._pattern = keys.flags("attention.sliding_window_pattern")

    def shape(self, *, vocabulary: int, weights_bytes: int, active_bytes: int) -> ModelShape:
        """Sum over the layers."""
        sums = {True: [0, 0], False: [0, 0]}
        walked = min(self._count, _MOST_LAYERS)
        # An absurd number of layers counts in full, by the last one looked at.
        weight = {walked - 1: self._count - walked + 1}
        for layer in range(min(walked, self._layers_with_own_cache())):
            windowed = self._is_windowed(layer)
            keys, values = self._widths(layer, windowed)
            sums[windowed][0] += keys * weight.get(layer, 1)
            sums[windowed][1] += values * weight.get(layer, 1)
        return ModelShape(
            keys=sums[False][0],
            values=sums[False][1],
            window_keys=sums[True][0],
            window_values=sums[True][1],
            window=self._window if any(sums[True]) else 0,
            states=sum(map(self._has_state, range(walked))) * self._state_numbers(),
            embedding=self._embedding,
            feed_forward=self._feed_forward_width(),
            query_width=self._heads * self._key_length,
            key_value_width=max(self._key_value_heads) * self._key_length,
            heads=self._heads,
            vocabulary=vocabulary,
            weights_bytes=weights_bytes,
            active_bytes=active_bytes,
            trained_context=self._keys.largest("context_length") or None,
        )

    def _widths(self, layer: int, windowed: bool) -> tuple[int, int]:
        """Numbers of one token's keys and values in one layer."""
        if self._arch in _STATES_ONLY:
            return 0, 0
        if self._has_state(layer) and self._arch not in _STATES_BESIDE_CACHE:
            return 0, 0
        heads = self._key_value_heads
        count = heads[0] if len(heads) == 1 else heads[layer] if layer < len(heads) else max(heads)
        key, value = self._key_length, self._value_length
        if windowed:
            key = self._keys.largest("attention.key_length_swa") or key
            value = self._keys.largest("attention.value_length_swa") or value
        return count * key, 0 if self._latent else count * value

    def _find_window(self) -> int:
        stated = self._keys.largest("attention.sliding_window")
        is_stated = self._keys.states("attention.sliding_window")
        if self._arch == "exaone4" and self._count != _WINDOWED_EXAONE4_LAYERS:
            return 0
        if is_stated:
            return _FIXED_WINDOWS.get(self._arch, stated) if stated else 0
        return _USUAL_WINDOWS.get(self._arch, 0)

    def _is_windowed(self, layer: int) -> bool:
        if not self._window:
            return False
        if self._arch in {"lfm2", "lfm2moe"}:
            return True
        if self._pattern:
            return layer < len(self._pattern) and self._pattern[layer]
        if not self._period or self._arch not in _WINDOW_PERIODS:
            return False
        position = layer % self._period
        return position != (0 if self._arch in _WHOLE_LAYER_FIRST else self._period - 1)

    def _layers_with_own_cache(self) -> int:
        shared = self._keys.largest("attention.shared_kv_layers")
        return max(
            0, min(_LAYERS_WITH_OWN_CACHE.get(self._arch, self._count), self._count - shared)
        )

    def _has_state(self, layer: int) -> bool:
        if self._arch in _STATES_ONLY | _STATES_BESIDE_CACHE:
            return True
        if self._arch in _STATES_BY_INTERVAL:
            stated = self._keys.flags("attention.recurrent_layers")
            if stated:
                return layer < len(stated) and stated[layer]
            return (layer + 1) % (self._keys.largest("full_attention_interval") or 4) != 0
        if self._arch not in _STATES_WITHOUT_HEADS or layer >= len(self._key_value_heads):
            return False
        blocks = self._keys.each("feed_forward_length")
        is_block = self._arch.startswith("nemotron_h") and layer < len(blocks) and blocks[layer]
        return self._key_value_heads[layer] == 0 and not is_block

    def _state_numbers(self) -> int:
        """Numbers that one layer's state holds, its convolution's past included."""
        keys = self._keys
        head = keys.largest("wkv.head_size")
        if head:
            return self._embedding * (keys.largest("token_shift_count") or 2) + (
                self._embedding * head
            )
        convolved = max(0, (keys.largest("shortconv.l_cache") or 1) - 1)
        if convolved:
            return self._embedding * convolved
        past = max(0, keys.largest("ssm.conv_kernel") - 1)
        head = keys.largest("kda.head_dim")
        if head:
            return 3 * (past or 3) * self._heads * head + head * head * self._heads
        inner, state = keys.largest("ssm.inner_size"), keys.largest("ssm.state_size")
        groups = keys.largest("ssm.group_count")
        return past * (inner + 2 * groups * state) + state * inner

    def _feed_forward_width(self) -> int:
        """Width of the widest block; of experts, of all that work on one token."""
        keys = self._keys
        used = keys.largest("expert_used_count")
        experts = used * keys.largest("expert_feed_forward_length")
        return max(keys.largest("feed_forward_length"), experts)
