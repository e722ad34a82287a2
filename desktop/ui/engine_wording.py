"""Mode, engine and its options in the user's language, for every screen that shows them."""

from PySide6.QtCore import QCoreApplication

from desktop.domain.run import EngineFacts
from desktop.domain.settings import EngineOptions, FlashAttention, RunSettings
from desktop.domain.settings_limits import Contradiction
from desktop.ui.formatting import format_number

_USUAL = EngineOptions()


def _tr(text: str) -> str:
    return QCoreApplication.translate("engine", text)


def describe_mode(settings: RunSettings) -> str:
    """Return the mode that was asked for, as a clause."""
    if settings.is_reproducible:
        return _tr("reproducible: one case at a time")
    if settings.parallel_sequences is None:
        return _tr("throughput: as many cases at once as pay")
    return _tr("throughput: {0} cases at once").format(settings.parallel_sequences)


def describe_at_once(engine: EngineFacts) -> str:
    """Return how many cases were answered at once, and whether a trial found the number."""
    if engine.parallel_sequences == 1:
        one = _tr("one case at a time, found by trial")
        return one if engine.sequences_by_trial else _tr("one case at a time")
    several = (
        _tr("{0} cases at once, found by trial")
        if engine.sequences_by_trial
        else _tr("{0} cases at once")
    )
    return several.format(engine.parallel_sequences)


def describe_threads(engine: EngineFacts) -> str:
    """Return the threads in use, and whether a trial found the number; empty if unknown."""
    if not engine.threads:
        return ""
    reading = engine.batch_threads or engine.threads
    trial = engine.threads_by_trial
    if reading != engine.threads:
        words = (
            _tr("{0} threads to read and {1} to write, found by trial")
            if trial
            else _tr("{0} threads to read and {1} to write")
        )
        return words.format(reading, engine.threads)
    if reading == 1:
        return _tr("1 thread, found by trial") if trial else _tr("1 thread")
    words = _tr("{0} threads, found by trial") if trial else _tr("{0} threads")
    return words.format(reading)


def describe_sharing(engine: EngineFacts) -> str:
    """Return that shared beginnings were read once, or nothing."""
    return _tr("shared beginnings of prompts read once") if engine.shares_prefixes else ""


def list_unusual_options(
    options: EngineOptions, *, attention_by_trial: bool = False
) -> tuple[str, ...]:
    """Return a clause for each option that is not llama.cpp's default."""
    clauses = []
    if options.flash_attention is not FlashAttention.AUTO:
        on = options.flash_attention is FlashAttention.ON
        if attention_by_trial:
            found = _tr("flash attention on, found by trial")
            clauses.append(found if on else _tr("flash attention off, found by trial"))
        else:
            clauses.append(_tr("flash attention on") if on else _tr("flash attention off"))
    if options.key_cache_type is not _USUAL.key_cache_type:
        clauses.append(_tr("keys stored as {0}").format(options.key_cache_type))
    if options.value_cache_type is not _USUAL.value_cache_type:
        clauses.append(_tr("values stored as {0}").format(options.value_cache_type))
    if not options.memory_mapping:
        clauses.append(_tr("weights not memory-mapped"))
    if options.rope_frequency_base is not None:
        clauses.append(_tr("RoPE base {0}").format(f"{options.rope_frequency_base:g}"))
    if options.rope_frequency_scale is not None:
        clauses.append(_tr("RoPE scale {0}").format(f"{options.rope_frequency_scale:g}"))
    if options.physical_batch_tokens != _USUAL.physical_batch_tokens:
        tokens = format_number(options.physical_batch_tokens)
        clauses.append(_tr("physical batch of {0} tokens").format(tokens))
    return tuple(clauses)


def describe_engine_work(engine: EngineFacts, *, asked_cases: bool) -> str:
    """Return how the engine worked, one clause a line; a probe asks no cases."""
    context = _tr("context of {0} tokens").format(format_number(engine.context_tokens))
    options, trial = engine.telling_options, engine.attention_by_trial
    clauses = [
        describe_at_once(engine) if asked_cases else "",
        describe_threads(engine),
        context if engine.context_tokens else "",
        describe_sharing(engine),
        *(list_unusual_options(options, attention_by_trial=trial) if options else ()),
    ]
    return " · ".join(clause for clause in clauses if clause)


def explain_contradiction(contradiction: Contradiction) -> str:
    """Return what is wrong and what to do about it, to stand beside a field."""
    return {
        Contradiction.QUANTIZED_VALUES: _tr(
            "Values in a quantised type need flash attention: turn it on, or take f16."
        ),
        Contradiction.THINKING_BUDGET: _tr(
            "The thinking budget is larger than the longest thinking, so it would never be used."
        ),
    }.get(contradiction, _tr("These settings can't be run with."))
