"""What a run store promises to evaluations and to the history."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeAlias

import msgspec
import pytest
from sqlalchemy import event

from desktop.domain.answer import Answer
from desktop.domain.base import utc_now
from desktop.domain.machine import Machine, Processor
from desktop.domain.measurement import Disturbance, Measurement
from desktop.domain.run import EngineFacts, Outcome, Run, RunCounts, RunStatus, StopReason
from desktop.domain.settings import ProbePlan, RunSettings
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.storage.database import Database

MakeRun: TypeAlias = Callable[..., Run]
MakeAnswer: TypeAlias = Callable[..., Answer]
MakeMeasurement: TypeAlias = Callable[..., Measurement]


def changed(run: Run, **changes: object) -> Run:
    return msgspec.structs.replace(run, **changes)


def test_a_run_comes_back_as_it_was_stored(database: Database, make_run: MakeRun) -> None:
    run = make_run(
        probe=ProbePlan(),
        machine=Machine(
            id="m",
            system="Linux",
            processor=Processor(
                name="x", architecture="y", physical_cores=None, logical_cores=2, usable_cores=2
            ),
            memory_bytes=2**40,
        ),
        engine=EngineFacts(name="llama.cpp", version="1", devices=("CPU",)),
        started_at=utc_now(),
        tags=("a", "b"),
        note="Ünïcode",
    )
    database.runs.add_runs([run])
    assert database.runs.load_run(run.id) == run


def test_suites_are_kept_once_and_without_their_place(database: Database, suite: Suite) -> None:
    database.runs.add_suite(suite)
    database.runs.add_suite(msgspec.structs.replace(suite, title="Another"))
    assert database.runs.load_suite(suite.sha256) == msgspec.structs.replace(suite, path="")
    with pytest.raises(UserError, match="No suite"):
        database.runs.load_suite("f" * 64)


def test_runs_are_added_all_or_none(database: Database, make_run: MakeRun) -> None:
    run = make_run()
    with pytest.raises(Exception, match="UNIQUE"):
        database.runs.add_runs([make_run(), run, run])
    assert database.runs.list_runs() == ()


def test_a_beginning_of_an_id_will_do_if_no_other_run_has_it(
    database: Database, make_run: MakeRun
) -> None:
    ids = [f"{n:08x}-0000-4000-8000-000000000000" for n in (0xAB00, 0xAB01, 0xFF00)]
    database.runs.add_runs([make_run(id=run_id) for run_id in ids])
    assert database.runs.load_run("0000FF").id == ids[2]
    assert database.runs.load_run(ids[0]).id == ids[0]
    with pytest.raises(UserError, match=r"Several runs begin with 0000ab: .*0000ab01"):
        database.runs.load_run("0000ab")
    for nothing in ("1", "", "%", "_", "0000%"):
        with pytest.raises(UserError, match="There is no run"):
            database.runs.load_run(nothing)


def test_answers_come_back_in_the_order_in_which_they_finished(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run, other = make_run(), make_run()
    database.runs.add_runs([run, other])
    answers = [make_answer(run, case) for case in ("c", "a", "b")]
    answers.append(make_answer(run, "a", repeat=1, time_to_first_token_seconds=0.125))
    for answer in answers:
        database.runs.add_answer(answer)
    assert database.runs.load_answers(run.id) == tuple(answers)
    assert database.runs.load_answers(other.id) == ()


def test_an_answer_replaces_an_error_and_nothing_else(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    failed = make_answer(run, outcome=Outcome.ERROR, problem="The engine ended.", scores=())
    after, good = make_answer(run, "after"), make_answer(run)
    for answer in (failed, after, good):
        database.runs.add_answer(answer)
    assert database.runs.load_answers(run.id) == (after, good)
    for late in (make_answer(run), make_answer(run, outcome=Outcome.ERROR)):
        with pytest.raises(UserError, match="answered already"):
            database.runs.add_answer(late)
    assert database.runs.load_answers(run.id) == (after, good)


def test_a_finished_run_never_changes(
    database: Database,
    make_run: MakeRun,
    make_answer: MakeAnswer,
    make_measurement: MakeMeasurement,
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    finished = changed(run, status=RunStatus.FINISHED, finished_at=utc_now())
    database.runs.update_run(finished)
    with pytest.raises(UserError, match="never change"):
        database.runs.update_run(run)
    with pytest.raises(UserError, match="never change"):
        database.runs.add_answer(make_answer(run))
    with pytest.raises(UserError, match="never change"):
        database.runs.add_measurement(make_measurement(run, "tg128", 1.0))
    assert database.runs.load_run(run.id) == finished
    assert database.runs.load_answers(run.id) == ()


def test_annotations_may_change_at_any_time_and_survive_updates(
    database: Database, make_run: MakeRun
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    database.runs.annotate_run(run.id, name=" Before ", note="kept")
    database.runs.update_run(changed(run, status=RunStatus.FINISHED))
    said = database.runs.annotate_run(run.id[:8], tags=[" good ", "", "good", "new"])
    assert (said.name, said.note, said.tags) == ("Before", "kept", ("good", "new"))
    assert database.runs.load_run(run.id) == said
    with pytest.raises(UserError, match="There is no run"):
        database.runs.annotate_run("nothing", name="x")


def test_the_history_counts_and_lists_the_newest_first(
    database: Database,
    suite: Suite,
    make_suite_run: MakeRun,
    make_answer: MakeAnswer,
    make_measurement: MakeMeasurement,
) -> None:
    asked = make_suite_run(settings=RunSettings(repeats=2))
    later = asked.created_at + timedelta(seconds=1)
    probed = make_suite_run(created_at=later, suite=None, probe=ProbePlan())
    database.runs.add_suite(suite)
    database.runs.add_runs([asked, probed])
    for case, outcome in zip("abcd", ("passed", "passed", "failed", "error"), strict=True):
        database.runs.add_answer(make_answer(asked, case, outcome=Outcome(outcome)))
    doubt = Disturbance(code="busy", message="Another process was busy.")
    for measurement in (
        make_measurement(probed, "tg128", 80.0),
        make_measurement(probed, "tg128", 40.0, valid=False, disturbances=(doubt,)),
        make_measurement(probed, "tg128 @ d1024", 20.0),
        make_measurement(probed, "pp512+tg128", 99.0),
        make_measurement(probed, "pp64", 300.0),
        make_measurement(probed, "peak_resident", 5.0e9, unit="bytes"),
        make_measurement(probed, "peak_resident", 4.0e9, unit="bytes"),
    ):
        database.runs.add_measurement(measurement)
    first, second = database.runs.list_runs()
    assert first.run == probed
    assert first.counts == RunCounts()
    assert (first.tokens_per_second, first.prompt_tokens_per_second) == (80.0, 300.0)
    assert first.peak_memory_bytes == 5_000_000_000
    assert second.counts == RunCounts(cases=6, passed=2, failed=1, errors=1)
    assert second.tokens_per_second is None
    loaded = database.runs.load_measurements(probed.id)
    assert [m.value for m in loaded] == [80.0, 40.0, 20.0, 99.0, 300.0, 5.0e9, 4.0e9]
    assert loaded[1].disturbances == (doubt,)


def test_thinking_comes_back_and_cut_off_answers_count_as_failed(
    database: Database, suite: Suite, make_suite_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run, other = make_suite_run(), make_suite_run()
    database.runs.add_suite(suite)
    database.runs.add_runs([run, other])
    stored = [
        make_answer(run, "a", thinking="Is it 4? ✓", thinking_tokens=10, generated_tokens=12),
        make_answer(
            run,
            "b",
            text="",
            outcome=Outcome.TRUNCATED,
            stop_reason=StopReason.MAX_THINKING,
            thinking="Hm. " * 50,
            thinking_tokens=50,
        ),
        make_answer(run, "c", outcome=Outcome.FAILED),
        make_answer(run, "d", outcome=Outcome.ERROR, thinking="x", thinking_tokens=9),
    ]
    for answer in stored:
        database.runs.add_answer(answer)
    assert list(database.runs.load_answers(run.id)) == stored
    summaries = {summary.run.id: summary for summary in database.runs.list_runs()}
    counts = summaries[run.id].counts
    assert counts == RunCounts(cases=3, passed=1, failed=2, truncated=1, errors=1)
    assert (counts.scored, counts.done) == (3, 4)
    assert summaries[run.id].mean_thinking_tokens == 20.0  # of three answers; the error is none
    assert summaries[other.id].mean_thinking_tokens is None
    with pytest.raises(UserError, match="answered already"):
        database.runs.add_answer(make_answer(run, "b"))


def test_only_an_unbroken_run_has_a_duration(database: Database, make_run: MakeRun) -> None:
    start = utc_now()
    smooth = make_run(started_at=start)
    broken = make_run(started_at=start, status=RunStatus.INTERRUPTED)
    database.runs.add_runs([smooth, broken])
    database.runs.update_run(changed(broken, status=RunStatus.RUNNING))
    for run in (smooth, broken):
        end = start + timedelta(minutes=2)
        database.runs.update_run(changed(run, status=RunStatus.FINISHED, finished_at=end))
    seconds = {summary.run.id: summary.seconds for summary in database.runs.list_runs()}
    assert seconds == {smooth.id: 120.0, broken.id: None}


def test_runs_of_one_evaluation_come_in_the_order_of_the_plan(
    database: Database, make_run: MakeRun
) -> None:
    runs = [make_run(evaluation_id="together") for _ in range(5)]
    database.runs.add_runs([make_run(), *runs])
    assert database.runs.list_runs_of_evaluation("together") == tuple(runs)


def test_deleted_runs_are_out_of_sight_until_restored_or_purged(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    kept, dropped = (make_run(status=RunStatus.CANCELLED) for _ in range(2))
    database.runs.add_runs([kept, dropped])
    for run in (kept, dropped):
        database.runs.add_answer(make_answer(run))
    database.runs.delete_runs([dropped.id])
    assert [summary.run.id for summary in database.runs.list_runs()] == [kept.id]
    assert (database.runs.count_runs(), database.runs.count_answers()) == (1, 1)
    with pytest.raises(UserError, match="There is no run"):
        database.runs.load_run(dropped.id)
    database.runs.restore_runs([dropped.id])
    assert database.runs.load_run(dropped.id) == dropped
    assert database.runs.count_answers() == 2
    assert database.runs.purge_deleted() == 0
    database.runs.delete_runs([dropped.id])
    assert database.runs.purge_deleted() == 1
    assert database.runs.count_answers() == 1
    database.runs.restore_runs([dropped.id])
    assert database.runs.count_runs() == 1
    assert database.runs.load_answers(dropped.id) == ()


def test_a_run_under_way_cannot_be_deleted(database: Database, make_run: MakeRun) -> None:
    done, running = make_run(status=RunStatus.FINISHED), make_run()
    database.runs.add_runs([done, running])
    with pytest.raises(UserError, match="under way"):
        database.runs.delete_runs([done.id, running.id])
    assert database.runs.count_runs() == 2


def test_what_a_former_process_left_running_is_interrupted(
    database: Database, make_run: MakeRun
) -> None:
    left, queued = make_run(), make_run(status=RunStatus.QUEUED)
    database.runs.add_runs([left, queued])
    assert database.runs.mark_interrupted() == 1
    assert database.runs.load_run(left.id).status is RunStatus.INTERRUPTED
    assert "ended before" in database.runs.load_run(left.id).problem
    assert database.runs.load_run(queued.id) == queued
    assert database.runs.mark_interrupted() == 0


def test_unknown_runs_are_told_in_words(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    with pytest.raises(UserError, match="There is no run"):
        database.runs.update_run(make_run())
    with pytest.raises(UserError, match="There is no run"):
        database.runs.add_answer(make_answer(make_run()))


def test_a_text_that_is_no_unicode_is_refused_in_words(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    with pytest.raises(UserError, match="not valid Unicode"):
        database.runs.add_answer(make_answer(run, text="\ud800"))
    with pytest.raises(UserError, match="not valid Unicode"):
        database.runs.annotate_run(run.id, tags=["\ud800"])
    assert database.runs.count_answers() == 0


def test_two_threads_store_and_read_at_the_same_time(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run, cases = make_run(), 60
    database.runs.add_runs([run])

    def store() -> None:
        for number in range(cases):
            database.runs.add_answer(make_answer(run, f"case {number}"))

    seen = [0]
    with ThreadPoolExecutor() as pool:
        storing = pool.submit(store)
        while not storing.done():
            seen.append(len(database.runs.load_answers(run.id)))
            database.runs.annotate_run(run.id, note=f"{len(seen)} looks")
            database.runs.list_runs()
        storing.result()
    assert seen == sorted(seen)
    assert len(database.runs.load_answers(run.id)) == cases
    assert database.runs.load_run(run.id).note == f"{len(seen)} looks"


def test_the_history_needs_as_many_statements_for_many_runs_as_for_none(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    statements: list[object] = []

    def note(*arguments: object) -> None:
        statements.append(arguments[2])

    event.listen(database._engine, "before_cursor_execute", note)
    database.runs.list_runs()
    few = len(statements)
    runs = [make_run() for _ in range(20)]
    database.runs.add_runs(runs)
    for run in runs:
        database.runs.add_answer(make_answer(run))
    statements.clear()
    assert len(database.runs.list_runs()) == 20
    assert len(statements) == few
