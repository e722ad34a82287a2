"""What long use costs: nothing of a finished run stays behind in the program."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil
import pytest

from desktop.domain.base import new_id
from desktop.domain.run import RunStatus
from desktop.evaluation.control import RunControl
from desktop.evaluation.evaluator import RunLife
from desktop.evaluation.workshop import Workshop
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.scripted import EngineScript
from desktop.storage.database import Database
from desktop.worker.engine_process import start_scripted_engine
from tests.stress.tally import FULL, line
from tests.unit.evaluation.bench import make_machine, make_run, make_suite

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own figures")

_ROOT = Path(__file__).resolve().parents[2]
_MEGABYTE = 1_000_000
_GROWN = "grown by, MB"
_WARM_UP = 2


def test_models_one_after_another(tmp_path: Path) -> None:
    models = 500 if FULL else 4
    me = psutil.Process()

    def attempt(_: int) -> Mapping[str, float]:
        with Database.open(tmp_path / "test.sqlite") as database:
            _run_models(database, _WARM_UP)
            files, threads, size = me.num_fds(), me.num_threads(), me.memory_info().rss
            _run_models(database, models)
            assert (me.num_fds(), me.num_threads()) == (files, threads)
            return {_GROWN: (me.memory_info().rss - size) / _MEGABYTE}

    line(
        f"{models} models one after another, each with an engine, a template process and answers",
        "no more file descriptors and threads than before, hardly more memory",
        full=1,
        limits={_GROWN: 20.0},
    ).run(attempt)


def _run_models(database: Database, count: int) -> None:
    suite = make_suite(4)
    database.runs.add_suite(suite)
    for _ in range(count):
        run = msgspec.structs.replace(make_run(suite), id=new_id())
        database.runs.add_runs([run])
        workshop = Workshop(
            recorder=database.runs,
            start_engine=lambda: start_scripted_engine(EngineScript()),
            render=TemplateProcess(),
            inspect_machine=make_machine,
            control=RunControl(),
        )
        for event in RunLife(run, suite, workshop, lambda model: model).carry_out():
            del event
        assert database.runs.load_run(run.id).status is RunStatus.FINISHED


@pytest.mark.engine
def test_the_command_line_stays_small(tmp_path: Path, smollm2: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "touchstone_suite: 1\nid: small\ntitle: Small\nversion: '1'\ncases:\n"
        + "".join(
            f"  - id: case-{n}\n    title: Case {n}\n    prompt: Say yes to {n}.\n"
            "    max_tokens: 8\n    checks:\n      - contains: yes\n"
            for n in range(1, 3)
        ),
        encoding="utf-8",
    )
    environment = {**os.environ, "TOUCHSTONE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "desktop", "run", "--threads", "1", "--model", str(smollm2)]

    def attempt(_: int) -> Mapping[str, float]:
        with subprocess.Popen(
            [*command, "--suite", str(suite), "--json"],
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, _peak_bytes(process.pid))
                time.sleep(0.01)  # a figure that only grows, until the process has ended
        assert process.returncode in {0, 1}
        assert peak < 150 * _MEGABYTE
        return {"peak, MB": peak / _MEGABYTE}

    line(
        "`touchstone run` with a suite on a real model",
        "the command line's own process stays under 150 MB",
        full=3,
        limits={"peak, MB": 150.0},
    ).run(attempt)


def _peak_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = [row.split()[1] for row in status.splitlines() if row.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0


def test_the_window_stays_small(tmp_path: Path) -> None:
    answers = 5000 if FULL else 60
    environment = {**os.environ, "TOUCHSTONE_HOME": str(tmp_path)}
    if "DISPLAY" not in environment:
        environment["QT_QPA_PLATFORM"] = "offscreen"

    def attempt(_: int) -> Mapping[str, float]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.stress.window", str(answers)],
            cwd=_ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        told = json.loads(done.stdout)
        assert told["answers"] == answers
        assert told["bytes"] < 30 * _MEGABYTE
        share = 100 * told["processor_seconds"] / told["seconds"]
        return {_GROWN: told["bytes"] / _MEGABYTE, "window's thread, % of a core": share}

    line(
        f"the window during a run of {answers:,} answers",
        "grows by less than 30 MB",
        full=1,
        limits={_GROWN: 30.0},
    ).run(attempt)
