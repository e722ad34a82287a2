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
from desktop.probes.gpus import list_gpus
from desktop.probes.processor import inspect_processor, is_virtual

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


def inspect_machine() -> Machine:
    """Return what this machine is; what can't be told is empty, and nothing is raised."""
    limits = read_limits()
    processor = inspect_processor(limits)
    memory_bytes = int(psutil.virtual_memory().total)
    gpus, gpu_note = list_gpus()
    return Machine(
        id=identify(processor, memory_bytes),
        system=_tell_system(),
        processor=processor,
        memory_bytes=memory_bytes,
        memory_limit_bytes=limits.memory_bytes,
        swap_bytes=_swap_bytes(),
        gpus=gpus,
        gpu_note=gpu_note,
        power_source=tell_power_source(),
        virtualization=_tell_virtualization(),
        python=platform.python_version(),
        inspected_at=utc_now(),
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


def available_memory_bytes() -> int:
    """Return what can be allocated now without swapping, a container's limit regarded."""
    free = int(psutil.virtual_memory().available)
    left = read_limits().memory_left_bytes
    return free if left is None else min(free, left)


def tell_power_source() -> str:
    """Return `mains`, `battery`, or `no battery` where the system knows of none."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, NotImplementedError, RuntimeError):
        battery = None
    if battery is None:
        return "no battery"
    # `None` means that the system has a battery but can't say whether it is being used.
    return {True: "mains", False: "battery"}.get(battery.power_plugged, "")


def _swap_bytes() -> int:
    try:
        return int(psutil.swap_memory().total)
    except (OSError, RuntimeError):
        return 0


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


def _tell_virtualization() -> str:
    """Return the hypervisor and the container that we run in, as far as they show; else empty."""
    found = [_tell_hypervisor(), _tell_container()]
    return ", ".join(name for name in found if name)


def _tell_hypervisor() -> str:
    if "microsoft" in platform.release().lower() and sys.platform == "linux":
        return "WSL"
    folder = Path("/sys/class/dmi/id")
    names = f"{_read(folder / 'sys_vendor')} {_read(folder / 'product_name')}".lower()
    for sign, name in _HOSTS.items():
        if sign in names:
            return name
    return "virtual machine" if is_virtual() else ""


def _tell_container() -> str:
    if Path("/.dockerenv").exists():
        return "Docker"
    if Path("/run/.containerenv").exists():
        return "Podman"
    if Path("/var/run/secrets/kubernetes.io").exists():
        return "Kubernetes"
    return "container" if os.environ.get("container") else ""  # noqa: SIM112 - systemd spells it so


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
