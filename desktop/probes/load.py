"""How busy the machine is, read often and cheaply."""

import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from desktop.domain.base import utc_now
from desktop.domain.machine import MachineLoad
from desktop.probes.gpus import GpuMeter
from desktop.probes.memory import available_memory_bytes

_SEARCH_SECONDS = 3.0
_SEARCH_ABOVE_CORES = 0.15


class LoadSampler:
    """Tells the load since the sample before. For one thread; keeps what the next sample needs.

    A sample reads a handful of counters (about 0.5 ms). Looking who is busy means a look at every
    process, so that happens only if others are busy, and at most every few seconds.
    """

    def __init__(self) -> None:
        """Take the counters that the first sample is compared with."""
        self._gpus = GpuMeter()
        self._own = psutil.Process()
        self._engine: psutil.Process | None = None
        self._engine_pid: int | None = None
        self._cores = psutil.cpu_count() or 1
        self._busy, self._total = read_processor_seconds()
        self._own_seconds = self._read_own_seconds()
        self._shares = (0.0, 0.0)
        self._searched_at = -_SEARCH_SECONDS
        self._known: dict[int, float] = {}
        self._busiest = ""

    def sample(self, engine_pid: int | None = None) -> MachineLoad:
        """Return the load between the sample before and now.

        `other_processes_share` leaves out this process and the engine's. `busiest_process` is the
        busiest of the others, empty if they are quiet or it is not known yet.
        """
        self._follow(engine_pid)
        share, others = self._read_shares()
        gpu = self._gpus.read()
        return MachineLoad(
            at=utc_now(),
            processor_share=share,
            other_processes_share=others,
            free_bytes=available_memory_bytes(),
            engine_resident_bytes=self._engine_resident_bytes(),
            gpu_share=gpu.share,
            power_watts=gpu.power_watts,
            busiest_process=self._find_busiest(others * self._cores),
        )

    def close(self) -> None:
        """Let go of the GPU's library. Closing twice is harmless."""
        self._gpus.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _follow(self, engine_pid: int | None) -> None:
        if engine_pid == self._engine_pid:
            return
        self._engine_pid = engine_pid
        self._engine = None
        if engine_pid is not None:
            with suppress(psutil.Error, ValueError):
                self._engine = psutil.Process(engine_pid)
        # What a process did before it was known here can't be told from the others' work, so
        # counting begins anew and the last shares hold until the next sample.
        self._busy, self._total = read_processor_seconds()
        self._own_seconds = self._read_own_seconds()

    def _read_shares(self) -> tuple[float, float]:
        busy, total = read_processor_seconds()
        own = self._read_own_seconds()
        passed = total - self._total
        if passed <= 0:
            # Two samples within one tick of the clock that the system counts by.
            return self._shares
        share = (busy - self._busy) / passed
        ours = sum(seconds - self._own_seconds.get(pid, 0.0) for pid, seconds in own.items())
        self._busy, self._total, self._own_seconds = busy, total, own
        self._shares = (_limit(share), _limit(share - max(0.0, ours) / passed))
        return self._shares

    def _read_own_seconds(self) -> dict[int, float]:
        processes = [self._own, self._engine] if self._engine else [self._own]
        return {process.pid: read_process_seconds(process) for process in processes}

    def _engine_resident_bytes(self) -> int | None:
        if self._engine is None:
            return None
        try:
            return int(self._engine.memory_info().rss)
        except psutil.Error:
            return None

    def _find_busiest(self, others_cores: float) -> str:
        now = time.monotonic()
        if others_cores < _SEARCH_ABOVE_CORES:
            self._busiest = ""
            self._known = {}
        elif now - self._searched_at >= _SEARCH_SECONDS:
            self._searched_at = now
            found = list_process_seconds()
            ours = self._own_seconds.keys()
            self._busiest = name_busiest(self._known, found, ours)[0] if self._known else ""
            self._known = {pid: seconds for pid, (_, seconds) in found.items()}
        return self._busiest


def read_processor_seconds() -> tuple[float, float]:
    """Return the seconds that all cores were busy, and those that passed, since the start.

    What a hypervisor gave to others (steal) passed, but nobody here was busy.
    """
    times = psutil.cpu_times()
    fields = times._asdict()
    # A guest's time is counted in the user's time as well.
    total = sum(fields.values()) - fields.get("guest", 0.0) - fields.get("guest_nice", 0.0)
    idle = sum(fields.get(name, 0.0) for name in ("idle", "iowait", "steal"))
    return total - idle, total


def read_process_seconds(process: psutil.Process) -> float:
    """Return the processor seconds of a process, 0 if it is gone."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def list_process_seconds() -> dict[int, tuple[str, float]]:
    """Return name and processor seconds of every process that may be looked at."""
    found: dict[int, tuple[str, float]] = {}
    for process in psutil.process_iter(["name", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None:
            found[process.pid] = (process.info["name"] or "", times.user + times.system)
    return found


def name_busiest(
    before: dict[int, float], after: dict[int, tuple[str, float]], ours: Iterable[int]
) -> tuple[str, float]:
    """Return the name and seconds of the process that worked most in between, but for ours.

    One that began in between counts from its start.
    """
    excluded = set(ours) | {0}
    work = [
        (seconds - before.get(pid, 0.0), name)
        for pid, (name, seconds) in after.items()
        if pid not in excluded
    ]
    seconds, name = max(work, default=(0.0, ""))
    return (name, seconds) if seconds > 0 else ("", 0.0)


def _limit(share: float) -> float:
    return min(1.0, max(0.0, share))
