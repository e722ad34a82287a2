"""Settings that no run can be made with, refused in a sentence before anything is begun."""

from desktop.domain.settings import RunSettings
from desktop.domain.settings_limits import (
    MOST_PHYSICAL_BATCH_TOKENS,
    MOST_SEQUENCES,
    MOST_THREADS,
    Contradiction,
    find_contradictions,
)
from desktop.errors import UserError


def require_sound_settings(settings: RunSettings) -> None:
    """Raise `UserError` for the first contradiction, with what to do about it."""
    found = find_contradictions(settings)
    if found:
        message, remedy = _explain(found[0], settings)
        raise UserError(message, remedy=remedy)


def _explain(contradiction: Contradiction, settings: RunSettings) -> tuple[str, str]:
    options = settings.engine
    messages = {
        Contradiction.QUANTIZED_VALUES: f"A value cache of type {options.value_cache_type} needs"
        " flash attention, which is turned off.",
        Contradiction.THINKING_BUDGET: f"A thinking budget of {settings.thinking_budget or 0:,}"
        " tokens would never end a thought: thinking is cut off after"
        f" {settings.max_thinking_tokens:,}.",
        Contradiction.SEQUENCES: f"{settings.parallel_sequences} cases at once can't be run.",
        Contradiction.THREADS: f"{settings.threads} threads can't be started.",
        Contradiction.PHYSICAL_BATCH: f"A physical batch of {options.physical_batch_tokens} tokens"
        " can't be made.",
        Contradiction.ROPE: "RoPE's frequency base and scale must be above 0.",
        Contradiction.COUNTS: "Numbers of tokens and repeats must be 1 or more, a thinking budget"
        " 0 or more.",
    }
    return messages[contradiction], _REMEDIES[contradiction]


_REMEDIES = {
    Contradiction.QUANTIZED_VALUES: "Leave flash attention to the engine (auto), or take f16 for"
    " the value cache.",
    Contradiction.THINKING_BUDGET: "Allow longer thinking, or a smaller budget.",
    Contradiction.SEQUENCES: f"Choose from 1 to {MOST_SEQUENCES}, or leave it to the engine.",
    Contradiction.THREADS: f"Choose from 1 to {MOST_THREADS}, or leave it to the engine.",
    Contradiction.PHYSICAL_BATCH: f"Choose from 1 to {MOST_PHYSICAL_BATCH_TOKENS:,}; 512 is usual.",
    Contradiction.ROPE: "Leave them out to keep what the model's file says.",
    Contradiction.COUNTS: "Correct the settings, or take the defaults.",
}
