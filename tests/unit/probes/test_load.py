"""The load of the machine: right sums, and cheap."""

import os
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from desktop.probes import load
from desktop.probes.load import LoadSampler, name_busiest, read_processor_seconds

Times = namedtuple("Times", "user system idle iowait steal guest")  # noqa: PYI024 - as psutil's


class FakeMachine:
    """Counters that a test turns by hand: four cores, this process, an engine and another."""

    def __init__(self) -> None:
        self.times = Times(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        self.processes: dict[int, tuple[str, float]] = {}
        self.now = 1000.0

    def advance(self, *, own: float = 0, engine: float = 0, other: float = 0) -> None:
        """Let a second pass in which the processes work for so many seconds."""
        busy = own + engine + other
        self.times = self.times._replace(
            user=self.times.user + busy, idle=self.times.idle + 4 - busy
        )
        for pid, seconds in ((os.getpid(), own), (7, engine), (8, other)):
            name, before = self.processes.get(pid, (f"process {pid}", 0.0))
            self.processes[pid] = (name, before + seconds)
        self.now += 1


class FakeProcess:
    def __init__(self, pid: int | None = None) -> None:
        self.pid = os.getpid() if pid is None else pid
        if self.pid == 404:
            raise psutil.NoSuchProcess(self.pid)

    def memory_info(self) -> SimpleNamespace:
        return SimpleNamespace(rss=self.pid * 1000)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    fake = FakeMachine()
    monkeypatch.setattr(psutil, "cpu_times", lambda: fake.times)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(psutil, "Process", FakeProcess)
    monkeypatch.setattr(
        load, "read_process_seconds", lambda process: fake.processes.get(process.pid, ("", 0.0))[1]
    )
    monkeypatch.setattr(load, "list_process_seconds", lambda: dict(fake.processes))
    monkeypatch.setattr(time, "monotonic", lambda: fake.now)
    return fake


@pytest.fixture
def sampler(machine: FakeMachine) -> Iterator[LoadSampler]:
    machine.advance()
    with LoadSampler() as made:
        yield made


def test_shares_of_all_cores(machine: FakeMachine, sampler: LoadSampler) -> None:
    sampler.sample(7)
    machine.advance(own=0.4, engine=2.0, other=0.8)
    found = sampler.sample(7)
    assert found.processor_share == pytest.approx(0.8)
    assert found.other_processes_share == pytest.approx(0.2)
    assert found.engine_resident_bytes == 7000
    assert found.free_bytes > 0


def test_an_engine_that_was_busy_before_we_looked(
    machine: FakeMachine, sampler: LoadSampler
) -> None:
    machine.advance(other=0.8)
    sampler.sample()
    machine.processes[7] = ("engine", 500.0)
    machine.advance(engine=2.0)
    # What the engine did before can't be told from the others' work: the last figure holds.
    assert sampler.sample(7).other_processes_share == pytest.approx(0.2)
    machine.advance(engine=2.0)
    found = sampler.sample(7)
    assert found.processor_share == pytest.approx(0.5)
    assert found.other_processes_share == pytest.approx(0)


def test_an_engine_that_is_gone(machine: FakeMachine, sampler: LoadSampler) -> None:
    machine.advance()
    assert sampler.sample(404).engine_resident_bytes is None


def test_within_one_tick_the_last_figures_hold(machine: FakeMachine, sampler: LoadSampler) -> None:
    machine.advance(other=2.0)
    first = sampler.sample()
    assert sampler.sample().processor_share == first.processor_share == pytest.approx(0.5)


def test_the_busiest_other_process_is_named(machine: FakeMachine, sampler: LoadSampler) -> None:
    for _ in range(5):
        machine.advance(engine=1.0, other=0.9)
        found = sampler.sample(7)
    assert found.busiest_process == "process 8"
    machine.advance(engine=1.0)
    assert sampler.sample(7).busiest_process == ""


def test_quiet_machines_are_not_searched(
    machine: FakeMachine, sampler: LoadSampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "list_process_seconds", lambda: pytest.fail("searched"))
    for _ in range(5):
        machine.advance(engine=1.0, other=0.05)
        sampler.sample(7)


def test_time_is_counted_once_and_stolen_time_is_not_work(machine: FakeMachine) -> None:
    machine.times = Times(10.0, 5.0, 80.0, 3.0, 2.0, 4.0)
    busy, total = read_processor_seconds()
    # psutil's total counts a guest's 4 seconds twice: they are in the user's 10 already.
    assert (busy, total) == (15.0, 100.0)


def test_name_busiest() -> None:
    before = {1: 10.0, 2: 10.0}
    after = {0: ("idle", 99.0), 1: ("old", 11.0), 2: ("ours", 50.0), 3: ("new", 3.0)}
    assert name_busiest(before, after, [2]) == ("new", 3.0)
    assert name_busiest({1: 11.0}, {1: ("old", 11.0)}, []) == ("", 0.0)


def test_sampling_costs_under_a_hundredth_of_a_core() -> None:
    with LoadSampler() as sampler:
        sampler.sample(os.getpid())
        started = time.process_time()
        for _ in range(40):
            sampler.sample(os.getpid())
        each = (time.process_time() - started) / 40
    assert each * 4 < 0.01


def test_a_real_child_is_followed() -> None:
    command = [sys.executable, "-c", "print('up', flush=True); input()"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child,
        LoadSampler() as sampler,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        resident = sampler.sample(child.pid).engine_resident_bytes
        assert resident is not None
        assert resident > 1 << 20
        child.communicate("\n")
        assert sampler.sample(child.pid).engine_resident_bytes is None
