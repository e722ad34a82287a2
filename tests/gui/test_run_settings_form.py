"""The form of a run's settings: modes in plain words, engine options for experts, no nonsense."""

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.run import EngineFacts
from desktop.domain.settings import (
    CacheType,
    EngineOptions,
    FlashAttention,
    RunSettings,
    Sampling,
)
from desktop.settings.options import Options
from desktop.ui.engine_wording import describe_engine_work, describe_mode
from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.evaluate.settings_form import SettingsForm
from desktop.ui.formatting import format_number
from desktop.ui.history.details import RunPanel
from desktop.ui.history.wording import describe_settings
from desktop.ui.screen import ScreenId
from desktop.ui.settings.screen import SettingsScreen
from desktop.ui.widgets.labels import Label
from desktop.ui.window import MainWindow, prepare_application
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import make_engine

RARE = RunSettings(
    sampling=Sampling(temperature=0.5, seed=7, top_k=3),
    parallel_sequences=12,
    max_thinking_tokens=100,
    thinking_budget=0,
    threads=3,
    gpu_layers=5,
    context_tokens=2048,
    engine=EngineOptions(
        flash_attention=FlashAttention.ON,
        key_cache_type=CacheType.Q8_0,
        value_cache_type=CacheType.IQ4_NL,
        memory_mapping=False,
        rope_frequency_base=1_000_000_000.123,
        rope_frequency_scale=0.123456789,
        physical_batch_tokens=128,
    ),
)


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    return make_form(qtbot, RunSettings())


def make_form(qtbot: QtBot, settings: RunSettings) -> SettingsForm:
    prepare_application(Options())
    made = SettingsForm(settings)
    qtbot.addWidget(made)
    return made


def seen(form: SettingsForm) -> str:
    return " ".join(label.text() for label in form.findChildren(Label) if label.isVisibleTo(form))


@pytest.mark.parametrize(
    "settings",
    [
        RunSettings(),
        RunSettings(parallel_sequences=1),
        RARE,
        msgspec.structs.replace(RARE, parallel_sequences=1),
    ],
)
def test_a_form_that_nobody_touched_gives_back_what_it_was_given(
    qtbot: QtBot, settings: RunSettings
) -> None:
    assert make_form(qtbot, settings).read_settings() == settings


def test_both_modes_are_explained_and_throughput_is_chosen(form: SettingsForm) -> None:
    form.toggle.click()
    assert form.mode.throughput.isChecked()
    assert "As fast as this machine allows" in seen(form)
    assert "the same answers every time" in seen(form)
    assert "the same answers every time" in form.mode.reproducible.accessibleDescription()


def test_reproducible_mode_runs_one_case_at_a_time(qtbot: QtBot) -> None:
    form = make_form(qtbot, RunSettings(parallel_sequences=12))
    with qtbot.waitSignal(form.changed):
        form.mode.reproducible.click()
    assert form.read_settings().parallel_sequences == 1
    assert not form.engine.parallel.isEnabled()
    assert "reproducible: one case at a time" in seen(form)
    form.mode.throughput.click()
    assert form.read_settings().parallel_sequences == 12


def test_the_engine_options_are_for_those_who_ask(form: SettingsForm) -> None:
    form.toggle.click()
    assert not form.expert_part.is_open
    form.expert_part.button.click()
    assert form.engine.isVisibleTo(form)
    form.engine.key_type.setCurrentText("q8_0")
    form.engine.flash_attention.setCurrentText("on")
    form.engine.memory_mapping.click()
    form.engine.rope_scale.setValue(0.25)
    form.engine.physical_batch.setValue(1024)
    form.engine.parallel.setValue(4)
    form.engine.gpu_layers.setValue(0)
    settings = form.read_settings()
    assert settings == RunSettings(
        parallel_sequences=4,
        gpu_layers=0,
        engine=EngineOptions(
            flash_attention=FlashAttention.ON,
            key_cache_type=CacheType.Q8_0,
            memory_mapping=False,
            rope_frequency_scale=0.25,
            physical_batch_tokens=1024,
        ),
    )
    assert "keys stored as q8_0" in seen(form)


