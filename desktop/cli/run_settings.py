"""The settings of a run on the command line: what may be typed, and what it makes of the usual."""

import argparse
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from desktop.cli.values import (
    or_word,
    read_above_zero,
    read_count,
    read_layers,
    read_not_negative,
    read_parallel,
    read_physical_batch,
    read_positive,
    read_seconds,
    read_seed,
    read_share,
    read_threads,
)
from desktop.domain.base import JsonValue
from desktop.domain.settings import (
    CacheType,
    EngineOptions,
    FlashAttention,
    RunSettings,
    Sampling,
)
from desktop.errors import UserError
from desktop.worker.settings_check import require_sound_settings

LAYERS = "layers to put on a GPU; -1 (default): all"
_AUTO = "auto"  # what people type where the engine is to choose
_NO_BUDGET = "none"


def add_settings(run: argparse.ArgumentParser) -> None:
    """Add the options that change a run's settings."""
    run.add_argument("--max-tokens", type=read_positive, metavar="N", help="of an answer")
    run.add_argument("--system-prompt", metavar="TEXT")
    run.add_argument("--repeats", type=read_positive, metavar="N", help="ask every case so often")
    run.add_argument("--case-timeout", type=read_seconds, metavar="SECONDS")
    _add_sampling(run)
    _add_thinking(run)
    _add_likelihood(run)
    _add_speed(run)
    _add_engine(run)


def _add_sampling(run: argparse.ArgumentParser) -> None:
    group = run.add_argument_group("how tokens are chosen")
    group.add_argument(
        "--temperature", type=read_not_negative, metavar="T", help="0 (default): greedy"
    )
    group.add_argument("--top-k", type=read_count, metavar="N", help="0: all tokens")
    group.add_argument("--top-p", type=read_share, metavar="P")
    group.add_argument("--min-p", type=read_share, metavar="P")
    group.add_argument("--repeat-penalty", type=read_not_negative, metavar="X")
    group.add_argument("--seed", type=read_seed, metavar="N")


def _add_likelihood(run: argparse.ArgumentParser) -> None:
    group = run.add_argument_group("cases that likelihood decides (multiple choice)")
    group.add_argument(
        "--likelihood-in-chat",
        action=argparse.BooleanOptionalAction,
        help="put them into the model's chat template; otherwise (default) they are running text",
    )


def _add_thinking(run: argparse.ArgumentParser) -> None:
    group = run.add_argument_group("models that think before they answer")
    group.add_argument(
        "--max-thinking-tokens",
        type=read_positive,
        metavar="N",
        help="cut thinking off there, which leaves no answer (default: 4096)",
    )
    group.add_argument(
        "--thinking-budget",
        type=or_word(read_count, _NO_BUDGET),
        metavar="N",
        help="end thinking after so many tokens and go on to the answer; none (default): never",
    )


def _add_speed(run: argparse.ArgumentParser) -> None:
    group = run.add_argument_group(
        "speed", "auto leaves a choice to the engine, which finds it by a short trial."
    )
    group.add_argument(
        "--reproducible",
        action="store_true",
        help="one case at a time and nothing shared: slower, the same answers on every run",
    )
    group.add_argument(
        "--parallel",
        type=or_word(read_parallel, _AUTO),
        metavar="N",
        help="cases at once, or auto (default)",
    )
    group.add_argument(
        "--threads", type=or_word(read_threads, _AUTO), metavar="N", help="or auto (default)"
    )
    group.add_argument("--gpu-layers", type=read_layers, metavar="N", help=LAYERS)


def _add_engine(run: argparse.ArgumentParser) -> None:
    group = run.add_argument_group("how llama.cpp holds the model")
    cache_types = tuple(str(each) for each in CacheType)
    stretch = or_word(read_above_zero, _AUTO)
    group.add_argument(
        "--context",
        type=or_word(read_positive, _AUTO),
        metavar="TOKENS",
        help="of one case; auto (default): what the cases need",
    )
    group.add_argument("--flash-attention", choices=tuple(str(each) for each in FlashAttention))
    group.add_argument(
        "--key-cache-type", choices=cache_types, metavar="TYPE", help=", ".join(cache_types)
    )
    group.add_argument(
        "--value-cache-type",
        choices=cache_types,
        metavar="TYPE",
        help="the same; quantised ones need flash attention",
    )
    group.add_argument(
        "--memory-mapping",
        action=argparse.BooleanOptionalAction,
        help="read weights through the system's page cache (default)",
    )
    group.add_argument(
        "--rope-frequency-base", type=stretch, metavar="X", help="auto (default): as the file says"
    )
    group.add_argument(
        "--rope-frequency-scale", type=stretch, metavar="X", help="auto (default): as the file says"
    )
    group.add_argument(
        "--physical-batch",
        type=read_physical_batch,
        metavar="TOKENS",
        help="tokens computed at once (default: 512)",
    )


def read_settings(arguments: argparse.Namespace, usual: RunSettings) -> RunSettings:
    """Return the usual settings with what the command line says otherwise.

    Raises `UserError` for settings that no run can be made with.
    """
    settings = msgspec.structs.replace(
        usual,
        sampling=_change(usual.sampling, arguments, {name: name for name in _SAMPLING}),
        engine=_change(usual.engine, arguments, _ENGINE),
    )
    settings = _change(settings, arguments, _SETTINGS)
    if arguments.reproducible:
        if arguments.parallel not in (None, 1):
            raise UserError(
                f"--reproducible runs one case at a time, --parallel {arguments.parallel} does"
                " not.",
                remedy="Leave one of them out.",
            )
        settings = msgspec.structs.replace(settings, parallel_sequences=1)
    require_sound_settings(settings)
    return settings


# Fields of settings by the options that change them.
_SAMPLING = ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "seed")
_SETTINGS = {
    "max_tokens": "max_tokens",
    "context": "context_tokens",
    "parallel": "parallel_sequences",
    "max_thinking_tokens": "max_thinking_tokens",
    "thinking_budget": "thinking_budget",
    "threads": "threads",
    "gpu_layers": "gpu_layers",
    "system_prompt": "system_prompt",
    "repeats": "repeats",
    "case_timeout": "case_timeout_seconds",
    "likelihood_in_chat": "likelihood_in_chat",
}
_ENGINE = {
    "flash_attention": "flash_attention",
    "key_cache_type": "key_cache_type",
    "value_cache_type": "value_cache_type",
    "memory_mapping": "memory_mapping",
    "rope_frequency_base": "rope_frequency_base",
    "rope_frequency_scale": "rope_frequency_scale",
    "physical_batch": "physical_batch_tokens",
}
_LEFT_OUT = {
    *((name, _AUTO) for name in ("parallel", "threads", "context")),
    *((name, _AUTO) for name in ("rope_frequency_base", "rope_frequency_scale")),
    ("thinking_budget", _NO_BUDGET),
}
_Changed = TypeVar("_Changed", RunSettings, Sampling, EngineOptions)


def _change(usual: _Changed, arguments: argparse.Namespace, names: Mapping[str, str]) -> _Changed:
    """Return `usual` with the options that were given in their fields."""
    given = {name: getattr(arguments, name) for name in names}
    changes: dict[str, JsonValue] = {
        names[name]: None if (name, value) in _LEFT_OUT else value
        for name, value in given.items()
        if value is not None
    }
    # Converting makes enums of the words for them.
    fields = msgspec.to_builtins(usual) | changes
    return msgspec.convert(fields, type(usual))
