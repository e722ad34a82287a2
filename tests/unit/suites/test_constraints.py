"""Grammars and JSON Schemas in suite files: read, checked, written again."""

from pathlib import Path

import msgspec
import pytest

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.suites.reader import read_suite
from desktop.suites.writer import write_suite
from tests.unit.suites.test_schema import schema_accepts

HEAD = "touchstone_suite: 1\nid: s\ntitle: t\nversion: '1'\n"
CASE = "cases:\n- id: a\n  prompt: p\n  checks: [{contains: a}]\n"


def read(folder: Path, text: str) -> tuple[Case, ...]:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return read_suite(path).cases


def test_a_case_may_bring_either_and_the_defaults_may_too(tmp_path: Path) -> None:
    text = (
        f'{HEAD}defaults:\n  grammar: |\n    root ::= answer\n    answer ::= "yes" | "no"\n'
        f"{CASE}- id: b\n  prompt: p\n  checks: [{{contains: a}}]\n"
        "  json_schema: {type: object, properties: {a: {type: integer}}, required: [a]}\n"
        "- id: c\n  prompt: p\n  checks: [{contains: a}]\n  json_schema: true\n"
    )  # fmt: skip
    first, second, third = read(tmp_path, text)
    assert first.grammar == 'root ::= answer\nanswer ::= "yes" | "no"\n'
    assert first.json_schema is None
    assert second.grammar == third.grammar == ""
    assert second.json_schema["properties"] == {"a": {"type": "integer"}}
    assert third.json_schema is True
    assert schema_accepts(text)


def test_suites_without_them_are_read_as_before(tmp_path: Path) -> None:
    (case,) = read(tmp_path, HEAD + CASE)
    assert case.grammar == ""
    assert case.json_schema is None


@pytest.mark.parametrize(
    ("addition", "line", "words"),
    [
        ('  grammar: root = "a"\n', 9, 'in its own line 1, column 6: "::=" must follow'),
        ("  grammar: |\n    root ::= a\n    a := b\n", 9, "in its own line 2, column 3"),
        ("  grammar: root ::= root\n", 9, "never comes to an end"),
        ("  grammar: [a]\n", 9, '"grammar" in case "a" must be a text'),
        ("  json_schema: text\n", 9, "must be a JSON Schema"),
        ("  json_schema: [1]\n", 9, "must be a JSON Schema"),
        ("  json_schema:\n", 9, "must be a JSON Schema"),
        ("  json_schema: {items: {not: {}}}\n", 9, "at #/items: a grammar can't express \"not\""),
        ("  json_schema: {const: 1e999}\n", 9, "no JSON"),
        ('  grammar: root ::= "a"\n  json_schema: {}\n', 9, "one of them is enough"),
    ],
)  # fmt: skip
def test_a_constraint_that_cannot_hold_is_told_with_file_line_and_key(
    tmp_path: Path, addition: str, line: int, words: str
) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, HEAD + CASE + addition)
    assert f"suite.yaml, line {line}: " in caught.value.message
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_the_defaults_are_checked_as_well(tmp_path: Path) -> None:
    text = f'{HEAD}defaults: {{grammar: "x"}}\n{CASE}'
    with pytest.raises(UserError, match='"grammar" in "defaults"'):
        read(tmp_path, text)
    both = f"{HEAD}defaults: {{grammar: 'root ::= \"a\"', json_schema: true}}\n{CASE}"
    with pytest.raises(UserError, match="one of them is enough"):
        read(tmp_path, both)
    assert not schema_accepts(both)


@pytest.mark.parametrize(
    ("grammar", "schema"),
    [
        ('root ::= [ \\t\\n"]+ # a comment\n\n', None),
        ('root ::= "#: - x"', None),
        ("", {"const": "007", "title": "yes"}),
        ("", {"properties": {"a: b": {"enum": [None, True, 1.5e-7, "null", "1e5"]}}}),
        ("", True),
        ("", {}),
    ],
)
def test_they_survive_being_written(grammar: str, schema: JsonValue, tmp_path: Path) -> None:
    (case,) = read(tmp_path, HEAD + CASE)
    changed = msgspec.structs.replace(case, grammar=grammar, json_schema=schema)
    path = tmp_path / "written.yaml"
    write_suite(Suite(id="s", title="t", version="1", cases=(changed,)), path)
    assert read_suite(path).cases == (changed,)
