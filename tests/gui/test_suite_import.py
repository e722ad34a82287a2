"""Importing and exporting suites in the window: columns that can be mapped, what can't be kept."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from desktop.suites.reader import read_suite
from desktop.ui.screen import ScreenId
from desktop.ui.suites.importing import ImportPage
from desktop.ui.suites.screen import SuitesScreen
from desktop.ui.window import MainWindow
from desktop.worker.suite_drafts import own_suites_folder
from tests.gui.samples import make_suite


@pytest.fixture
def screen(window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuitesScreen:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    made = window.open_screen(ScreenId.SUITES)
    assert isinstance(made, SuitesScreen)
    return made


def read(page: ImportPage) -> str:
    return "\n".join(label.text() for label in page.panel.findChildren(QLabel))


def write_table(folder: Path) -> Path:
    path = folder / "questions.csv"
    path.write_text("ask,solution,other\nTwo and two?,4,x\nThree and one?,4,y\n", encoding="utf-8")
    return path


def test_a_table_is_shown_with_its_columns_which_can_be_mapped(
    screen: SuitesScreen, tmp_path: Path
) -> None:
    page = screen.importing
    page.show_file(write_table(tmp_path))
    screen.show_import()
    assert list(page.columns) == ["ask", "solution", "other"]
    for column, field in (("ask", "prompt"), ("solution", "expected"), ("other", "ignore")):
        box = page.columns[column]
        box.setCurrentIndex(box.findData(field))
    assert page.preview.mapping == {"ask": "prompt", "solution": "expected"}
    assert "2 cases" in read(page)
    assert "Two and two?" in read(page)
    page.import_button.click()
    made = read_suite(own_suites_folder() / "questions.yaml")
    assert [case.messages[0].content for case in made.cases] == ["Two and two?", "Three and one?"]
    assert made.cases[0].checks[0].expected == 4
    assert screen.table.isVisible()


def test_a_guessed_column_stays_unused_when_people_say_so(
    screen: SuitesScreen, tmp_path: Path
) -> None:
    page = screen.importing
    page.show_file(write_table(tmp_path))
    for column, field in (("ask", "prompt"), ("solution", "ignore")):
        box = page.columns[column]
        box.setCurrentIndex(box.findData(field))
    assert "says what is expected" in page.preview.problem
    assert page.preview.problem in read(page)
    assert not page.import_button.isEnabled()


def test_a_file_of_no_known_kind_is_refused_in_a_sentence(
    screen: SuitesScreen, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG")
    screen.importing.show_file(path)
    assert "of no kind that is known by its name" in read(screen.importing)
    assert not screen.importing.import_button.isEnabled()


def test_an_export_tells_what_the_form_cannot_hold(
    window: MainWindow, screen: SuitesScreen, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    screen.export_to(make_suite(), path)
    notice = window.notices.notices[0]
    assert notice.title == "out.csv was written."
    assert path.read_text(encoding="utf-8").count("\n") >= 36
    screen.export_to(make_suite(), tmp_path / "out.yaml")
    assert read_suite(tmp_path / "out.yaml").cases == make_suite().cases
