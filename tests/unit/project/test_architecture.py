"""The architecture is kept by machines: these show that the machines would notice."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAXIMUM_LINES = 500


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed")
    return subprocess.run(
        [str(program), "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        # Wide, so that names are not broken over two lines.
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(
        root / "desktop", tmp_path / "desktop", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_import_contracts_are_kept(copy: Path) -> None:
    result = lint_imports(copy)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "statement", "contract"),
    [
        ("domain/planted.py", "import desktop.storage", "Imports point one way"),
        ("scoring/planted.py", "import desktop.statistics", "Imports point one way"),
        ("ui/planted.py", "import desktop.storage", "The window asks operations"),
        ("evaluation/planted.py", "import PySide6.QtCore", "Qt only in ui and worker.qt"),
        ("worker/planted.py", "import PySide6.QtCore", "Qt only in ui and worker.qt"),
        ("reports/planted.py", "import sqlalchemy", "SQLAlchemy and Alembic only in storage"),
        ("ui/planted.py", "import llama_cpp", "llama_cpp only in inference.llama"),
        ("inference/planted.py", "import llama_cpp", "llama_cpp only in inference.llama"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    copy: Path, file: str, statement: str, contract: str
) -> None:
    (copy / "desktop" / file).write_text(f"{statement}\n", encoding="utf-8")

    result = lint_imports(copy)

    assert result.returncode == 1, result.stdout
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert [line for line in broken if line.startswith(contract)], result.stdout


def test_a_folder_without_a_place_in_the_order_is_noticed(copy: Path) -> None:
    (copy / "desktop" / "gadgets").mkdir()
    (copy / "desktop" / "gadgets" / "__init__.py").write_text("", encoding="utf-8")

    assert lint_imports(copy).returncode == 1


def loaded_by(statement: str, root: Path) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after the statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=root
    )
    modules = json.loads(result.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in modules}


def test_starting_the_program_loads_nothing_heavy(root: Path) -> None:
    heavy = {"llama_cpp", "PySide6", "sqlalchemy", "alembic", "typst", "pyqtgraph", "numpy"}

    assert not loaded_by("import desktop.__main__", root) & heavy


def test_importing_the_command_line_needs_no_qt(root: Path) -> None:
    qt = {"PySide6", "shiboken6", "pyqtgraph"}

    assert not loaded_by("import desktop.cli, desktop.app", root) & qt


def test_no_file_of_code_is_longer_than_a_person_reads(tracked_files: list[Path]) -> None:
    lengths = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked_files
        if path.suffix == ".py"
    }

    assert not {name: lines for name, lines in lengths.items() if lines >= MAXIMUM_LINES}
