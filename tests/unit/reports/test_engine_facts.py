"""What answers were made with is told in words, and no shared time is told as a model's own."""

import csv
import io
from typing import Any

import msgspec
import pytest

from desktop.domain.comparison import ComparedModel, Comparison
from desktop.domain.run import EngineFacts
from desktop.domain.settings import CacheType, EngineOptions, FlashAttention, RunSettings
from desktop.reports.comparison import compare_runs
from desktop.reports.csv_file import render_csv
from desktop.reports.engine_wording import describe_engine_work, list_unusual_options
from desktop.reports.records import RunRecord
from desktop.reports.sources import list_sources
from tests.unit.reports.sample_runs import ENGINE, make_probe, make_record

ALONE = RunSettings(parallel_sequences=1)
AT_ONCE = msgspec.structs.replace(
    ENGINE, parallel_sequences=16, sequences_by_trial=True, shares_prefixes=True, context_tokens=512
)


def compare(*records: RunRecord) -> Comparison:
    return compare_runs(records)


def find_model(comparison: Comparison) -> ComparedModel:
    return comparison.models[0]


def seconds_in_csv(comparison: Comparison) -> str:
    return next(csv.DictReader(io.StringIO(render_csv(comparison), newline="")))["seconds"]


def sources(comparison: Comparison, heading: str) -> list[dict[str, Any]]:
    return [
        {row["name"]: row["value"] for row in part["rows"]}
        for part in list_sources(comparison)
        if part["heading"].startswith(heading)
    ]


# Seconds


def test_seconds_of_an_answer_made_alone_are_the_models_own() -> None:
    result = compare(make_record("A", "+-", settings=ALONE))
    model = find_model(result)
    assert (model.median_answer_seconds, model.median_first_token_seconds) == (0.8, 0.2)
    assert all(a and a.timed_alone for case in result.cases for a in case.answers)
    assert seconds_in_csv(result) == "0.8"


@pytest.mark.parametrize(
    "changes",
    [
        {"engine": AT_ONCE},
        {"engine": ENGINE},  # one at a time by trial, maybe only since the run was resumed
        {"settings": ALONE, "engine": AT_ONCE},
        {
            "settings": ALONE,
            "engine": msgspec.structs.replace(ENGINE, shares_prefixes=True),
        },
        {"settings": ALONE, "engine": None},
        {"settings": RunSettings(parallel_sequences=4), "engine": AT_ONCE},
    ],
)
def test_seconds_of_an_answer_that_shared_the_engine_are_shown_nowhere(
    changes: dict[str, Any],
) -> None:
    result = compare(make_record("A", "+-", **changes))
    model = find_model(result)
    assert model.median_answer_seconds is None
    assert model.median_first_token_seconds is None
    assert not any(a and a.timed_alone for case in result.cases for a in case.answers)
    assert seconds_in_csv(result) == ""


# Words


def test_what_the_engine_chose_is_told_in_words() -> None:
    facts = msgspec.structs.replace(AT_ONCE, threads=2, batch_threads=2, threads_by_trial=True)
    assert describe_engine_work(facts) == (
        "16 cases at once, found by trial; 2 threads, found by trial; "
        "beginnings that prompts share are read once"
    )
    assert describe_engine_work(ENGINE) == "one case at a time; 2 threads"
    plain = msgspec.structs.replace(
        ENGINE,
        options=EngineOptions(flash_attention=FlashAttention.OFF),
        attention_by_trial=True,
    )
    assert "flash attention off, found by trial" in describe_engine_work(plain)
    hybrid = msgspec.structs.replace(ENGINE, batch_threads=8, threads=4)
    assert "8 threads to read, 4 to write" in describe_engine_work(hybrid)


@pytest.mark.parametrize(("batch", "told"), [(256, False), (128, True), (1024, True)])
def test_a_batch_that_only_ends_with_the_context_is_not_told(batch: int, told: bool) -> None:
    options = EngineOptions(physical_batch_tokens=batch)
    facts = msgspec.structs.replace(ENGINE, context_tokens=256, options=options)
    assert ("physical batch" in describe_engine_work(facts)) is told


