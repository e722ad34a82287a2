"""The program is killed: nothing that it started outlives it, whatever it was doing."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tests.stress.tally import FULL, line

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

_ROOT = Path(__file__).resolve().parents[2]
_GONE = "all gone, s"
_PATIENCE_SECONDS = 20
_START_UP_SECONDS = 0.7


def _start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.stress.parent", *map(str, arguments)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_and_watch(process: subprocess.Popen[str], descendants: list[psutil.Process]) -> float:
    """Return how long what it had started outlived it, in seconds."""
    assert descendants
    killed_at = time.monotonic()
    process.kill()
    process.communicate(timeout=_PATIENCE_SECONDS)
    left = descendants
    while left and time.monotonic() < killed_at + _PATIENCE_SECONDS:
        _, left = psutil.wait_procs(filter(_lives, left), timeout=0.01)
    seconds = time.monotonic() - killed_at
    for survivor in left:
        survivor.kill()
    assert not left, f"outlived the program: {left}"
    return seconds


def _lives(process: psutil.Process) -> bool:
    """Return whether it still runs; one that has ended may wait long for init to take note."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _loads(process: psutil.Process, model: Path) -> bool:
    maps = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")
    return str(model) in maps


@pytest.mark.parametrize("stage", ["load", "decode", *(["read", "idle"] if FULL else [])])
def test_the_engine_goes_with_its_parent(stage: str, smollm2: Path) -> None:
    def attempt(_: int) -> Mapping[str, float]:
        process = _start(stage, smollm2)
        assert process.stdout is not None
        assert process.stdout.readline() == f"{stage}\n"
        descendants = psutil.Process(process.pid).children(recursive=True)
        if stage == "load":
            while not any(_loads(child, smollm2) for child in descendants):
                pass
        return {_GONE: _kill_and_watch(process, descendants)}

    line(
        f"the parent is killed, engine: {stage}",
        "the engine is gone within 2 s, no orphan",
        full=50,
        limits={_GONE: 2.0},
    ).run(attempt)


@pytest.mark.parametrize("template", ["power", *(["loop"] if FULL else [])])
def test_a_template_process_goes_with_its_parent(template: str) -> None:
    def attempt(_: int) -> Mapping[str, float]:
        process = _start(template)
        assert process.stdout is not None
        assert process.stdout.readline() == f"{template}\n"
        parent = psutil.Process(process.pid)
        while not any(_is_busy(child) for child in parent.children(recursive=True)):
            assert process.poll() is None, "the template did not take long enough"
        return {_GONE: _kill_and_watch(process, parent.children(recursive=True))}

    line(
        f"the parent is killed, a template process renders: {template}",
        "the template process is gone within 2 s, no orphan",
        full=50,
        limits={_GONE: 2.0},
    ).run(attempt)


def _is_busy(process: psutil.Process) -> bool:
    """Return whether it has worked for longer than starting up takes."""
    return process.cpu_times().user > _START_UP_SECONDS
