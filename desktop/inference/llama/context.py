"""A context: a model's working memory for a number of sequences, and the batch that feeds it."""

import ctypes
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention
from desktop.errors import EngineFault
from desktop.inference.llama.binding import AbortFlag, api, logbook
from desktop.inference.llama.model import Model

BATCH_TOKENS = 2048
UBATCH_TOKENS = 512
DECODED, CACHE_FULL, ABORTED = 0, 1, 2
_CACHE = re.compile(r"^llama_(?:kv_cache|memory_recurrent)\S*: size =\s*([\d.]+) MiB")
_COMPUTE = re.compile(r"(?:compute|output) buffer size =\s*([\d.]+) MiB")
_ATTENTION = re.compile(r"Flash Attention (enabled|not supported)|(enabling) flash_attn")
_MEBIBYTE = 1024 * 1024
# ggml's numbers of types (enum ggml_type in ggml.h).
_GGML_TYPES = {
    CacheType.F32: 0,
    CacheType.F16: 1,
    CacheType.Q4_0: 2,
    CacheType.Q4_1: 3,
    CacheType.Q5_0: 6,
    CacheType.Q5_1: 7,
    CacheType.Q8_0: 8,
    CacheType.IQ4_NL: 20,
    CacheType.BF16: 30,
}
# enum llama_flash_attn_type in llama.h.
_FLASH_ATTENTION = {FlashAttention.AUTO: -1, FlashAttention.OFF: 0, FlashAttention.ON: 1}


def context_parameters(
    *,
    tokens: int,
    sequences: int,
    threads: int,
    batch_threads: int | None = None,
    outputs: int = 0,
    unified: bool = False,
    options: EngineOptions | None = None,
) -> Any:
    """Return parameters for `tokens` in all, as llama-bench sets them.

    `outputs` limits the logits of one step; the default reserves them for a whole batch, half a
    gigabyte for a vocabulary of 262,000, where generating needs one for each sequence. With
    `unified` all sequences share one cache: what they have in common lies there once, and every
    token looks over all of it.
    """
    options = options or EngineOptions()
    parameters = api.llama_context_default_params()
    parameters.n_ctx = tokens
    parameters.n_batch = BATCH_TOKENS
    parameters.n_ubatch = min(options.physical_batch_tokens, BATCH_TOKENS)
    parameters.n_seq_max = sequences
    parameters.n_outputs_max = outputs
    parameters.n_threads = threads
    parameters.n_threads_batch = batch_threads or threads
    parameters.swa_full = False
    parameters.kv_unified = unified
    parameters.flash_attn_type = _FLASH_ATTENTION[options.flash_attention]
    parameters.type_k = _GGML_TYPES[options.key_cache_type]
    parameters.type_v = _GGML_TYPES[options.value_cache_type]
    if options.rope_frequency_base is not None:
        parameters.rope_freq_base = options.rope_frequency_base
    if options.rope_frequency_scale is not None:
        parameters.rope_freq_scale = options.rope_frequency_scale
    return parameters


class Batch:
    """llama.cpp's batch over arrays of ours, filled a stretch at a time."""

    def __init__(self, size: int) -> None:
        """Reserve room for `size` tokens, each of one sequence."""
        self._tokens = np.zeros(size, np.int32)
        self._positions = np.zeros(size, np.int32)
        self._counts = np.ones(size, np.int32)
        self._sequences = np.zeros(size, np.int32)
        self._wanted = np.zeros(size, np.int8)
        start = self._sequences.ctypes.data
        addresses = start + np.arange(size, dtype=np.uint64) * self._sequences.itemsize
        self._sequence_pointers = addresses.astype(np.uint64)
        self.struct: Any = api.llama_batch()
        self.struct.n_tokens = 0
        self._point("token", self._tokens)
        self._point("pos", self._positions)
        self._point("n_seq_id", self._counts)
        self._point("seq_id", self._sequence_pointers)
        self._point("logits", self._wanted)
        self.size = 0

    def _point(self, field: str, array: npt.NDArray[Any]) -> None:
        kind = dict(self.struct._fields_)[field]
        setattr(self.struct, field, ctypes.cast(array.ctypes.data, kind))

    def clear(self) -> None:
        """Begin anew."""
        self.size = self.struct.n_tokens = 0

    def add(self, tokens: Sequence[int], position: int, sequence: int, *, wants_next: bool) -> int:
        """Append tokens of one sequence; returns the last one's index."""
        start, end = self.size, self.size + len(tokens)
        self._tokens[start:end] = tokens
        if end - start == 1:
            self._positions[start] = position
        else:
            self._positions[start:end] = np.arange(position, position + end - start)
        self._sequences[start:end] = sequence
        self._wanted[start:end] = 0
        self._wanted[end - 1] = wants_next
        self.size = self.struct.n_tokens = end
        return end - 1


