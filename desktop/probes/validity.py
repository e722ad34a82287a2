"""Whether a measurement may be trusted: what else went on in the machine meanwhile.

Thresholds follow METHODS: a quiet machine is one where others use under 15 % of one core, nothing
is swapped, nothing throttled, and the repetitions agree within 5 %. Codes are stable:
`other_processes`, `swapping`, `throttled`, `frequency`, `battery`, `steal`, `spread`, `suspended`
(the computer slept meanwhile), `cores` (some were switched on or off), `clock` (it went backwards)
and `unwatched` (the system does not tell, so nobody can vouch for the figure).
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import psutil

from desktop.domain.base import Value
from desktop.domain.measurement import Disturbance
from desktop.probes.gpus import GpuMeter
from desktop.probes.load import (
    list_process_seconds,
    name_busiest,
    read_process_seconds,
    read_processor_seconds,
)
from desktop.probes.machine import tell_power_source
from desktop.probes.system_files import ROOT, NotAvailable
from desktop.probes.topology import count_online

CULPRIT_SHARE = 0.2
OTHERS_CORES = 0.15
SPREAD_SHARE = 0.05
SWAPPED_BYTES = 1 << 20
STOLEN_SHARE = 0.02
SUSPENDED_SECONDS = 0.5
FREQUENCY_SHARE = 0.8
_SHORTEST_SECONDS = 0.5  # the system counts processor time in ticks of 10 ms
_LEAST_SAMPLES = 3


_UNWATCHED = Disturbance(
    code="unwatched",
    message="The system does not tell how busy the processor was, so nobody can vouch for this.",
)


class Watch(Protocol):
    """Watches the machine from `start` to `finish`; may be started again."""

    def start(self) -> None:
        """Begin; what was seen before is forgotten."""

    def sample(self) -> None:
        """Look in between, where it costs the measurement nothing."""

    def finish(self) -> tuple[Disturbance, ...]:
        """Return what disturbed the time since `start`."""


WatchFactory: TypeAlias = Callable[[], Watch]


class Counters(Value, frozen=True, kw_only=True):
    """What the machine has counted up to one moment; two of them make a judgement.

    `own_seconds` and `process_seconds` are by process id; `throttles` is `None` where the system
    does not count them.
    """

    at_seconds: float
    busy_seconds: float
    total_seconds: float
    stolen_seconds: float
    swapped_bytes: int
    own_seconds: dict[int, float]
    process_seconds: dict[int, tuple[str, float]]
    throttles: int | None
    on_battery: bool
    suspended_seconds: float = 0.0
    online_cores: int | None = None


class ValidityWatch:
    """Compares the machine's counters before and after, and its clock in between.

    This process and its children (the engine) are ours, everything else is a disturbance. Needs
    no thread: averages come out of counters, which miss nothing.
    """

    def __init__(
        self,
        read: Callable[[], Counters] | None = None,
        read_mhz: Callable[[], float | None] | None = None,
        open_gpus: Callable[[], GpuMeter] = GpuMeter,
    ) -> None:
        """Take other readers for tests. `open_gpus` is called by `start`, closed by `finish`."""
        self._open_gpus = open_gpus
        self._gpus: GpuMeter | None = None
        self._slowdowns: dict[str, None] = {}
        self._read = read or read_counters
        self._read_mhz = read_mhz or _current_mhz
        self._started = False
        self._before: Counters | None = None
        self._mhz: list[float] = []

    def start(self) -> None:
        """Begin; what was seen before is forgotten."""
        self._close_gpus()
        self._mhz = []
        self._slowdowns = {}
        self._started = True
        self._gpus = self._open_gpus()
        self._before = self._look()

    def sample(self) -> None:
        """Note the clocks of processor and GPUs; call it while the engine works."""
        mhz = self._read_mhz()
        if mhz:
            self._mhz.append(mhz)
        if self._gpus is not None:
            self._slowdowns.update(dict.fromkeys(self._gpus.read_slowdowns()))

    def finish(self) -> tuple[Disturbance, ...]:
        """Return what disturbed the time since `start`."""
        self._close_gpus()
        if not self._started:
            return ()
        after = self._look()
        if self._before is None or after is None:
            found: tuple[Disturbance, ...] = (_UNWATCHED,)
        else:
            found = judge_counters(self._before, after)
        slowed = [Disturbance(code="throttled", message=f"{words}.") for words in self._slowdowns]
        return (*found, *_judge_clock(self._mhz), *slowed)

    def _look(self) -> Counters | None:
        try:
            return self._read()
        except (OSError, RuntimeError, psutil.Error):
            return None  # no /proc/stat, for one

    def _close_gpus(self) -> None:
        if self._gpus is not None:
            self._gpus.close()
            self._gpus = None


def judge_counters(before: Counters, after: Counters) -> tuple[Disturbance, ...]:
    """Return the disturbances between two readings."""
    if after.at_seconds < before.at_seconds:
        message = "The computer's clock went backwards meanwhile."
        return (Disturbance(code="clock", message=message),)
    found = [*_judge_others(before, after), *_judge_rest(before, after)]
    swapped = after.swapped_bytes - before.swapped_bytes
    if swapped >= SWAPPED_BYTES:
        found.append(
            Disturbance(
                code="swapping",
                message=f"The system moved {swapped / 2**20:,.0f} MiB between memory and swap "
                "space meanwhile; memory was short.",
            )
        )
    if (after.throttles or 0) > (before.throttles or 0):
        found.append(
            Disturbance(
                code="throttled",
                message="The processor slowed down to keep cool; let it rest, or improve cooling.",
            )
        )
    if before.on_battery or after.on_battery:
        found.append(
            Disturbance(
                code="battery",
                message="The computer ran on its battery, which slows processors down; plug it in.",
            )
        )
    return tuple(found)


def judge_spread(values: Sequence[float]) -> tuple[Disturbance, ...]:
    """Return a disturbance if repetitions of one test differ too much from each other."""
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return ()
    mean = statistics.fmean(values)
    share = statistics.stdev(values) / mean if mean else 0.0
    if share <= SPREAD_SHARE:
        return ()
    message = (
        f"The {len(values)} repetitions differ by {share:.0%} (standard deviation over mean); "
        f"up to {SPREAD_SHARE:.0%} is trusted."
    )
    return (Disturbance(code="spread", message=message),)


def read_counters() -> Counters:
    """Read all counters; takes some milliseconds, so not while something is measured."""
    busy, total = read_processor_seconds()
    processes = list_process_seconds()
    return Counters(
        at_seconds=time.monotonic(),
        busy_seconds=busy,
        total_seconds=total,
        stolen_seconds=float(getattr(psutil.cpu_times(), "steal", 0.0)),
        swapped_bytes=_read_swapped(),
        own_seconds=_read_own(),
        process_seconds=processes,
        throttles=_read_throttles(),
        on_battery=tell_power_source() == "battery",
        suspended_seconds=_read_suspended(),
        online_cores=_read_online(),
    )


def _judge_others(before: Counters, after: Counters) -> Iterable[Disturbance]:
    seconds = after.at_seconds - before.at_seconds
    if seconds < _SHORTEST_SECONDS:
        return
    # A child that is new has no earlier count; it began meanwhile, so all its work was ours.
    own = sum(now - before.own_seconds.get(pid, 0.0) for pid, now in after.own_seconds.items())
    cores = (after.busy_seconds - before.busy_seconds - own) / seconds
    if cores > OTHERS_CORES:
        earlier = {pid: value for pid, (_, value) in before.process_seconds.items()}
        ours = after.own_seconds.keys() | before.own_seconds.keys()
        name, used = name_busiest(earlier, after.process_seconds, ours)
        # Processes that ended meanwhile are gone from the list; one that did little is no culprit.
        guilty = name and used / seconds >= cores * CULPRIT_SHARE
        culprit = f", most of all “{name}” ({_in_cores(used / seconds)})" if guilty else ""
        yield Disturbance(
            code="other_processes",
            message=f"Other processes used {_in_cores(cores)} meanwhile{culprit}; up to "
            f"{_in_cores(OTHERS_CORES)} is trusted.",
        )
    passed = after.total_seconds - before.total_seconds
    stolen = (after.stolen_seconds - before.stolen_seconds) / passed if passed > 0 else 0.0
    if stolen > STOLEN_SHARE:
        yield Disturbance(
            code="steal",
            message=f"The host of this virtual machine gave {stolen:.0%} of the processor time to "
            "others meanwhile.",
        )


def _judge_rest(before: Counters, after: Counters) -> Iterable[Disturbance]:
    seconds = after.at_seconds - before.at_seconds
    if seconds >= _SHORTEST_SECONDS and after.total_seconds <= before.total_seconds:
        yield _UNWATCHED  # its counter stands still
    slept = after.suspended_seconds - before.suspended_seconds
    if slept >= SUSPENDED_SECONDS:
        yield Disturbance(
            code="suspended",
            message=f"The computer slept for {slept:,.0f} s meanwhile; keep it awake.",
        )
    cores = (before.online_cores, after.online_cores)
    if None not in cores and cores[0] != cores[1]:
        yield Disturbance(
            code="cores",
            message=f"The number of cores that are switched on went from {cores[0]} to {cores[1]} "
            "meanwhile.",
        )


def _in_cores(cores: float) -> str:
    return f"{cores:.0%} of a core" if cores < 1 else f"{cores:.1f} cores"


def _judge_clock(mhz: Sequence[float]) -> tuple[Disturbance, ...]:
    if len(mhz) < _LEAST_SAMPLES or min(mhz) >= FREQUENCY_SHARE * max(mhz):
        return ()
    message = (
        f"The processor's clock varied between {min(mhz):,.0f} and {max(mhz):,.0f} MHz meanwhile."
    )
    return (Disturbance(code="frequency", message=message),)


def _read_own() -> dict[int, float]:
    own = psutil.Process()
    try:
        processes = [own, *own.children(recursive=True)]
    except psutil.Error:
        processes = [own]
    return {process.pid: read_process_seconds(process) for process in processes}


def _read_suspended() -> float:
    """Return how long the computer has slept since its start (Linux)."""
    if sys.platform != "linux":
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def _read_online() -> int | None:
    try:
        return count_online(ROOT)
    except NotAvailable:
        return None


def _read_swapped() -> int:
    try:
        swap = psutil.swap_memory()
    except (OSError, RuntimeError):
        return 0
    return int(swap.sin + swap.sout)


def _read_throttles(root: Path = Path("/sys/devices/system/cpu")) -> int | None:
    """Return how often Intel cores have slowed down for heat since the start, where it is told."""
    counts = []
    for path in root.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"):
        try:
            counts.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return sum(counts) if counts else None


def _current_mhz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    # What psutil raises, or leaves out, where a system does not tell.
    except (AttributeError, OSError, NotImplementedError, RuntimeError):
        return None
    current = getattr(frequency, "current", None)
    return float(current) if current else None
