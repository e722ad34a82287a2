"""The disk that a folder is on: how large, how full, and of what make."""

import os
import shutil
from pathlib import Path

from desktop.domain.machine import Disk
from desktop.probes.system_files import Gathering, NotAvailable, read_number, read_text

_VIRTUAL_MODELS = ("QEMU", "VBOX", "VMWARE", "VIRTUAL")


def inspect_disk(folder: Path, root: Path) -> Disk:
    """Return the disk of a folder, or of what is there above it; what can't be told has a reason.

    Nothing is raised. A disk's kind and model are read out of Linux's /sys.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    gathering = Gathering()
    usage = gathering.ask("total_bytes", lambda: shutil.disk_usage(folder), None)
    device = gathering.ask("model", lambda: _find_device(folder, root), None)
    kind, model = "", ""
    if device is None:
        gathering.reasons["kind"] = gathering.reasons["model"]
    else:
        model = gathering.ask("model", lambda: read_text(device, "device/model"), "")
        kind = gathering.ask("kind", lambda: _tell_kind(device, model), "")
        if not model:
            gathering.reasons["model"] = f"The disk “{device.name}” does not tell its model."
    return Disk(
        model=model,
        kind=kind,
        total_bytes=usage.total if usage else None,
        free_bytes=usage.free if usage else None,
        unavailable=gathering.reasons,
    )


def _find_device(folder: Path, root: Path) -> Path:
    """Return the folder of /sys of the whole disk below partitions, encryption and volumes."""
    number = folder.stat().st_dev
    blocks = root / "sys" / "dev" / "block"
    device = blocks / f"{os.major(number)}:{os.minor(number)}"
    if not device.exists():
        raise NotAvailable(
            "The folder is on no disk that the system shows, as in containers and on networks."
        )
    device = device.resolve()
    for _ in range(8):  # layers of volumes; more than a few would be a loop
        below = sorted((device / "slaves").glob("*"))
        if not below:
            break
        device = below[0].resolve()
    return device.parent if (device / "partition").exists() else device


def _tell_kind(device: Path, model: str) -> str:
    # Virtual machines' disks often say that they turn, whatever is behind them.
    if device.name.startswith(("vd", "xvd")) or model.upper().startswith(_VIRTUAL_MODELS):
        return "virtual disk"
    if device.name.startswith("nvme"):
        return "NVMe"
    return "hard disk" if read_number(device, "queue/rotational") else "SSD"
