"""The machine's description: whole, stable, and without anything that names its owner."""

import getpass
import platform
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psutil
import pytest

from desktop.domain.machine import Disk, Machine, Processor
from desktop.probes.cgroups import ContainerLimits
from desktop.probes.machine import identify, inspect_machine, tell_power_source
from desktop.probes.processor import inspect_processor, is_virtual

GIB = 1 << 30


def test_this_machine() -> None:
    found = inspect_machine()
    assert found.processor.name
    assert 1 <= found.processor.usable_cores <= found.processor.logical_cores
    assert found.memory_bytes == psutil.virtual_memory().total
    assert found.system
    assert found.python == platform.python_version()
    assert bool(found.gpus) != bool(found.gpu_note)
    assert found.power_source in {"mains", "battery", "no battery", ""}
    assert msgspec.json.decode(msgspec.json.encode(found), type=Machine) == found


def test_inspecting_twice_gives_one_id_and_names_nobody() -> None:
    first, second = inspect_machine(), inspect_machine()
    assert first.id == second.id
    assert len(first.id) == 16
    text = msgspec.json.encode(first).decode()
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4
    assert f'"{getpass.getuser()}"' not in text


PROCESSOR = Processor(
    name="Some CPU", architecture="x86_64", physical_cores=4, logical_cores=8, usable_cores=8
)


def test_the_id_follows_the_hardware_only() -> None:
    base = identify(PROCESSOR, 16 * GIB)
    # The kernel keeps a little more or less for itself after an update.
    assert identify(PROCESSOR, 16 * GIB - 300_000_000) == base
    limited = msgspec.structs.replace(PROCESSOR, usable_cores=2, maximum_mhz=3000.0)
    assert identify(limited, 16 * GIB) == base
    assert identify(PROCESSOR, 32 * GIB) != base
    other = msgspec.structs.replace(PROCESSOR, name="Another CPU")
    assert identify(other, 16 * GIB) != base


X86 = """processor\t: 0
model name\t: Some(R)   CPU @ 3.00GHz
flags\t\t: fpu sse4_2 avx avx2 fma hypervisor madeup
processor\t: 1
model name\t: Some(R)   CPU @ 3.00GHz
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nHardware\t: Some Board\n"


def test_processor_of_cpuinfo(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    cpuinfo = tmp_path / "proc" / "cpuinfo"
    cpuinfo.write_text(X86)
    found = inspect_processor(ContainerLimits(), tmp_path)
    assert found.name == "Some(R) CPU @ 3.00GHz"
    assert found.features == ("sse4_2", "avx", "fma", "avx2")
    assert is_virtual(tmp_path)
    cpuinfo.write_text(ARM)
    found = inspect_processor(ContainerLimits(), tmp_path)
    assert (found.name, found.features) == ("Some Board", ("asimd", "asimddp", "i8mm"))
    assert not is_virtual(tmp_path)


def test_a_processor_without_cpuinfo_still_has_a_name(tmp_path: Path) -> None:
    found = inspect_processor(ContainerLimits(), tmp_path / "absent")
    assert found.name
    assert found.features == ()
    assert found.unavailable["features"] == "This system has no /proc/cpuinfo."


def test_a_machine_without_proc_and_sys_is_told_with_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", fail(OSError(2, "No such file", "/proc/meminfo")))
    monkeypatch.setattr(psutil, "swap_memory", fail(PermissionError(13, "Permission denied")))
    monkeypatch.setattr(psutil, "cpu_freq", fail(FileNotFoundError(2, "No such file")))
    found = inspect_machine(tmp_path)
    # The C library knows how much memory there is without /proc.
    assert found.memory_bytes > GIB
    assert found.free_bytes is not None
    assert found.unavailable["swap_bytes"] == "The system failed to tell: Permission denied."
    assert found.unavailable["core_limit"].startswith("The system shows no control groups")
    assert found.unavailable["memory_type"].startswith("This system has no /sys/firmware")
    for field in ("current_mhz", "governor", "caches", "numa_nodes", "features"):
        assert found.processor.unavailable[field].endswith("."), field
    assert found.processor.logical_cores >= 1
    assert found.disk is not None
    parts: tuple[Machine | Processor | Disk, ...] = (found, found.processor, found.disk)
    for where in parts:
        assert set(where.unavailable) <= set(where.__struct_fields__)


def test_machines_that_an_older_program_stored_are_still_read() -> None:
    old = (
        b'{"id":"a","system":"Linux","processor":{"name":"CPU","architecture":"x86_64",'
        b'"physical_cores":null,"logical_cores":2,"usable_cores":2},"memory_bytes":5,'
        b'"gpus":[{"name":"G","memory_bytes":7}]}'
    )
    found = msgspec.json.decode(old, type=Machine)
    assert (found.processor.governor, found.disk, found.unavailable) == ("", None, {})
    assert found.gpus[0].pcie_lanes is None


def test_a_quota_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.probes.processor.psutil.cpu_count", lambda logical=True: 8)  # noqa: ARG005
    monkeypatch.setattr("desktop.probes.processor._count_allowed", lambda _: 6)
    assert inspect_processor(ContainerLimits()).usable_cores == 6
    assert inspect_processor(ContainerLimits(cores=2.5)).usable_cores == 2
    assert inspect_processor(ContainerLimits(cores=0.5)).usable_cores == 1


@pytest.mark.parametrize(
    ("battery", "words"),
    [
        (None, "no battery"),
        (SimpleNamespace(power_plugged=True), "mains"),
        (SimpleNamespace(power_plugged=False), "battery"),
        (SimpleNamespace(power_plugged=None), ""),
    ],
)
def test_power_source(monkeypatch: pytest.MonkeyPatch, battery: object, words: str) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert tell_power_source() == words


def fail(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def test_sensors_that_fail_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", fail(OSError("no")), raising=False)
    monkeypatch.setattr(psutil, "swap_memory", fail(OSError("no")))
    monkeypatch.setattr(psutil, "cpu_freq", fail(NotImplementedError("no")))
    found = inspect_machine()
    assert (found.power_source, found.swap_bytes) == ("no battery", 0)
    assert found.processor.maximum_mhz is None
