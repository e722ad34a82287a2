"""The Models screen follows the disk: what streams in, moved, broke; how it is narrowed down."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.domain.language_model import FoundFile, LanguageModel, ModelAnnotation
from desktop.errors import EnvironmentFault
from desktop.settings.options import Options
from desktop.ui.models.columns import order_name
from desktop.ui.models.entries import Entry, EntryState
from desktop.ui.models.refreshing import list_folders_to_watch
from desktop.ui.models.screen import ModelsScreen
from desktop.ui.screen import Context, ScreenId
from desktop.ui.window import MainWindow
from desktop.worker.collection import LibraryChange, OnFind
from desktop.worker.qt import QtEvents, QtRunner
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.library_scenes import choose, fill_library, find_entry, put, say_state
from tests.gui.samples import make_model


@pytest.fixture
def screen(window: MainWindow, operations: FakeOperations) -> ModelsScreen:
    fill_library(operations)
    made = window.open_screen(ScreenId.MODELS)
    assert isinstance(made, ModelsScreen)
    return made


def list_names(screen: ModelsScreen) -> list[str]:
    return [entry.name for entry in screen.table.records.shown]


class SlowOperations(FakeOperations):
    """A refresh that tells names, then waits, then tells models, as a slow disk would."""

    def __init__(self, models: Sequence[LanguageModel]) -> None:
        super().__init__(models=[], runs=False)
        self.coming = list(models)
        self.may_read = Event()
        self.may_end = Event()
        self.was_cancelled = False

    def refresh(
        self,
        on_find: OnFind = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> LibraryChange:
        on_find(
            [
                FoundFile(path=m.path, name=Path(m.path).name, file_bytes=m.facts.file_bytes)
                for m in self.coming
            ]
        )
        self.may_read.wait(30)
        on_find(self.coming)
        while not self.may_end.wait(0.01):
            if is_cancelled():
                self.was_cancelled = True
                break
        self.models = list(self.coming)
        return LibraryChange(models=tuple(self.coming))


def test_names_and_sizes_are_shown_before_anything_is_read_and_facts_stream_in(
    qtbot: QtBot, events: QtEvents, queue: FakeQueue
) -> None:
    operations = SlowOperations([make_model(f"Model-{n}") for n in range(40)])
    short, long = QtRunner(), QtRunner()
    window = MainWindow(Options())
    window.show()
    window.connect_backend(operations, queue, short, events, background=long)
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    qtbot.waitUntil(lambda: len(list_names(screen)) == 40)
    first: Entry = screen.table.records.shown[0]
    assert (first.state, first.name) == (EntryState.READING, "model-0-q4_k_m.gguf")
    assert first.file_bytes == 1_000_000_000
    assert "40 being read" in screen.subtitle.text()
    assert not screen.evaluate_button.isEnabled()
    operations.may_read.set()
    qtbot.waitUntil(lambda: "Model-0" in list_names(screen))
    qtbot.waitUntil(lambda: screen.subtitle.text() == "40 models in the library")
    window.close()  # while the disk is still being looked at
    qtbot.waitUntil(lambda: operations.was_cancelled)
    short.close()
    long.close()
    window.deleteLater()


def test_what_became_of_files_is_told_in_the_list_the_panel_and_one_notice(
    window: MainWindow, screen: ModelsScreen
) -> None:
    assert say_state(screen, "Mistral") == "✕ gone"
    assert say_state(screen, "SmolLM2") == "↻ changed"
    assert say_state(screen, "phi-4") == "→ moved"
    assert say_state(screen, "c4ai") == "✕ other hash"
    (notice,) = window.notices.notices
    assert notice.title == "1 file was moved. 1 file has changed. 1 file is gone."
    choose(screen, "Mistral")
    assert "not there now" in screen.details.message.text()
    assert not screen.evaluate_button.isEnabled()
    choose(screen, "c4ai")
    assert "differs from the SHA-256 that its publisher gave" in screen.details.message.text()


def test_a_file_that_is_gone_is_told_once_not_at_every_look(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    window.notices.clear_key("models-changed")
    gone = find_entry(screen, "Mistral").key
    operations.change = LibraryChange(models=tuple(operations.models), gone=(gone,))
    screen.again_button.click()
    assert say_state(screen, "Mistral") == "✕ gone"
    assert not window.notices.notices
    screen.again_button.click()  # its drive is back
    assert say_state(screen, "Mistral") == ""


def test_a_model_without_one_of_its_shards_names_the_missing_one(screen: ModelsScreen) -> None:
    choose(screen, "deepseek")
    assert say_state(screen, "deepseek") == "✕ not usable"
    assert "deepseek-r1-00003-of-00004.gguf" in screen.details.message.text()
    assert not screen.evaluate_button.isEnabled()
    assert not screen.remove_button.isEnabled()
    assert "2 not usable" in screen.subtitle.text()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mmproj", "projector for images"),
        ("house", "adapter (LoRA)"),
        ("qwen3-imatrix", "importance matrix"),
        ("ggml-vocab", "vocabulary only"),
        ("nomic", "embedding model"),
    ],
)
def test_other_kinds_of_files_are_shown_as_what_they_are(
    screen: ModelsScreen, name: str, kind: str
) -> None:
    choose(screen, name)
    assert say_state(screen, name) == kind
    assert screen.details.fit.text() == kind
    assert not screen.evaluate_button.isEnabled()
    assert not screen.details.capacity.isVisible()


def test_where_models_come_from_is_said(screen: ModelsScreen) -> None:
    assert "also from LM Studio, Ollama" in screen.subtitle.text()
    screen.search.setText("ollama")
    assert list_names(screen) == ["llama3.2:3b"]


def test_filters_narrow_by_kind_licence_memory_tag_and_place(
    screen: ModelsScreen, operations: FakeOperations, qtbot: QtBot
) -> None:
    filters = screen.filters
    screen.filter_button.click()
    assert filters.isVisible()

    def pick(box: object, words: str) -> list[str]:
        filters.clear()
        index = box.findText(words, Qt.MatchFlag.MatchStartsWith)  # type: ignore[attr-defined]
        assert index > 0, words
        box.setCurrentIndex(index)  # type: ignore[attr-defined]
        return list_names(screen)

    assert pick(filters.kind, "adapter") == ["house-style-lora"]
    assert pick(filters.license, "… not allowed") == ["c4ai-command-r7b-12-2024"]
    assert pick(filters.license, "… with conditions") == ["gemma-3-12b-it"]
    assert "mystery-7b" in pick(filters.license, "Not stated")
    assert pick(filters.tag, "board (1)") == ["Qwen3-30B-A3B"]
    assert pick(filters.place, "Ollama (1)") == ["llama3.2:3b"]
    assert pick(filters.family, "Gemma 3 (1)") == ["gemma-3-12b-it"]
    assert "Mistral-Small-3.2" in pick(filters.state, "Gone")
    operations.available_bytes = 3_000_000_000
    assert screen.context is not None
    screen.context.change_options(
        lambda now: msgspec.structs.replace(
            now, run=msgspec.structs.replace(now.run, context_tokens=2048)
        )
    )
    qtbot.waitUntil(lambda: find_entry(screen, "Qwen3-30B").fits is False)
    fitting = pick(filters.fits, "Fits now")
    assert "phi-4-mini" in fitting
    assert "Qwen3-30B-A3B" not in fitting
    assert filters.clear_button.isVisible()
    filters.clear_button.click()
    assert len(list_names(screen)) == 15


def test_every_column_can_be_sorted_by_even_those_without_room(
    window: MainWindow, screen: ModelsScreen
) -> None:
    window.resize(800, 600)
    header = screen.table.horizontalHeader()
    for action in header.actions():
        action.trigger()
        assert len(list_names(screen)) == 15
    by_licence = next(a for a in header.actions() if a.text() == "Sort by Licence")
    by_licence.trigger()
    assert list_names(screen)[-1] in {"deepseek-r1-00001-of-00004.gguf", "half-a-download.gguf"}


def test_names_are_sorted_as_people_count() -> None:
    names = ["qwen-70b", "Qwen-7b", "qwen-14b", "10", "alpha"]
    assert sorted(names, key=order_name) == ["10", "alpha", "Qwen-7b", "qwen-14b", "qwen-70b"]


def test_tags_and_a_note_are_kept_and_can_be_taken_back(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    entry = choose(screen, "gemma")
    notes = screen.details.notes
    notes.tags.setText("clinic, approved, clinic")
    notes.note.setPlainText("Runs on the ward's machine.")
    choose(screen, "phi-4")  # leaving keeps
    said = ModelAnnotation(tags=("clinic", "approved"), note="Runs on the ward's machine.")
    assert operations.annotations[entry.key] == said
    assert notes.tags.text() == "laptop"
    screen.search.setText("ward's")
    assert list_names(screen) == ["gemma-3-12b-it"]
    screen.search.clear()
    notice = next(n for n in window.notices.notices if n.key == "models-noted")
    assert notice.action is not None
    notice.action()
    assert operations.annotations[entry.key] == ModelAnnotation()
    assert find_entry(screen, "gemma").annotation == ModelAnnotation()


def test_what_is_being_typed_survives_a_refresh(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    choose(screen, "gemma")
    screen.details.notes.note.setPlainText("half a thou")
    operations.models = [m for m in operations.models if m.store == ""]
    screen.again_button.click()
    assert screen.details.notes.note.toPlainText() == "half a thou"
    assert "annotate_models" not in operations.calls


def test_read_only_shows_notes_but_lets_nobody_change_them(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    assert window.context is not None
    operations.read_only_reason = "Another copy is writing."
    window.context.database = operations.describe_database()
    window.context.database_changed.emit()
    choose(screen, "Qwen3")
    assert screen.details.notes.tags.text() == "approved, board"
    assert not screen.details.notes.tags.isEnabled()


def test_coming_back_to_the_window_looks_at_the_disk_but_not_at_every_flicker(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    refresher = screen.library.refresher
    operations.calls.clear()
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    application.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert "refresh" not in operations.calls  # it was looked at a moment ago
    refresher._looked_at = float("-inf")
    application.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert operations.calls.count("refresh") == 1


def test_a_new_file_in_a_watched_folder_is_found_without_being_asked_for(
    qtbot: QtBot, tmp_path: Path, window: MainWindow, operations: FakeOperations
) -> None:
    operations.models = [
        put(make_model("Here"), paths=(str(tmp_path / "deep" / "here.gguf"),)),
    ]
    (tmp_path / "deep").mkdir()
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    operations.models.append(make_model("New"))
    (tmp_path / "deep" / "new.gguf").write_bytes(b"GGUF")
    qtbot.waitUntil(lambda: "New" in list_names(screen), timeout=20_000)


def test_folders_below_a_root_are_watched_links_and_strangers_are_not(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "file").touch()
    found = list_folders_to_watch([str(tmp_path), "/no/such/folder"], ["/no/such/parent"])
    assert found == [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a" / "b")]


def test_a_refresh_that_fails_leaves_the_library_and_says_why(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["refresh"] = EnvironmentFault("The disk is full.")
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    assert len(list_names(screen)) == 3
    assert [notice.title for notice in window.notices.notices] == ["The disk is full."]


def test_other_screens_hear_of_what_a_refresh_found(
    qtbot: QtBot, screen: ModelsScreen, operations: FakeOperations, window: MainWindow
) -> None:
    context = window.context
    assert isinstance(context, Context)
    new = make_model("Brand-new")
    operations.models.append(new)
    operations.change = LibraryChange(models=tuple(operations.models), added=(new.id,))
    operations.calls.clear()
    with qtbot.waitSignal(context.models_changed):
        screen.again_button.click()
    assert "Brand-new" in list_names(screen)
    assert "list_annotations" not in operations.calls  # here, what is known is not loaded again


def test_a_folder_added_in_the_settings_is_looked_into_at_once(
    screen: ModelsScreen, operations: FakeOperations, window: MainWindow
) -> None:
    operations.calls.clear()
    window.open_screen(ScreenId.ABOUT)
    screen.context.change_options(
        lambda now: msgspec.structs.replace(now, model_folders=("/more/models",))
    )
    window.open_screen(ScreenId.MODELS)
    assert operations.calls.count("refresh") == 1
