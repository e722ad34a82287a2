"""CSV and JSON: complete, safe to open, and as their schema says."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from desktop import paths
from desktop.domain.comparison import Comparison
from desktop.domain.run import RunStatus
from desktop.reports.comparison import compare_runs
from desktop.reports.csv_file import COLUMNS, render_csv, write_csv
from desktop.reports.json_file import describe_comparison, write_json
from tests.unit.reports.sample_runs import START, make_probe, make_record


def sample() -> Comparison:
    return compare_runs(
        [
            make_record("A", "++~!."),
            make_record("B", "-----", status=RunStatus.CANCELLED),
            make_probe("A", 194),
            make_probe("B", 110, valid=False, memory_bytes=None),
        ],
        created_at=START,
    )


def answer_with(text: str) -> Comparison:
    record = make_record("A", "+")
    answer = msgspec.structs.replace(record.answers[0], text=text)
    return compare_runs([msgspec.structs.replace(record, answers=(answer,))])


def rows(comparison: Comparison) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_csv(comparison), newline="")))


# CSV


def test_a_line_for_every_case_and_model() -> None:
    table = rows(sample())
    assert len(table) == 5 * 2
    assert tuple(table[0]) == COLUMNS
    assert [row["outcome"] for row in table if row["model"] == "A"] == [
        "passed",
        "passed",
        "truncated",
        "error",
        "unanswered",
    ]
    assert table[0]["answer"] == "Answer to case-000: right."
    assert table[0]["run_id"] == "run-A-0"
    assert table[0]["generated_tokens"] == "12"


def test_thinking_is_a_column_at_the_end_so_that_none_has_moved() -> None:
    table = rows(compare_runs([make_record("A", "~-.")]))
    assert COLUMNS[-1] == "thinking_tokens"
    assert [row["thinking_tokens"] for row in table] == ["4096", "0", ""]
    assert [row["outcome"] for row in table] == ["truncated", "failed", "unanswered"]
    assert table[0]["answer"] == ""


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "+1", "-2+3", "@SUM(A1)", " =1+1", "\t=1", "\uff1d1+1"]
)
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    (row,) = rows(answer_with(text))
    assert row["answer"] == f"'{text}"


def test_answers_are_whole_and_keep_their_lines() -> None:
    text = 'First "line",\nsecond; ' + "x" * 50_000 + " ü 中"
    (row,) = rows(answer_with(text))
    assert row["answer"] == text


def test_control_characters_are_dropped() -> None:
    (row,) = rows(answer_with("a\x00b\x1b[31mc\r\nd"))
    assert row["answer"] == "ab[31mc\nd"


def test_the_file_tells_spreadsheets_its_encoding(tmp_path: Path) -> None:
    write_csv(answer_with("Grüße"), tmp_path / "c.csv")
    content = (tmp_path / "c.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfsuite,case_id")
    assert "Grüße" in content.decode("utf-8-sig")


# JSON


def schema(name: str) -> Any:
    return json.loads(paths.resource("schemas", f"{name}.schema.json").read_text("utf-8"))


def test_the_document_is_as_its_schema_says(tmp_path: Path) -> None:
    write_json(sample(), tmp_path / "c.json")
    document = json.loads((tmp_path / "c.json").read_text("utf-8"))
    jsonschema.validate(document, schema("comparison"))
    assert document["format"] == "touchstone-comparison"
    assert document["version"] == 1
    assert len(document["cases"]) == 5


def test_the_document_can_be_read_back() -> None:
    comparison = sample()
    document = json.loads(msgspec.json.encode(describe_comparison(comparison)))
    assert msgspec.convert(document, Comparison) == comparison


def test_a_document_from_before_models_thought_can_still_be_read() -> None:
    document = json.loads(msgspec.json.encode(describe_comparison(sample())))
    for model in document["models"]:
        del model["mean_thinking_tokens"], model["counts"]["truncated"]
    for case in document["cases"]:
        for answer in filter(None, case["answers"]):
            del answer["thinking"], answer["thinking_tokens"]
    jsonschema.validate(document, schema("comparison"))
    read = msgspec.convert(document, Comparison)
    assert {model.counts.truncated for model in read.models} == {0}


@pytest.mark.parametrize("broken", ["headline", "models", "pairs", "format"])
def test_the_schema_misses_what_is_missing(broken: str) -> None:
    document = describe_comparison(sample())
    del document[broken]
    with pytest.raises(jsonschema.ValidationError, match=broken):
        jsonschema.validate(json.loads(msgspec.json.encode(document)), schema("comparison"))


def test_what_the_command_line_prints_has_the_same_schema() -> None:
    compare, file = schema("compare"), schema("comparison")
    assert compare["required"] == file["required"]
    # The gate's answer is the command's own.
    gate = {"gate": compare["properties"]["gate"]}
    assert compare["properties"] == file["properties"] | gate


# The command line's documents; least keys as the contract has them.

CONTRACT: dict[str, dict[str, Any]] = {
    "scan": {
        "models": [{"path": "/m/a.gguf", "name": "A", "sha256": None}],
        "problems": [{"path": "/m/b.gguf", "message": "It is no GGUF file."}],
    },
    "inspect": {
        "name": "A",
        "architecture": "llama",
        "parameters": 135_000_000,
        "quantization": "Q4_1",
        "context_length": 8192,
        "vocabulary_size": 49_152,
        "file_bytes": 98_362_432,
        "license": None,
        "organization": "Lab",
        "has_chat_template": True,
        "memory": {"weights_bytes": 1, "kv_cache_bytes": 2, "compute_bytes": 3},
    },
    "suites": {"suites": [{"id": "starter", "title": "Starter", "version": "1", "cases": 36}]},
    "probe_hardware": {
        "id": "m1",
        "system": "Linux",
        "processor": {
            "name": "CPU",
            "architecture": "x86_64",
            "physical_cores": None,
            "logical_cores": 2,
            "usable_cores": 2,
        },
        "memory_bytes": 1,
        "gpus": [],
        "gpu_note": "No NVIDIA GPU",
    },
    "probe_speed": {
        "results": [
            {
                "test": "tg128",
                "mean_tokens_per_second": 194.0,
                "standard_deviation": None,
                "repetitions": 1,
                "valid": True,
            }
        ]
    },
    "run": {
        "runs": [
            {
                "id": "r1",
                "model": "A",
                "suite": "starter",
                "status": "finished",
                "cases": 3,
                "passed": 1,
                "failed": 1,
                "errors": 1,
                "score": 0.5,
                "interval": [0.09, 0.91],
                "metrics": {"share_passed": 0.5},
                "seconds": 3.2,
            }
        ],
        "measurements": [
            {"run": "r2", "test": "tg128", "value": 194.0, "unit": "tokens/s", "valid": True}
        ],
    },
    "runs": {"runs": []},
    "score": {
        "cases": [
            {
                "case_id": "c1",
                "passed": True,
                "score": 1.0,
                "checks": [
                    {"check": "equals", "passed": True, "score": 1.0, "explanation": "Yes."}
                ],
            }
        ]
    },
    "self_check": {"passed": True, "checks": [{"name": "engine", "passed": True, "message": ""}]},
    "version": {"version": "0.1.0"},
}


@pytest.mark.parametrize("name", CONTRACT)
def test_schemas_accept_the_contract_and_more_keys(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    jsonschema.validate(CONTRACT[name] | {"something_new": 1}, schema(name))


@pytest.mark.parametrize("name", CONTRACT)
def test_schemas_want_every_key_of_the_contract(name: str) -> None:
    for key in CONTRACT[name]:
        document = {k: v for k, v in CONTRACT[name].items() if k != key}
        with pytest.raises(jsonschema.ValidationError, match=key):
            jsonschema.validate(document, schema(name))


def test_an_unknown_status_is_refused() -> None:
    document = json.loads(json.dumps(CONTRACT["run"]))
    document["runs"][0]["status"] = "done"
    with pytest.raises(jsonschema.ValidationError, match="done"):
        jsonschema.validate(document, schema("run"))
