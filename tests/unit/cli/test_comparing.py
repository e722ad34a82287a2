"""The gate: `compare BASE NEW --fail-if-worse` closes on a loss beyond chance, on nothing less."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest

from desktop.cli.arguments import parse
from desktop.cli.comparing import compare_runs
from desktop.cli.output import Output
from desktop.domain.comparison import Comparison
from desktop.errors import UserError
from desktop.reports import comparison as reports
from desktop.reports.records import RunRecord
from tests.unit.reports.sample_runs import make_model, make_record, make_suite

_SCHEMA = Path(__file__).resolve().parents[3] / "resources" / "schemas" / "compare.schema.json"


def run_gate(records: Sequence[RunRecord], *options: str) -> int:
    def compare(run_ids: Sequence[str], *, apart: bool = False) -> Comparison:
        chosen = [r for r in records if any(r.run.id.startswith(each) for each in run_ids)]
        return reports.compare_runs(chosen, apart=apart)

    ids = [record.run.id for record in records]
    arguments = parse(["compare", *ids, *options])
    backend = SimpleNamespace(operations=SimpleNamespace(compare_runs=compare))
    return compare_runs(arguments, cast("Any", backend), Output(as_json="--json" in options))


GOOD = make_record("Old", "+" * 34 + "-" * 6)
WORSE = make_record("New", "+" * 14 + "-" * 26)
SLIGHTLY = make_record("New", "+" * 31 + "-" * 9)


def test_a_loss_beyond_chance_closes_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_gate([GOOD, WORSE], "--fail-if-worse") == 1
    said = capsys.readouterr().out
    assert "Worse by more than chance: New." in said
    assert "Old answers better than New: Old alone passed 20, New alone 0." in said


def test_a_loss_within_chance_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_gate([GOOD, SLIGHTLY], "--fail-if-worse") == 0
    said = capsys.readouterr().out
    assert "Nothing is worse by more than chance." in said
    assert "can't be told apart with 40 cases" in said


def test_getting_better_opens_it_and_without_the_option_nothing_is_judged() -> None:
    assert run_gate([WORSE, GOOD], "--fail-if-worse") == 0
    assert run_gate([GOOD, WORSE]) == 0


def test_two_runs_of_one_model_are_held_against_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = make_model("Same")
    before = make_record("Same", "+" * 40, model=model, run_id="before-1")
    after = make_record("Same", "-" * 40, model=model, run_id="after-22", day=1)
    assert run_gate([before, after], "--fail-if-worse") == 1
    assert "Worse by more than chance: Same (run after-22)." in capsys.readouterr().out


def test_one_of_several_that_is_worse_is_enough_and_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = make_record("Third", "+" * 34 + "-" * 6)
    assert run_gate([GOOD, other, WORSE], "--fail-if-worse", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(_SCHEMA.read_text()))
    assert document["gate"]["passed"] is False
    assert document["gate"]["worse"] == ["New"]
    assert document["gate"]["verdicts"]["Third"]["saying"] == "no"


def test_a_gate_that_nothing_went_through_is_no_open_gate() -> None:
    elsewhere = make_record("New", "++", suite=make_suite(2, suite_id="other"))
    with pytest.raises(UserError, match="no case was scored for both"):
        run_gate([GOOD, elsewhere], "--fail-if-worse")
    with pytest.raises(UserError, match="needs a run to start from"):
        run_gate([GOOD], "--fail-if-worse")
    with pytest.raises(UserError, match="can't be held against itself"):
        run_gate([GOOD, GOOD], "--fail-if-worse")
