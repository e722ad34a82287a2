"""The Models screen: the library is shown, grows, shrinks and leads to Evaluate."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop.domain.language_model import ModelKind
from desktop.errors import EnvironmentFault, UserError
from desktop.ui.models.screen import ModelsScreen
from desktop.ui.screen import Context, ScreenId
from desktop.ui.widgets.facts import CopyFact
from desktop.ui.widgets.pill import Tone
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations
from tests.gui.samples import make_model


@pytest.fixture
def context(window: MainWindow) -> Context:
    assert window.context is not None
    return window.context


@pytest.fixture
def screen(window: MainWindow) -> ModelsScreen:
    made = window.open_screen(ScreenId.MODELS)
    assert isinstance(made, ModelsScreen)
    return made


def list_names(screen: ModelsScreen) -> list[str]:
    model = screen.table.records
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def list_titles(window: MainWindow) -> list[str]:
    return [notice.title for notice in window.notices.notices]


def test_the_library_is_listed_with_the_first_model_in_the_panel(screen: ModelsScreen) -> None:
    assert list_names(screen) == ["Gemma-3-270M", "Qwen3-1.7B", "SmolLM2-135M"]
    assert screen.subtitle.text() == "3 models in the library"
    assert screen.details.fit.text() == "✓ fits"
    assert "at a context of 4096 tokens" in screen.details.memory.text()


def test_a_model_that_does_not_fit_says_so(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    operations.available_bytes = 100_000_000
    screen.table.choose(["model-qwen3-1.7b"])
    assert screen.details.fit.text() == "✕ does not fit"
    assert screen.details.fit.property("pill") == str(Tone.BAD)


def test_an_unknown_need_of_memory_is_told_in_the_panel_only(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    operations.fail["check_memory"] = UserError("The file is gone.")
    screen.table.choose(["model-qwen3-1.7b"])
    assert screen.details.fit.text() == "? not known"
    assert "The file is gone." in screen.details.memory.text()
    assert not window.notices.notices


def test_a_warning_is_marked_in_the_list_and_told_in_the_panel(screen: ModelsScreen) -> None:
    columns = [column.title for column in screen.table.records.columns]
    index = screen.table.records.index(2, columns.index("State"))
    assert index.data() == "⚠ 1"
    assert "8,192 tokens" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_the_path_can_be_copied(screen: ModelsScreen) -> None:
    wanted = screen.table.current.path
    fact = next(f for f in screen.details.findChildren(CopyFact) if f.text == wanted)
    fact.button.click()
    assert QGuiApplication.clipboard().text() == wanted


def test_search_narrows_the_list_and_keeps_the_choice(screen: ModelsScreen) -> None:
    screen.table.choose(["model-smollm2-135m"])
    screen.search.setText("hugging q4")
    assert list_names(screen) == ["SmolLM2-135M"]
    assert screen.table.current.key == "model-smollm2-135m"
    screen.search.setText("")
    assert len(list_names(screen)) == 3
    assert screen.table.current.key == "model-smollm2-135m"


def test_a_vain_search_leaves_nothing_to_evaluate(screen: ModelsScreen) -> None:
    screen.search.setText("no such model")
    assert list_names(screen) == []
    assert not screen.evaluate_button.isEnabled()


def test_a_click_on_a_heading_sorts_by_size_not_by_text(screen: ModelsScreen) -> None:
    columns = [column.title for column in screen.table.records.columns]
    screen.table.sort_by(columns.index("Size"), Qt.SortOrder.AscendingOrder)
    assert list_names(screen) == ["SmolLM2-135M", "Gemma-3-270M", "Qwen3-1.7B"]


def test_evaluate_hands_the_chosen_models_over(
    qtbot: QtBot, context: Context, screen: ModelsScreen
) -> None:
    screen.table.choose(["model-qwen3-1.7b", "model-smollm2-135m"])
    assert screen.evaluate_button.text() == "Evaluate 2 models"
    with qtbot.waitSignal(context.evaluation_asked) as asked:
        screen.evaluate_button.click()
    assert asked.args == [("model-qwen3-1.7b", "model-smollm2-135m")]


def test_return_in_the_list_evaluates(qtbot: QtBot, context: Context, screen: ModelsScreen) -> None:
    with qtbot.waitSignal(context.evaluation_asked) as asked:
        QTest.keyClick(screen.table, Qt.Key.Key_Return)
    assert asked.args == [("model-gemma-3-270m",)]


def test_removing_can_be_undone(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    screen.table.choose(["model-gemma-3-270m"])
    QTest.keyClick(screen.table, Qt.Key.Key_Delete)
    assert "Gemma-3-270M" not in list_names(screen)
    notice = window.notices.notices[0]
    assert notice.title == "Gemma-3-270M was removed from the library."
    assert notice.action is not None
    notice.action()
    assert "Gemma-3-270M" in list_names(screen)
    assert screen.table.current.key == "model-gemma-3-270m"
    assert [model.id for model in operations.models].count("model-gemma-3-270m") == 1


def test_added_files_are_chosen_and_problems_are_told_with_details(
    monkeypatch: pytest.MonkeyPatch, window: MainWindow, screen: ModelsScreen
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (["/models/new-one.gguf"], ""))
    screen.add_files_button.click()
    assert "new-one" in list_names(screen)
    assert screen.table.current.name == "new-one"
    assert "1 model was added." in list_titles(window)
    problem = next(n for n in window.notices.notices if n.tone is Tone.WARNING)
    assert problem.title == "1 file could not be used."
    assert "/models/broken.gguf" in problem.details
    assert screen.busy.isHidden()


def test_a_folder_is_remembered_and_can_be_looked_through_again(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    context: Context,
    screen: ModelsScreen,
    operations: FakeOperations,
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    screen.add_folder_button.click()
    assert context.options.model_folders == (str(tmp_path.resolve()),)
    assert operations.options.model_folders == context.options.model_folders
    operations.calls.clear()
    screen.again_button.click()
    assert operations.calls.count("refresh") == 1


def test_a_folder_without_models_is_told_and_not_remembered(
    tmp_path: Path,
    window: MainWindow,
    context: Context,
    screen: ModelsScreen,
    operations: FakeOperations,
) -> None:
    operations.fail["add_paths"] = UserError("No language model was found.", remedy="Choose.")
    screen.intake.add([tmp_path])
    assert list_titles(window) == ["No language model was found."]
    assert context.options.model_folders == ()
    assert screen.busy.isHidden()


def test_of_several_paths_a_bad_one_does_not_keep_good_ones_out(
    tmp_path: Path, window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    add = operations.add_paths

    def add_or_refuse(paths: list[Path]) -> object:
        if paths[0].name == "bad.gguf":
            raise UserError("bad.gguf is no GGUF file.")
        return add(paths)

    operations.add_paths = add_or_refuse  # type: ignore[method-assign,assignment]
    screen.intake.add([tmp_path / "bad.gguf", tmp_path / "good.gguf"])
    assert "good" in list_names(screen)
    problem = next(n for n in window.notices.notices if n.tone is Tone.WARNING)
    assert "bad.gguf is no GGUF file." in problem.details


def make_drag(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


# PySide knows no other way to make this event than the one that Qt is about to replace.
@pytest.mark.filterwarnings("ignore:.*QDragEnterEvent.*:DeprecationWarning")
def test_files_can_be_dropped_anywhere(screen: ModelsScreen) -> None:
    data = make_drag("/models/dropped.gguf")
    enter = QDragEnterEvent(
        QPoint(40, 40),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    screen.dragEnterEvent(enter)
    assert enter.isAccepted()
    drop = QDropEvent(
        QPointF(40, 40),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    screen.dropEvent(drop)
    assert "dropped" in list_names(screen)


def test_the_empty_screen_offers_the_sample_models(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.models = []
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    assert screen.empty.isVisible()
    assert not screen.evaluate_button.isVisible()
    assert screen.samples_button.isVisible()
    screen.samples_button.click()
    assert len(list_names(screen)) == 2
    assert not screen.empty.isVisible()


def test_without_sample_models_none_are_offered(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.models = []
    operations.samples = ()
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    assert screen.empty.isVisible()
    assert not screen.samples_button.isVisible()


def test_a_library_that_cannot_be_read_says_so_and_can_be_tried_again(
    window: MainWindow, operations: FakeOperations
) -> None:
    for verb in ("list_models", "refresh"):
        operations.fail[verb] = EnvironmentFault("The disk cannot be read.")
    screen = window.open_screen(ScreenId.MODELS)
    assert isinstance(screen, ModelsScreen)
    assert list_titles(window) == ["The disk cannot be read."]
    assert not screen.evaluate_button.isVisible()
    operations.fail.clear()
    screen.reload()
    assert len(list_names(screen)) == 3


def test_read_only_keeps_the_library_as_it_is(
    window: MainWindow, screen: ModelsScreen, operations: FakeOperations
) -> None:
    operations.read_only_reason = "Another copy of Touchstone is writing."
    assert window.context is not None
    window.context.database = operations.describe_database()
    window.context.database_changed.emit()
    assert not screen.add_files_button.isEnabled()
    assert not screen.remove_button.isEnabled()
    assert screen.evaluate_button.isEnabled()


def test_a_name_from_a_stranger_is_never_read_as_markup(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    operations.models.append(make_model("<b>bold</b><img src=x>"))
    screen.reload()
    assert "<b>bold</b><img src=x>" in list_names(screen)


def test_the_menu_copies_the_paths_of_all_chosen(screen: ModelsScreen) -> None:
    screen.table.choose(["model-qwen3-1.7b", "model-gemma-3-270m"])
    action = next(a for a in screen.table.actions() if a.text() == "Copy path")
    action.trigger()
    assert QGuiApplication.clipboard().text().splitlines() == [
        model.path for model in screen.table.chosen
    ]


def test_columns_give_way_where_room_is_short_but_the_name_stays(
    window: MainWindow, screen: ModelsScreen
) -> None:
    def count_hidden() -> int:
        columns = range(len(screen.table.records.columns))
        return sum(screen.table.isColumnHidden(column) for column in columns)

    window.resize(2600, 900)
    QTest.qWait(1)
    wide = count_hidden()
    window.resize(800, 600)
    QTest.qWait(1)
    assert wide == 0
    assert 0 < count_hidden() < len(screen.table.records.columns) - 1
    assert not screen.table.isColumnHidden(0)
    assert screen.split.orientation() is Qt.Orientation.Vertical


def test_widths_of_the_panes_are_kept(
    window: MainWindow, context: Context, screen: ModelsScreen
) -> None:
    window.resize(1400, 800)
    QTest.qWait(1)
    screen.split.setSizes([600, 420])
    window.open_screen(ScreenId.ABOUT)
    kept = context.options.splitter_sizes["models"]
    assert kept[1] == pytest.approx(420, abs=30)
    assert not screen.isVisible()


def test_the_keyboard_sorts_by_the_columns_that_are_seen(
    window: MainWindow, screen: ModelsScreen
) -> None:
    window.resize(1900, 900)
    QTest.qWait(1)
    columns = screen.table.records.columns
    seen = [c.title for n, c in enumerate(columns) if not screen.table.isColumnHidden(n)]
    key = Qt.Key(Qt.Key.Key_1 + seen.index("Size"))
    alt = Qt.KeyboardModifier.AltModifier
    QTest.keyClick(screen.table, key, alt)
    assert list_names(screen) == ["SmolLM2-135M", "Gemma-3-270M", "Qwen3-1.7B"]
    QTest.keyClick(screen.table, key, alt)
    assert list_names(screen) == ["Qwen3-1.7B", "Gemma-3-270M", "SmolLM2-135M"]


def test_a_file_that_writes_no_text_cannot_be_evaluated(
    screen: ModelsScreen, operations: FakeOperations
) -> None:
    model = make_model("Only words")
    facts = msgspec.structs.replace(model.facts, kind=ModelKind.VOCABULARY)
    operations.models.append(msgspec.structs.replace(model, facts=facts))
    screen.reload()
    screen.table.choose([model.id])
    assert screen.details.fit.text() == "vocabulary only"
    assert not screen.evaluate_button.isEnabled()
