"""The Settings screen: every change is kept at once, and nothing is changed by looking."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop.errors import EnvironmentFault, UserError
from desktop.settings.options import Appearance
from desktop.ui.screen import Context, ScreenId
from desktop.ui.settings.logs import read_log_tail
from desktop.ui.settings.screen import SettingsScreen
from desktop.ui.theme import theme
from desktop.ui.widgets.facts import CopyFact
from desktop.ui.widgets.figure import Fact
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations


@pytest.fixture
def context(window: MainWindow) -> Context:
    assert window.context is not None
    return window.context


@pytest.fixture
def screen(window: MainWindow) -> SettingsScreen:
    made = window.open_screen(ScreenId.SETTINGS)
    assert isinstance(made, SettingsScreen)
    return made


def test_looking_changes_nothing(screen: SettingsScreen, operations: FakeOperations) -> None:
    assert screen.isVisible()
    assert "save_options" not in operations.calls


def test_dark_is_shown_and_kept_at_once(screen: SettingsScreen, operations: FakeOperations) -> None:
    button = next(b for b in screen.appearance.buttons() if b.text() == "Dark")
    button.click()
    assert operations.options.appearance is Appearance.DARK
    assert theme.tokens.dark


def test_switches_are_kept(screen: SettingsScreen, operations: FakeOperations) -> None:
    screen.keep_awake.click()
    screen.notify.click()
    assert operations.options.keep_awake is False
    screen.hash_models.click()
    assert operations.options.hash_models is False
    assert operations.options.notify_at_end is False


def test_folders_are_added_and_removed(
    monkeypatch: pytest.MonkeyPatch, screen: SettingsScreen, operations: FakeOperations
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/models")
    screen.folders.add_button.click()
    screen.folders.add_button.click()
    assert list(operations.options.model_folders) == ["/models"]
    assert screen.folders.places == ("/models",)
    screen.folders.list.setCurrentRow(0)
    screen.folders.remove_button.click()
    assert not operations.options.model_folders
    assert screen.folders.list.isHidden()


def test_a_cancelled_dialog_adds_nothing(
    monkeypatch: pytest.MonkeyPatch, screen: SettingsScreen, operations: FakeOperations
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    screen.folders.add_button.click()
    assert "save_options" not in operations.calls


def test_a_suite_is_read_before_it_is_remembered(
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    screen: SettingsScreen,
    operations: FakeOperations,
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/suites/own.yaml", ""))
    with qtbot.waitSignal(context.suites_changed):
        screen.suites.add_button.click()
    assert operations.options.suite_files == ("/suites/own.yaml",)


def test_a_broken_suite_is_told_and_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
    window: MainWindow,
    screen: SettingsScreen,
    operations: FakeOperations,
) -> None:
    operations.fail["add_suite"] = UserError("own.yaml, line 3: there is no key promt.")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/suites/own.yaml", ""))
    screen.suites.add_button.click()
    assert window.notices.notices[0].title == "own.yaml, line 3: there is no key promt."
    assert screen.suites.places == ()


def test_removing_a_suite_tells_the_others(
    qtbot: QtBot, context: Context, screen: SettingsScreen
) -> None:
    context.change_options(
        lambda now: msgspec.structs.replace(now, suite_files=("/suites/own.yaml",))
    )
    screen.suites.list.setCurrentRow(0)
    with qtbot.waitSignal(context.suites_changed):
        screen.suites.remove_button.click()
    assert context.options.suite_files == ()


def test_the_defaults_of_runs_are_kept(
    qtbot: QtBot, context: Context, screen: SettingsScreen, operations: FakeOperations
) -> None:
    with qtbot.waitSignal(context.options_changed):
        screen.form.max_tokens.setValue(77)
    assert operations.options.run.max_tokens == 77


def test_defaults_changed_elsewhere_are_shown(context: Context, screen: SettingsScreen) -> None:
    context.change_options(
        lambda now: msgspec.structs.replace(
            now, run=msgspec.structs.replace(now.run, max_tokens=99)
        )
    )
    assert screen.form.max_tokens.value() == 99


def test_the_database_is_described(screen: SettingsScreen) -> None:
    told = " ".join(fact.accessibleName() for fact in screen.database.findChildren(Fact))
    paths = [fact.text for fact in screen.database.findChildren(CopyFact)]
    assert "12 runs with 432 answers" in told
    assert paths == ["/home/ada/.local/share/touchstone/touchstone.sqlite"]
    assert not screen.database.default_button.isVisible()


def test_another_place_is_kept_for_the_next_start_and_can_be_taken_back(
    monkeypatch: pytest.MonkeyPatch, screen: SettingsScreen, operations: FakeOperations
) -> None:
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: ("/data/results.sqlite", "")
    )
    screen.database.move_button.click()
    assert operations.options.database_path == "/data/results.sqlite"
    assert "From the next start on: /data/results.sqlite." in screen.database.announcement.text()
    assert screen.database.announcement.isVisibleTo(screen)
    screen.database.default_button.click()
    assert operations.options.database_path == ""
    assert not screen.database.announcement.isVisibleTo(screen)


def test_a_backup_names_its_file(window: MainWindow, screen: SettingsScreen) -> None:
    screen.database.back_up_button.click()
    notice = window.notices.notices[0]
    assert notice.text == str(Path("/home/ada/backups/touchstone-2026-11-21.sqlite"))
    assert screen.database.back_up_button.isEnabled()


def test_a_failed_backup_says_why(
    window: MainWindow, screen: SettingsScreen, operations: FakeOperations
) -> None:
    operations.fail["back_up"] = EnvironmentFault("The disk is full.", remedy="Make room.")
    screen.database.back_up_button.click()
    assert window.notices.notices[0].title == "The disk is full."
    assert screen.database.back_up_button.isEnabled()


def test_diagnostics_go_to_the_clipboard_and_can_be_read(
    window: MainWindow, screen: SettingsScreen
) -> None:
    screen.log.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("Touchstone")
    notice = window.notices.notices[0]
    assert notice.details == text
    assert "Nothing was sent" in notice.text


def test_the_last_lines_of_the_log_are_shown_and_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, screen: SettingsScreen
) -> None:
    (tmp_path / "touchstone.log").write_text("first\nlast\n", encoding="utf-8")
    monkeypatch.setattr("desktop.ui.settings.logs.log_folder", lambda: tmp_path)
    screen.log.show_button.click()
    assert screen.log.lines.toPlainText().endswith("last")
    screen.log.show_button.click()
    assert screen.log.lines.isHidden()


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(20_000)]
    (tmp_path / "touchstone.log").write_text("\n".join(lines), encoding="utf-8")
    read = read_log_tail(tmp_path).splitlines()
    assert read[-1] == "line 19999"
    assert len(read) == 200


def test_a_log_with_odd_bytes_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "touchstone.log").write_bytes(b"\xff\xfe odd\nlast")
    assert read_log_tail(tmp_path).splitlines()[-1] == "last"


def test_without_a_log_nothing_is_shown_as_such(tmp_path: Path) -> None:
    assert read_log_tail(tmp_path / "missing") == ""


def test_a_database_that_cannot_be_asked_says_why(
    screen: SettingsScreen, operations: FakeOperations
) -> None:
    operations.fail["describe_database"] = EnvironmentFault("The disk cannot be read.")
    screen.activate()
    assert "The disk cannot be read." in screen.database.problem.text()
    assert screen.database.problem.isVisibleTo(screen)


def test_a_suite_added_on_another_screen_is_not_lost_with_the_next_change(
    context: Context, screen: SettingsScreen, operations: FakeOperations
) -> None:
    context.adopt_suite(operations.add_suite(Path("/suites/own.yaml")))
    screen.keep_awake.click()
    assert operations.options.suite_files == ("/suites/own.yaml",)
    assert screen.suites.places == ("/suites/own.yaml",)
