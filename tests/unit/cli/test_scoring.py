"""`score`: answers made elsewhere, judged as a run judges its own."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop import paths
from desktop.cli.arguments import parse
from desktop.cli.commands import carry_out

SUITE = """
touchstone_suite: 1
id: small
title: Small
version: "1"
cases:
  - id: sum
    prompt: What is 3 + 5?
    checks:
      - number: 8
  - id: tone
    prompt: Write a greeting.
    checks:
      - word_count: {max: 9}
      - rating: Is it kind?
"""


def _never(**_: object) -> Any:
    raise AssertionError("no database and no engine is needed")


@pytest.fixture(name="suite")
def fixture_suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def score(suite: Path, *lines: str) -> int:
    answers = suite.with_name("answers.jsonl")
    answers.write_text("\n".join(lines), encoding="utf-8")
    return carry_out(
        parse(["score", "--suite", str(suite), str(answers), "--json"]), _never, _never
    )


def line(case_id: str, output: str, **more: object) -> str:
    return json.dumps({"case_id": case_id, "output": output, **more})


def read_document(capsys: pytest.CaptureFixture[str]) -> Any:
    document = json.loads(capsys.readouterr().out)
    schema = json.loads(paths.resource("schemas", "score.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    return document


def test_every_outcome_has_its_name_and_count(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = score(
        suite,
        line("sum", "8"),
        line("sum", "9"),
        line("sum", "I'm sorry, but I can't help with that."),
        line("sum", "It is", stop_reason="max_tokens"),
        line("sum", "", thinking="3 + 5 is 8"),
        line("tone", "Hello, dear friend!"),
        line("tone", "Hello, dear friend!", ratings={"1": 5}),
        line("sum", "8" * 2_000_000),
    )
    document = read_document(capsys)
    assert code == 1
    assert [case["outcome"] for case in document["cases"]] == [
        *("passed", "failed", "refused", "truncated", "thinking_only", "open", "passed", "error")
    ]
    keys = ("passed", "failed", "refused", "truncated", "thinking_only", "errors", "open")
    assert [document[key] for key in keys] == [2, 4, 1, 1, 1, 1, 1]
    assert document["cases"][5]["checks"][1]["open"] is True
    assert document["cases"][0]["checks"][0]["spans"] == [{"start": 0, "end": 1}]
    assert "2,000,000 characters" in document["cases"][7]["checks"][0]["explanation"]


def test_hostile_outputs_are_judged_and_told(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = ("8 \ud800", "\x00 8", "\u202e8", "8\u2028", "[" * 100_000 + "8")
    assert score(suite, *(line("sum", text) for text in hostile)) == 0
    document = read_document(capsys)
    assert [case["passed"] for case in document["cases"]] == [True] * len(hostile)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON: it is nested too deeply"),
        ('{"case_id": "sum"}', "line 1 is not of the form"),
        ('{"case_id": "product", "output": "8"}', "has no case 'product'"),
        ('{"case_id": "sum", "output": "8", "stop_reason": "boredom"}', "stop_reason"),
        ('{"case_id": "sum", "output": "8", "ratings": {"0": 5}}', "waits for no rating"),
        ('{"case_id": "tone", "output": "8", "ratings": {"1": 9}}', "from 1 to 5"),
        ("", "holds no answers"),
    ],
)
def test_bad_lines_are_named(
    suite: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(suite, text) == 2
    told = capsys.readouterr()
    assert words in told.out + told.err
