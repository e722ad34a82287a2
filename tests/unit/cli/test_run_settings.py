"""Options of a run become its settings; those that no run can be made with are refused."""

import pytest

from desktop.cli.arguments import parse
from desktop.cli.run_settings import read_settings
from desktop.domain.settings import (
    CacheType,
    EngineOptions,
    FlashAttention,
    RunSettings,
    Sampling,
)
from desktop.errors import UserError


def read(typed: str, usual: RunSettings | None = None) -> RunSettings:
    return read_settings(parse(["run", "--model", "m", *typed.split()]), usual or RunSettings())


def refuse(typed: str, usual: RunSettings | None = None) -> UserError:
    with pytest.raises(UserError) as refusal:
        read(typed, usual)
    return refusal.value


def test_without_options_the_usual_settings_are_kept() -> None:
    usual = RunSettings(
        sampling=Sampling(temperature=0.7),
        parallel_sequences=8,
        thinking_budget=100,
        engine=EngineOptions(key_cache_type=CacheType.Q8_0, memory_mapping=False),
    )
    assert read("", usual) == usual


def test_every_engine_option_reaches_the_settings() -> None:
    settings = read(
        "--threads 3 --context 4096 --gpu-layers 0 --flash-attention on --key-cache-type q8_0"
        " --value-cache-type q4_0 --no-memory-mapping --rope-frequency-base 1e6"
        " --rope-frequency-scale 0.25 --physical-batch 256"
    )
    assert (settings.threads, settings.context_tokens, settings.gpu_layers) == (3, 4096, 0)
    assert settings.engine == EngineOptions(
        flash_attention=FlashAttention.ON,
        key_cache_type=CacheType.Q8_0,
        value_cache_type=CacheType.Q4_0,
        memory_mapping=False,
        rope_frequency_base=1e6,
        rope_frequency_scale=0.25,
        physical_batch_tokens=256,
    )
    assert settings.engine.flash_attention is FlashAttention.ON


def test_thinking_options_reach_the_settings() -> None:
    settings = read("--max-thinking-tokens 300 --thinking-budget 0")
    assert (settings.max_thinking_tokens, settings.thinking_budget) == (300, 0)


def test_reproducible_is_one_case_at_a_time_whatever_is_usual() -> None:
    assert read("--reproducible", RunSettings(parallel_sequences=8)).is_reproducible
    assert read("--reproducible --parallel 1").is_reproducible


def test_what_was_chosen_before_can_be_left_to_the_engine_again() -> None:
    usual = RunSettings(
        parallel_sequences=1,
        threads=2,
        context_tokens=512,
        thinking_budget=9,
        engine=EngineOptions(
            rope_frequency_base=1.0, rope_frequency_scale=1.0, memory_mapping=False
        ),
    )
    typed = (
        "--parallel auto --threads auto --context auto --thinking-budget none --memory-mapping"
        " --rope-frequency-base auto --rope-frequency-scale auto"
    )
    assert read(typed, usual) == RunSettings()


@pytest.mark.parametrize("number", ["4", "auto"])
def test_reproducible_and_several_at_once_contradict_each_other(number: str) -> None:
    assert refuse(f"--reproducible --parallel {number}").message == (
        f"--reproducible runs one case at a time, --parallel {number} does not."
    )


def test_a_quantised_value_cache_needs_flash_attention() -> None:
    refusal = refuse("--value-cache-type q8_0 --flash-attention off")
    assert "value cache of type q8_0 needs flash attention" in refusal.message
    assert "auto" in refusal.remedy
    for typed in ("--value-cache-type q8_0", "--value-cache-type bf16 --flash-attention off"):
        read(typed)
    read("--key-cache-type q8_0 --flash-attention off")


def test_a_budget_that_the_limit_never_lets_take_effect_is_refused() -> None:
    assert "cut off after 4,096" in refuse("--thinking-budget 5000").message
    read("--thinking-budget 5000 --max-thinking-tokens 5000")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--physical-batch", "0", "0 is not 1 or more"),
        ("--physical-batch", "4096", "4096 is more than 2048"),
        ("--threads", "513", "513 is more than 512"),
        ("--rope-frequency-base", "0", "0 is not above 0"),
        ("--rope-frequency-scale", "nan", "nan is not 0 or more"),
        ("--max-thinking-tokens", "0", "0 is not 1 or more"),
        ("--thinking-budget", "-1", "-1 is not 0 or more"),
        ("--parallel", "many", "'many' is not a whole number"),
        ("--key-cache-type", "q9_9", "invalid choice: 'q9_9'"),
        ("--flash-attention", "maybe", "invalid choice: 'maybe'"),
    ],
)
def test_nonsense_is_told_with_the_option_that_holds_it(option: str, value: str, said: str) -> None:
    message = refuse(f"{option} {value}").message
    assert message.startswith(f"Argument {option}: {said}")


@pytest.mark.parametrize(
    ("usual", "said"),
    [
        (RunSettings(parallel_sequences=0), "0 cases at once"),
        (RunSettings(threads=1000), "1000 threads"),
        (RunSettings(engine=EngineOptions(physical_batch_tokens=0)), "physical batch of 0"),
        (RunSettings(engine=EngineOptions(rope_frequency_scale=-1.0)), "above 0"),
        (RunSettings(max_tokens=0), "1 or more"),
        (RunSettings(thinking_budget=-5), "0 or more"),
    ],
)
def test_nonsense_that_stands_in_the_settings_file_is_told(usual: RunSettings, said: str) -> None:
    assert said in refuse("", usual).message
