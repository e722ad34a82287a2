"""A pytest plugin that blocks PySide6 from import: `pytest -p no:pytest-qt -p tests.without_qt`.

Everything below the window must run where Qt is not installed. pytest-qt itself imports Qt, so it
is switched off with it, and its two options of pyproject.toml are declared in its stead.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

_BLOCKED = {"PySide6", "shiboken6", "pyqtgraph"}


class _Refusal(MetaPathFinder):
    """Fails the import of Qt as if it were not installed."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's signature
        target: ModuleType | None = None,  # noqa: ARG002 - the same
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in _BLOCKED:
            message = f"{fullname} is blocked: this part of Touchstone must work without Qt"
            raise ModuleNotFoundError(message, name=fullname)
        return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare pytest-qt's options, and block Qt before any test module is imported."""
    parser.addini("qt_api", "ignored: pytest-qt is switched off")
    parser.addini("qt_log_level_fail", "ignored: pytest-qt is switched off")
    sys.meta_path.insert(0, _Refusal())
