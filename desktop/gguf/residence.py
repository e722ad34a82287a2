"""What a model takes of this machine's own memory when the processor does the work.

llama.cpp's accounting is not the whole of it. For fast kernels the processor's backend packs many
weights anew; with memory mapping the file's own pages are then in memory beside the packed ones
(the system can take them back), and an embedding that serves as output too is there twice either
way. The vocabulary has its tables, and a run its own: prompts, plans of the computation, one
sorting of the vocabulary. What is packed follows ggml's `amx/mmq.cpp` and `repack.cpp`
of build 0c1e570; its logged buffers of both sample models come out to 0.01 MiB on a processor
with AMX.
"""

from collections.abc import Collection, Sequence

from desktop.domain.base import Value
from desktop.domain.language_model import MemoryNeed
from desktop.gguf.header import GgufHeader, TensorInfo
from desktop.gguf.tensor_types import TENSOR_TYPES

_BLOCKS = {kind.name: (kind.block_elements, kind.block_bytes) for kind in TENSOR_TYPES.values()}
# Bytes that a block has beside its own once packed for AMX.
_AMX_EXTRA_BYTES = {
    "Q4_0": 0,
    "Q4_1": 0,
    "Q8_0": 4,
    "Q4_K": 4,
    "Q5_K": 4,
    "Q6_K": 0,
    "IQ4_XS": 2,
}
_AMX_ROWS = 32
_AVX2_TYPES = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
_AVX512_TYPES = frozenset({"Q2_K"})
_NEON_TYPES = frozenset({"Q4_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q8_0"})
_PACKED_ROWS = 8
# Measured as growth of the resident set by a load of the vocabulary alone: 150 bytes for each of
# Gemma's 262,144 tokens, and for SmolLM2's 49,152 tokens and 48,900 merges.
_VOCABULARY_ENTRY_BYTES = 150
# What was left of the measured growth of both sample models over 80 shapes: 2 to 9 MiB for
# SmolLM2, 3 to 15 MiB for Gemma.
_WORKING_BYTES, _WORKING_BYTES_PER_WORD = 4 << 20, 24
_INPUT_TABLE = "token_embd.weight"
_NEVER_MULTIPLIED = ("norm", "conv1d", "token_embd", "position_embd", "token_types")


class Residence(Value, frozen=True, kw_only=True):
    """Bytes of the resident set: what a fresh engine's peak grows by, all of it in use."""

    weights_bytes: int
    packed_bytes: int
    vocabulary_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    working_bytes: int

    @property
    def total_bytes(self) -> int:
        """All together."""
        return (
            self.weights_bytes
            + self.packed_bytes
            + self.vocabulary_bytes
            + self.kv_cache_bytes
            + self.compute_bytes
            + self.working_bytes
        )


def estimate_residence(
    headers: Sequence[GgufHeader],
    need: MemoryNeed,
    features: Collection[str],
    *,
    memory_mapping: bool,
) -> Residence:
    """Return what a need comes to on a processor with these features, named as Linux does.

    Without features known nothing is taken to be packed.
    """
    tensors = [tensor for header in headers for tensor in header.tensors]
    is_tied = not any(tensor.name == "output.weight" for tensor in tensors)
    packed = replaced = 0
    for tensor in tensors:
        is_input = tensor.name == _INPUT_TABLE
        if not (is_input and is_tied) and not _is_multiplied(tensor):
            continue
        size = _packed_size(tensor, frozenset(features))
        packed += size
        replaced += tensor.size_bytes if size and not is_input else 0
    lengths = headers[0].lengths
    words = lengths.get("tokenizer.ggml.tokens", 0)
    entries = words + lengths.get("tokenizer.ggml.merges", 0)
    return Residence(
        weights_bytes=need.weights_bytes - (0 if memory_mapping else replaced),
        packed_bytes=packed,
        vocabulary_bytes=entries * _VOCABULARY_ENTRY_BYTES,
        kv_cache_bytes=need.kv_cache_bytes,
        compute_bytes=need.compute_bytes,
        working_bytes=_WORKING_BYTES + words * _WORKING_BYTES_PER_WORD,
    )


def count_beside(headers: Sequence[GgufHeader], features: Collection[str]) -> int:
    """Return the bytes that a need lacks of what can't be taken back from a running model.

    With memory mapping the resident set is larger: packed weights then lie in the file's pages
    as well, which the system drops when memory gets short.
    """
    nothing = MemoryNeed(
        context_tokens=0,
        sequences=1,
        weights_bytes=0,
        kv_cache_bytes=0,
        compute_bytes=0,
        source="formula",
    )
    beside = estimate_residence(headers, nothing, features, memory_mapping=False)
    return beside.total_bytes


def _is_multiplied(tensor: TensorInfo) -> bool:
    """Whether a matrix product uses it, as all of a layer's larger weights are used."""
    name = tensor.name
    is_weight = name.endswith(".weight") and len(tensor.shape) > 1
    return is_weight and not any(part in name for part in _NEVER_MULTIPLIED)


def _packed_size(tensor: TensorInfo, features: frozenset[str]) -> int:
    """Bytes of the packed copy, 0 if there is none."""
    kind = tensor.type_name
    columns, rows = tensor.shape[0], tensor.shape[1]
    elements, size = _BLOCKS[kind]
    # Products with chosen experts have no AMX kernels.
    is_plain = len(tensor.shape) == 2  # noqa: PLR2004 - rows and columns
    if "amx_int8" in features and kind in _AMX_EXTRA_BYTES and is_plain and not rows % _AMX_ROWS:
        return tensor.elements // elements * (size + _AMX_EXTRA_BYTES[kind])
    types: frozenset[str] = frozenset()
    if "avx2" in features:
        types |= _AVX2_TYPES
    if "avx512f" in features:
        types |= _AVX512_TYPES
    if features & {"asimddp", "i8mm"}:
        types |= _NEON_TYPES
    fits = not rows % _PACKED_ROWS and not columns % elements
    return tensor.size_bytes if kind in types and fits else 0
