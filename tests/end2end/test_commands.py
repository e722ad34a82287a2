"""Every command as a process: documents that keep their schema, lines for people, exit codes."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop import __version__, paths
from tests.end2end.conftest import Program

Writer = Callable[..., Path]


def check_schema(document: Any, name: str) -> None:
    schema = json.loads(paths.resource("schemas", f"{name}.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema)


def test_version(program: Program) -> None:
    assert program.run("--version").stdout.strip() == f"touchstone {__version__}"
    document = program.ask("--version")
    check_schema(document, "version")
    assert document["version"] == __version__


def test_scan_lists_models_and_names_what_is_broken(
    program: Program, smollm: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "good.gguf").symlink_to(smollm)
    (folder / "broken.gguf").write_bytes(smollm.read_bytes()[:5000])
    document = program.ask("scan", folder)
    check_schema(document, "scan")
    (model,) = document["models"]
    assert model["architecture"] == "llama"
    assert model["file_bytes"] == 98_362_432
    (problem,) = document["problems"]
    assert problem["path"].endswith("broken.gguf")


def test_inspect_tells_what_llama_cpp_would_need(program: Program, smollm: Path) -> None:
    document = program.ask("inspect", smollm, "--context", 4096)
    check_schema(document, "inspect")
    assert document["quantization"] == "Q4_1"
    assert document["has_chat_template"] is True
    assert document["memory"]["source"] == "llama.cpp"
    assert document["memory"]["kv_cache_bytes"] == 4096 * 30 * 2 * 192 * 2
    words = program.run("inspect", smollm).stdout
    assert "chat template" in words


def test_inspect_checks_a_publishers_hash(program: Program, smollm: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    shutil.copyfile(smollm, model)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest} *model.gguf\n")
    document = program.ask("inspect", model, "--sha256")
    check_schema(document, "inspect")
    assert (document["sha256"], document["hash_check"]["verdict"]) == (digest, "matches")
    assert document["hash_check"]["source"] == str(tmp_path / "SHA256SUMS")
    differs = program.run("inspect", model, "--sha256", "0" * 64)
    assert differs.returncode == 2
    assert "differs from its publisher's SHA-256 (typed in)" in differs.stdout
    mistyped = program.run("inspect", model, "--sha256", "0" * 40)
    assert mistyped.returncode == 2
    assert "the length of a SHA-1" in mistyped.stderr


def test_inspect_tells_whether_a_machine_carries_a_model_for_users(
    program: Program, smollm: Path
) -> None:
    typed = ("inspect", smollm, "--context", "4k", "--users", 10, "--cache-type", "q8_0")
    document = program.ask(*typed, "--on", "h100-sxm-80gb")
    check_schema(document, "inspect")
    capacity = document["capacity"]
    assert (capacity["fits"], capacity["users"]) == (True, 10)
    # 30 layers of 3 heads of 64, keys and values, 34 bytes for 32 of them.
    assert capacity["kv_cache_bytes_per_user"] == 4096 * 30 * 2 * 192 * 34 // 32
    logged = document["memory"]["kv_cache_bytes"]
    assert logged == pytest.approx(capacity["kv_cache_bytes_per_user"], rel=0.001)
    words = program.run(*typed, "--memory", "500MB").stdout
    assert "no: 4,096 tokens of context for 10 users" in words


def test_machines_lists_the_catalogue(program: Program) -> None:
    document = program.ask("machines")
    check_schema(document, "machines")
    assert len(document["machines"]) >= 40
    assert "rtx-4090" in program.run("machines").stdout


def test_suites_lists_the_starter_suite(program: Program) -> None:
    document = program.ask("suites")
    check_schema(document, "suites")
    starter = next(suite for suite in document["suites"] if suite["id"] == "starter")
    assert starter["cases"] >= 30


def test_suites_check_accepts_and_refuses(
    program: Program, write_suite: Writer, tmp_path: Path
) -> None:
    good = write_suite()
    assert program.run("suites", "check", good).returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text("utf-8").replace("    prompt:", "    promt:", 1), "utf-8")
    sentence = program.refuse("suites", "check", bad)
    assert "bad.yaml" in sentence
    assert "line 8" in sentence
    assert "promt" in sentence
    assert "prompt" in sentence


def test_score_judges_answers_made_elsewhere(
    program: Program, write_suite: Writer, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.jsonl"
    rows = [{"case_id": "case-1", "output": "yes it is"}, {"case_id": "case-2", "output": "no"}]
    answers.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    document = program.ask("score", "--suite", write_suite(), answers)
    check_schema(document, "score")
    assert [case["passed"] for case in document["cases"]] == [True, False]
    assert document["cases"][1]["checks"][0]["explanation"]
    answers.write_text('{"case_id": "case-9", "output": ""}', "utf-8")
    assert "case-9" in program.refuse("score", "--suite", write_suite(), answers)


def test_probe_hardware(program: Program) -> None:
    document = program.ask("probe", "hardware")
    check_schema(document, "probe_hardware")
    assert document["processor"]["logical_cores"] >= 1
    assert document["gpus"] or document["gpu_note"]
    boundaries = {each["boundary"]: each for each in document["energy"]}
    assert boundaries["wall"]["remedy"]
    told = program.run("probe", "hardware").stdout
    assert "disk" in told
    assert "wall: not measurable here. A meter at the plug" in told


def test_runs_of_a_new_database(program: Program) -> None:
    document = program.ask("runs")
    check_schema(document, "runs")
    assert document["runs"] == []
    assert "No runs yet" in program.run("runs").stdout


def test_self_check(program: Program) -> None:
    document = program.ask("self-check")
    check_schema(document, "self_check")
    assert document["passed"] is True
    assert {check["name"] for check in document["checks"]} >= {"engine", "database", "report"}


def test_run_compare_and_export_with_the_scripted_engine(
    program: Program, write_suite: Writer, smollm: Path, gemma: Path, tmp_path: Path
) -> None:
    document = program.ask(
        "run", "--engine", "scripted", "--model", smollm, "--model", gemma,
        "--suite", write_suite(), "--probe", "speed",
    )  # fmt: skip
    check_schema(document, "run")
    suites = [run for run in document["runs"] if run["suite"]]
    assert len(suites) == 2
    for run in suites:
        assert run["status"] == "finished"
        assert run["passed"] + run["failed"] + run["errors"] == run["cases"] == 3
        low, high = run["interval"]
        assert low <= run["score"] <= high
    tests = {m["test"] for m in document["measurements"]}
    assert {"pp512", "tg128", "peak_resident"} <= tests

    listed = program.ask("runs")
    check_schema(listed, "runs")
    assert {run["id"] for run in listed["runs"]} == {run["id"] for run in document["runs"]}

    pdf, csv = tmp_path / "c.pdf", tmp_path / "c.csv"
    ids = [run["id"][:13] for run in document["runs"]]
    comparison = program.ask("compare", *ids, "--pdf", pdf, "--csv", csv)
    check_schema(comparison, "compare")
    assert len(comparison["models"]) == 2
    assert pdf.read_bytes().startswith(b"%PDF")
    assert len(csv.read_text("utf-8").splitlines()) == 1 + 2 * 3

    # Three cases can show no loss: the gate stays open, and says that they are too few.
    gated = program.ask("compare", *(run["id"][:13] for run in suites), "--fail-if-worse")
    check_schema(gated, "compare")
    assert gated["gate"]["passed"] is True
    (verdict,) = gated["gate"]["verdicts"].values()
    too_few = "With 3 cases no difference can be shown reliably: they are too few."
    assert too_few in verdict["reasons"]
    told = program.refuse("compare", suites[0]["id"], "--fail-if-worse")
    assert "needs a run to start from" in told


def test_a_run_of_a_killed_program_is_not_told_as_running(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    program.ask("run", "--engine", "scripted", "--model", smollm, "--suite", write_suite())
    connection = sqlite3.connect(program.database)
    with connection:
        connection.execute("UPDATE runs SET status = 'running', finished_at = NULL")
    connection.close()
    (run,) = program.ask("runs")["runs"]
    assert run["status"] == "interrupted"
    assert run["problem"]


def test_two_runs_of_one_day_are_two_runs(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    for _ in range(2):
        program.ask("run", "--engine", "scripted", "--model", smollm, "--suite", write_suite())
    assert len(program.ask("runs")["runs"]) == 2


def test_settings_reach_the_run(program: Program, write_suite: Writer, smollm: Path) -> None:
    document = program.ask(
        "run", "--engine", "scripted", "--model", smollm, "--suite", write_suite(),
        "--temperature", 0.7, "--seed", 3, "--repeats", 2, "--reproducible",
        "--key-cache-type", "q8_0", "--max-thinking-tokens", 99,
    )  # fmt: skip
    check_schema(document, "run")
    (run,) = document["runs"]
    assert run["cases"] == 6
    settings = run["settings"]
    assert settings["sampling"]["seed"] == 3
    assert settings["parallel_sequences"] == 1
    assert settings["engine"]["key_cache_type"] == "q8_0"
    assert settings["max_thinking_tokens"] == 99
    assert run["engine"]["parallel_sequences"] == 1
    (listed,) = program.ask("runs")["runs"]
    assert (listed["settings"], listed["engine"]) == (settings, run["engine"])


def test_seconds_of_answers_are_those_of_reproducible_runs_only(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    shown = []
    for mode in ("--parallel=auto", "--reproducible"):
        document = program.ask(
            "run", "--engine", "scripted", "--model", smollm, "--suite", write_suite(), mode
        )
        comparison = program.ask("compare", document["runs"][0]["id"])
        check_schema(comparison, "compare")
        (model,) = comparison["models"]
        alone = {
            answer["timed_alone"] for case in comparison["cases"] for answer in case["answers"]
        }
        shown.append((model["median_answer_seconds"] is not None, alone))
    assert shown == [(False, {False}), (True, {True})]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--model", "x.gguf", "--suite", "starter", "--repeats", "0"),
        ("run", "--suite", "starter"),
        ("fly",),
        ("probe",),
    ],
)
def test_wrong_usage_ends_with_2(program: Program, arguments: tuple[str, ...]) -> None:
    done = program.run(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    check_schema(program.ask(*arguments, exit_code=2), "error")


def test_a_suite_named_twice_is_asked_once(
    program: Program, write_suite: Writer, smollm: Path, tmp_path: Path
) -> None:
    suite = write_suite()
    detour = tmp_path / ".." / tmp_path.name / suite.name
    document = program.ask(
        "run", "--engine", "scripted", "--model", smollm, "--suite", suite, "--suite", detour
    )
    assert len(document["runs"]) == 1


def test_one_repetition_has_no_spread(program: Program, smollm: Path) -> None:
    words = program.run(
        "probe", "speed", "--engine", "scripted", "--model", smollm, "--repetitions", 1
    ).stdout
    assert [line.split()[2] for line in words.splitlines()[1:]] == ["-", "-"]


def test_score_counts_thinking_that_was_cut_off_among_the_failed(
    program: Program, write_suite: Writer, tmp_path: Path
) -> None:
    outputs = [
        {"case_id": "case-1", "output": "<think>yes it is"},
        {"case_id": "case-2", "output": "<think>hm</think>yes it is"},
        {"case_id": "case-3", "output": "no"},
    ]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(json.dumps(line) for line in outputs), "utf-8")
    document = program.ask("score", answers, "--suite", write_suite())
    check_schema(document, "score")
    counts = [document[key] for key in ("passed", "failed", "truncated", "errors")]
    assert counts == [1, 2, 1, 0]
    assert [case["outcome"] for case in document["cases"]] == ["truncated", "passed", "failed"]
    assert document["cases"][0]["checks"][0]["passed"] is False


def test_a_run_is_scored_again_with_changed_checks(
    program: Program, write_suite: Writer, smollm: Path, tmp_path: Path
) -> None:
    suite = write_suite()
    typed = ("run", "--engine", "scripted", "--model", smollm, "--suite", suite)
    run = program.ask(*typed)["runs"][0]
    changed = tmp_path / "changed.yaml"
    text = suite.read_text("utf-8")
    changed.write_text(text.replace("contains: yes it is", "not_contains: zebra"), "utf-8")
    document = program.ask("rescore", run["id"], "--suite", changed, "--name", "kinder")
    check_schema(document, "rescore")
    assert (document["run"], document["name"], document["passed"]) == (run["id"], "kinder", 3)
    assert program.ask("runs")["runs"][0]["passed"] == run["passed"]
    changed.write_text(text.replace("Say yes", "Say no"), "utf-8")
    assert "asks something else" in program.refuse("rescore", run["id"], "--suite", changed)


def test_a_run_is_judged_by_a_model_and_rated_by_a_person(
    program: Program, write_suite: Writer, smollm: Path, tmp_path: Path
) -> None:
    suite = write_suite(cases=2)
    text = suite.read_text("utf-8")
    suite.write_text(text.replace("contains: yes it is", "judge: It is kind."), "utf-8")
    typed = ("run", "--engine", "scripted", "--model", smollm, "--suite", suite)
    document = program.ask(*typed, "--judge", smollm, exit_code=1)
    check_schema(document, "run")
    (judged,) = document["judged"]
    # The scripted engine only echoes: a judge without a verdict leaves everything open.
    assert (judged["judge_opinions"], judged["judge_agreement"], judged["open"]) == (0, None, 2)
    run = document["runs"][0]["id"]
    again = program.ask("judge", run, "--engine", "scripted", "--model", smollm, exit_code=1)
    check_schema(again, "judge")
    assert "gave no verdict" in again["cases"][0]["checks"][0]["explanation"]
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("case_id;rating;note\ncase-1;5;warm\ncase-2;1;\n", "utf-8")
    rated = program.ask("rate", run, "--ratings", ratings, "--by", "Ann")
    check_schema(rated, "rate")
    assert (rated["passed"], rated["failed"], rated["score"]) == (1, 1, 0.5)
    assert rated["rated_by"] == "Ann"
    assert program.ask("runs")["runs"][0]["open"] == 2
    ratings.write_text("case_id,rating\ncase-1,good\n", "utf-8")
    assert "line 2: rating is 'good'" in program.refuse("rate", run, "--ratings", ratings)
    waiting = program.ask("rate", run)
    check_schema(waiting, "rate")
    assert waiting["waiting"] == []


def test_perplexity_of_a_text(program: Program, smollm: Path, tmp_path: Path) -> None:
    """The scripted engine's figures keep the schema; bad input is a sentence."""
    text = tmp_path / "text.txt"
    text.write_text("one two three four " * 100, encoding="utf-8")
    asked = ("--engine", "scripted", "perplexity", smollm, "--text", text, "--context", 64)
    document = program.ask(*asked, "--reference", smollm)
    check_schema(document, "perplexity")
    (model,) = document["models"]
    assert model["perplexity"] == model["reference_perplexity"]
    assert model["divergence"]["mean"] == 0
    strided = program.ask(*asked, "--stride", 8)
    check_schema(strided, "perplexity")
    assert strided["models"][0]["divergence"] is None
    text.write_text("too short", encoding="utf-8")
    assert "needs at least 128" in program.refuse(*asked)
