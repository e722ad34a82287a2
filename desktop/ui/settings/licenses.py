"""The licences of what is shipped, read from the list that the build makes."""

from pathlib import Path

import msgspec

from desktop.domain.base import Value
from desktop.paths import resources_folder

PROJECT_LICENSE = "Apache-2.0"


class Component(Value, frozen=True, kw_only=True):
    """One library or part of others that is shipped."""

    name: str
    version: str = ""
    license: str = ""
    url: str = ""
    note: str = ""
    text: str = ""


class _File(Value, frozen=True, kw_only=True):
    components: tuple[Component, ...]


def read_components() -> tuple[Component, ...]:
    """Return what is shipped, by name; empty where the list is missing or unreadable."""
    path = resources_folder() / "licenses" / "third-party.json"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return ()
    return tuple(sorted(found.components, key=lambda c: c.name.casefold()))


def read_own_license() -> str:
    """Return the text of Touchstone's own licence, or where it can be read if it is missing."""
    root = resources_folder()
    for path in (root / "licenses" / "Apache-2.0.txt", root.parent / "LICENSE"):
        text = _read(path)
        if text:
            return text
    return "Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
