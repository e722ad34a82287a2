"""The real window as a process, on a real X server, driven by keyboard and mouse."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.end2end.conftest import Program

_PATIENCE_SECONDS = 60
# The button of the welcome page in a window of its first size, in pixels.
_COMPARE_SAMPLES = (660, 422)

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not os.environ.get("DISPLAY") or not shutil.which("xdotool"),
        reason="needs an X server and xdotool: make test brings both where it may",
    ),
]


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.05)  # a process of its own is watched from outside


def _drive(*arguments: object) -> str:
    done = subprocess.run(
        ["xdotool", *map(str, arguments)],  # noqa: S607 - found on PATH above
        capture_output=True,
        text=True,
        check=True,
        timeout=_PATIENCE_SECONDS,
    )
    return done.stdout.strip()


class Window:
    """One window of the program."""

    def __init__(self, program: Program, *arguments: object) -> None:
        self.program = program
        self.process = program.start(*arguments)
        found = _drive(
            "search", "--sync", "--onlyvisible", "--pid", self.process.pid, "--name", "."
        )
        self.number = found.splitlines()[-1]
        _drive("windowfocus", "--sync", self.number)
        # Without a window manager it is a click that makes a window the active one.
        _drive("windowraise", self.number)
        _drive("mousemove", "--window", self.number, 60, 108, "click", 1)

    def click(self, x: int, y: int) -> None:
        _drive("mousemove", "--window", self.number, x, y, "click", 1)

    def press(self, *keys: str) -> None:
        _drive("key", "--delay", 50, *keys)

    def quit(self) -> int:
        self.press("ctrl+q")
        _, err = self.process.communicate(timeout=_PATIENCE_SECONDS)
        assert "Traceback" not in err, err
        return self.process.returncode


@pytest.fixture
def open_window(program: Program) -> Callable[..., Window]:
    return partial(Window, program)


def _runs(program: Program) -> list[dict[str, object]]:
    return list(program.ask("runs")["runs"])


def _wait_for_database(program: Program) -> None:
    _wait_until(program.database.exists, "the database was not made")


def test_the_window_opens_makes_its_database_and_keeps_its_state(
    program: Program, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    _wait_for_database(program)
    # Screens follow the keyboard once the window is filled; the last one is kept.
    settings = program.home / "settings.json"
    window.press("ctrl+5")
    assert window.quit() == 0
    _wait_until(settings.exists, "the window's state was not kept")
    kept = json.loads(settings.read_text("utf-8"))
    assert kept["window_geometry"]


def test_the_sample_models_are_one_click_away(
    program: Program, open_window: Callable[..., Window]
) -> None:
    window = open_window("--engine", "scripted")
    _wait_for_database(program)

    def begun() -> bool:
        if not _runs(program):
            window.click(*_COMPARE_SAMPLES)
        return bool(_runs(program))

    _wait_until(begun, "A click on the welcome page did not start the comparison")
    _wait_until(
        lambda: {run["status"] for run in _runs(program)} == {"finished"},
        "the comparison did not finish",
    )
    assert len([run for run in _runs(program) if run["suite"]]) == 2
    assert window.quit() == 0


def test_closing_in_the_middle_keeps_what_there_is(
    program: Program, open_window: Callable[..., Window]
) -> None:
    window = open_window("--engine", "scripted")
    _wait_for_database(program)

    def answering() -> bool:
        runs = _runs(program)
        if not runs:
            window.click(*_COMPARE_SAMPLES)
        return any(run["status"] == "running" for run in runs)

    _wait_until(answering, "nothing began")
    assert window.quit() == 0
    statuses = {run["status"] for run in _runs(program)}
    assert statuses <= {"finished", "interrupted", "queued"}
    assert statuses & {"interrupted", "queued"}


def test_a_second_window_opens_read_only(
    program: Program, open_window: Callable[..., Window]
) -> None:
    open_window()
    _wait_for_database(program)
    open_window()
    log = program.home / "logs" / "touchstone.log"
    _wait_until(lambda: "Opening read-only" in log.read_text("utf-8"), "no word of read-only")


def test_without_a_display_it_says_so(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in program.refuse(exit_code=3)


def test_a_comparison_can_be_opened_at_once(
    program: Program,
    open_window: Callable[..., Window],
    write_suite: Callable[..., Path],
    smollm: Path,
) -> None:
    document = program.ask(
        "run", "--engine", "scripted", "--model", smollm, "--suite", write_suite()
    )
    window = open_window("--compare", document["runs"][0]["id"])
    assert window.quit() == 0
