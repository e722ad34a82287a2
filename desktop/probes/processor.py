"""What the CPU calls itself, what it can do, and how much of it is ours."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil

from desktop.domain.machine import Processor
from desktop.probes.cgroups import ContainerLimits

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


def inspect_processor(limits: ContainerLimits, cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """Return the CPU and how many of its cores this process may use.

    A quota of 2.5 cores counts as 2: llama.cpp's threads wait for each other, so a thread that
    is stopped for half of the time stops them all.
    """
    facts = _read_cpuinfo(cpuinfo)
    logical = psutil.cpu_count() or 1
    usable = min(_count_allowed(logical), logical)
    if limits.cores is not None:
        usable = min(usable, int(limits.cores))
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    return Processor(
        name=_tell_name(facts),
        architecture=platform.machine(),
        physical_cores=psutil.cpu_count(logical=False),
        logical_cores=logical,
        usable_cores=max(1, usable),
        maximum_mhz=_maximum_mhz(),
        features=tuple(feature for feature in _FEATURES if feature in flags),
    )


def is_virtual(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether the CPU says that it runs under a hypervisor (x86 Linux)."""
    return "hypervisor" in _read_cpuinfo(cpuinfo).get("flags", "").split()


def _read_cpuinfo(path: Path) -> dict[str, str]:
    """Return the first value of each key."""
    facts: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return facts
    for line in lines:
        key, separator, value = line.partition(":")
        if separator:
            facts.setdefault(key.strip(), value.strip())
    return facts


def _tell_name(facts: dict[str, str]) -> str:
    found = facts.get("model name") or facts.get("Hardware") or facts.get("cpu model") or ""
    if not found and sys.platform == "darwin":
        found = _ask_sysctl("machdep.cpu.brand_string")
    if not found and sys.platform == "win32":
        found = _ask_registry()
    if not found and sys.platform == "linux":
        found = _read_device_tree()
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


def _read_device_tree() -> str:
    """Return what small ARM boards call themselves."""
    try:
        text = Path("/proc/device-tree/model").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rstrip("\0")


def _count_allowed(otherwise: int) -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    try:
        return len(psutil.Process().cpu_affinity() or ()) or otherwise
    except (AttributeError, psutil.Error, OSError):
        return otherwise


def _maximum_mhz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    except (AttributeError, OSError, NotImplementedError, RuntimeError):
        return None
    # Types say that there always is one; systems that know none give None.
    maximum = getattr(frequency, "max", None)
    return float(maximum) if maximum else None
