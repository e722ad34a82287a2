"""The settings file survives crashes, damage and other versions of the program."""

import errno
import json
import os
from pathlib import Path

import msgspec
import pytest

from desktop.domain.settings import RunSettings, Sampling
from desktop.errors import EnvironmentFault, UserError
from desktop.settings._upgrades import VERSION
from desktop.settings.options import Appearance, Options
from desktop.settings.store import SettingsStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made later" / "settings.json"


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_without_a_file_there_are_defaults_and_no_complaint(path: Path) -> None:
    store = SettingsStore(path)
    assert store.load() == Options()
    assert store.problem == ""
    assert not path.exists()


def test_what_is_saved_comes_back(path: Path) -> None:
    options = Options(
        appearance=Appearance.DARK,
        model_folders=("/models", "/Modelle/groß"),
        run=RunSettings(sampling=Sampling(temperature=0.7), system_prompt="Be brief."),
        splitter_sizes={"compare": (200, 400)},
    )
    SettingsStore(path).save(options)
    assert SettingsStore(path).load() == options
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_the_format_version_is_that_of_the_options() -> None:
    assert Options().version == VERSION


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        b"\xff\xfe",
        '{"version": 1, "appearance": "purple"}',
        '{"version": "new"}',
        '{"version": -1}',
        '{"version": true}',
        '{"version": 1, "model_folders": "/models"}',
        '{"model_folder": 3}',
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_kept_aside_and_told(path: Path, content: str | bytes) -> None:
    write(path, content)
    store = SettingsStore(path)
    assert store.load() == Options()
    (aside,) = path.parent.iterdir()
    assert aside.name.startswith("settings.json.broken-")
    assert aside.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert aside.name in store.problem
    store.save(Options(keep_awake=False))
    assert not store.load().keep_awake
    assert store.problem == ""


def test_a_newer_file_is_told_and_never_replaced(path: Path) -> None:
    content = json.dumps({"version": VERSION + 1, "appearance": {"new": "shape"}})
    write(path, content)
    store = SettingsStore(path)
    assert store.load() == Options()
    assert str(VERSION + 1) in store.problem
    assert str(VERSION) in store.problem
    with pytest.raises(UserError, match="stays as it is"):
        store.save(Options())
    assert path.read_text() == content
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_the_first_format_is_understood(path: Path) -> None:
    write(path, '{"theme": "dark", "model_folder": "/models", "keep_awake": false}')
    store = SettingsStore(path)
    assert store.load() == Options(
        appearance=Appearance.DARK, model_folders=("/models",), keep_awake=False
    )
    assert store.problem == ""


def _write_of_the_last_version(path: Path, sequences: object) -> None:
    # As the program wrote it when one case at a time was the default: everything is in there.
    run = {
        "sampling": {"temperature": 0.7, "seed": 3},
        "max_tokens": 512,
        "context_tokens": None,
        "parallel_sequences": sequences,
        "threads": 2,
        "gpu_layers": -1,
        "system_prompt": "Be brief.",
        "repeats": 1,
        "case_timeout_seconds": 600.0,
    }
    write(path, json.dumps({"version": 1, "appearance": "dark", "run": run}))


def test_the_former_default_of_one_case_at_a_time_becomes_the_new_default(path: Path) -> None:
    _write_of_the_last_version(path, 1)
    options = SettingsStore(path).load()
    assert options.run == RunSettings(
        sampling=Sampling(temperature=0.7, seed=3),
        max_tokens=512,
        threads=2,
        system_prompt="Be brief.",
        parallel_sequences=None,
    )
    assert options.appearance is Appearance.DARK


def test_a_number_of_cases_at_once_that_was_chosen_stays(path: Path) -> None:
    _write_of_the_last_version(path, 8)
    assert SettingsStore(path).load().run.parallel_sequences == 8


def test_reproducible_mode_chosen_since_then_stays(path: Path) -> None:
    SettingsStore(path).save(Options(run=RunSettings(parallel_sequences=1)))
    assert SettingsStore(path).load().run.parallel_sequences == 1


def test_an_old_file_whose_settings_are_no_settings_is_told(path: Path) -> None:
    write(path, '{"version": 1, "run": [1]}')
    store = SettingsStore(path)
    assert store.load() == Options()
    assert "broken" in store.problem


def test_an_option_of_a_later_program_of_the_same_format_does_no_harm(path: Path) -> None:
    write(path, '{"version": 1, "keep_awake": false, "unheard_of": 1}')
    assert SettingsStore(path).load() == Options(keep_awake=False)


def test_a_folder_in_the_place_of_the_file_does_not_stop_the_program(path: Path) -> None:
    path.mkdir(parents=True)
    store = SettingsStore(path)
    assert store.load() == Options()
    assert "cannot be read" in store.problem
    with pytest.raises(UserError):
        store.save(Options())


def test_a_file_in_the_place_of_the_folder_is_a_fault_of_the_surroundings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    store.load()
    with pytest.raises((EnvironmentFault, UserError), match="settings"):
        store.save(Options())


def test_a_full_disk_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SettingsStore(path)
    store.save(Options(keep_awake=False))

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(EnvironmentFault, match="No space left"):
        store.save(Options())
    assert store.load() == Options(keep_awake=False)
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_the_file_can_be_read_by_people(path: Path) -> None:
    SettingsStore(path).save(Options())
    lines = path.read_text().splitlines()
    assert lines[0] == "{"
    assert '  "keep_awake": true,' in lines
    assert msgspec.json.decode(path.read_bytes())["version"] == VERSION
