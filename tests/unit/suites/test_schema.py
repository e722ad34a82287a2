"""The published schema and the reader say the same."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop.errors import UserError
from desktop.paths import resource
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.schema import format_schema
from desktop.suites.yaml_tree import parse_yaml, to_value

SCHEMA: dict[str, Any] = json.loads(
    resource("schemas", "suite.schema.json").read_text(encoding="utf-8")
)
HEAD = "touchstone_suite: 1\nid: s\ntitle: t\nversion: '1'\n"
CASE = "cases:\n- id: a\n  prompt: p\n  checks:\n"


def schema_accepts(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return bool(validator.is_valid(to_value(parse_yaml(text))))


def reader_accepts(text: str, folder: Path) -> bool:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        read_suite(path)
    except UserError:
        return False
    return True


def test_the_published_file_is_up_to_date() -> None:
    assert format_schema() == resource("schemas", "suite.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", list_bundled_suites(), ids=lambda path: path.stem)
def test_bundled_suites_keep_to_the_schema(path: Path) -> None:
    document = to_value(parse_yaml(path.read_text(encoding="utf-8")))
    jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    "check",
    [
        "{equals: yes}",
        "{equals: [a, 1, true], match_case: true}",
        "{number: 5, take: any, tolerance: 0.5, decimal_comma: false, weight: 0}",
        "{json: {}}",
        "{json: {a.b: null}, types: {a: object}, only_keys: true}",
        "{choice: a, labels: [a, b], aliases: {a: [x, y]}}",
        "{declines: true, forbidden: x}",
        "{word_count: 5}",
        "{word_count: {min: 1, max: 5}}",
        "{uppercase: true}",
        "{any_of: [{contains: a}, {not: {regex: b}}]}",
    ],
)
def test_good_checks_are_good_to_both(check: str, tmp_path: Path) -> None:
    text = f"{HEAD}{CASE}  - {check}\n"
    assert schema_accepts(text)
    assert reader_accepts(text, tmp_path)


@pytest.mark.parametrize(
    "check",
    [
        "{}",
        "text",
        "{equal: a}",
        "{equals: null}",
        "{equals: []}",
        "{equals: {a: b}}",
        "{equals: a, take: any}",
        "{equals: a, match_case: maybe}",
        "{equals: a, contains: b}",
        "{equals: a, weight: -1}",
        "{number: forty}",
        "{number: 5, take: second}",
        "{json: a}",
        "{json: {}, types: {a: text}}",
        "{choice: a}",
        "{choice: a, labels: []}",
        "{choice: a, labels: [a, b], aliases: [x]}",
        "{declines: false}",
        "{word_count: 1.5}",
        "{word_count: -1}",
        "{word_count: {}}",
        "{word_count: {min: 1, most: 5}}",
        "{any_of: []}",
        "{any_of: {contains: a}}",
        "{any_of: [{contain: a}]}",
        "{not: [{contains: a}]}",
    ],
)
def test_bad_checks_are_bad_to_both(check: str, tmp_path: Path) -> None:
    text = f"{HEAD}{CASE}  - {check}\n"
    assert not schema_accepts(text)
    assert not reader_accepts(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}cases: []\n",
        HEAD,
        f"{HEAD}{CASE}  - equals: a\n  promt: x\n",
        f"{HEAD}{CASE}  - equals: a\n  messages: [{{role: user, content: x}}]\n",
        f"{HEAD}{CASE}  - equals: a\n  difficulty: simple\n",
        f"{HEAD}{CASE}  - equals: a\n  examples: {{good: a}}\n",
        f"{HEAD}{CASE}  - equals: a\n  max_tokens: -1\n",
        f"{HEAD}defaults: {{temperature: 1}}\n{CASE}  - equals: a\n",
        f"{HEAD}{CASE}  - equals: a\n".replace("id: s", "id: s p a c e"),
        f"{HEAD}{CASE}  - equals: a\n".replace("title: t", "title: ' '"),
        f"{HEAD}{CASE}  - equals: a\n".replace("suite: 1", "suite: 3"),
        f"{HEAD}cases: [{{id: a, checks: [{{equals: a}}]}}]\n",
        f"{HEAD}cases: [{{id: a, messages: [{{role: user}}], checks: [{{equals: a}}]}}]\n",
    ],
)
def test_bad_suites_are_bad_to_both(text: str, tmp_path: Path) -> None:
    assert not schema_accepts(text)
    assert not reader_accepts(text, tmp_path)
