"""Whether a machine carries a model for a number of users, and how fast it could be at most.

The need is the formula of `gguf.memory`. A share of a catalogue machine's memory is reserved: 8 %
of a GPU or server, for drivers, error correction and fragmentation (as much as the engine leaves
on a GPU); 25 % where processor and graphics share one memory, which the system limits (macOS
gives the graphics about three quarters).

The ceiling of speed is a roofline: writing one token reads every active weight and the user's
cache once. Users at once share the reading of weights. Real engines stay below it.
"""

from collections.abc import Callable

from desktop.domain.hardware import Capacity, CatalogueMachine, DecodeCeiling, MachineKind
from desktop.domain.settings import EngineOptions
from desktop.gguf.memory import estimate_need, least_cache_bytes
from desktop.gguf.shape import ModelShape

MOST_USERS = 100_000
_MOST_SEQUENCES = 256  # of one llama.cpp context
_LONGEST_CONTEXT = 2**31 - 1
_RESERVED_SHARES = {MachineKind.GPU: 0.08, MachineKind.SERVER: 0.08, MachineKind.UNIFIED: 0.25}


def check_capacity(
    shape: ModelShape,
    machine: CatalogueMachine,
    context_tokens: int,
    users: int,
    options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
    *,
    reserved_share: float | None = None,
) -> Capacity:
    """Return what `users` with `context_tokens` each need, and what would fit.

    `reserved_share` of the memory stays free; `None` takes the usual one of the machine's kind.
    """
    share = _RESERVED_SHARES[machine.kind] if reserved_share is None else reserved_share
    reserve = round(machine.memory_bytes * share)

    def fits(context: int, sequences: int) -> bool:
        need = estimate_need(shape, context, sequences, options)
        return need.total_bytes + reserve <= machine.memory_bytes

    trained = shape.trained_context or _LONGEST_CONTEXT
    longest = _find_largest(lambda context: fits(context, users), _LONGEST_CONTEXT)
    need = estimate_need(shape, context_tokens, users, options)
    return Capacity(
        machine=machine,
        need=need,
        cache_bytes_per_user=need.kv_cache_bytes // need.sequences,
        reserve_bytes=reserve,
        longest_context=min(longest, trained),
        is_limited_by_training=longest > trained,
        most_users=_find_largest(lambda several: fits(context_tokens, several), MOST_USERS),
        ceiling=_find_ceiling(shape, machine, context_tokens, users, options),
        notes=_tell_notes(shape, context_tokens, users),
    )


def _find_largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest number from 1 to `most` that fits, 0 if none does."""
    fitting, failing = 0, most + 1
    while failing - fitting > 1:
        middle = (fitting + failing) // 2
        if fits(middle):
            fitting = middle
        else:
            failing = middle
    return fitting


def _find_ceiling(
    shape: ModelShape,
    machine: CatalogueMachine,
    context_tokens: int,
    users: int,
    options: EngineOptions,
) -> DecodeCeiling | None:
    if not machine.bandwidth_gbps or not shape.active_bytes:
        return None
    bandwidth = machine.bandwidth_gbps * 1e9
    alone = shape.active_bytes
    together = alone + users * least_cache_bytes(shape, context_tokens, options)
    return DecodeCeiling(
        alone_tokens_per_second=bandwidth / alone,
        together_tokens_per_second=users * bandwidth / together,
        alone_bytes=alone,
        together_bytes=together,
    )


def _tell_notes(shape: ModelShape, context_tokens: int, users: int) -> tuple[str, ...]:
    notes = []
    if shape.trained_context and context_tokens > shape.trained_context:
        notes.append(
            f"The model was trained with {shape.trained_context:,} tokens of context; beyond them"
            " its answers get worse."
        )
    if users > _MOST_SEQUENCES:
        notes.append(
            f"llama.cpp serves at most {_MOST_SEQUENCES} users at once from one loaded model; the"
            " rest would wait, or need another copy of the weights."
        )
    return tuple(notes)
