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
    try:
        allowed = len(psutil.Process().cpu_affinity() or ())
    except (AttributeError, psutil.Error):  # macOS has no affinity
        allowed = 0
    allowed = allowed or os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or allowed
    quota = _cgroup_cores()
    limits = [allowed, physical] if quota is None else [allowed, physical, max(1, int(quota))]
    return max(1, min(limits))


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


def _status_bytes(field: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in lines.splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


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
