"""The engine's process dies in the middle of its work: its case is told why, the rest goes on."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from desktop.domain.events import AnswerGrew, AnswerStarted, RunEvent
from desktop.domain.run import RunStatus
from desktop.inference.engine import LoadModel, ModelLoaded
from desktop.worker import engine_process
from desktop.worker.engine_process import EngineProcess
from tests.stress import rogues
from tests.stress.bench import LONG, STORY, RealBench, Story, check_complete
from tests.stress.tally import line

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and limits are Linux's"),
]

_MEMORY_CGROUP = Path("/sys/fs/cgroup/memory")
_MEBIBYTE = 1024 * 1024
_NEW_PROCESS = "new process, s"


class Killer:
    """Kills the engine once, at the first event of a kind."""

    def __init__(self, bench: RealBench, kind: type[RunEvent]) -> None:
        self._bench = bench
        self._kind = kind
        self.killed_at = 0.0

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, self._kind) and not self.killed_at:
            self.killed_at = time.monotonic()
            os.kill(self._bench.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("what", "kind", "prompt"),
    [("reads a prompt", AnswerStarted, LONG * 50), ("decodes", AnswerGrew, STORY)],
)
def test_killed_at_work(what: str, kind: type[RunEvent], prompt: str, bench: RealBench) -> None:
    def attempt(number: int) -> Mapping[str, float]:
        killer = Killer(bench, kind)
        story = bench.carry_out(
            [prompt, "And what is the sea?"],
            killer,
            max_tokens=60,
            parallel=1 if number % 2 else None,
        )
        check_complete(story, 2)
        (told,) = story.losses
        assert "was killed, most often because memory ran out (SIGKILL)" in told
        marked = f"{told} The case was asked again in a new process."
        assert story.answers_by_case()["case-1"].problem == marked
        assert {answer.problem for answer in story.answers} <= {marked, ""}
        return {_NEW_PROCESS: bench.seconds_to_new_process(killer.killed_at)}

    line(
        f"kill -9 while the engine {what}",
        "the case says why and is asked again, a new process within 2 s, the run is complete",
        full=50,
        limits={_NEW_PROCESS: 2.0},
    ).run(attempt)


def test_killed_while_it_loads(bench: RealBench, monkeypatch: pytest.MonkeyPatch) -> None:
    load = EngineProcess.load
    killed_at = 0.0

    def load_and_be_killed(engine: EngineProcess, request: LoadModel) -> ModelLoaded:
        nonlocal killed_at
        if killed_at:
            return load(engine, request)
        killer = threading.Thread(target=_kill_when_mapped, args=(engine.pid, request.path))
        killer.start()
        try:
            return load(engine, request)
        finally:
            killer.join()
            killed_at = time.monotonic()

    monkeypatch.setattr(EngineProcess, "load", load_and_be_killed)

    def attempt(_: int) -> Mapping[str, float]:
        nonlocal killed_at
        killed_at = 0.0
        story = bench.carry_out(["What is the sea?"])
        check_complete(story, 1)
        (told,) = story.losses
        assert "was killed" in told
        assert "was killed" in story.run.problem
        return {_NEW_PROCESS: bench.seconds_to_new_process(killed_at)}

    line(
        "kill -9 while the engine loads",
        "the run says why, a new process within 2 s, the run is complete",
        full=50,
        limits={_NEW_PROCESS: 2.0},
    ).run(attempt)


def _kill_when_mapped(pid: int, path: str) -> None:
    """Kill a process as soon as it has the file in its address space."""
    while path not in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace"):
        pass
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("fault", "what", "words"),
    [
        ("assertion", "GGML_ASSERT fails", "gave up after a check of its own failed (SIGABRT)"),
        ("segmentation", "SIGSEGV", "reading memory that is not its own (SIGSEGV)"),
        ("instruction", "an illegal instruction", "lacks an instruction that it was built for"),
        ("memory", "a limit of memory is reached (RLIMIT_AS)", "ran out of memory"),
    ],
)
def test_a_case_that_brings_the_engine_down(
    fault: str, what: str, words: str, bench: RealBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(rogues.MODEL_VARIABLE, str(bench.model))
    monkeypatch.setattr(engine_process, "serve", rogues.serve_faulty)

    def attempt(_: int) -> None:
        prompts = ["What is the sea?", f"What is a FAULT {fault}?", "And what is the sky?"]
        story = bench.carry_out(prompts, max_tokens=4)
        _check_only_the_middle_is_lost(story, words)

    line(
        f"{what} in the engine",
        "tried twice, then an error with the cause in words; the other cases are answered",
    ).run(attempt)


def _check_only_the_middle_is_lost(story: Story, words: str) -> None:
    check_complete(story, 2)
    assert len(story.losses) == 2
    answers = story.answers_by_case()
    assert words in answers.pop("case-2").problem
    assert {answer.problem for answer in answers.values()} == {""}


def test_a_model_file_is_cut_under_the_engine(bench: RealBench, tmp_path: Path) -> None:
    victim = tmp_path / "victim.gguf"

    def cut(event: RunEvent) -> None:
        if isinstance(event, AnswerStarted):
            os.truncate(victim, 4096)

    def attempt(_: int) -> None:
        shutil.copy(bench.model, victim)
        story = bench.carry_out([LONG * 20], cut, model=victim)
        (told,) = story.losses
        assert "reading a file, most often because the file was changed or cut (SIGBUS)" in told
        assert story.run.status is RunStatus.FAILED
        assert story.run.problem
        check_complete(bench.carry_out(["What is the sea?"], max_tokens=4), 1)

    line(
        "SIGBUS: the model's file is cut under mmap",
        "the cause in words, the run fails as its file is gone, the next model goes on",
    ).run(attempt)


def test_no_memory_to_load_a_model(bench: RealBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(_: int) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(engine_process, "serve", rogues.serve_limited)
            story = bench.carry_out(["What is the sea?"])
        assert story.run.status is RunStatus.FAILED
        assert "ran out of memory" in story.run.problem
        check_complete(bench.carry_out(["What is the sea?"], max_tokens=4), 1)

    line(
        "a limit of memory that no model fits into (RLIMIT_AS)",
        "the run fails with the cause in words, the next model goes on",
    ).run(attempt)


@pytest.fixture
def memory_group() -> Iterator[Callable[[int, int], None]]:
    """Put a process under a memory limit of the kernel's, whose breach is its end."""
    group = _MEMORY_CGROUP / f"touchstone-stress-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as failure:
        pytest.skip(f"a memory cgroup can't be made here: {failure}")

    def limit(pid: int, size: int) -> None:
        (group / "memory.limit_in_bytes").write_text(str(size))
        (group / "cgroup.procs").write_text(str(pid))

    yield limit
    group.rmdir()


def test_the_kernel_ends_the_engine_for_its_memory(
    bench: RealBench,
    memory_group: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_process, "serve", rogues.serve_faulty)

    def limit(event: RunEvent) -> None:
        if isinstance(event, AnswerStarted):
            memory_group(bench.pid, 64 * _MEBIBYTE)

    def attempt(_: int) -> None:
        prompts = ["What is the sea?", "What is a FAULT hunger?", "And what is the sky?"]
        story = bench.carry_out(prompts, limit, max_tokens=4)
        _check_only_the_middle_is_lost(story, "most often because memory ran out (SIGKILL)")

    line(
        "out of memory: the kernel ends the engine (cgroup)",
        "tried twice, then an error with the cause in words; the other cases are answered",
    ).run(attempt)
