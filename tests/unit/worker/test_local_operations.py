"""What the window and the command line ask for, on a real database."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from desktop.domain.answer import Answer, Score
from desktop.domain.base import new_id, utc_now
from desktop.domain.run import Outcome, Run, RunStatus, StopReason
from desktop.domain.settings import RunSettings
from desktop.errors import EnvironmentFault, UserError
from desktop.inference.scripted import ScriptedEngine
from desktop.settings.store import SettingsStore
from desktop.storage.database import Database
from desktop.worker.library import MemoryAccountant
from desktop.worker.local_operations import LocalOperations
from tests.unit.evaluation.bench import make_model, make_run, make_suite
from tests.unit.worker.test_library import write_model


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened


@pytest.fixture
def operations(database: Database, tmp_path: Path) -> LocalOperations:
    memory = MemoryAccountant(ScriptedEngine, lambda: 10**12)
    return LocalOperations(database, SettingsStore(tmp_path / "settings.json"), memory)


def add_run(database: Database, passed: int, cases: int = 4, model: str = "a") -> Run:
    suite = make_suite(cases)
    run = msgspec.structs.replace(
        make_run(suite),
        id=new_id(),
        model=msgspec.structs.replace(make_model(), sha256=model * 64, paths=(f"{model}.gguf",)),
    )
    database.runs.add_suite(suite)
    database.runs.add_runs([run])
    for number, case in enumerate(suite.cases):
        good = number < passed
        database.runs.add_answer(
            Answer(
                id=new_id(),
                run_id=run.id,
                case_id=case.id,
                repeat=0,
                text="yes" if good else "no",
                outcome=Outcome.PASSED if good else Outcome.FAILED,
                score=float(good),
                scores=(Score(check="contains", passed=good, score=float(good), explanation="x"),),
                stop_reason=StopReason.END_OF_ANSWER,
                finished_at=utc_now(),
            )
        )
    finished = msgspec.structs.replace(run, status=RunStatus.FINISHED, finished_at=utc_now())
    database.runs.update_run(finished)
    return finished


def test_models_are_added_removed_and_brought_back(
    operations: LocalOperations, tmp_path: Path
) -> None:
    write_model(tmp_path / "b.gguf", "Beta")
    write_model(tmp_path / "a.gguf", "alpha", seed=1)
    found = operations.add_paths([tmp_path])
    assert len(found.models) == 2
    listed = operations.list_models()
    assert [Path(model.path).name for model in listed] == ["a.gguf", "b.gguf"]
    operations.remove_models([listed[0].id])
    assert len(operations.list_models()) == 1
    operations.restore_models([listed[0].id])
    assert operations.list_models() == listed


def test_a_plan_has_a_probe_and_every_suite_for_each_model(operations: LocalOperations) -> None:
    models = [make_model(), make_model()]
    suites = [make_suite(2), make_suite(3)]
    plan = operations.plan_evaluation(models, suites, speed=True, settings=RunSettings())
    kinds = ["probe" if planned.probe else "suite" for planned in plan.runs]
    assert kinds == ["probe", "suite", "suite"] * 2
    with pytest.raises(UserError, match="No model"):
        operations.plan_evaluation([], suites, speed=True, settings=RunSettings())
    with pytest.raises(UserError, match="nothing to do"):
        operations.plan_evaluation(models, [], speed=False, settings=RunSettings())
    unsound = RunSettings(parallel_sequences=1000)
    with pytest.raises(UserError, match="cases at once"):
        operations.plan_evaluation(models, suites, speed=True, settings=unsound)


def test_suites_of_ones_own_join_the_bundled_ones(
    operations: LocalOperations, tmp_path: Path
) -> None:
    bundled = [suite.id for suite in operations.list_suites()]
    assert "starter" in bundled
    assert all(suite.bundled for suite in operations.list_suites())
    path = tmp_path / "mine.yaml"
    path.write_text(
        'touchstone_suite: 1\nid: mine\ntitle: Mine\nversion: "1"\ncases:\n'
        "  - {id: a, title: A, prompt: Say yes., checks: [{contains: yes it is}]}\n"
    )
    assert operations.add_suite(path).id == "mine"
    assert [suite.id for suite in operations.list_suites()] == [*bundled, "mine"]
    path.write_text("broken: [")
    assert [suite.id for suite in operations.list_suites()] == bundled


def test_runs_are_annotated_deleted_and_restored(
    operations: LocalOperations, database: Database
) -> None:
    run = add_run(database, 2)
    operations.annotate_run(run.id, name="First", note="A note", tags=["x"])
    (summary,) = operations.list_runs()
    assert (summary.run.name, summary.run.note, summary.run.tags) == ("First", "A note", ("x",))
    operations.delete_runs([run.id])
    assert operations.list_runs() == ()
    operations.restore_runs([run.id])
    assert len(operations.list_runs()) == 1


def test_a_comparison_is_made_and_exported(
    operations: LocalOperations, database: Database, tmp_path: Path
) -> None:
    first = add_run(database, 4, model="a")
    second = add_run(database, 1, model="b")
    comparison = operations.compare_runs([first.id, second.id[:13], first.id])
    assert [model.counts.passed for model in comparison.models] == [4, 1]
    assert comparison.headline
    for name, export in {
        "c.pdf": operations.export_pdf,
        "c.csv": operations.export_csv,
        "c.json": operations.export_json,
    }.items():
        export(comparison, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 100
    with pytest.raises(UserError, match="No run"):
        operations.compare_runs([])


def test_a_backup_is_a_database_with_everything(
    operations: LocalOperations, database: Database, tmp_path: Path
) -> None:
    add_run(database, 2)
    copy = operations.back_up(tmp_path / "safe")
    with Database.open(copy, read_only=True) as opened:
        assert opened.runs.count_answers() == 4
    facts = operations.describe_database()
    assert (facts.runs, facts.answers, facts.read_only) == (1, 4, False)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="can't be made"):
        operations.back_up(tmp_path / "file" / "safe")


def test_diagnostics_hold_versions_but_nobodys_content(
    operations: LocalOperations, database: Database
) -> None:
    add_run(database, 2)
    text = operations.collect_diagnostics()
    assert "llama-cpp-python 0.3.36" in text
    assert "Question 1?" not in text


def test_options_survive(operations: LocalOperations) -> None:
    options = msgspec.structs.replace(operations.load_options(), keep_awake=False)
    operations.save_options(options)
    assert operations.load_options() == options


def test_the_load_of_the_machine_can_be_watched(operations: LocalOperations) -> None:
    load = operations.sample_load()
    assert 0 <= load.processor_share <= 1
    assert load.free_bytes > 0
    assert operations.inspect_machine().processor.logical_cores >= 1
