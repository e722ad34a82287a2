"""A context: a model's working memory for a number of sequences, and the batch that feeds it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desktop.domain.language_model import MemoryNeed
from desktop.errors import EngineFault
from desktop.inference.allowance import available_memory_bytes
from desktop.inference.engine import LoadModel
from desktop.inference.llama.binding import AbortFlag, api, logbook
from desktop.inference.llama.model import Model

BATCH_TOKENS = 2048
UBATCH_TOKENS = 512
DECODED, CACHE_FULL, ABORTED = 0, 1, 2
_MOST_SEQUENCES = 256
# Bookkeeping of one cache cell; beyond this many cells even a simulated context is too much.
_CELL_BYTES = 128
_MOST_CELLS = 2**24
_CACHE = re.compile(r"^llama_(?:kv_cache|memory_recurrent)\S*: size =\s*([\d.]+) MiB")
_COMPUTE = re.compile(r"(?:compute|output) buffer size =\s*([\d.]+) MiB")
_MEBIBYTE = 1024 * 1024


def context_parameters(*, tokens: int, sequences: int, threads: int, outputs: int = 0) -> Any:
    """Return parameters for `tokens` in all, as llama-bench sets them.

    `outputs` limits the logits of one step; the default reserves them for a whole batch, half a
    gigabyte for a vocabulary of 262,000, where generating needs one for each sequence.
    """
    parameters = api.llama_context_default_params()
    parameters.n_ctx = tokens
    parameters.n_batch = BATCH_TOKENS
    parameters.n_ubatch = UBATCH_TOKENS
    parameters.n_seq_max = sequences
    parameters.n_outputs_max = outputs
    parameters.n_threads = threads
    parameters.n_threads_batch = threads
    parameters.swa_full = False
    return parameters


class Context:
    """A context of llama.cpp with a batch of its own. Used by one thread."""

    def __init__(self, model: Model, parameters: Any, abort: AbortFlag) -> None:
        """Allocate; `EngineFault` where llama.cpp declines."""
        with logbook.recording() as lines:
            self.pointer: Any = api.llama_init_from_model(model.pointer, parameters)
        if not self.pointer:
            raise EngineFault(
                f"llama.cpp could not make a context of {parameters.n_ctx:,} tokens with this"
                " model; a shorter one may work.",
                details="\n".join(lines),
            )
        abort.attach(self.pointer)
        self._abort = abort
        self.memory: Any = api.llama_get_memory(self.pointer)
        self.sequence_tokens = int(api.llama_n_ctx_seq(self.pointer))
        self.sequences = int(api.llama_n_seq_max(self.pointer))
        self.batch_tokens = int(api.llama_n_batch(self.pointer))
        self.cache_bytes, self.compute_bytes = sizes_in(lines)
        self._batch: Any = api.llama_batch_init(self.batch_tokens, 0, 1)

    def free(self) -> None:
        """Give the memory back."""
        if self.pointer:
            api.llama_batch_free(self._batch)
            api.llama_free(self.pointer)
            self.pointer = None

    def begin_batch(self) -> None:
        """Start filling the batch anew."""
        self._batch.n_tokens = 0

    def add(self, tokens: Sequence[int], position: int, sequence: int, *, wants_next: bool) -> int:
        """Add tokens of one sequence from `position` on; returns the last one's index.

        Sequences must be added in ascending order and without gaps: llama.cpp cuts any other
        order into one pass for each sequence, at half the speed and without a word.
        """
        batch = self._batch
        index = int(batch.n_tokens)
        for offset, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = position + offset
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = sequence
            batch.logits[index] = 0
            index += 1
        batch.n_tokens = index
        batch.logits[index - 1] = 1 if wants_next else 0
        return index - 1

    def decode(self) -> int:
        """Run the batch; returns llama.cpp's code, of which 0 is success."""
        return int(api.llama_decode(self.pointer, self._batch))

    def wait(self) -> None:
        """Wait until a device has really finished."""
        api.llama_synchronize(self.pointer)

    def clear(self) -> None:
        """Forget all sequences, as if the context were new."""
        api.llama_memory_clear(self.memory, False)

    def forget(self, sequence: int) -> None:
        """Forget one sequence."""
        api.llama_memory_seq_rm(self.memory, sequence, -1, -1)

    def move(self, source: int, target: int) -> None:
        """Give a sequence another number."""
        api.llama_memory_seq_cp(self.memory, source, target, -1, -1)
        self.forget(source)


