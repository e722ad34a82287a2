"""About: the version, the promise, and every licence with its text."""

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from desktop import __version__
from desktop.ui.screen import ScreenId
from desktop.ui.settings.about import AboutScreen
from desktop.ui.settings.licenses import read_components, read_own_license
from desktop.ui.window import MainWindow


def open_about(window: MainWindow) -> AboutScreen:
    made = window.open_screen(ScreenId.ABOUT)
    assert isinstance(made, AboutScreen)
    return made


def write_list(folder: Path, content: str) -> None:
    target = folder / "licenses"
    target.mkdir()
    (target / "third-party.json").write_text(content, encoding="utf-8")


@pytest.fixture
def resources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "resources"
    folder.mkdir()
    monkeypatch.setattr("desktop.ui.settings.licenses.resources_folder", lambda: folder)
    return folder


def test_version_and_own_licence_come_first(window: MainWindow) -> None:
    screen = open_about(window)
    assert screen.subtitle.text() == f"Version {__version__}"
    assert screen.table.current.name == "Touchstone"
    assert "Apache License" in screen.text.toPlainText()


def test_every_component_shows_its_text_on_choice(window: MainWindow, resources: Path) -> None:
    write_list(
        resources,
        json.dumps(
            {
                "components": [
                    {"name": "zeta", "version": "2", "license": "MIT", "text": "The MIT text"},
                    {"name": "Alpha", "version": "1", "license": "BSD", "text": "The BSD text"},
                ]
            }
        ),
    )
    screen = open_about(window)
    assert [c.name for c in screen.table.records.shown] == ["Touchstone", "Alpha", "zeta"]
    assert screen.missing.isHidden()
    screen.table.choose(["zeta 2"])
    assert screen.text.toPlainText() == "The MIT text"
    screen.copy_button.click()
    assert QGuiApplication.clipboard().text() == "zeta\n\nThe MIT text"


@pytest.mark.parametrize("content", ["", "{", '{"components": 3}', '{"other": []}'])
def test_a_missing_or_broken_list_is_said_in_a_sentence(
    window: MainWindow, resources: Path, content: str
) -> None:
    if content:
        write_list(resources, content)
    screen = open_about(window)
    assert screen.missing.isVisible()
    assert [c.name for c in screen.table.records.shown] == ["Touchstone"]


def test_the_shipped_list_names_version_licence_and_text_of_all() -> None:
    components = read_components()
    assert {"PySide6-Essentials", "msgspec"} <= {c.name for c in components}
    assert all(c.license and c.text for c in components)


def test_without_its_file_the_own_licence_is_still_named(resources: Path) -> None:
    assert resources.is_dir()
    assert "Apache License, Version 2.0" in read_own_license()
