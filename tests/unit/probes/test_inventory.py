"""Caches, nodes, clocks, memory modules and disks, out of directories made like a system's."""

import os
from functools import partial
from pathlib import Path

import pytest

from desktop.domain.machine import Cache, NumaNode
from desktop.probes.disks import inspect_disk
from desktop.probes.memory import MemoryModules, read_modules
from desktop.probes.system_files import Gathering, NotAvailable, count_listed, read_number
from desktop.probes.topology import count_online, read_caches, read_governor, read_numa_nodes

MIB = 1 << 20


def write(root: Path, name: str, content: object) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n")


def cache(root: Path, core: int, index: int, **facts: object) -> None:
    for name, value in facts.items():
        write(root, f"sys/devices/system/cpu/cpu{core}/cache/index{index}/{name}", value)


def test_a_shared_cache_is_counted_once(tmp_path: Path) -> None:
    for core in range(4):
        pair = "0-1" if core < 2 else "2-3"
        cache(tmp_path, core, 0, level=1, type="Data", size="48K", shared_cpu_list=core)
        cache(tmp_path, core, 2, level=2, type="Unified", size="2048K", shared_cpu_list=pair)
    cache(tmp_path, 0, 3, level=3, type="Unified", size="32M", shared_cpu_list="0-3")
    # A core that is being switched off has the folder, but no longer all of the files.
    cache(tmp_path, 4, 0, level=1, type="Data")
    assert read_caches(tmp_path) == (
        Cache(level=1, kind="data", size_bytes=48 << 10, count=4),
        Cache(level=2, kind="unified", size_bytes=2 * MIB, count=2),
        Cache(level=3, kind="unified", size_bytes=32 * MIB, count=1),
    )


def test_memory_nodes(tmp_path: Path) -> None:
    for number, cores in ((0, "0-7,16-23"), (1, "8-15,24-31"), (10, "")):
        write(tmp_path, f"sys/devices/system/node/node{number}/cpulist", cores)
        text = f"Node {number} MemTotal:       1048576 kB\nNode {number} MemFree: 5 kB"
        write(tmp_path, f"sys/devices/system/node/node{number}/meminfo", text)
    size = 1 << 30
    assert read_numa_nodes(tmp_path) == (
        NumaNode(number=0, cores=16, memory_bytes=size),
        NumaNode(number=1, cores=16, memory_bytes=size),
        NumaNode(number=10, cores=0, memory_bytes=size),
    )


def test_governors_that_differ_are_all_told(tmp_path: Path) -> None:
    for core, governor in enumerate(("powersave", "performance", "powersave")):
        name = f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor"
        write(tmp_path, name, governor)
    assert read_governor(tmp_path) == "performance, powersave"


def test_cores_that_are_switched_on(tmp_path: Path) -> None:
    write(tmp_path, "sys/devices/system/cpu/online", "0-2,5")
    assert count_online(tmp_path) == 4
    assert count_listed("") == 0
    with pytest.raises(NotAvailable, match="no list of numbers"):
        count_listed("a-b")


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    for read, words in (
        (read_caches, "tells of no caches"),
        (read_numa_nodes, "tells of no memory nodes"),
        (read_governor, "has no cpufreq"),
        (count_online, "has no /sys/devices/system/cpu/online"),
        (read_modules, "has no /sys/firmware/dmi/tables/DMI"),
    ):
        with pytest.raises(NotAvailable, match=words):
            read(tmp_path)


def test_files_that_fail_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "sys/odd", "lots")
    (tmp_path / "sys/folder").mkdir()
    gathering = Gathering()
    for field, name in (("odd", "sys/odd"), ("folder", "sys/folder"), ("none", "sys/none")):
        assert gathering.ask(field, partial(read_number, tmp_path, name), -1) == -1
    assert gathering.reasons == {
        "odd": "/sys/odd holds no whole number but “lots”.",
        "folder": "/sys/folder can't be read: Is a directory.",
        "none": "This system has no /sys/none.",
    }

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NotAvailable, match="This user may not read /sys/odd"):
        read_number(tmp_path, "sys/odd")


def module(kind: int, *, speed: int, configured: int = 0, size: int = 0x4000) -> bytes:
    body = bytearray(0x5C)
    body[0], body[1] = 17, len(body)
    body[0x0C:0x0E] = size.to_bytes(2, "little")
    body[0x12] = kind
    for at, far, value in ((0x15, 0x54, speed), (0x20, 0x58, configured)):
        body[at : at + 2] = min(value, 0xFFFF).to_bytes(2, "little")
        body[far : far + 4] = value.to_bytes(4, "little")
    return bytes(body) + b"DIMM 0\0SERIAL-4711\0\0"


