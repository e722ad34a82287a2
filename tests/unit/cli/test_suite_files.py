"""`suites import` and `suites export`: documents, files, and what is refused."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop import paths
from desktop.cli.arguments import parse
from desktop.cli.commands import carry_out
from desktop.suites.reader import read_suite


def _never(**_: object) -> Any:
    raise AssertionError("no database and no engine is needed")


def _run(*typed: object) -> int:
    return carry_out(parse([str(part) for part in typed]), _never, _never)


def _document(capsys: pytest.CaptureFixture[str], name: str) -> Any:
    document = json.loads(capsys.readouterr().out)
    schema = json.loads(paths.resource("schemas", f"{name}.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    return document


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"sentence": f"It {n} was _ then.", "option1": "a", "option2": "b", "answer": "2"}
        for n in range(8)
    ]
    path = tmp_path / "dev.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_a_file_is_imported_and_exported(
    questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "suite.yaml"
    assert _run("suites", "import", "winogrande", questions, "-o", out, "--json") == 0
    document = _document(capsys, "suites_import")
    suite = read_suite(out)
    assert document["suite"]["sha256"] == suite.sha256
    assert document["imported"]["files"][0]["name"] == "dev.jsonl"
    back = tmp_path / "back.jsonl"
    assert _run("suites", "export", out, "-o", back, "--json") == 0
    assert _document(capsys, "suites_export")["files"] == [str(back)]
    assert back.read_text() == questions.read_text()


def test_a_sample_and_examples_are_asked_for_on_the_command_line(
    questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "suite.yaml"
    typed = ("suites", "import", "winogrande", questions, "-o", out)
    assert _run(*typed, "--sample", 3, "--seed", 4, "--shots", 2, "--shots-from", questions) == 0
    suite = read_suite(out)
    assert len(suite.cases) == 3
    assert suite.imported is not None
    assert (suite.imported.seed, suite.imported.shots) == (4, 2)
    assert suite.few_shot[0].text.startswith("It 0 was b then.\n\nIt 1 was b then.\n\n")


def test_examples_that_the_harness_would_show_are_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text('{"question": "Q", "answer": "#### 1"}\n')
    assert _run("suites", "import", "gsm8k", path, "-o", tmp_path / "s.yaml") == 0
    said = capsys.readouterr()
    assert "Wrote" in said.out
    assert "--shots 5 --shots-from FILE" in said.err


def test_what_cannot_be_written_leaves_what_was_there(
    questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "suite.yaml"
    out.write_text("precious")
    questions.write_text("{\n")
    assert _run("suites", "import", "winogrande", questions, "-o", out) == 2
    assert f"{questions}, line 1: it is not JSON" in capsys.readouterr().err
    assert out.read_text() == "precious"
    questions.write_text('{"sentence": "a _ b", "option1": "a", "option2": "b", "answer": "2"}')
    missing = tmp_path / "nowhere" / "suite.yaml"
    assert _run("suites", "import", "winogrande", questions, "-o", missing) == 3
    told = capsys.readouterr().err
    assert "nowhere/suite.yaml" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev.jsonl", "suite.yaml"]


def test_a_suite_beyond_the_limit_is_not_left_behind(
    questions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desktop.cli.suite_files.MOST_BYTES", 1000)
    out = tmp_path / "suite.yaml"
    assert _run("suites", "import", "winogrande", questions, "-o", out) == 2
    assert "--sample" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["dev.jsonl"]


def test_importers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("suites", "importers", "--json") == 0
    names = [each["name"] for each in _document(capsys, "suites_importers")["importers"]]
    assert {"gsm8k", "mmlu", "truthfulqa_mc2", "xquad"} <= set(names)
    assert _run("suites", "import", "gms8k", "x", "-o", "y") == 2
    assert 'did you mean "gsm8k"? `touchstone suites importers`' in capsys.readouterr().err
