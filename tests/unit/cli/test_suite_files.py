"""`suites import` and `suites export`: documents, files, and what is refused."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop import paths
from desktop.cli.arguments import parse
from desktop.cli.commands import carry_out
from desktop.errors import UserError
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


def test_a_table_is_imported_with_mapped_columns_and_exported_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("Frage;Antwort;extra\nWie?;Gut;x\n", encoding="cp1252")
    out = tmp_path / "suite.yaml"
    typed = ("--map", "Frage=prompt", "--map", "Antwort=expected", "--check", "contains")
    assert _run("suites", "import", "csv", table, "-o", out, *typed, "--json") == 0
    document = _document(capsys, "suites_import")
    assert document["imported"] is None
    assert 'the column "extra" is not used' in document["notices"][0]["message"]
    (case,) = read_suite(out).cases
    assert (case.messages[0].content, case.checks[0].kind) == ("Wie?", "contains")
    back = tmp_path / "back.jsonl"
    assert _run("suites", "export", out, "-o", back, "--json") == 0
    assert _document(capsys, "suites_export")["files"] == [str(back)]
    assert json.loads(back.read_text())["prompt"] == "Wie?"


def test_what_of_a_configuration_is_left_out_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "promptfooconfig.yaml"
    config.write_text(
        "prompts: [Say {{a}}]\nproviders: [openai:x]\ntests:\n- vars: {a: b}\n"
        "  assert: [{type: javascript, value: x}, {type: contains, value: b}]\n".replace(
            "[Say {{a}}]", "['Say {{a}}']"
        ),
        encoding="utf-8",
    )
    assert _run("suites", "check", config) == 0
    told = capsys.readouterr().out
    assert "1 case. 2 things of it can't be kept:" in told
    assert 'line 5: the assertion "javascript" is code, which is not run.' in told
    out = tmp_path / "suite.yaml"
    assert _run("suites", "import", "promptfoo", config, "-o", out, "--json") == 0
    assert len(_document(capsys, "suites_import")["notices"]) == 2
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"case_id": "test-1", "output": "a b c"}\n')
    for suite in (config, out):
        assert _run("score", answers, "--suite", suite, "--json") == 0
        assert json.loads(capsys.readouterr().out)["passed"] == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--map", "a"), "COLUMN=FIELD"),
        (("--map", "q=promt"), 'did you mean "prompt"'),
        (("--encoding", "klingon"), "no encoding"),
    ],
)
def test_wrong_options_of_tables_are_told(
    tmp_path: Path, typed: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("q,answer\nx,y\n")
    command = ["suites", "import", "csv", str(table), "-o", str(tmp_path / "s.yaml"), *typed]
    try:
        assert carry_out(parse(command), _never, _never) == 2
        told = capsys.readouterr().err
    except UserError as error:
        told = str(error)
    assert words in told


def test_a_configuration_without_cases_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "promptfooconfig.yaml"
    config.write_text("prompts: [x]\ntests: [huggingface://datasets/x]\n")
    out = tmp_path / "s.yaml"
    assert _run("suites", "check", config) == 0
    assert "0 cases" in capsys.readouterr().out
    assert _run("suites", "import", "promptfoo", config, "-o", out) == 2
    assert "nothing that can be asked" in capsys.readouterr().err
    assert not out.exists()
