"""Hashes in the background, what comparing them gave, and what a machine would carry."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea, QWidget

from desktop.domain.events import RunFinished
from desktop.domain.language_model import HashCheck, HashVerdict, LanguageModel
from desktop.domain.run import RunStatus
from desktop.errors import UserError
from desktop.settings.options import Appearance
from desktop.ui import theme as theme_module
from desktop.ui.models.capacity import list_sums
from desktop.ui.models.screen import ModelsScreen
from desktop.ui.models.wording import list_origin, list_structure
from desktop.ui.screen import ScreenId
from desktop.ui.theme import theme
from desktop.ui.window import MainWindow
from desktop.worker.hashing import HashingFailed, HashingFinished, HashingProgressed
from desktop.worker.qt import QtEvents
from tests.gui.fakes import FakeHashing, FakeOperations, FakeQueue
from tests.gui.library_scenes import (
    choose,
    fill_library,
    find_entry,
    make_mixture,
    say_state,
)
from tests.gui.samples import NOW, make_run, make_sha, make_suite


@pytest.fixture
def screen(window: MainWindow, operations: FakeOperations) -> ModelsScreen:
    fill_library(operations)
    made = window.open_screen(ScreenId.MODELS)
    assert isinstance(made, ModelsScreen)
    return made


def finish(model: LanguageModel, check: HashCheck | None = None) -> HashingFinished:
    hashed = msgspec.structs.replace(model, sha256=make_sha(model.id), hash_check=check)
    return HashingFinished(model_id=model.id, model=hashed)


def get_model(screen: ModelsScreen, name: str) -> LanguageModel:
    model = find_entry(screen, name).model
    assert model is not None
    return model


def test_what_has_no_hash_is_hashed_by_itself_the_smallest_first(
    screen: ModelsScreen, hashing: FakeHashing
) -> None:
    assert [model.facts.name for model in hashing.submitted] == ["llama3.2:3b", "gemma-3-12b-it"]
    assert screen.strip.isVisible()
    assert "file 1 of 2, 9.3 GB left" in screen.strip.text.text()
    screen.again_button.click()
    assert len(hashing.submitted) == 2  # nothing is asked for twice


def test_progress_is_shown_and_the_hash_when_it_is_there(
    screen: ModelsScreen, hashing: FakeHashing
) -> None:
    gemma, llama = get_model(screen, "gemma"), get_model(screen, "llama")
    choose(screen, "llama")
    integrity = screen.details.integrity
    hashing.tell(
        HashingProgressed(model_id=llama.id, done_bytes=500_000_000, total_bytes=2_000_000_000)
    )
    assert integrity.status.text() == "Computing the SHA-256: 500 MB of 2.0 GB"
    assert integrity.bar.isVisible()
    hashing.tell(finish(llama))
    screen.library.changed.emit()
    assert not integrity.status.isVisible()
    assert get_model(screen, "llama").sha256 == make_sha(llama.id)
    assert "file 2 of 2" in screen.strip.text.text()
    hashing.tell(HashingFailed(model_id=gemma.id, message="The disk can't be read."))
    assert not screen.strip.isVisible()
    choose(screen, "gemma")
    assert integrity.status.text() == "The disk can't be read."
    assert integrity.now_button.isVisible()


def test_hashing_can_be_paused_and_stopped_and_one_model_asked_for(
    screen: ModelsScreen, hashing: FakeHashing
) -> None:
    screen.strip.pause_button.click()
    assert hashing.turns == ["pause"]
    assert "paused" in screen.strip.text.text()
    screen.strip.pause_button.click()
    assert hashing.turns == ["pause", "proceed"]
    screen.strip.stop_button.click()
    assert hashing.cancelled == [None]
    assert not screen.strip.isVisible()
    hashing.submitted.clear()
    screen.again_button.click()
    assert hashing.submitted == []  # what people stopped stays so
    choose(screen, "gemma")
    screen.details.integrity.now_button.click()
    assert [model.facts.name for model in hashing.submitted] == ["gemma-3-12b-it"]
    screen.details.integrity.stop_button.click()
    assert hashing.cancelled[-1] == get_model(screen, "gemma").id


def test_who_wants_no_hashes_in_the_background_gets_none(
    window: MainWindow, operations: FakeOperations, hashing: FakeHashing
) -> None:
    fill_library(operations)
    context = window.context
    assert context is not None
    context.change_options(lambda now: msgspec.structs.replace(now, hash_models=False))
    window.open_screen(ScreenId.MODELS)
    assert hashing.submitted == []
    context.change_options(lambda now: msgspec.structs.replace(now, hash_models=True))
    assert len(hashing.submitted) == 2
    context.change_options(lambda now: msgspec.structs.replace(now, hash_models=False))
    assert hashing.cancelled == [None]
    context.change_options(lambda now: msgspec.structs.replace(now, hash_models=True))
    assert len(hashing.submitted) == 4


def test_waiting_for_a_run_is_said(screen: ModelsScreen, hashing: FakeHashing) -> None:
    hashing.is_held = True
    screen.library.feed.changed.emit()
    assert "waits while an evaluation runs" in screen.strip.text.text()
    choose(screen, "gemma")
    assert "after the evaluation" in screen.details.integrity.status.text()


def test_a_file_that_is_not_as_published_raises_the_alarm(
    window: MainWindow, screen: ModelsScreen, hashing: FakeHashing
) -> None:
    check = HashCheck(
        verdict=HashVerdict.DIFFERS,
        source="/models/SHA256SUMS",
        message="gemma.gguf differs from its publisher's SHA-256.",
        checked_at=NOW,
    )
    hashing.tell(finish(get_model(screen, "gemma"), check))
    screen.library.changed.emit()
    assert say_state(screen, "gemma") == "✕ other hash"
    notice = next(n for n in window.notices.notices if n.key.startswith("models-differ"))
    assert notice.title == "gemma-3-12b-it is not the file that its publisher made."


def test_a_typed_hash_is_compared_at_once_where_the_files_is_known(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    choose(screen, "Mistral")
    assert not screen.details.integrity.field.isEnabled()  # gone: there is nothing to compare
    choose(screen, "SmolLM2")
    integrity = screen.details.integrity
    assert integrity.verdict.text() == "no publisher's hash known"
    integrity.field.setText("f" * 64)
    integrity.check_button.click()
    assert operations.calls.count("check_hash") == 1
    assert integrity.verdict.text() == "✓ as published"
    assert "was compared" in integrity.message.text()


def test_a_typed_hash_waits_for_a_file_that_is_not_hashed_yet(
    screen: ModelsScreen, operations: FakeOperations, hashing: FakeHashing
) -> None:
    choose(screen, "gemma")
    integrity = screen.details.integrity
    integrity.field.setText("f" * 64)
    integrity.check_button.click()
    assert "check_hash" not in operations.calls
    hashing.tell(finish(get_model(screen, "gemma")))
    assert operations.calls.count("check_hash") == 1


def test_what_is_no_sha256_is_refused_before_any_hashing(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    choose(screen, "SmolLM2")
    integrity = screen.details.integrity
    assert not integrity.check_button.isEnabled()
    integrity.field.setText("d41d8cd98f00b204e9800998ecf8427e")
    integrity.check_button.click()
    assert "the length of an MD5" in integrity.message.text()
    assert "check_hash" not in operations.calls


def test_a_run_whose_file_has_changed_shows_the_sentence(
    window: MainWindow, events: QtEvents, queue: FakeQueue, operations: FakeOperations
) -> None:
    sentence = "The file /models/qwen3.gguf has changed since this run was begun."
    run = make_run(operations.models[0], suite=make_suite(), status=RunStatus.FAILED)
    failed = msgspec.structs.replace(run, problem=sentence)
    operations.summaries[0] = msgspec.structs.replace(operations.summaries[0], run=failed)
    queue.tell(RunFinished(run=failed))
    events.flush()
    history = window.open_screen(ScreenId.HISTORY)
    assert history is not None
    history.table.choose([failed.id])  # type: ignore[attr-defined]
    problem = history.panel.problem  # type: ignore[attr-defined]
    assert problem.isVisible()
    assert problem.text() == sentence


# What would carry it


def ask(screen: ModelsScreen, machine: str, context: int, users: int, cache: str = "f16") -> None:
    form = screen.details.capacity
    form.machine.setCurrentIndex(form.machine.findData(machine))
    form.context.setValue(context)
    form.users.setValue(users)
    form.cache.setCurrentText(cache)
    form.ask_anew()


def test_an_h100_is_asked_for_and_answered_with_its_arithmetic(screen: ModelsScreen) -> None:
    choose(screen, "Qwen3-30B")
    form = screen.details.capacity
    ask(screen, "h100-sxm-80gb", 32_768, 10)
    assert form.verdict.text() == "✓ yes"
    assert form.answer.text().startswith(
        "H100 SXM 80 GB carries 10 users with 32768 tokens of context each;"
    )
    sums = form.sums.accessibleName()
    assert "Weights: 18.6 GB" in sums
    assert "+ KV cache, 10 ×" in sums  # noqa: RUF001 -- the sign that is shown
    assert "of memory: 85.9 GB" in sums
    ask(screen, "h100-sxm-80gb", 32_768, 10, "q8_0")
    assert form.sums.accessibleName() != sums
    ask(screen, "rtx-3060-12gb", 32_768, 10)
    assert form.verdict.text() == "✕ no"
    assert "are missing" in form.answer.text()


def test_the_addends_make_the_sum(operations: FakeOperations) -> None:
    machine = next(m for m in operations.list_machines() if m.id == "h100-sxm-80gb")
    worked_out = operations.check_capacity(make_mixture(), machine, 4096, 3)
    need = msgspec.structs.replace(worked_out.need, beside_bytes=54_000_000)
    capacity = msgspec.structs.replace(worked_out, need=need)
    parts = (need.weights_bytes, need.kv_cache_bytes, need.compute_bytes, need.beside_bytes)
    assert sum(parts) + capacity.reserve_bytes == capacity.required_bytes
    words = [words for words, _ in list_sums(capacity)]
    assert words.index("") == 5  # all of them stand above the line


def test_the_question_stays_when_another_model_is_chosen(screen: ModelsScreen) -> None:
    choose(screen, "Qwen3-30B")
    ask(screen, "h100-sxm-80gb", 32_768, 10)
    before = screen.details.capacity.sums.accessibleName()
    choose(screen, "phi-4")
    assert screen.details.capacity.answer.text().startswith("H100 SXM 80 GB carries 10 users")
    assert screen.details.capacity.sums.accessibleName() != before


def test_this_machine_stands_first_and_keeps_nothing_in_reserve(screen: ModelsScreen) -> None:
    form = screen.details.capacity
    assert form.machine.currentText() == "This machine, 21 GB free"
    assert "Weights" in form.sums.accessibleName()
    assert "kept free" not in form.sums.accessibleName()
    assert form.machine.findText("Instinct MI300X") > 0


def test_a_broken_catalogue_of_ones_own_is_told_and_this_machine_still_answers(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["list_machines"] = UserError("machines.yaml, line 3: no memory is given.")
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    assert "machines.yaml, line 3" in window.notices.notices[0].title
    assert screen.details.capacity.machine.count() == 1
    assert screen.details.capacity.verdict.text() in {"✓ yes", "✕ no"}


def test_larger_letters_need_no_sideways_scrolling_in_the_panel(
    monkeypatch: pytest.MonkeyPatch, window: MainWindow, screen: ModelsScreen
) -> None:
    window.resize(1440, 900)
    choose(screen, "Qwen3-30B")
    ask(screen, "h100-sxm-80gb", 32_768, 10)
    monkeypatch.setattr(theme_module, "choose_text_scale", lambda *_: 1.6)
    theme.apply(Appearance.DARK)
    try:
        QTest.qWait(1)
        (area,) = screen.details.findChildren(QScrollArea)
        assert area.horizontalScrollBar().maximum() == 0
    finally:
        monkeypatch.undo()
        theme.apply(Appearance.LIGHT)


def test_whatever_takes_the_keyboard_has_a_name_for_screen_readers(screen: ModelsScreen) -> None:
    screen.filter_button.click()
    choose(screen, "gemma")
    nameless = [
        widget
        for widget in screen.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


# Facts in words


def test_facts_are_told_in_words_and_guesses_as_guesses() -> None:
    facts = make_mixture().facts
    origin = dict(list_origin(facts))
    assert origin["Family"].startswith("Qwen3, by Alibaba Cloud (China). A guess by")
    assert origin["Licence"] == "Apache License 2.0 · commercial use allowed"
    assert origin["Languages"] == "English, Chinese, German, French, Spanish"
    structure = dict(list_structure(facts))
    assert structure["Parameters"] == "30.5 B · 3.3 B at work on each token (8 of 128 experts)"
    assert structure["Weights by type"].splitlines()[0].startswith("Q4_K  67 %  at 4.47 bits")
    assert structure["Trained context"] == (
        "40960 tokens · stretched by yarn 4 times from 10240 tokens"
    )
    assert structure["Attention"] == "grouped queries: 32 heads share 4 sets of keys"


def test_a_licence_that_is_guessed_says_so(screen: ModelsScreen) -> None:
    model = get_model(screen, "gemma")
    licence = dict(list_origin(model.facts))["Licence"]
    assert "A guess: the file does not say." in licence
