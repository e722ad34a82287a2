"""What About shows is what is shipped, and all of it may be."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Script = Callable[[str], ModuleType]


@pytest.fixture
def components(root: Path) -> list[dict[str, Any]]:
    document = root / "resources" / "licenses" / "third-party.json"
    found: list[dict[str, Any]] = json.loads(document.read_text(encoding="utf-8"))["components"]
    return found


def test_every_locked_package_is_listed_in_a_locked_version(
    script: Script, root: Path, components: list[dict[str, Any]]
) -> None:
    locked = script("licenses").read_lock((root / "requirements.lock").read_text(encoding="utf-8"))
    listed = {component["name"].lower(): component["version"] for component in components}

    assert not locked.keys() - listed.keys()
    assert not {name for name, versions in locked.items() if listed[name] not in versions}


def test_nothing_listed_stands_against_shipping(
    script: Script, components: list[dict[str, Any]]
) -> None:
    assert script("licenses").find_faults(components) == []


def test_what_lies_inside_of_packages_is_listed_too(components: list[dict[str, Any]]) -> None:
    names = {component["name"] for component in components}

    assert {"llama.cpp and ggml", "Qt", "Python", "typst"} <= names


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("MIT", True),
        ("LGPL-3.0-only", True),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", True),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("MIT AND (GPL-2.0-only OR AGPL-3.0-only)", False),
    ],
)
def test_gpl_without_a_way_out_may_not_be_shipped(
    script: Script, expression: str, answer: bool
) -> None:
    assert script("licenses").may_be_shipped(expression) is answer


def test_a_package_without_licence_or_text_is_a_fault(script: Script) -> None:
    faults = script("licenses").find_faults([{"name": "thing", "license": "", "text": ""}])

    assert len(faults) == 2
    assert all("thing" in fault for fault in faults)
