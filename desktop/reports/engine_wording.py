"""Mode, engine and its options in words: what answers were made with and how it was chosen."""

from desktop.domain.run import EngineFacts
from desktop.domain.settings import EngineOptions, FlashAttention, RunSettings
from desktop.reports.numbers import count_text

_USUAL = EngineOptions()
_BY_TRIAL = ", found by trial"


def name_mode(settings: RunSettings) -> str:
    """Return the mode that was asked for."""
    if settings.is_reproducible:
        return "reproducible: one case at a time, nothing shared"
    if settings.parallel_sequences is None:
        return "throughput: as many cases at once as pay on the machine"
    return f"throughput: {count_text(settings.parallel_sequences)} cases at once"


def describe_at_once(engine: EngineFacts) -> str:
    """Return how many cases the engine answered at once: `16 cases at once, found by trial`."""
    number = engine.parallel_sequences
    words = "one case at a time" if number == 1 else f"{count_text(number)} cases at once"
    return words + (_BY_TRIAL if engine.sequences_by_trial else "")


def describe_threads(engine: EngineFacts) -> str:
    """Return the threads in use: `2 threads, found by trial`; empty if that is unknown."""
    if not engine.threads:
        return ""
    reading = engine.batch_threads or engine.threads
    if reading == engine.threads:
        words = "1 thread" if reading == 1 else f"{count_text(reading)} threads"
    else:
        words = f"{count_text(reading)} threads to read, {count_text(engine.threads)} to write"
    return words + (_BY_TRIAL if engine.threads_by_trial else "")


def describe_sharing(engine: EngineFacts) -> str:
    """Return that shared beginnings are read once, or nothing."""
    return "beginnings that prompts share are read once" if engine.shares_prefixes else ""


def list_unusual_options(
    options: EngineOptions, *, attention_by_trial: bool = False
) -> tuple[str, ...]:
    """Return a clause for each option that is not llama.cpp's default."""
    trial = _BY_TRIAL if attention_by_trial else ""
    clauses = {
        f"flash attention on{trial}": options.flash_attention is FlashAttention.ON,
        f"flash attention off{trial}": options.flash_attention is FlashAttention.OFF,
        f"keys cached as {options.key_cache_type}": options.key_cache_type
        is not _USUAL.key_cache_type,
        f"values cached as {options.value_cache_type}": options.value_cache_type
        is not _USUAL.value_cache_type,
        "weights not memory-mapped": not options.memory_mapping,
        f"RoPE frequency base {options.rope_frequency_base}": options.rope_frequency_base
        is not None,
        f"RoPE frequency scale {options.rope_frequency_scale}": options.rope_frequency_scale
        is not None,
        f"{count_text(options.physical_batch_tokens)} tokens a physical batch": (
            options.physical_batch_tokens != _USUAL.physical_batch_tokens
        ),
    }
    return tuple(clause for clause, holds in clauses.items() if holds)


def describe_engine_work(engine: EngineFacts) -> str:
    """Return in one line how the engine worked, without its name."""
    parts = (describe_at_once(engine), describe_threads(engine), describe_sharing(engine))
    options = engine.telling_options
    found = engine.attention_by_trial
    unusual = list_unusual_options(options, attention_by_trial=found) if options else ()
    return "; ".join(part for part in (*parts, *unusual) if part)
