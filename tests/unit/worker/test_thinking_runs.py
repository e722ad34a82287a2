"""A model that thinks, from the engine's process to the files that a comparison is written to."""

import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from desktop import paths
from desktop.cli.documents import describe_run, describe_run_closely
from desktop.cli.output import Output
from desktop.cli.progress import ProgressLines
from desktop.domain.base import new_id
from desktop.domain.events import AnswerFinished, AnswerGrew, EvaluationFinished, RunEvent
from desktop.domain.run import EvaluationPlan, Outcome, PlannedRun, StopReason
from desktop.domain.settings import RunSettings
from desktop.evaluation.control import RunControl
from desktop.evaluation.workshop import Workshop
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedReply
from desktop.settings.store import SettingsStore
from desktop.storage.database import Database
from desktop.worker.engine_process import start_scripted_engine
from desktop.worker.library import MemoryAccountant
from desktop.worker.local_operations import LocalOperations
from desktop.worker.thread import EvaluationThread
from tests.unit.evaluation.bench import make_machine, make_model, make_suite

_PATIENCE = 30.0
SCRIPT = EngineScript(
    is_reasoning=True,
    replies=(
        ScriptedReply(pattern="", model="plain", text="yes"),
        ScriptedReply(pattern="Question 2", thinking="yes or no or yes or no", text="yes"),
        ScriptedReply(pattern="Question 3", thinking="hm hm", text="no"),
        ScriptedReply(pattern="", thinking="is it so?", text="yes"),
    ),
)


class Evaluated:
    """Two models' runs in a database, with everything that was told meanwhile."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.events: list[RunEvent] = []
        self._ended = threading.Event()
        queue = EvaluationThread(database.runs, self._workshop(database), lambda model, _: model)
        queue.subscribe(self._receive)
        queue.start()
        suite = make_suite(4)
        models = [
            msgspec.structs.replace(
                make_model(),
                id=name,
                paths=(f"{name}.gguf",),
                sha256=digit * 64,
                facts=msgspec.structs.replace(make_model().facts, name=name),
            )
            for name, digit in (("deep", "1"), ("plain", "2"))
        ]
        runs = queue.submit(
            EvaluationPlan(
                id=new_id(),
                title="Plan",
                runs=tuple(
                    PlannedRun(
                        model=model, settings=RunSettings(max_thinking_tokens=4), suite=suite
                    )
                    for model in models
                ),
            )
        )
        assert self._ended.wait(_PATIENCE), self.events
        queue.close()
        self.deep, self.plain = (run.id for run in runs)
        memory = MemoryAccountant(ScriptedEngine, lambda: 10**12)
        self.operations = LocalOperations(database, SettingsStore(folder / "s.json"), memory)

    def _workshop(self, database: Database) -> Any:
        def make(control: RunControl) -> Workshop:
            return Workshop(
                recorder=database.runs,
                start_engine=lambda: start_scripted_engine(SCRIPT),
                render=TemplateProcess(),
                inspect_machine=make_machine,
                control=control,
            )

        return make

    def _receive(self, event: RunEvent) -> None:
        self.events.append(event)
        if isinstance(event, EvaluationFinished):
            self._ended.set()


@pytest.fixture
def evaluated(tmp_path: Path) -> Iterator[Evaluated]:
    with Database.open(tmp_path / "test.sqlite") as database:
        yield Evaluated(database, tmp_path)


def check_schema(document: Any, name: str) -> None:
    schema = json.loads(paths.resource("schemas", f"{name}.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(msgspec.json.encode(document)), schema)


def test_thinking_goes_all_the_way_from_the_engine_to_the_files(
    evaluated: Evaluated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {a.case_id: a for a in evaluated.operations.load_run(evaluated.deep).answers}
    assert [answers[f"case-{n}"].outcome for n in range(1, 5)] == [
        Outcome.PASSED,
        Outcome.TRUNCATED,
        Outcome.FAILED,
        Outcome.PASSED,
    ]
    cut = answers["case-2"]
    assert (cut.text, cut.thinking, cut.stop_reason) == (
        "",
        "yes or no or",
        StopReason.MAX_THINKING,
    )
    assert (cut.score, cut.thinking_tokens, cut.generated_tokens) == (0.0, 4, 4)
    assert not any(score.passed for score in cut.scores)
    good = answers["case-1"]
    assert (good.thinking, good.text, good.thinking_tokens) == ("is it so?", "yes", 3)

    _check_events(evaluated)
    _check_documents(evaluated)
    _check_comparison(evaluated, tmp_path)
    lines = ProgressLines(Output(as_json=False))
    lines.show(AnswerFinished(run_id=evaluated.deep, answer=cut))
    assert capsys.readouterr().err.strip() == "cut   case-2: cut off while thinking, after 4 tokens"


def _check_events(evaluated: Evaluated) -> None:
    grown = [event for event in evaluated.events if isinstance(event, AnswerGrew)]
    told = {
        (event.case_id, event.is_thinking)
        for event in grown
        if event.run_id == evaluated.deep and event.text
    }
    assert ("case-2", True) in told
    assert ("case-2", False) not in told
    assert {("case-1", True), ("case-1", False)} <= told
    assert not any(event.is_thinking for event in grown if event.run_id == evaluated.plain)


def _check_documents(evaluated: Evaluated) -> None:
    summaries = {summary.run.id: summary for summary in evaluated.operations.list_runs()}
    details = evaluated.operations.load_run(evaluated.deep)
    document = describe_run_closely(summaries[evaluated.deep], details)
    keys = ("cases", "passed", "failed", "truncated", "errors", "score")
    assert [document[key] for key in keys] == [4, 2, 2, 1, 0, 0.5]
    assert document["mean_thinking_tokens"] == (3 + 4 + 2 + 3) / 4
    other = describe_run(summaries[evaluated.plain])
    assert (other["truncated"], other["mean_thinking_tokens"]) == (0, None)
    check_schema({"runs": [document, other], "measurements": []}, "run")
    check_schema({"runs": [document, other]}, "runs")


def _check_comparison(evaluated: Evaluated, folder: Path) -> None:
    comparison = evaluated.operations.compare_runs([evaluated.deep, evaluated.plain])
    told = "1 answer of deep was cut off before it passed and counts as not passed"
    assert any(caveat.startswith(told) for caveat in comparison.caveats)
    (pair,) = comparison.pairs
    assert (pair.cases, pair.only_first_passed, pair.only_second_passed) == (4, 2, 0)
    evaluated.operations.export_csv(comparison, folder / "c.csv")
    with (folder / "c.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["model"], row["case_id"]): row for row in csv.DictReader(file)}
    assert rows["deep", "case-2"]["outcome"] == "truncated"
    assert rows["deep", "case-2"]["thinking_tokens"] == "4"
    assert rows["plain", "case-2"]["thinking_tokens"] == "0"
    evaluated.operations.export_json(comparison, folder / "c.json")
    document = json.loads((folder / "c.json").read_text("utf-8"))
    check_schema(document, "comparison")
    deep = [model["label"] for model in document["models"]].index("deep")
    assert document["cases"][1]["answers"][deep]["thinking"] == "yes or no or"