def test_a_quantised_value_cache_without_flash_attention_is_told_beside_it(
    form: SettingsForm,
) -> None:
    form.toggle.click()
    form.expert_part.button.click()
    form.engine.value_type.setCurrentText("q4_0")
    assert not form.problem
    form.engine.flash_attention.setCurrentText("off")
    assert "need flash attention" in form.problem
    assert form.engine.value_problem.isVisibleTo(form)
    form.engine.value_type.setCurrentText("f16")
    assert not form.problem
    assert not form.engine.value_problem.isVisibleTo(form)


def test_what_is_wrong_is_seen_with_the_form_closed_too(form: SettingsForm) -> None:
    form.max_thinking.setValue(100)
    form.thinking_budget.setValue(101)
    assert "thinking budget is larger" in seen(form)
    form.thinking_budget.setValue(100)
    assert "thinking budget is larger" not in seen(form)


@pytest.fixture
def evaluate(window: MainWindow) -> EvaluateScreen:
    screen = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(screen, EvaluateScreen)
    return screen


def test_nothing_can_be_begun_with_settings_that_contradict_each_other(
    qtbot: QtBot, evaluate: EvaluateScreen, queue: FakeQueue
) -> None:
    form = evaluate.setup.settings
    with qtbot.waitSignal(form.changed):
        form.thinking_budget.setValue(9999)
    assert not evaluate.start.isEnabled()
    assert "thinking budget" in evaluate.subtitle.text()
    with qtbot.waitSignal(form.changed):
        form.thinking_budget.setValue(99)
    evaluate.start.click()
    assert queue.plans[0].runs[0].settings.thinking_budget == 99


def test_contradictions_are_not_kept_as_the_usual_settings(
    qtbot: QtBot, window: MainWindow, operations: FakeOperations
) -> None:
    screen = window.open_screen(ScreenId.SETTINGS)
    assert isinstance(screen, SettingsScreen)
    with qtbot.waitSignal(screen.form.changed):
        screen.form.thinking_budget.setValue(9999)
    assert operations.options.run == RunSettings()


# Words for what was run


def test_what_the_engine_chose_is_told_in_words(qapp: QApplication) -> None:
    del qapp
    told = describe_engine_work(make_engine(), asked_cases=True)
    assert told == (
        "16 cases at once, found by trial · 2 threads, found by trial · "
        f"context of {format_number(1024)} tokens · "
        "shared beginnings of prompts read once · flash attention on"
    )
    plain = EngineFacts(name="x", version="1", threads=1, context_tokens=512)
    assert describe_engine_work(plain, asked_cases=True) == (
        "one case at a time · 1 thread · context of 512 tokens"
    )
    assert "case" not in describe_engine_work(plain, asked_cases=False)
    hybrid = msgspec.structs.replace(plain, threads=4, batch_threads=8)
    assert "8 threads to read and 4 to write" in describe_engine_work(hybrid, asked_cases=True)


def test_the_settings_of_a_run_begin_with_its_mode(qapp: QApplication) -> None:
    del qapp
    assert describe_settings(RunSettings()).startswith("throughput: as many cases at once as pay")
    assert describe_mode(RunSettings(parallel_sequences=1)) == "reproducible: one case at a time"
    told = describe_settings(RARE)
    for words in ("12 cases at once", "thinking ended after 0", "keys stored as q8_0"):
        assert words in told


def test_history_tells_how_the_engine_worked(qtbot: QtBot, operations: FakeOperations) -> None:
    panel = RunPanel()
    qtbot.addWidget(panel)
    summary = next(s for s in operations.summaries if s.run.suite)
    panel.show_run(summary, writable=True)
    told = " ".join(label.text() for label in panel.findChildren(Label))
    assert "16 cases at once, found by trial" in told
