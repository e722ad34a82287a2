"""How the environment heals, what a system must have, and what make and CI call."""

import subprocess
from collections.abc import Callable
from importlib.metadata import PathDistribution
from pathlib import Path
from types import ModuleType

import pytest

Script = Callable[[str], ModuleType]


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """Two installed packages, whole."""
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("", encoding="utf-8")
        record = tmp_path / f"{name}-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (record / "RECORD").write_text(
            f"{name}/__init__.py,,\n{name}/__pycache__/__init__.cpython-311.pyc,,\n"
            f"{record.name}/METADATA,,\n{record.name}/RECORD,,\n"
        )
    return tmp_path


def test_whole_packages_are_left_alone(script: Script, site_packages: Path) -> None:
    assert script("repair_environment").forget_broken(site_packages) == []
    assert PathDistribution(site_packages / "beta-1.0.dist-info").version == "1.0"


@pytest.mark.parametrize("lost", ["beta/__init__.py", "beta-1.0.dist-info/RECORD"])
def test_a_package_that_lost_a_file_is_forgotten(
    script: Script, site_packages: Path, lost: str
) -> None:
    (site_packages / lost).unlink()

    assert script("repair_environment").forget_broken(site_packages) == ["beta-1.0.dist-info"]
    assert not (site_packages / "beta-1.0.dist-info").exists()
    assert (site_packages / "alpha-1.0.dist-info").exists()


def test_what_pip_set_aside_is_removed(script: Script, site_packages: Path) -> None:
    (site_packages / "~eta").mkdir()

    script("repair_environment").forget_broken(site_packages)

    assert not (site_packages / "~eta").exists()


def test_missing_system_packages_are_named_once_each(script: Script) -> None:
    packages = script("system_packages").find_missing(lambda _: False, lambda _: None)

    assert len(packages) == len(set(packages))
    assert {"libegl1", "libxcb-cursor0", "xvfb", "xauth"} <= set(packages)


def test_a_system_that_has_everything_lacks_nothing(script: Script) -> None:
    assert script("system_packages").find_missing(lambda _: True, lambda name: name) == []


@pytest.mark.parametrize(
    ("programs", "is_root", "sudo_works", "installer"),
    [
        ({"apt-get"}, True, False, ["apt-get"]),
        ({"apt-get", "sudo"}, False, True, ["sudo", "-n", "apt-get"]),
        ({"apt-get", "sudo"}, False, False, None),
        ({"apt-get"}, False, False, None),
        ({"sudo"}, True, True, None),
    ],
)
def test_apt_get_is_used_only_where_it_may_be(
    script: Script,
    programs: set[str],
    is_root: bool,
    sudo_works: bool,
    installer: list[str] | None,
) -> None:
    found = script("system_packages").find_installer(
        lambda name: name if name in programs else None,
        is_root=is_root,
        sudo_works=lambda: sudo_works,
    )

    assert found == installer


def test_where_nothing_may_be_installed_the_command_to_give_is_told(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script("system_packages")
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module, "find_missing", lambda: ["xvfb"])
    monkeypatch.setattr(module, "find_installer", lambda: None)

    assert module.main() == 3
    assert "apt-get install xvfb" in capsys.readouterr().err


def test_ci_runs_the_test_command_of_the_readme(root: Path) -> None:
    ci = (root / ".ci" / "run").read_text(encoding="utf-8")

    assert "make test" in ci
    assert "make test" in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["run", "test", "bundle", "bench", "lint", "clean"])
def test_make_knows_its_targets(root: Path, target: str) -> None:
    listing = subprocess.run(
        ["make", "--no-print-directory", "help"],  # noqa: S607 - make is where PATH says
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    ).stdout

    assert f"make {target} " in listing


def test_the_icons_for_windows_and_macos_hold_pictures(script: Script, root: Path) -> None:
    module = script("icons")
    icons = root / "resources" / "icons"
    pictures = {size: (icons / f"touchstone-{size}.png").read_bytes() for size in module.SIZES}

    assert (icons / "touchstone.ico").read_bytes() == module.pack_ico(pictures)
    assert (icons / "touchstone.icns").read_bytes() == module.pack_icns(pictures)


def test_what_apt_get_says_is_shown_only_when_it_fails(
    script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installer = tmp_path / "apt-get"
    installer.write_text('#!/bin/sh\necho "apt-get $1"\n[ "$1" = update ] || exit "$REFUSAL"\n')
    installer.chmod(0o755)
    module = script("system_packages")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFUSAL", "0")
        assert module.install(["xvfb"], [str(installer)])
        assert capsys.readouterr().err == ""
        patch.setenv("REFUSAL", "100")
        assert not module.install(["xvfb"], [str(installer)])
    assert "apt-get install" in capsys.readouterr().err


@pytest.fixture
def steps(root: Path, tmp_path: Path) -> list[str]:
    """What `make development` would do where there is no environment yet."""
    listing = subprocess.run(
        ["make", "--dry-run", f"VENV={tmp_path / 'venv'}", "development"],  # noqa: S607 - as above
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    ).stdout
    return [line for line in listing.splitlines() if " -m pip " in line and " install " in line]


def test_everything_installed_is_locked_with_hashes_but_for_the_program(steps: list[str]) -> None:
    *locked, program = [step for step in steps if "--editable" not in step] + [
        step for step in steps if "--editable" in step
    ]

    assert len(locked) == 4
    assert all("--require-hashes" in step for step in locked)
    assert "--no-deps" in program


def test_llama_cpp_is_built_from_source_after_its_tools_and_never_taken_from_a_cache(
    steps: list[str],
) -> None:
    tools, engine = steps[:2]

    assert tools.endswith("requirements-build.lock")
    assert engine.endswith("engine.lock")
    assert "--no-cache-dir" in engine
    assert "amx_tiles.h" in engine
    assert "-DLLAVA_BUILD=OFF" in engine
