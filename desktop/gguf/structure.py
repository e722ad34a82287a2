"""How a model is built, from its header and the shapes of its tensors."""

import re
from collections.abc import Iterable, Sequence

from desktop.domain.language_model import AttentionKind, RopeFacts, TensorShare
from desktop.gguf.header import GgufHeader, TensorInfo

# One tensor for all experts of a layer (the last dimension counts them), or, as files of 2023
# have it, one for each.
_STACKED_EXPERTS = re.compile(r"_exps\.(?:weight|bias)$")
_SINGLE_EXPERT = re.compile(r"\.ffn_(?:gate|up|down)\.\d+\.weight$")


def count_active(header: GgufHeader, architecture: str, tensors: Sequence[TensorInfo]) -> int:
    """Return how many parameters work on one token: all but those of the idle experts.

    Publishers count differently (some leave embeddings out), so that a model called A3B may
    have 3.3 billion here.
    """
    experts = max(header.numbers(f"{architecture}.expert_count"), default=0)
    used = max(header.numbers(f"{architecture}.expert_used_count"), default=0)
    active = 0
    for tensor in tensors:
        count = 1
        if _STACKED_EXPERTS.search(tensor.name):
            count = tensor.shape[-1]
        elif experts and _SINGLE_EXPERT.search(tensor.name):
            count = experts
        idle = count > used > 0
        active += tensor.elements * used // count if idle else tensor.elements
    return active


def share_types(tensors: Iterable[TensorInfo]) -> tuple[TensorShare, ...]:
    """Return what each ggml type makes up, the one with most bytes first."""
    sums: dict[str, list[int]] = {}
    for tensor in tensors:
        found = sums.setdefault(tensor.type_name, [0, 0, 0])
        found[0] += 1
        found[1] += tensor.elements
        found[2] += tensor.size_bytes
    shares = [
        TensorShare(type_name=name, tensors=count, parameters=elements, size_bytes=size)
        for name, (count, elements, size) in sums.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.size_bytes, share.type_name)))


def tell_attention(header: GgufHeader, architecture: str) -> AttentionKind | None:
    """Return how heads share keys and values; `None` where the header names no heads.

    Layers without attention of their own (hybrid models state 0 heads for them) don't count;
    where layers differ, the most shared one names the model. A silent header means that every
    head has its own keys, as llama.cpp takes it.
    """
    prefix = f"{architecture}.attention"
    if (header.number(f"{prefix}.kv_lora_rank") or 0) > 0:
        return AttentionKind.LATENT
    heads = [number for number in header.numbers(f"{prefix}.head_count") if number > 0]
    if not heads:
        return None
    shared = [number for number in header.numbers(f"{prefix}.head_count_kv") if number > 0]
    fewest = min(shared, default=max(heads))
    if fewest >= max(heads):
        return AttentionKind.MULTI_HEAD
    return AttentionKind.MULTI_QUERY if fewest == 1 else AttentionKind.GROUPED_QUERY


def tell_rope(
    header: GgufHeader, architecture: str, tensors: Iterable[TensorInfo]
) -> RopeFacts | None:
    """Return how positions are encoded; `None` if the header says nothing of it."""
    prefix = f"{architecture}.rope"
    scaling = header.text(f"{prefix}.scaling.type").lower()
    factor = _decimal(header, f"{prefix}.scaling.factor")
    if not scaling and (legacy := _decimal(header, f"{prefix}.scale_linear")):
        scaling, factor = "linear", legacy
    names = {tensor.name for tensor in tensors if "rope_f" in tensor.name}
    if scaling in ("", "none"):
        scaling = ""
        if any(name.startswith("rope_factors_") or ".rope_factors_" in name for name in names):
            scaling = "longrope"
        elif any(name.endswith("rope_freqs.weight") for name in names):
            scaling = "llama3"
    facts = RopeFacts(
        frequency_base=_decimal(header, f"{prefix}.freq_base"),
        scaling=scaling[:40],
        factor=factor,
        original_context=header.number(f"{prefix}.scaling.original_context_length"),
        dimensions=header.number(f"{prefix}.dimension_count"),
    )
    return None if facts == RopeFacts() else facts


def _decimal(header: GgufHeader, key: str) -> float | None:
    """Return a finite number, `None` if it is missing or something else."""
    value = header.values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if abs(number) < float("inf") else None
