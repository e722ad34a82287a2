"""Suites in the database: those of the first version are read, new ones come back as they were."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from desktop.domain.run import SuiteReference
from desktop.domain.settings import Sampling
from desktop.domain.suite import (
    Case,
    Check,
    Continuation,
    Document,
    FewShot,
    Generated,
    Message,
    Metric,
    Role,
    Suite,
)
from desktop.storage.database import Database

# As the first version wrote it: what came later is absent.
OLD = {
    "id": "starter",
    "title": "Starter",
    "version": "1",
    "cases": [
        {
            "id": "sum",
            "title": "A sum",
            "messages": [{"role": "user", "content": "2 + 2 = ?"}],
            "checks": [{"kind": "number", "expected": 4, "options": {}, "weight": 1.0}],
            "tags": ["t"],
            "language": "en",
            "difficulty": "easy",
            "max_tokens": 24,
            "stop": [],
            "passing_example": "4",
            "failing_example": None,
        }
    ],
    "description": "",
    "license": "Apache-2.0",
    "system_prompt": None,
    "sha256": "a" * 64,
    "path": "",
    "bundled": True,
}


def test_a_suite_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO suites (sha256, document, added_at) VALUES (?, ?, ?)",
            ("a" * 64, json.dumps(OLD), "2026-01-01 00:00:00"),
        )
    with Database.open(path) as database:
        (case,) = database.runs.load_suite("a" * 64).cases
    assert case.checks == (Check(kind="number", expected=4),)
    assert (case.weight, case.repeats, case.sampling, case.continuations) == (1, None, None, ())


def test_a_reference_of_the_first_version_counts_as_it_did() -> None:
    old = {"id": "s", "title": "S", "version": "1", "sha256": "a" * 64, "cases": 7}
    assert msgspec.convert(old, SuiteReference).count_answers(3) == 21


def test_all_that_a_suite_holds_comes_back(tmp_path: Path) -> None:
    written = Case(
        id="a",
        title="A",
        messages=(Message(role=Role.USER, content="?"),),
        checks=(Check(kind="json_schema", expected={"type": "array"}),),
        documents=("d",),
        few_shot="f",
        weight=0.5,
        repeats=2,
        sampling=Sampling(temperature=0.5),
        group="g",
        source_row={"question": "?", "nested": [1, None, {"x": 1.5}]},
    )
    likely = Case(
        id="b",
        title="B",
        messages=(),
        checks=(),
        metric=Metric.MC2,
        continuations=(Continuation(context="c", text="t", correct=True),),
    )
    suite = Suite(
        id="s",
        title="S",
        version="1",
        cases=(written, likely),
        sha256="b" * 64,
        documents=(Document(id="d", text="D"),),
        few_shot=(FewShot(id="f", text="F"),),
        generated=(Generated(generator="lists", version=1, seed=2**63 - 1, count=1),),
    )
    with Database.open(tmp_path / "results.sqlite") as database:
        database.runs.add_suite(suite)
        assert database.runs.load_suite("b" * 64) == suite
