"""What the check of a frozen build notices."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Script = Callable[[str], ModuleType]


def test_gpl_parts_of_qt_and_gpl_libraries_are_found(script: Script) -> None:
    names = [
        "_internal/PySide6/Qt/lib/libQt6Core.so.6",
        "_internal/PySide6/Qt/lib/libQt6VirtualKeyboard.so.6",
        "_internal/PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "_internal/PySide6/Qt6Charts.dll",
        "_internal/libreadline.so.8",
    ]

    assert script("bundle_check").find_gpl_only(names) == sorted(names[1:])


def test_tools_of_tests_have_no_place_in_the_program(script: Script) -> None:
    modules = ["desktop.app", "pytest", "diskcache.core", "testing", "tkinter"]

    assert script("bundle_check").find_unwanted(modules) == ["diskcache.core", "pytest", "tkinter"]


def test_a_folder_that_is_not_there_is_named_as_the_fault(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("bundle_check").main([str(tmp_path / "nothing")]) == 2
    assert "dist/touchstone" in capsys.readouterr().out


def test_programs_are_run_without_anything_to_lean_on(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    shell = Path("/bin/sh")
    if not shell.exists():
        pytest.skip("needs a POSIX shell")

    result = script("bundle_check").run_alone(
        [str(shell), "-c", 'echo "[$PATH][$PYTHONPATH][$HOME]"'], tmp_path
    )

    assert result.stdout.strip() == f"[][][{tmp_path}]"
