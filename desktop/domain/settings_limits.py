"""What settings can be: their limits, and which of them contradict each other.

The window puts its own words to a `Contradiction`, beside the field; `worker.settings_check` has
those of the command line and of plans.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention, RunSettings

MOST_SEQUENCES = 256  # llama.cpp's LLAMA_MAX_SEQ
MOST_THREADS = 512  # ggml's GGML_MAX_N_THREADS
# What is handed to llama.cpp in one call (its n_batch) holds no more.
MOST_PHYSICAL_BATCH_TOKENS = 2048

_EXACT_CACHE_TYPES = frozenset({CacheType.F32, CacheType.F16, CacheType.BF16})


class Contradiction(StrEnum):
    """A reason why settings can't be run with."""

    QUANTIZED_VALUES = "quantized_values"
    THINKING_BUDGET = "thinking_budget"
    SEQUENCES = "sequences"
    THREADS = "threads"
    PHYSICAL_BATCH = "physical_batch"
    ROPE = "rope"
    COUNTS = "counts"


def find_contradictions(settings: RunSettings) -> tuple[Contradiction, ...]:
    """Return every reason why a run can't be made with these settings; none for sound ones."""
    return tuple(_find(settings))


def _find(settings: RunSettings) -> Iterator[Contradiction]:
    options = settings.engine
    if (
        options.flash_attention is FlashAttention.OFF
        and options.value_cache_type not in _EXACT_CACHE_TYPES
    ):
        yield Contradiction.QUANTIZED_VALUES
    budget, longest = settings.thinking_budget, settings.max_thinking_tokens
    if budget is not None and budget > longest:
        yield Contradiction.THINKING_BUDGET
    sequences, threads = settings.parallel_sequences, settings.threads
    if sequences is not None and not 1 <= sequences <= MOST_SEQUENCES:
        yield Contradiction.SEQUENCES
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        yield Contradiction.THREADS
    if not 1 <= options.physical_batch_tokens <= MOST_PHYSICAL_BATCH_TOKENS:
        yield Contradiction.PHYSICAL_BATCH
    if not _is_rope_sound(options):
        yield Contradiction.ROPE
    counts = (settings.max_tokens, settings.context_tokens, settings.repeats, longest)
    if any(count is not None and count < 1 for count in counts) or (budget or 0) < 0:
        yield Contradiction.COUNTS


def _is_rope_sound(options: EngineOptions) -> bool:
    stretches = (options.rope_frequency_base, options.rope_frequency_scale)
    return all(value is None or (math.isfinite(value) and value > 0) for value in stretches)