def test_only_unusual_options_are_told() -> None:
    assert list_unusual_options(EngineOptions()) == ()
    options = EngineOptions(
        flash_attention=FlashAttention.ON,
        key_cache_type=CacheType.Q8_0,
        memory_mapping=False,
        rope_frequency_base=1e6,
        physical_batch_tokens=1024,
    )
    assert list_unusual_options(options) == (
        "flash attention on",
        "keys cached as q8_0",
        "weights not memory-mapped",
        "RoPE frequency base 1000000.0",
        "1,024 tokens a physical batch",
    )


def test_the_sources_name_mode_and_facts_in_force() -> None:
    options = EngineOptions(value_cache_type=CacheType.Q4_0)
    facts = msgspec.structs.replace(AT_ONCE, options=options)
    result = compare(make_record("A", "+", engine=facts, settings=RunSettings(engine=options)))
    (settings,) = sources(result, "Settings")
    assert settings["Mode"] == "throughput: as many cases at once as pay on the machine"
    assert settings["Options of the engine"] == "values cached as q4_0"
    (engine,) = sources(result, "Engine")
    assert engine["At once"] == "16 cases at once, found by trial"
    assert engine["Threads"] == "2 threads"
    assert engine["Context"] == "512 tokens"
    assert engine["Options in force"] == "values cached as q4_0"


def test_one_engine_that_chose_otherwise_for_each_model_is_one_engine() -> None:
    other = msgspec.structs.replace(AT_ONCE, parallel_sequences=8, context_tokens=1024)
    result = compare(make_record("A", "+", engine=AT_ONCE), make_record("B", "+", engine=other))
    assert len(result.engines) == 2
    (engine,) = sources(result, "Engine")
    assert engine["At once"] == (
        "16 cases at once, found by trial / 8 cases at once, found by trial"
    )
    assert engine["Context"] == "512 and 1,024 tokens"


def test_a_load_that_took_longer_is_no_other_engine() -> None:
    def loaded(seconds: float) -> EngineFacts:
        return msgspec.structs.replace(ENGINE, load_seconds=seconds, kv_cache_bytes=int(seconds))

    result = compare(
        make_record("A", "+", engine=loaded(1.0)), make_record("B", "+", engine=loaded(2.0))
    )
    assert len(result.engines) == 1


# Caveats


def told(settings: RunSettings, other: RunSettings) -> tuple[list[str], list[str]]:
    """Return the caveats on settings, and the small notes on rounding."""
    result = compare(
        make_record("A", "+", settings=settings), make_record("B", "+", settings=other)
    )
    alarms = [c for c in result.caveats if "differ in their settings" in c]
    return alarms, [c for c in result.caveats if "rounding differs" in c]


def test_modes_that_differ_are_a_note_and_no_alarm() -> None:
    alarms, notes = told(RunSettings(), ALONE)
    assert not alarms
    (note,) = notes
    assert note == (
        "The runs differ in how they were computed (cases at once): rounding differs with it, "
        "which may change a few single answers and favours no model."
    )


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (RunSettings(engine=EngineOptions(key_cache_type=CacheType.Q4_0)), "key cache type"),
        (RunSettings(engine=EngineOptions(rope_frequency_base=1e6)), "RoPE frequency base"),
        (RunSettings(max_thinking_tokens=100), "longest thinking"),
        (RunSettings(thinking_budget=100), "budget for thinking"),
    ],
)
def test_settings_that_answers_depend_on_are_told(other: RunSettings, name: str) -> None:
    alarms, notes = told(RunSettings(), other)
    assert f"({name})" in alarms[0]
    assert not notes


def test_the_same_settings_raise_nothing() -> None:
    assert told(ALONE, ALONE) == ([], [])
    mapped = RunSettings(engine=EngineOptions(memory_mapping=False))
    assert told(RunSettings(), mapped) == ([], [])


def test_speeds_with_other_cache_types_are_not_held_side_by_side() -> None:
    small = RunSettings(engine=EngineOptions(key_cache_type=CacheType.Q8_0))
    result = compare(make_probe("A", 20), make_probe("B", 10, settings=small))
    assert "times as fast" not in result.headline
    assert any("different engines, options" in caveat for caveat in result.caveats)
