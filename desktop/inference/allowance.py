"""What this process may use of the machine, and what it has used: cores and memory.

A container's limits are not the machine's: llama.cpp's own default of threads ignores both a CPU
quota and a memory limit, and then runs many times slower, or is killed.
"""

import os
import platform
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return how many cores are worth a thread: physical ones, within affinity and quota.

    Hyper-threads share the units that decoding waits for, so they are not counted.
    """
    allowed = _allowed_processors()
    physical = psutil.cpu_count(logical=False) or allowed
    quota = _cgroup_cores()
    limits = [allowed, physical] if quota is None else [allowed, physical, max(1, int(quota))]
    return max(1, min(limits))


def thread_choices() -> tuple[int, ...]:
    """Return numbers of threads worth a trial, the usual one first.

    Beside `usable_cores`: all hardware threads that may be used, the fast cores alone where a
    processor has two kinds, and one less, which leaves a core to everything else.
    """
    usual = usable_cores()
    quota = _cgroup_cores()
    allowed = _allowed_processors()
    every = allowed if quota is None else max(1, min(allowed, int(quota)))
    choices = [usual, every, usual - 1]
    fast = _fast_cores()
    if fast and fast < usual:
        choices.append(fast)
    return tuple(dict.fromkeys(count for count in choices if 1 <= count <= every))


def numa_nodes(root: Path = Path("/sys/devices/system/node")) -> int:
    """Return how many nodes of memory the processors have, 1 where it can't be told."""
    try:
        return max(1, sum(1 for node in root.glob("node[0-9]*") if (node / "cpulist").is_file()))
    except OSError:
        return 1


def available_memory_bytes() -> int:
    """Return how much memory can still be taken without swapping, a container's limit included."""
    available = int(psutil.virtual_memory().available)
    left = _cgroup_memory_left()
    return available if left is None else min(available, left)


def peak_resident_bytes() -> int:
    """Return this process's peak resident set, 0 where it can't be told.

    Linux hands `ru_maxrss` down from the process that started this one, so a small engine
    started by a large window would show the window's size: the kernel's `VmHWM` does not.
    """
    if platform.system() == "Linux":
        return _status_bytes("VmHWM:")
    if platform.system() == "Windows":
        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    import resource  # noqa: PLC0415 - does not exist on Windows

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on macOS


def _allowed_processors() -> int:
    try:
        allowed = len(psutil.Process().cpu_affinity() or ())
    except (AttributeError, psutil.Error):  # macOS has no affinity
        allowed = 0
    return allowed or os.cpu_count() or 1


def _fast_cores(root: Path = Path("/sys/devices")) -> int:
    """Return how many fast cores a processor with two kinds has, 0 for one kind or unknown.

    Linux names Intel's fast cores in `cpu_core`, each with its hyper-threads, and gives ARM's
    cores a capacity.
    """
    listed = _words(root / "cpu_core" / "cpus")
    if listed:
        return _count_cores(root, _expand(listed[0]))
    capacities = [
        int(words[0])
        for cpu in root.glob("system/cpu/cpu[0-9]*")
        if (words := _words(cpu / "cpu_capacity")) and words[0].isdigit()
    ]
    largest = max(capacities, default=0)
    return capacities.count(largest) if len(set(capacities)) > 1 else 0


def _status_bytes(field: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in lines.splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def _count_cores(root: Path, processors: set[int]) -> int:
    """Return how many cores these hardware threads belong to."""
    siblings = {
        words[0] if (words := _words(_siblings_file(root, number))) else str(number)
        for number in processors
    }
    return len(siblings)


def _siblings_file(root: Path, number: int) -> Path:
    """Return where Linux lists the hardware threads of one processor's core."""
    return root / "system" / "cpu" / f"cpu{number}" / "topology" / "thread_siblings_list"


def _expand(ranges: str) -> set[int]:
    """Return the numbers of a list such as `0-3,8`."""
    found: set[int] = set()
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), int(last or first) + 1))
    return found


def _cgroup_cores(root: Path = _CGROUP) -> float | None:
    """Return the CPU quota of cgroup v2 or v1 in cores, `None` without one."""
    words = _words(root / "cpu.max")
    if words is None:
        quota = _words(root / "cpu" / "cpu.cfs_quota_us")
        period = _words(root / "cpu" / "cpu.cfs_period_us")
        words = [*quota, *period] if quota and period else None
    if not words or len(words) != 2 or words[0] in {"max", "-1"}:  # noqa: PLR2004 - quota, period
        return None
    try:
        return int(words[0]) / int(words[1])
    except (ValueError, ZeroDivisionError):
        return None


def _cgroup_memory_left(root: Path = _CGROUP) -> int | None:
    """Return what a memory limit leaves; file cache counts as free, the kernel drops it."""
    pairs = (
        (root / "memory.max", root / "memory.current", root / "memory.stat"),
        (
            root / "memory" / "memory.limit_in_bytes",
            root / "memory" / "memory.usage_in_bytes",
            root / "memory" / "memory.stat",
        ),
    )
    for limit_file, used_file, stat_file in pairs:
        limit, used = _words(limit_file), _words(used_file)
        if not limit or not used or not limit[0].isdigit() or not used[0].isdigit():
            continue
        if int(limit[0]) >= psutil.virtual_memory().total:
            return None
        return max(0, int(limit[0]) - int(used[0]) + _inactive_file_bytes(stat_file))
    return None


def _inactive_file_bytes(stat_file: Path) -> int:
    words = _words(stat_file) or []
    names = ("inactive_file", "total_inactive_file")
    found = [
        int(value)
        for name, value in zip(words[::2], words[1::2], strict=False)
        if name in names and value.isdigit()
    ]
    return max(found, default=0)


def _words(path: Path) -> list[str] | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return None
