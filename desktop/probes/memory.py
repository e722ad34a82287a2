"""How much memory there is, how much of it is free, and of what kind."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psutil

from desktop.domain.base import Value
from desktop.probes.cgroups import read_limits
from desktop.probes.system_files import NotAvailable, read_bytes, read_text

_TABLES = "sys/firmware/dmi/tables/DMI"
_UDEV = "run/udev/data/+dmi:id"
_LARGEST_TABLES = 1 << 20
_MEMORY_DEVICE = 17
_HEADER = 4
_LONGER = 0xFFFF  # speeds that need more than two bytes stand further behind
# SMBIOS 3.7, table 78: what is soldered or plugged in where a CPU has its main memory.
_TYPES = {
    0x12: "DDR",
    0x13: "DDR2",
    0x18: "DDR3",
    0x1A: "DDR4",
    0x1B: "LPDDR",
    0x1C: "LPDDR2",
    0x1D: "LPDDR3",
    0x1E: "LPDDR4",
    0x20: "HBM",
    0x21: "HBM2",
    0x22: "DDR5",
    0x23: "LPDDR5",
    0x24: "HBM3",
}


class MemoryModules(Value, frozen=True, kw_only=True):
    """What is plugged in: several types are joined; the slowest module sets the pace."""

    type: str
    megatransfers: int | None
    count: int


def read_total_bytes() -> int:
    """Return the memory that the system has; raise `NotAvailable` if it does not say."""
    return _ask_psutil("total", "SC_PHYS_PAGES")


def available_memory_bytes() -> int:
    """Return what can be allocated now without swapping, a container's limit regarded.

    Without /proc/meminfo it is what is wholly free, which is less; without that, nothing.
    """
    try:
        free = _ask_psutil("available", "SC_AVPHYS_PAGES")
    except NotAvailable:
        free = 0
    left = read_limits().memory_left_bytes
    return free if left is None else min(free, left)


def read_modules(root: Path) -> MemoryModules:
    """Return the memory's type and speed, as the firmware tells them.

    Its tables are for the system's administrator; systemd's device database repeats them for
    everybody. Both hold serial numbers, which are passed over. Raises `NotAvailable`.
    """
    try:
        found = list(_parse_udev(read_text(root, _UDEV)))
    except NotAvailable:
        found = []
    if not found:
        found = list(_parse_tables(read_bytes(root, _TABLES, _LARGEST_TABLES)))
    if not found:
        raise NotAvailable("The firmware tells of no memory modules; virtual machines have none.")
    speeds = [speed for _, speed in found if speed]
    return MemoryModules(
        type=", ".join(sorted({kind for kind, _ in found if kind})),
        megatransfers=min(speeds, default=None),
        count=len(found),
    )


def _ask_psutil(field: str, pages: str) -> int:
    try:
        return int(getattr(psutil.virtual_memory(), field))
    except (OSError, RuntimeError, ValueError):
        pass
    try:
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        raise NotAvailable("The system does not tell how much memory there is.") from None


def _parse_udev(text: str) -> Iterator[tuple[str, int]]:
    facts = dict(re.findall(r"^E:MEMORY_DEVICE_(\d+_[A-Z_]+)=(.*)$", text, re.MULTILINE))
    for number in sorted(key.removesuffix("_TYPE") for key in facts if key.endswith("_TYPE")):
        if not number.isdecimal() or facts.get(f"{number}_PRESENT") == "0":
            continue
        kind = facts[f"{number}_TYPE"]
        speeds = (facts.get(f"{number}_{key}_MTS", "") for key in ("CONFIGURED_SPEED", "SPEED"))
        speed = next((int(each) for each in speeds if each.isdecimal() and int(each)), 0)
        if kind in _TYPES.values():
            yield kind, speed


def _parse_tables(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield the type and speed of each module in SMBIOS tables; broken ones end early."""
    at = 0
    while at + _HEADER <= len(data):
        kind, length = data[at], data[at + 1]
        if length < _HEADER:
            return
        if kind == _MEMORY_DEVICE:
            yield from _parse_module(data[at : at + length])
        # Texts follow, each ended by a zero byte, all of them by another.
        end = data.find(b"\0\0", at + length)
        if end < 0:
            return
        at = end + 2


def _parse_module(module: bytes) -> Iterator[tuple[str, int]]:
    if not _field(module, 0x0C, 2):
        return  # an empty socket
    speed = 0
    for place, longer in ((0x20, 0x58), (0x15, 0x54)):
        speed = speed or _field(module, place, 2)
        if speed == _LONGER:
            speed = _field(module, longer, 4)
    yield _TYPES.get(_field(module, 0x12, 1), ""), speed


def _field(module: bytes, at: int, size: int) -> int:
    """Return a number, 0 behind the end: older firmware has shorter entries."""
    part = module[at : at + size]
    return int.from_bytes(part, "little") if len(part) == size else 0
