"""What is killed in the middle of a run: the engine, the program, a second copy of it."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.end2end.conftest import Program

Writer = Callable[..., Path]

pytestmark = pytest.mark.engine


def _wait_for_answers(process: subprocess.Popen[str], count: int) -> list[str]:
    """Read the progress on stderr until so many cases are done; returns the lines."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        count -= any(f" {word} " in line for word in ("pass", "fail"))
        if count <= 0:
            return lines
    raise AssertionError("".join(lines))


def _engine_of(process: subprocess.Popen[str]) -> psutil.Process:
    """Return the engine process: the child that holds the model's memory."""
    children = psutil.Process(process.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


def _count_answers(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        connection.close()


def test_the_engine_is_killed_and_the_run_goes_on(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    suite = write_suite(cases=6, max_tokens=96)
    process = program.start("run", "--model", smollm, "--suite", suite, "--json")
    _wait_for_answers(process, 2)
    _engine_of(process).kill()
    out, err = process.communicate(timeout=200)
    assert process.returncode in {0, 1}, err
    (run,) = json.loads(out)["runs"]
    assert run["status"] == "finished"
    assert run["passed"] + run["failed"] + run["errors"] == 6
    # Those that were being answered, side by side, were asked again: none is lost.
    assert run["problems"]
    assert all("killed" in problem["message"] for problem in run["problems"])
    assert "new process" in err


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_program_is_ended_and_the_run_is_resumed(
    program: Program, write_suite: Writer, smollm: Path, end: signal.Signals
) -> None:
    suite = write_suite(cases=8, max_tokens=64)
    process = program.start("run", "--model", smollm, "--suite", suite)
    told = _wait_for_answers(process, 3)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(end)
    _, err = process.communicate(timeout=60)
    psutil.wait_procs(children, timeout=20)
    assert not any(child.is_running() for child in children), "a child outlived the program"
    acknowledged = sum(" pass " in line or " fail " in line for line in [*told, *err.splitlines()])
    assert _count_answers(program.database) >= acknowledged >= 3

    (before,) = program.ask("runs")["runs"]
    resumed = program.ask("resume", before["id"][:8])
    (run,) = resumed["runs"]
    assert run["id"] == before["id"]
    assert run["status"] == "finished"
    assert run["passed"] + run["failed"] == 8
    assert _count_answers(program.database) == 8


def test_a_second_copy_may_look_but_not_run(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    suite = write_suite(cases=8, max_tokens=96)
    process = program.start("run", "--model", smollm, "--suite", suite, "--repeats", 50)
    _wait_for_answers(process, 1)
    (run,) = program.ask("runs")["runs"]
    assert run["status"] == "running"
    for command in (("run", "--model", smollm, "--suite", suite), ("resume", run["id"])):
        sentence = program.refuse(*command, exit_code=3)
        assert f"Another copy of Touchstone (process {process.pid})" in sentence
    process.kill()
    process.communicate(timeout=60)
    document = program.ask("run", "--model", smollm, "--suite", suite)
    assert document["runs"][0]["status"] == "finished"
    assert {r["status"] for r in program.ask("runs")["runs"]} == {"finished", "interrupted"}


def test_an_interrupt_keeps_what_there_is(
    program: Program, write_suite: Writer, smollm: Path
) -> None:
    suite = write_suite(cases=8, max_tokens=96)
    process = program.start("run", "--model", smollm, "--suite", suite, "--repeats", 20)
    _wait_for_answers(process, 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    (run,) = program.ask("runs")["runs"]
    assert run["status"] == "cancelled"
    assert run["passed"] + run["failed"] >= 2