class Context:
    """A context of llama.cpp with a batch of its own. Used by one thread."""

    def __init__(self, model: Model, parameters: Any, abort: AbortFlag) -> None:
        """Allocate; `EngineFault` where llama.cpp declines."""
        with logbook.recording() as lines:
            self.pointer: Any = api.llama_init_from_model(model.pointer, parameters)
        if not self.pointer:
            raise _explain_refusal(parameters, lines)
        abort.attach(self.pointer)
        self._abort = abort
        self._vocabulary_size = model.vocabulary_size
        self.memory: Any = api.llama_get_memory(self.pointer)
        self.sequences = int(api.llama_n_seq_max(self.pointer))
        self.batch_tokens = int(api.llama_n_batch(self.pointer))
        self.ubatch_tokens = int(api.llama_n_ubatch(self.pointer))
        self.cells = int(api.llama_n_ctx(self.pointer))
        self.sequence_tokens = int(api.llama_n_ctx_seq(self.pointer))
        self.unified = bool(parameters.kv_unified) or self.sequences == 1
        self.flash_attention = _flash_attention_in(lines, int(parameters.flash_attn_type))
        self.cache_bytes, self.compute_bytes = sizes_in(lines)
        self._batch = Batch(self.batch_tokens)

    def free(self) -> None:
        """Give the memory back."""
        if self.pointer:
            api.llama_free(self.pointer)
            self.pointer = None

    @property
    def threads(self) -> tuple[int, int]:
        """Threads that write, and threads that read prompts."""
        return int(api.llama_n_threads(self.pointer)), int(api.llama_n_threads_batch(self.pointer))

    def set_threads(self, threads: int, batch_threads: int) -> None:
        """Write with `threads`, read prompts with `batch_threads`, from the next step on."""
        api.llama_set_n_threads(self.pointer, threads, batch_threads)

    def begin_batch(self) -> None:
        """Start filling the batch anew."""
        self._batch.clear()

    def add(self, tokens: Sequence[int], position: int, sequence: int, *, wants_next: bool) -> int:
        """Add tokens of one sequence from `position` on; returns the last one's index.

        Unless the cache is unified, sequences must be added in ascending order and without gaps:
        llama.cpp cuts any other order into one pass for each sequence, at half the speed and
        without a word.
        """
        return self._batch.add(tokens, position, sequence, wants_next=wants_next)

    def decode(self) -> int:
        """Run the batch; returns llama.cpp's code, of which 0 is success."""
        return int(api.llama_decode(self.pointer, self._batch.struct))

    def wait(self) -> None:
        """Wait until a device has really finished."""
        api.llama_synchronize(self.pointer)

    def logits(self, outputs: int) -> npt.NDArray[np.float32]:
        """Return the logits of the last step, `(outputs, vocabulary)`, in the batch's order.

        A view of llama.cpp's own memory: good until the next step.
        """
        pointer = api.llama_get_logits(self.pointer)
        if not pointer:
            raise EngineFault("llama.cpp computed nothing for this prompt.")
        return np.ctypeslib.as_array(pointer, (outputs, self._vocabulary_size))

    def clear(self) -> None:
        """Forget all sequences, as if the context were new."""
        api.llama_memory_clear(self.memory, False)

    def forget(self, sequence: int) -> None:
        """Forget one sequence."""
        api.llama_memory_seq_rm(self.memory, sequence, -1, -1)

    def cut(self, sequence: int, position: int) -> None:
        """Forget what a sequence holds from a position on."""
        api.llama_memory_seq_rm(self.memory, sequence, position, -1)

    def copy(self, source: int, target: int) -> None:
        """Give one sequence's content to another; in a unified cache nothing is moved."""
        api.llama_memory_seq_cp(self.memory, source, target, -1, -1)

    def move(self, source: int, target: int) -> None:
        """Give a sequence another number."""
        self.copy(source, target)
        self.forget(source)


def sizes_in(lines: Sequence[str]) -> tuple[int, int]:
    """Return the bytes of caches and of compute buffers that a context's log names."""
    caches = sum(float(found.group(1)) for line in lines if (found := _CACHE.search(line)))
    buffers = sum(float(found.group(1)) for line in lines if (found := _COMPUTE.search(line)))
    return round(caches * _MEBIBYTE), round(buffers * _MEBIBYTE)


def _flash_attention_in(lines: Sequence[str], asked: int) -> FlashAttention:
    """Return what is in force: what was asked for, or what `auto` came to by the log."""
    for line in lines:
        found = _ATTENTION.search(line)
        if found:
            return FlashAttention.OFF if found.group(1) == "not supported" else FlashAttention.ON
    return next(kind for kind, number in _FLASH_ATTENTION.items() if number == asked)


def _explain_refusal(parameters: Any, lines: Sequence[str]) -> EngineFault:
    log = "\n".join(lines)
    if "quantized V cache requires flash_attn" in log:
        message = "A quantised cache for values needs flash attention, which is off here."
    else:
        message = (
            f"llama.cpp could not make a context of {parameters.n_ctx:,} tokens with this model;"
            " a shorter one may work."
        )
    return EngineFault(message, details=log)
