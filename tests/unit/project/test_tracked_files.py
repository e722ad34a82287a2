"""What may not be in the repository, and that lock files are what they should be."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
Script = Callable[[str], ModuleType]


def pins(root: Path, name: str) -> dict[str, set[str]]:
    """Return `name → {version; marker}` of a lock file."""
    text = (root / name).read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for package, rest in re.findall(r"^([\w.-]+)(==[^\\\n]+)", text, re.MULTILINE):
        found.setdefault(package, set()).add(rest.strip())
    return found


def test_no_tracked_file_has_a_registrys_address_or_a_machines_path(
    script: Script, tracked_files: list[Path]
) -> None:
    assert script("tracked_files").check(tracked_files) == []


@pytest.mark.parametrize(
    "line",
    [
        "see https://" + "pypi" + ".org/simple",
        "DATA = '/" + "work/main/models'",
        'open("/' + 'root/x.gguf")',
    ],
)
def test_an_address_or_a_path_would_be_found(script: Script, line: str) -> None:
    assert list(script("tracked_files").find_offences("some/file.py", f"first\n{line}\n"))


@pytest.mark.parametrize(
    "line",
    [
        "~/.cache/touchstone",
        "$HOME/models",
        "desktop/work/area",
        "/usr/share/fonts",
        "/rooted",
        "/home/ada/models",
    ],
)
def test_ordinary_text_is_left_alone(script: Script, line: str) -> None:
    assert not list(script("tracked_files").find_offences("some/file.py", line))


def test_the_home_of_whoever_checks_is_found(script: Script) -> None:
    home = Path("/home/grace")

    assert list(script("tracked_files").find_offences("a.py", f"open('{home}/x.gguf')", home))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(root: Path, name: str) -> None:
    requirements = re.split(r"\n(?=[\w.-]+==)", (root / name).read_text(encoding="utf-8"))

    assert requirements
    assert not [entry.split("\n")[0] for entry in requirements if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_no_addresses(root: Path, name: str) -> None:
    text = (root / name).read_text(encoding="utf-8")

    assert not re.findall(r"://|--index-url|--find-links|file:", text)


@pytest.mark.parametrize("name", LOCKS)
def test_the_package_with_the_open_vulnerability_is_in_no_lock(root: Path, name: str) -> None:
    assert "diskcache" not in pins(root, name)


def test_tests_run_with_the_versions_that_the_program_runs_with(root: Path) -> None:
    runtime, development = pins(root, "requirements.lock"), pins(root, "requirements-dev.lock")

    assert {name: development.get(name) for name in runtime} == runtime


def test_build_tools_are_the_same_for_running_and_testing(root: Path) -> None:
    build, development = pins(root, "requirements-build.lock"), pins(root, "requirements-dev.lock")

    assert {name: development.get(name, versions) for name, versions in build.items()} == build
