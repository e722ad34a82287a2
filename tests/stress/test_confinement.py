"""What the engine process does to the world: it reads a model and writes to its pipes."""

import multiprocessing
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.settings import Sampling
from desktop.inference.engine import GenerationFinished, LoadModel, Prompt
from desktop.worker.engine_process import start_llama_engine, start_scripted_engine
from tests.stress.tally import line

pytestmark = pytest.mark.engine

_CALLS = (
    "%network,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,"
    "link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate,chmod,fchmodat,chown,lchown,"
    "fchownat,utimensat,setxattr,execve,execveat"
)
_OPENED = re.compile(r'\bopen(?:at|at2)?\([^"]*"(?P<path>[^"]*)", (?:\{flags=)?(?P<flags>[A-Z_|]+)')
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
_HARMLESS = "/dev/null"


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Path]:
    """Start every child under strace; returns the file of its calls."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    calls = tmp_path / "calls"
    probe = subprocess.run([strace, "-o", str(calls), "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip("tracing processes is not allowed here")
    start_scripted_engine().close()  # brings multiprocessing's own helper, which is not the engine
    wrapper = tmp_path / "python"
    wrapper.write_text(
        f"#!/bin/sh\nexec {strace} -f -qq -s 4096 -e trace={_CALLS} -o {calls}"
        f' {sys.executable} "$@"\n'
    )
    wrapper.chmod(0o755)
    multiprocessing.set_executable(str(wrapper))
    yield calls
    multiprocessing.set_executable(sys.executable)


def test_the_engine_opens_no_socket_and_writes_nowhere_else(traced: Path, smollm2: Path) -> None:
    def attempt(_: int) -> None:
        engine = start_llama_engine()
        scratch = engine._scratch
        engine.load(LoadModel(path=str(smollm2), context_tokens=512, threads=1))
        prompt = Prompt(
            key="k",
            text="Once upon a time",
            has_special_tokens=False,
            sampling=Sampling(),
            max_tokens=8,
        )
        assert any(isinstance(e, GenerationFinished) for e in engine.generate([prompt]))
        engine.close()
        assert not scratch.exists()
        calls = traced.read_text(encoding="utf-8", errors="replace").splitlines()
        assert any(str(smollm2) in call for call in calls), "the trace missed the engine"
        assert [call for call in calls if _is_forbidden(call, str(scratch))] == []

    line(
        "the engine process under strace: load, answer, end",
        "no socket, no file written outside its own folder, no program started",
        full=3,
    ).run(attempt)


def _is_forbidden(call: str, scratch: str) -> bool:
    """Return whether a line of strace tells of a socket, a file written, or a program started."""
    if "= -1 " in call or ("execve" in call and sys.executable in call):
        return False
    if opened := _OPENED.search(call):
        if not _WRITES.search(opened["flags"]):
            return False
        return not opened["path"].startswith((scratch, _HARMLESS))
    if " resumed>" in call or "+++" in call or "---" in call:
        return False
    return not all(path.startswith(scratch) for path in _PATHS.findall(call) or [""])


def test_a_trace_is_read_right() -> None:
    """What must be found in a trace, and what must not."""
    forbidden = (
        "12 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
        '12 openat(AT_FDCWD, "/home/x/.cache/thing", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 3',
        '12 rename("/scratch/a", "/home/b") = 0',
        '12 execve("/usr/bin/gdb", ["gdb"], 0x7f) = 0',
        '12 unlink("/home/x/file") = 0',
    )
    allowed = (
        '12 openat(AT_FDCWD, "/home/x/model.gguf", O_RDONLY|O_CLOEXEC) = 3',
        '12 openat(AT_FDCWD, "/scratch/file", O_RDWR|O_CREAT, 0600) = 3',
        '12 openat(AT_FDCWD, "/dev/null", O_RDWR) = 3',
        '12 mkdir("/home/x/new", 0777) = -1 EEXIST (File exists)',
        "12 +++ exited with 0 +++",
    )
    assert [call for call in forbidden if not _is_forbidden(call, "/scratch")] == []
    assert [call for call in allowed if _is_forbidden(call, "/scratch")] == []
