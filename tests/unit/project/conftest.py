"""What the tests of the project itself share: its files, and the scripts of packaging/."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def tracked_files(script: Callable[[str], ModuleType]) -> list[Path]:
    files: list[Path] = script("tracked_files").list_tracked(ROOT)
    if not files:
        pytest.skip("not a git checkout")
    return files


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load a script of packaging/ by its name, with its neighbours importable."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load
