"""The machine that figures hold for, described without anything that names its owner."""

import hashlib
import os
import platform
import sys
from pathlib import Path

import psutil

from desktop.domain.base import utc_now
from desktop.domain.machine import Machine, Processor
from desktop.probes.cgroups import read_limits
from desktop.probes.disks import inspect_disk
from desktop.probes.energy_counters import list_energy_access
from desktop.probes.gpus import list_gpus
from desktop.probes.memory import available_memory_bytes, read_modules, read_total_bytes
from desktop.probes.processor import inspect_processor, is_virtual
from desktop.probes.system_files import ROOT, Gathering, NotAvailable, read_text

_ID_LENGTH = 16
_GIB = 1 << 30
_HOSTS = {
    "vmware": "VMware",
    "virtualbox": "VirtualBox",
    "innotek": "VirtualBox",
    "qemu": "QEMU/KVM",
    "kvm": "QEMU/KVM",
    "xen": "Xen",
    "amazon ec2": "Amazon EC2",
    "google": "Google Compute Engine",
    "virtual machine": "Hyper-V",
    "parallels": "Parallels",
    "bochs": "Bochs",
}


def inspect_machine(root: Path = ROOT) -> Machine:
    """Return what this machine is; what can't be told has a reason, and nothing is raised.

    `root` is where /proc, /sys and /run are, for tests.
    """
    gathering = Gathering()
    limits = read_limits(root / "sys" / "fs" / "cgroup", root / "proc" / "self" / "cgroup")
    processor = inspect_processor(limits, root)
    memory_bytes = gathering.ask("memory_bytes", read_total_bytes, 0)
    modules = gathering.ask("memory_type", lambda: read_modules(root), None)
    if modules is None:
        for field in ("memory_megatransfers", "memory_modules"):
            gathering.reasons[field] = gathering.reasons["memory_type"]
    swap = gathering.ask("swap_bytes", psutil.swap_memory, None)
    gpus, gpu_note = list_gpus()
    if not limits.readable:
        for field in ("memory_limit_bytes", "core_limit"):
            gathering.reasons[field] = "The system shows no control groups that hold a limit."
    return Machine(
        id=identify(processor, memory_bytes),
        system=_tell_system(),
        processor=processor,
        memory_bytes=memory_bytes,
        memory_limit_bytes=limits.memory_bytes,
        swap_bytes=int(swap.total) if swap else 0,
        gpus=gpus,
        gpu_note=gpu_note,
        power_source=gathering.ask("power_source", _ask_power_source, ""),
        virtualization=_tell_virtualization(root),
        python=platform.python_version(),
        inspected_at=utc_now(),
        core_limit=limits.cores,
        free_bytes=available_memory_bytes(),
        swap_free_bytes=int(swap.free) if swap else None,
        memory_type=modules.type if modules else "",
        memory_megatransfers=modules.megatransfers if modules else None,
        memory_modules=modules.count if modules else None,
        disk=inspect_disk(Path.home(), root),
        energy=list_energy_access(root),
        unavailable=gathering.reasons,
    )


def identify(processor: Processor, memory_bytes: int) -> str:
    """Return the machine's id: 16 hexadecimal digits that stay over restarts and updates.

    Made of the operating system's family, the CPU's name, architecture and cores, and the memory
    in whole GiB; no serial number, no address. So two machines of one make have one id, which
    suits figures that hold for both. GPUs stay out: they vanish with a driver's bad day.
    """
    facts = (
        platform.system(),
        processor.name,
        processor.architecture,
        processor.physical_cores,
        processor.logical_cores,
        round(memory_bytes / _GIB),
    )
    return hashlib.sha256(repr(facts).encode("utf-8")).hexdigest()[:_ID_LENGTH]


def tell_power_source() -> str:
    """Return `mains`, `battery`, or `no battery` where the system knows of none."""
    try:
        battery = psutil.sensors_battery()
    # What psutil raises, or leaves out, where a system has no such sensor.
    except (AttributeError, OSError, NotImplementedError, RuntimeError):
        battery = None
    if battery is None:
        return "no battery"
    # `None` means that the system has a battery but can't say whether it is being used.
    return {True: "mains", False: "battery"}.get(battery.power_plugged, "")


def _ask_power_source() -> str:
    source = tell_power_source()
    if not source:
        raise NotAvailable("There is a battery, but the system does not say if it is in use.")
    return source


def _tell_system() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    if sys.platform == "win32":
        return f"Windows {platform.release()} ({platform.version()})"
    try:
        distribution = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        distribution = ""
    kernel = f"{platform.system()} {platform.release()}"
    return f"{distribution}, {kernel}" if distribution else kernel


def _tell_virtualization(root: Path) -> str:
    """Return the hypervisor and the container that we run in, as far as they show; else empty."""
    found = [_tell_hypervisor(root), _tell_container(root)]
    return ", ".join(name for name in found if name)


def _tell_hypervisor(root: Path) -> str:
    if "microsoft" in platform.release().lower() and sys.platform == "linux":
        return "WSL"
    for field in ("sys_vendor", "product_name"):
        try:
            words = read_text(root, f"sys/class/dmi/id/{field}").lower()
        except NotAvailable:
            continue
        for sign, name in _HOSTS.items():
            if sign in words:
                return name
    return "virtual machine" if is_virtual(root) else ""


def _tell_container(root: Path) -> str:
    if (root / ".dockerenv").exists():
        return "Docker"
    if (root / "run/.containerenv").exists():
        return "Podman"
    if (root / "var/run/secrets/kubernetes.io").exists():
        return "Kubernetes"
    return "container" if os.environ.get("container") else ""  # noqa: SIM112 - systemd spells it so
