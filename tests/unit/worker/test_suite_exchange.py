"""What window and command line offer for suites of other programs."""

from pathlib import Path

import pytest

from desktop.domain.suite_import import TableOptions
from desktop.errors import UserError
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.worker import suite_exchange

CONFIG = "prompts: ['Say {{a}}']\ntests:\n- vars: {a: b}\n  assert: [{type: equals, value: b}]\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.yaml", CONFIG, "promptfoo"),
        ("a.json", '{"prompts": ["x"], "tests": []}', "promptfoo"),
        ("a.yaml", "touchstone_suite: 1\nid: a\n", "touchstone"),
        ("a.jsonl", "", "jsonl"),
        ("a.tsv", "", "csv"),
    ],
)
def test_forms_are_told_apart(tmp_path: Path, name: str, text: str, form: str) -> None:
    assert suite_exchange.detect_format(write(tmp_path, name, text)) == form


def test_a_table_is_previewed_mapped_and_imported(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "Frage,answer\nWho?,Me\n")
    preview = suite_exchange.preview_import(path)
    assert preview.mapping == {"answer": "expected"}
    assert preview.problem
    options = TableOptions(mapping={"Frage": "prompt"})
    preview = suite_exchange.preview_import(path, table=options)
    assert (preview.problem, preview.total, len(preview.cases)) == ("", 1, 1)
    assert "tags" in preview.fields
    found = suite_exchange.import_suite([path], table=options)
    assert found.suite.cases == preview.cases


def test_a_configuration_is_previewed_and_exported_as_a_suite(tmp_path: Path) -> None:
    path = write(tmp_path, "c.yaml", f"{CONFIG}env: {{A: b}}\n")
    preview = suite_exchange.preview_import(path)
    assert (preview.format, preview.total) == ("promptfoo", 1)
    assert preview.notices[0].line == 5
    found = suite_exchange.read_any_suite(path)
    assert suite_exchange.export_suite(found.suite, tmp_path / "s.yaml") == ()
    assert read_suite(tmp_path / "s.yaml").cases == found.suite.cases


def test_a_table_tells_what_it_has_no_place_for(tmp_path: Path) -> None:
    text = list_bundled_suites()[0].read_text(encoding="utf-8")
    suite = read_suite(
        write(tmp_path, "s.yaml", text.replace("\nid:", "\nsystem_prompt: Be brief.\nid:", 1))
    )
    (lost,) = suite_exchange.export_suite(suite, tmp_path / "s.csv")
    assert "no place for the system prompt" in lost.message


@pytest.mark.parametrize(
    ("form", "words"),
    [("gsmk", "no format"), ("promptfoo", "not written as promptfoo"), ("", "by its name")],
)
def test_what_can_not_be_exported_is_refused(tmp_path: Path, form: str, words: str) -> None:
    suite = read_suite(list_bundled_suites()[0])
    with pytest.raises(UserError, match=words):
        suite_exchange.export_suite(suite, tmp_path / "out.xyz", form)


def test_every_form_has_a_name_and_a_title() -> None:
    forms = suite_exchange.list_formats()
    assert [form.name for form in forms[:4]] == ["touchstone", "promptfoo", "csv", "jsonl"]
    assert {"gsm8k", "hellaswag"} <= {form.name for form in forms}
    assert suite_exchange.find_format("TruthfulQA-mc1") == "truthfulqa_mc1"
