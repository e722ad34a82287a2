"""The editor of suites: checked while one types, findings that lead to their lines, saved whole."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from desktop.ui.screen import ScreenId
from desktop.ui.suites.editor import EditorPage
from desktop.ui.suites.screen import SuitesScreen
from desktop.ui.window import MainWindow
from desktop.worker.suite_drafts import own_suites_folder
from tests.gui.fakes import FakeOperations
from tests.gui.samples import make_second_suite

TEXT = """touchstone_suite: 1
id: mine
title: Mine
version: "1"
cases:
  - id: sky
    prompt: What colour is the sky?
    checks:
      - contains: blue
"""


@pytest.fixture
def path(tmp_path: Path, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    made = tmp_path / "mine.yaml"
    made.write_text(TEXT, encoding="utf-8")
    operations.suites[1] = msgspec.structs.replace(make_second_suite(), path=str(made))
    return made


def open_screen(window: MainWindow) -> SuitesScreen:
    screen = window.open_screen(ScreenId.SUITES)
    assert isinstance(screen, SuitesScreen)
    return screen


@pytest.fixture
def editor(window: MainWindow, path: Path) -> EditorPage:
    screen = open_screen(window)
    screen.table.choose([str(path)])
    screen.edit_button.click()
    return screen.editor


def listed(editor: EditorPage) -> list[str]:
    return [editor.findings.item(row).text() for row in range(editor.findings.count())]


def test_a_good_text_is_told_to_be_good(editor: EditorPage) -> None:
    assert editor.field.isVisible()
    assert editor.state.text() == "✓ 1 case"
    assert not editor.save_button.isEnabled()


def test_what_is_typed_is_checked_and_a_finding_leads_to_its_line(
    editor: EditorPage, qtbot: QtBot
) -> None:
    editor.field.replace_text(TEXT.replace("contains:", "contain:"))
    qtbot.waitUntil(lambda: editor.check.errors == 1)
    assert editor.state.text() == "✕ 1 problem   ·   not saved"
    assert listed(editor)[0].startswith("✕  Line 9: unknown kind of check")
    editor.findings.itemActivated.emit(editor.findings.item(0))
    assert editor.field.textCursor().blockNumber() == 8
    editor.undo.click()
    qtbot.waitUntil(lambda: editor.check.errors == 0)
    assert editor.field.toPlainText() == TEXT
    assert not editor.is_changed


def test_saving_writes_the_file_and_tells_all_screens(
    editor: EditorPage, path: Path, operations: FakeOperations
) -> None:
    editor.field.moveCursor(editor.field.textCursor().MoveOperation.End)
    QTest.keyClicks(editor.field, "# more")
    operations.calls.clear()
    QTest.keyClick(editor.field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    editor.save()
    assert path.read_text(encoding="utf-8") == TEXT + "# more"
    assert "list_suites" in operations.calls
    assert not editor.is_changed


def test_the_change_of_another_program_can_be_replaced_on_purpose(
    window: MainWindow, editor: EditorPage, path: Path
) -> None:
    editor.field.replace_text(TEXT + "# ours\n")
    path.write_text(TEXT + "# theirs\n", encoding="utf-8")
    editor.save()
    notice = window.notices.notices[0]
    assert "changed by another program" in notice.title
    assert path.read_text(encoding="utf-8").endswith("# theirs\n")
    assert notice.action is not None
    notice.action()
    assert path.read_text(encoding="utf-8").endswith("# ours\n")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (QMessageBox.StandardButton.Save, (True, True)),
        (QMessageBox.StandardButton.Discard, (True, False)),
        (QMessageBox.StandardButton.Cancel, (False, False)),
    ],
)
def test_leaving_asks_about_what_is_not_saved(
    editor: EditorPage,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: QMessageBox.StandardButton,
    expected: tuple[bool, bool],
) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer)
    editor.field.replace_text(TEXT + "# ours\n")
    editor.back.click()
    is_written = path.read_text(encoding="utf-8").endswith("# ours\n")
    assert (not editor.isVisible(), is_written) == expected


def test_what_was_not_saved_comes_back_and_can_be_undone(
    window: MainWindow, editor: EditorPage, path: Path
) -> None:
    editor.field.replace_text(TEXT + "# ours\n")
    assert window.context is not None
    window.context.closing.emit()
    assert path.read_text(encoding="utf-8") == TEXT
    screen = open_screen(window)
    screen._edit()
    assert editor.field.toPlainText() == TEXT + "# ours\n"
    assert editor.is_changed
    assert "not saved the last time" in window.notices.notices[0].title
    editor.undo.click()
    assert editor.field.toPlainText() == TEXT


def test_a_bundled_suite_is_duplicated_and_opened_but_never_changed_itself(
    window: MainWindow, operations: FakeOperations, path: Path
) -> None:
    del path
    screen = open_screen(window)
    screen.table.choose([screen.table.records.shown[0].key])
    assert not screen.edit_button.isEnabled()
    screen.duplicate_button.click()
    assert screen.editor.path == str(own_suites_folder() / "starter-copy.yaml")
    assert screen.editor.check.errors == 0
    assert "Starter suite (copy)" in screen.editor.field.toPlainText()
    assert window.context is not None
    assert screen.editor.path in window.context.options.suite_files
    assert "add_suite" in operations.calls


def test_tab_and_return_write_what_yaml_wants(editor: EditorPage) -> None:
    editor.field.setPlainText("  a:")
    editor.field.moveCursor(editor.field.textCursor().MoveOperation.End)
    QTest.keyClick(editor.field, Qt.Key.Key_Return)
    QTest.keyClick(editor.field, Qt.Key.Key_Tab)
    QTest.keyClicks(editor.field, "b: 1")
    assert editor.field.toPlainText() == "  a:\n    b: 1"


def test_escape_leads_out_of_the_text(editor: EditorPage) -> None:
    editor.field.setFocus()
    QTest.keyClick(editor.field, Qt.Key.Key_Escape)
    assert not editor.field.hasFocus()
