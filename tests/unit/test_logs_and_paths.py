"""Where things lie, and where the program's own words go."""

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import paths
from desktop.logs import LOG_FILE, set_up_logging


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook
    raising = logging.raiseExceptions
    yield root
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.raiseExceptions = raising


def test_a_home_of_ones_own_holds_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path))
    monkeypatch.delenv("TOUCHSTONE_SAMPLE_MODELS", raising=False)
    places = [
        paths.default_database(),
        paths.settings_file(),
        paths.log_folder(),
        paths.sample_models_folder(),
    ]
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_without_one_the_places_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOUCHSTONE_HOME", raising=False)
    assert "touchstone" in str(paths.default_database())
    assert paths.default_database().is_absolute()


def test_an_unknown_resource_is_answered_with_the_known_ones() -> None:
    with pytest.raises(FileNotFoundError, match=r"starter\.yaml"):
        paths.resource("suites", "none.yaml")


def test_a_frozen_program_finds_its_resources_in_the_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "x").write_text("")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resource("x") == tmp_path / "resources" / "x"


def test_the_log_goes_to_its_folder(root_logger: logging.Logger, tmp_path: Path) -> None:
    set_up_logging(tmp_path / "logs", verbose=False)
    root_logger.info("a sentence")
    assert "a sentence" in (tmp_path / "logs" / LOG_FILE).read_text("utf-8")


def test_a_log_that_cannot_be_written_stops_nobody(
    root_logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    set_up_logging(tmp_path / "file" / "logs", verbose=False)
    root_logger.warning("still alive")
    assert "still alive" not in capsys.readouterr().err


def test_verbose_tells_it_on_stderr_too(
    root_logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(tmp_path, verbose=True)
    root_logger.debug("a detail")
    assert "a detail" in capsys.readouterr().err


def test_a_full_disk_does_not_fill_the_terminal_too(
    root_logger: logging.Logger,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    set_up_logging(tmp_path, verbose=False)
    monkeypatch.setattr(root_logger.handlers[-1], "shouldRollover", fail)
    root_logger.info("nowhere to go")
    assert "Traceback" not in capsys.readouterr().err
