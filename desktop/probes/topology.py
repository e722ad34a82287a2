"""How a CPU is built and clocked, out of Linux's /sys: caches, memory nodes, governor."""

import re
from pathlib import Path

from desktop.domain.machine import Cache, NumaNode
from desktop.probes.system_files import NotAvailable, count_listed, read_number, read_text

_CPUS = "sys/devices/system/cpu"
_NODES = "sys/devices/system/node"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def read_caches(root: Path) -> tuple[Cache, ...]:
    """Return the caches by level and kind; raise `NotAvailable` if the system tells of none.

    A cache that several cores share is told by each of them and counted once. Cores that are
    switched off tell nothing.
    """
    found: dict[tuple[int, str, int], set[str]] = {}
    for folder in sorted((root / _CPUS).glob("cpu[0-9]*/cache/index[0-9]*")):
        name = folder.relative_to(root).as_posix()
        try:
            kind = read_text(root, f"{name}/type").lower()
            size = _parse_size(read_text(root, f"{name}/size"))
            key = (read_number(root, f"{name}/level"), kind, size)
            found.setdefault(key, set()).add(read_text(root, f"{name}/shared_cpu_list"))
        except NotAvailable:
            continue  # switched off in between, or a level without a size
    if not found:
        raise NotAvailable(f"This system tells of no caches in /{_CPUS}.")
    return tuple(
        Cache(level=level, kind=kind, size_bytes=size, count=len(sharers))
        for (level, kind, size), sharers in sorted(found.items())
    )


def read_numa_nodes(root: Path) -> tuple[NumaNode, ...]:
    """Return the nodes that cores and memory belong to; raise `NotAvailable` if none is told."""
    nodes = []
    folders = [f for f in (root / _NODES).glob("node*") if f.name[4:].isdecimal()]
    for folder in sorted(folders, key=lambda folder: int(folder.name[4:])):
        name = folder.relative_to(root).as_posix()
        cores = count_listed(read_text(root, f"{name}/cpulist"))
        total = re.search(r"MemTotal:\s*(\d+) kB", read_text(root, f"{name}/meminfo"))
        size = int(total[1]) * 1024 if total else 0
        nodes.append(NumaNode(number=int(folder.name[4:]), cores=cores, memory_bytes=size))
    if not nodes:
        raise NotAvailable(f"This system tells of no memory nodes in /{_NODES}.")
    return tuple(nodes)


def read_governor(root: Path) -> str:
    """Return the rule by which clocks are chosen, such as `performance`, or the cores' several."""
    found = set()
    for path in (root / _CPUS).glob("cpu[0-9]*/cpufreq/scaling_governor"):
        try:
            found.add(read_text(root, path.relative_to(root).as_posix()))
        except NotAvailable:
            continue
    if not found:
        raise NotAvailable(
            f"This system has no cpufreq in /{_CPUS}; in a virtual machine the host sets clocks."
        )
    return ", ".join(sorted(found))


def count_online(root: Path) -> int:
    """Return how many logical cores are switched on; raise `NotAvailable` if it is not told."""
    return count_listed(read_text(root, f"{_CPUS}/online"))


def read_clock(clocks: object, which: str) -> float:
    """Return one of psutil's clocks in MHz: `current`, `min` or `max`."""
    # Types say that there always is one; systems that know none give None or zero.
    found = getattr(clocks, which, None)
    if not found:
        raise NotAvailable("This system does not tell this clock of its CPU.")
    return float(found)


def _parse_size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,12})([KMG]?)", text)
    if not found:
        raise NotAvailable(f"“{text[:40]}” is no size.")
    return int(found[1]) * _UNITS[found[2]]