BIOS = bytes((0, 4, 0, 0)) + b"\0\0"


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([module(0x1A, speed=3200, configured=2933)] * 2, ("DDR4", 2933, 2)),
        ([module(0x22, speed=5600), module(0x22, speed=4800), module(0x22, speed=1, size=0)],
         ("DDR5", 4800, 2)),
        ([module(0x24, speed=70_000)], ("HBM3", 70_000, 1)),
        ([module(0x02, speed=0)], ("", None, 1)),
        # Cut off in the texts behind the first module.
        ([module(0x23, speed=6400)[:-3]], ("LPDDR5", 6400, 1)),
    ],
)  # fmt: skip
def test_memory_modules_of_the_firmwares_tables(
    tmp_path: Path, tables: list[bytes], expected: tuple[str, int | None, int]
) -> None:
    path = tmp_path / "sys/firmware/dmi/tables/DMI"
    path.parent.mkdir(parents=True)
    path.write_bytes(BIOS + b"".join(tables))
    kind, speed, count = expected
    assert read_modules(tmp_path) == MemoryModules(type=kind, megatransfers=speed, count=count)


@pytest.mark.parametrize("data", [b"", b"\x11", b"\x11\0\0\0" * 4, BIOS, b"\x11\xff" + b"\1" * 40])
def test_tables_that_are_broken(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "sys/firmware/dmi/tables/DMI"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    try:
        read_modules(tmp_path)
    except NotAvailable as absent:
        assert "no memory modules" in str(absent)  # noqa: PT017 - either is right for garbage


def test_memory_modules_for_those_who_may_not_read_the_tables(tmp_path: Path) -> None:
    text = """E:MEMORY_DEVICE_0_SIZE=17179869184
E:MEMORY_DEVICE_0_TYPE=DDR5
E:MEMORY_DEVICE_0_SPEED_MTS=5600
E:MEMORY_DEVICE_0_CONFIGURED_SPEED_MTS=5200
E:MEMORY_DEVICE_0_SERIAL_NUMBER=4711
E:MEMORY_DEVICE_1_PRESENT=0
E:MEMORY_DEVICE_1_TYPE=Unknown
E:MEMORY_DEVICE_2_TYPE=DDR5
E:MEMORY_DEVICE_2_SPEED_MTS=4800"""
    write(tmp_path, "run/udev/data/+dmi:id", text)
    assert read_modules(tmp_path) == MemoryModules(type="DDR5", megatransfers=4800, count=2)


def block(root: Path, folder: Path, target: str) -> Path:
    """Make the device that `folder` is on; return the device's folder."""
    number = folder.stat().st_dev
    device = root / "sys/devices" / target
    device.mkdir(parents=True)
    link = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(device)
    return device


@pytest.mark.parametrize(
    ("name", "rotational", "model", "kind"),
    [
        ("sda", 1, "ST4000DM004", "hard disk"),
        ("sda", 0, "Samsung SSD 870", "SSD"),
        ("nvme0n1", 0, "WD_BLACK SN850X", "NVMe"),
        ("sda", 1, "QEMU HARDDISK", "virtual disk"),
    ],
)
def test_the_disk_below_a_partition(
    tmp_path: Path, name: str, rotational: int, model: str, kind: str
) -> None:
    device = block(tmp_path, tmp_path, f"{name}/{name}p1")
    write(device, "partition", 1)
    write(device.parent, "queue/rotational", rotational)
    write(device.parent, "device/model", model)
    found = inspect_disk(tmp_path / "not" / "there" / "yet", tmp_path)
    assert (found.kind, found.model, found.unavailable) == (kind, model, {})
    assert found.total_bytes
    assert found.free_bytes is not None


def test_the_disk_below_encryption(tmp_path: Path) -> None:
    mapped = block(tmp_path, tmp_path, "virtual/block/dm-0")
    disk = tmp_path / "sys/devices/pci/vda"
    write(disk, "queue/rotational", 1)
    (mapped / "slaves").mkdir()
    (mapped / "slaves/vda").symlink_to(disk)
    found = inspect_disk(tmp_path, tmp_path)
    assert found.kind == "virtual disk"
    assert found.unavailable == {"model": "The disk “vda” does not tell its model."}


def test_a_folder_on_no_disk(tmp_path: Path) -> None:
    found = inspect_disk(tmp_path, tmp_path)
    assert found.total_bytes
    assert found.unavailable["kind"].startswith("The folder is on no disk")
    assert set(found.unavailable) == {"kind", "model"}
