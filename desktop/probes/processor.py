"""What the CPU calls itself, what it can do, and how much of it is ours."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil

from desktop.domain.machine import Processor
from desktop.probes.cgroups import ContainerLimits
from desktop.probes.system_files import ROOT, Gathering, NotAvailable, read_bytes, read_text
from desktop.probes.topology import read_caches, read_clock, read_governor, read_numa_nodes

# Those that llama.cpp has kernels for, on x86-64 and on ARM, as /proc/cpuinfo spells them.
_FEATURES = (
    "sse4_2",
    "avx",
    "f16c",
    "fma",
    "bmi2",
    "avx2",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimdhp",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
    "sme",
)
_ASK_SECONDS = 5
_LARGEST_CPUINFO = 1 << 20


def inspect_processor(limits: ContainerLimits, root: Path = ROOT) -> Processor:
    """Return the CPU and how many of its cores this process may use; nothing is raised.

    A quota of 2.5 cores counts as 2: llama.cpp's threads wait for each other, so a thread that
    is stopped for half of the time stops them all.
    """
    gathering = Gathering()
    nothing: dict[str, str] = {}
    facts = gathering.ask("features", lambda: _read_cpuinfo(root), nothing)
    logical = gathering.ask("logical_cores", psutil.cpu_count, None) or 1
    usable = min(_count_allowed(logical), logical)
    if limits.cores is not None:
        usable = min(usable, int(limits.cores))
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    ask = gathering.ask
    clocks = ask("current_mhz", psutil.cpu_freq, None)
    return Processor(
        name=_tell_name(facts, root),
        architecture=platform.machine(),
        physical_cores=ask("physical_cores", _count_physical, None),
        logical_cores=logical,
        usable_cores=max(1, usable),
        maximum_mhz=ask("maximum_mhz", lambda: read_clock(clocks, "max"), None),
        features=tuple(feature for feature in _FEATURES if feature in flags),
        minimum_mhz=ask("minimum_mhz", lambda: read_clock(clocks, "min"), None),
        current_mhz=ask("current_mhz", lambda: read_clock(clocks, "current"), None),
        governor=ask("governor", lambda: read_governor(root), ""),
        caches=ask("caches", lambda: read_caches(root), ()),
        numa_nodes=ask("numa_nodes", lambda: read_numa_nodes(root), ()),
        unavailable=gathering.reasons,
    )


def is_virtual(root: Path = ROOT) -> bool:
    """Tell whether the CPU says that it runs under a hypervisor (x86 Linux)."""
    try:
        facts = _read_cpuinfo(root)
    except NotAvailable:
        return False
    return "hypervisor" in facts.get("flags", "").split()


def _count_physical() -> int:
    count = psutil.cpu_count(logical=False)
    if not count:
        raise NotAvailable("This system does not tell which cores share one.")
    return count


def _read_cpuinfo(root: Path) -> dict[str, str]:
    """Return the first value of each key; raise `NotAvailable` without the file."""
    facts: dict[str, str] = {}
    text = read_bytes(root, "proc/cpuinfo", _LARGEST_CPUINFO).decode("utf-8", "replace")
    for line in text.splitlines():
        key, separator, value = line.partition(":")
        if separator:
            facts.setdefault(key.strip(), value.strip())
    return facts


def _tell_name(facts: dict[str, str], root: Path) -> str:
    found = facts.get("model name") or facts.get("Hardware") or facts.get("cpu model") or ""
    if not found and sys.platform == "darwin":
        found = _ask_sysctl("machdep.cpu.brand_string")
    if not found and sys.platform == "win32":
        found = _ask_registry()
    if not found and sys.platform == "linux":
        found = _read_device_tree(root)
    return " ".join((found or platform.processor() or platform.machine()).split())


def _ask_sysctl(name: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed path and our own key
            ["/usr/sbin/sysctl", "-n", name],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _ask_registry() -> str:
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - exists on Windows only

        try:
            place = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
        except OSError:
            pass
    return ""


def _read_device_tree(root: Path) -> str:
    """Return what small ARM boards call themselves."""
    try:
        return read_text(root, "proc/device-tree/model").rstrip("\0")
    except NotAvailable:
        return ""


def _count_allowed(otherwise: int) -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    try:
        return len(psutil.Process().cpu_affinity() or ()) or otherwise
    except (AttributeError, psutil.Error, OSError):
        return otherwise
