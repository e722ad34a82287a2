"""A file that the first version wrote is upgraded, read and compared; nothing in it changes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from desktop.domain.run import Outcome, RunCounts, RunStatus, StopReason
from desktop.reports.comparison import compare_runs
from desktop.reports.records import RunRecord
from desktop.storage import rows, upgrade
from desktop.storage.database import Database
from desktop.storage.sqlite_file import migrating_engine

RUNS = ("11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000")
SHA256 = "5" * 64
# What the first version wrote: keys that came later are absent.
SETTINGS = {
    "sampling": {
        "temperature": 0.0,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.05,
        "repeat_penalty": 1.0,
        "seed": 0,
    },
    "max_tokens": 256,
    "context_tokens": None,
    "parallel_sequences": 1,
    "threads": None,
    "gpu_layers": -1,
    "system_prompt": None,
    "repeats": 1,
    "case_timeout_seconds": 600.0,
}
ENGINE = {
    "name": "llama.cpp",
    "version": "0.3.36",
    "build": "0c1e570",
    "devices": ["CPU"],
    "context_tokens": 512,
    "parallel_sequences": 1,
    "threads": 2,
    "gpu_layers": 0,
    "weights_bytes": 96_576_768,
    "kv_cache_bytes": None,
    "compute_bytes": None,
    "load_seconds": 0.4,
}
MACHINE = {
    "id": "923b01f11d88ce8a",
    "system": "Debian GNU/Linux 12 (bookworm)",
    "processor": {
        "name": "Some processor",
        "architecture": "x86_64",
        "physical_cores": 2,
        "logical_cores": 2,
        "usable_cores": 2,
        "maximum_mhz": None,
        "features": ["avx2"],
    },
    "memory_bytes": 25_325_268_992,
    "memory_limit_bytes": None,
    "swap_bytes": 0,
    "gpus": [],
    "gpu_note": "",
    "power_source": "no battery",
    "virtualization": "",
    "python": "3.11.7",
    "inspected_at": "2026-11-22T00:53:18.719384Z",
}
SUITE = {
    "id": "small",
    "title": "Small suite",
    "version": "1",
    "cases": [
        {
            "id": f"case-{number}",
            "title": f"Case {number}",
            "messages": [{"role": "user", "content": f"What is {number} plus {number}?"}],
            "checks": [
                {"kind": "number", "expected": 2 * number, "options": {}, "weight": 1.0},
            ],
            "tags": ["maths"],
        }
        for number in range(1, 5)
    ],
    "sha256": SHA256,
}
REFERENCE = {"id": "small", "title": "Small suite", "version": "1", "sha256": SHA256, "cases": 4}
TEXTS = ("2", "<think>two and two … vier ✓", "6", "")


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """Return a database of version 0001 with two runs of four cases each."""
    path = tmp_path / "results.sqlite"
    config = Config()
    config.set_main_option("script_location", str(upgrade.MIGRATIONS).replace("%", "%%"))
    with migrating_engine(path) as engine, engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with closing(sqlite3.connect(path)) as connection:
        insert(
            connection,
            "suites",
            sha256=SHA256,
            document=json.dumps(SUITE),
            added_at="2026-11-22 00:53:00.000000",
        )
        for number, (run_id, outcomes) in enumerate(
            zip(RUNS, ("passed failed passed error", "failed failed passed passed"), strict=True),
            start=1,
        ):
            insert_run(connection, number, run_id)
            for place, outcome in enumerate(outcomes.split()):
                insert_answer(connection, number, place, outcome)
        connection.commit()
    return path


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are ours
    connection.execute(statement, tuple(values.values()))


def insert_run(connection: sqlite3.Connection, number: int, run_id: str) -> None:
    name = ("First", "Second")[number - 1]
    model = {
        "id": f"model-{number}",
        "paths": [f"/models/{name}.gguf"],
        "facts": {"name": name, "architecture": "llama", "file_bytes": 98_362_432},
        "modified_ns": 1_795_302_420_576_840_995,
        "sha256": str(number) * 64,
        "warnings": [],
        "added_at": "2026-11-22T00:53:18.682058Z",
    }
    insert(
        connection,
        "runs",
        number=number,
        id=run_id,
        evaluation_id="9240ee69-bf11-4753-ac07-d590c3dccade",
        status="finished",
        created_at="2026-11-22 00:53:18.704244",
        started_at="2026-11-22 00:53:18.717499",
        finished_at="2026-11-22 00:53:30.717499",
        model=json.dumps(model),
        settings=json.dumps(SETTINGS),
        suite_sha256=SHA256,
        suite=json.dumps(REFERENCE),
        machine=json.dumps(MACHINE),
        engine=json.dumps(ENGINE),
        prompt_format="chat_template",
        problem="",
        name="Before",
        note="kept",
        tags='["old"]',
        resumed=0,
    )


def insert_answer(connection: sqlite3.Connection, run: int, place: int, outcome: str) -> None:
    passed = outcome == "passed"
    score = {
        "check": "number",
        "passed": passed,
        "score": float(passed),
        "explanation": "as judged then",
        "weight": 1.0,
        "spans": [{"start": 0, "end": 1}] if passed else [],
    }
    insert(
        connection,
        "answers",
        id=f"{run}-{place}",
        run_number=run,
        case_id=f"case-{place + 1}",
        repeat=0,
        text=TEXTS[place],
        outcome=outcome,
        score=float(passed),
        scores="[]" if outcome == "error" else json.dumps([score]),
        stop_reason="error" if outcome == "error" else "max_tokens" if place == 1 else "stop_text",
        finished_at="2026-11-22 00:53:30.755380",
        prompt_tokens=14,
        generated_tokens=13,
        time_to_first_token_seconds=0.048,
        seconds=0.288,
        prompt_sha256="4" * 64,
        problem="The engine ended." if outcome == "error" else "",
    )


def test_everything_is_read_as_it_was_written(old_database: Path) -> None:
    with Database.open(old_database) as database:
        assert database.schema_version == rows.SCHEMA_VERSION
        (summary,) = [s for s in database.runs.list_runs() if s.run.id == RUNS[0]]
        answers = database.runs.load_answers(RUNS[0])
        suite = database.runs.load_suite(SHA256)
    assert summary.counts == RunCounts(cases=4, passed=2, failed=1, errors=1)
    assert summary.mean_thinking_tokens is None
    assert (summary.run.status, summary.seconds) == (RunStatus.FINISHED, 12.0)
    assert summary.run.origin is None
    assert (summary.run.note, summary.run.tags) == ("kept", ("old",))
    # One at a time, as it was then: not what leaving it out means today.
    assert summary.run.settings.parallel_sequences == 1
    assert summary.run.engine is not None
    assert summary.run.engine.weights_bytes == 96_576_768
    assert tuple(answer.text for answer in answers) == TEXTS
    assert {(a.thinking, a.thinking_tokens) for a in answers} == {("", 0)}
    # What was judged then stays, though the same answer would be `truncated` today.
    assert answers[1].outcome is Outcome.FAILED
    assert answers[1].stop_reason is StopReason.MAX_TOKENS
    assert [case.title for case in suite.cases] == [f"Case {n}" for n in range(1, 5)]


def test_runs_of_the_first_version_are_compared(old_database: Path) -> None:
    with Database.open(old_database) as database:
        records = [
            RunRecord(
                run=database.runs.load_run(run_id),
                suite=database.runs.load_suite(SHA256),
                answers=database.runs.load_answers(run_id),
            )
            for run_id in RUNS
        ]
    comparison = compare_runs(records)
    passed = {model.label: model.cases_passed for model in comparison.models}
    assert passed == {"First": 2, "Second": 2}
    (pair,) = comparison.pairs
    assert (pair.cases, pair.only_first_passed, pair.only_second_passed) == (3, 1, 0)
    assert not any("while thinking" in caveat for caveat in comparison.caveats)


def test_only_an_upgrade_writes(old_database: Path) -> None:
    with closing(sqlite3.connect(old_database)) as connection:
        before = connection.execute("SELECT * FROM answers ORDER BY number").fetchall()
        names = [row[1] for row in connection.execute("PRAGMA table_info(answers)")]
    Database.open(old_database).close()
    with closing(sqlite3.connect(old_database)) as connection:
        columns = ", ".join(names)
        after = connection.execute(f"SELECT {columns} FROM answers ORDER BY number")  # noqa: S608 - names are ours
        assert after.fetchall() == before
