"""`make run` after the environment: two models compared, and the window where there is one."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Script = Callable[[str], ModuleType]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@pytest.mark.parametrize(
    ("environment", "platform", "opens"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "darwin", True),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
        ({"DISPLAY": ":0", "CI": "false"}, "linux", True),
        ({"CI": "1"}, "darwin", False),
    ],
)
def test_whether_a_window_can_be_opened(
    script: Script, environment: dict[str, str], platform: str, opens: bool
) -> None:
    reason = script("showcase").why_no_window(environment, platform)

    assert (reason == "") is opens


def test_missing_libraries_are_told_with_the_command_that_brings_them(script: Script) -> None:
    reason = script("showcase").why_no_window({"DISPLAY": ":0"}, "linux", ["libegl1"])

    assert "apt-get install libegl1" in reason


def test_runs_of_suites_and_of_probes_are_compared_each_once(script: Script) -> None:
    document = {
        "runs": [{"id": "a"}, {"id": "b"}],
        "measurements": [{"run": "c", "test": "pp512"}, {"run": "c"}, {"run": "a"}],
    }

    assert script("showcase").find_run_ids(document) == ["a", "b", "c"]


class Stage:
    """The script with a stand-in for the program, which writes down how it was called."""

    def __init__(self, module: ModuleType, folder: Path, exit_code: int) -> None:
        self.module = module
        self.calls_file = folder / "calls"
        document = json.dumps({"runs": [{"id": "r1"}, {"id": "r2"}], "measurements": []})
        program = folder / "touchstone"
        program.write_text(
            f"#!/bin/sh\necho \"$@\" >> '{self.calls_file}'\n"
            f"if [ \"$1\" = run ]; then echo '{document}'; exit {exit_code}; fi\n"
        )
        program.chmod(0o755)

    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def make_stage(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Stage]:
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    models = tmp_path / "models"
    models.mkdir()
    (models / "one.gguf").touch()
    (models / "two.gguf").touch()
    monkeypatch.setenv("TOUCHSTONE_SAMPLE_MODELS", str(models))
    module = script("showcase")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "BUILD", tmp_path / "build")
    monkeypatch.setattr(module, "find_program", lambda: tmp_path / "touchstone")
    monkeypatch.setattr(module, "find_missing_libraries", list)
    return lambda exit_code: Stage(module, tmp_path, exit_code)


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac always has a display")
def test_without_a_display_it_compares_says_so_and_is_done(
    make_stage: Callable[[int], Stage], capfd: pytest.CaptureFixture[str]
) -> None:
    stage = make_stage(0)

    assert stage.module.main() == 0
    run, compare = stage.calls()
    assert run.startswith("run --json --suite starter --probe speed --model ")
    assert run.count("--model") == 2
    assert compare.startswith("compare r1 r2 --pdf ")
    told = capfd.readouterr().out
    assert os.path.join("build", "comparison.pdf") in told  # noqa: PTH118 - a printed path
    assert "no display" in told


def test_with_a_display_the_window_shows_the_comparison(
    make_stage: Callable[[int], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    stage = make_stage(0)

    assert stage.module.main() == 0
    assert stage.calls()[-1] == "--compare r1 r2"


def test_single_errors_are_compared_all_the_same_and_told_by_the_exit_code(
    make_stage: Callable[[int], Stage],
) -> None:
    stage = make_stage(1)

    assert stage.module.main() == 1
    assert len(stage.calls()) >= 2


def test_a_failed_evaluation_ends_it_with_the_same_exit_code(
    make_stage: Callable[[int], Stage],
) -> None:
    stage = make_stage(3)

    assert stage.module.main() == 3
    assert len(stage.calls()) == 1


def test_without_the_sample_models_it_says_how_to_fetch_them(
    make_stage: Callable[[int], Stage],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage = make_stage(0)
    monkeypatch.setenv("TOUCHSTONE_SAMPLE_MODELS", str(tmp_path / "empty"))

    assert stage.module.main() == 2
    assert "make sample-models" in capsys.readouterr().err
    assert stage.calls() == []