def sizes_in(lines: Sequence[str]) -> tuple[int, int]:
    """Return the bytes of caches and of compute buffers that a context's log names."""
    caches = sum(float(found.group(1)) for line in lines if (found := _CACHE.search(line)))
    buffers = sum(float(found.group(1)) for line in lines if (found := _COMPUTE.search(line)))
    return round(caches * _MEBIBYTE), round(buffers * _MEBIBYTE)


def check_size(request: LoadModel) -> None:
    """Raise `EngineFault` for sizes that would end the process instead of failing."""
    if not 1 <= _sequences(request) <= _MOST_SEQUENCES:
        raise EngineFault(
            f"{_sequences(request)} sequences at once are not possible; choose from 1 to"
            f" {_MOST_SEQUENCES}."
        )
    if _tokens(request) < 1:
        raise EngineFault("The context must hold at least one token.")
    cells = _tokens(request) * _sequences(request)
    if cells > _MOST_CELLS or cells * _CELL_BYTES > available_memory_bytes():
        raise EngineFault(
            f"A context of {_in_words(request)} is larger than memory; choose a shorter one."
        )


def estimate(request: LoadModel, threads: int) -> tuple[MemoryNeed, tuple[str, ...]]:
    """Ask llama.cpp what a load would take, without making it; also the devices it would use."""
    check_size(request)
    model = Model(request.path, gpu_layers=request.gpu_layers, weightless=True)
    try:
        context = Context(model, _generating(request, threads), AbortFlag())
        need = MemoryNeed(
            context_tokens=context.sequence_tokens,
            sequences=_sequences(request),
            weights_bytes=model.weights_bytes,
            kv_cache_bytes=context.cache_bytes,
            compute_bytes=context.compute_bytes,
            source="llama.cpp",
        )
        context.free()
    finally:
        model.free()
    return need, model.devices


def open_context(model: Model, request: LoadModel, threads: int, abort: AbortFlag) -> Context:
    """Make the context that a request asks for."""
    return Context(model, _generating(request, threads), abort)


def check_fit(request: LoadModel, need: MemoryNeed, devices: Sequence[str]) -> None:
    """Raise `EngineFault` if a load would not fit into the machine's memory.

    With a GPU the weights lie elsewhere and the driver says no by itself.
    """
    available = available_memory_bytes()
    if tuple(devices) != ("CPU",) or need.total_bytes <= available:
        return
    raise EngineFault(
        f"{Path(request.path).name} with a context of {_in_words(request)} needs"
        f" {_gigabytes(need.total_bytes)}, but only {_gigabytes(available)} of memory are free;"
        " choose a shorter context, fewer sequences or a smaller model."
    )


def _generating(request: LoadModel, threads: int) -> Any:
    return context_parameters(
        tokens=_tokens(request) * _sequences(request),
        sequences=_sequences(request),
        threads=threads,
        outputs=_sequences(request),
    )


def _tokens(request: LoadModel) -> int:
    return request.context_tokens or 4096


def _sequences(request: LoadModel) -> int:
    return request.parallel_sequences or 1


def _in_words(request: LoadModel) -> str:
    tokens = f"{_tokens(request):,} tokens"
    if _sequences(request) == 1:
        return tokens
    return f"{tokens} for each of {_sequences(request)} sequences"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
