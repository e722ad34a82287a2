"""What a model and its context need of memory, asked of llama.cpp without allocating it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from desktop.domain.language_model import MemoryNeed
from desktop.errors import EngineFault, UserError
from desktop.gguf.header import read_header
from desktop.gguf.residence import count_beside
from desktop.gguf.shards import list_shards
from desktop.inference.allowance import available_memory_bytes
from desktop.inference.engine import LoadModel
from desktop.inference.llama.binding import AbortFlag, describe_build
from desktop.inference.llama.context import Context, context_parameters
from desktop.inference.llama.model import Model

MOST_SEQUENCES = 256
# Bookkeeping of a cache cell is allocated even when the cache is only simulated. Beyond this many
# cells (1 GB of it), and where the cache would be far larger than memory even with a sliding
# window, the need is worked out from a small context instead.
_CELL_BYTES = 64
_MOST_CELLS = 2**24
_HOPELESS = 4
_SMALL_CONTEXT = 512
_SHARE_FOR_DRIVERS = 0.08
_MOST_CONTEXT = 2**31 - 1
# llama.cpp's names for what it was built for, and those of the processor's features.
_FEATURES = {
    "AMX_INT8": "amx_int8",
    "AVX2": "avx2",
    "AVX512": "avx512f",
    "DOTPROD": "asimddp",
    "MATMUL_INT8": "i8mm",
}


@dataclass(frozen=True)
class Fit:
    """What a load needs, and how that grows: bytes of cache for every further token."""

    need: MemoryNeed
    cache_bytes_per_token: float
    devices: tuple[str, ...]
    device_free_bytes: int = 0
    layers: int = 0


def measure_fit(request: LoadModel, threads: int) -> Fit:
    """Ask llama.cpp what a load would take, without making it.

    Where the request leaves the context open, that is one short sequence. Raises `EngineFault`
    for sizes that can't be.
    """
    check_size(request)
    model = Model(request.path, gpu_layers=request.gpu_layers, weightless=True)
    try:
        small = _simulate(model, request, threads, _SMALL_CONTEXT, 1)
        per_token = small.kv_cache_bytes / small.context_tokens
        context = request.context_tokens or _SMALL_CONTEXT
        sequences = request.parallel_sequences or 1
        cells = context * sequences
        if cells > _MOST_CELLS or per_token * cells > _HOPELESS * available_memory_bytes():
            need = MemoryNeed(
                context_tokens=context,
                sequences=sequences,
                weights_bytes=small.weights_bytes,
                kv_cache_bytes=round(per_token * cells) + cells * _CELL_BYTES,
                compute_bytes=small.compute_bytes,
                source="llama.cpp",
            )
        else:
            made = _simulate(model, request, threads, context, sequences)
            # llama.cpp rounds up; people are told of what they asked for.
            need = msgspec.structs.replace(made, context_tokens=context)
    finally:
        model.free()
    if not is_elsewhere(model.devices):
        need = msgspec.structs.replace(need, beside_bytes=_count_beside(request.path))
    return Fit(
        need=need,
        cache_bytes_per_token=per_token,
        devices=model.devices,
        device_free_bytes=model.device_free_bytes,
        layers=model.layers,
    )


def choose_gpu_layers(request: LoadModel, fit: Fit) -> int:
    """Return as many layers as fit into the memory of the devices, or what the request says.

    llama.cpp counts one more for the output, and reports -1 for all. The weights are taken to be
    spread evenly over the layers; what drivers and other programs need stays free.
    """
    if request.gpu_layers >= 0 or not is_elsewhere(fit.devices):
        return request.gpu_layers
    free = fit.device_free_bytes * (1 - _SHARE_FOR_DRIVERS) - fit.need.compute_bytes
    parts = fit.layers + 1
    each = (fit.need.weights_bytes + fit.need.kv_cache_bytes) / parts
    return request.gpu_layers if each * parts <= free else max(0, int(free / each))


def _count_beside(path: str) -> int:
    """Return what the processor takes beside llama.cpp's own accounting; 0 where it can't be told.

    By what llama.cpp was built for, which may be less than the processor can.
    """
    build = describe_build()
    features = {name for flag, name in _FEATURES.items() if re.search(rf"\b{flag} = 1\b", build)}
    if "REPACK = 1" not in build:
        features &= {"amx_int8"}
    try:
        headers = [read_header(shard) for shard in list_shards(Path(path))]
    except UserError:
        return 0
    return count_beside(headers, features)


def _simulate(
    model: Model, request: LoadModel, threads: int, context_tokens: int, sequences: int
) -> MemoryNeed:
    parameters = context_parameters(
        tokens=context_tokens * sequences,
        sequences=sequences,
        threads=threads,
        outputs=sequences,
        options=request.options,
    )
    context = Context(model, parameters, AbortFlag())
    need = MemoryNeed(
        context_tokens=context.sequence_tokens,
        sequences=sequences,
        weights_bytes=model.weights_bytes,
        kv_cache_bytes=context.cache_bytes,
        compute_bytes=context.compute_bytes,
        source="llama.cpp",
    )
    context.free()
    return need


def check_size(request: LoadModel) -> None:
    """Raise `EngineFault` for sizes that would end the process instead of failing."""
    sequences = request.parallel_sequences
    if sequences is not None and not 1 <= sequences <= MOST_SEQUENCES:
        raise EngineFault(
            f"{sequences} sequences at once are not possible; choose from 1 to {MOST_SEQUENCES}."
        )
    if request.context_tokens is not None and not 1 <= request.context_tokens <= 2**40:
        raise EngineFault("The context must hold at least one token, and no absurd number of them.")
    if not 1 <= request.options.physical_batch_tokens <= 2**16:
        raise EngineFault("The physical batch must hold from 1 to 65,536 tokens.")


def check_fit(request: LoadModel, fit: Fit) -> None:
    """Raise `EngineFault` if a load would not fit into the machine's memory.

    With a GPU the weights lie elsewhere and the driver says no by itself.
    """
    available = available_memory_bytes()
    need = fit.need
    cells = need.context_tokens * need.sequences
    if cells <= _MOST_CONTEXT and (is_elsewhere(fit.devices) or need.total_bytes <= available):
        return
    raise EngineFault(
        f"{Path(request.path).name} with a context of {_in_words(need)} needs"
        f" {_gigabytes(need.total_bytes)} of memory, and this machine has {_gigabytes(available)}"
        " free; choose a shorter context, fewer cases at once or a smaller model."
    )


def is_elsewhere(devices: Sequence[str]) -> bool:
    """Whether a model lies in the memory of another device."""
    return tuple(devices) != ("CPU",)


def _in_words(need: MemoryNeed) -> str:
    tokens = f"{need.context_tokens:,} tokens"
    return tokens if need.sequences == 1 else f"{tokens} for each of {need.sequences} sequences"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
