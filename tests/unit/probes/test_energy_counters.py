"""Where energy is read, out of directories made like sysfs and a recorded driver's library."""

import sys
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.energy import EnergyAccess, EnergyBoundary
from desktop.probes.energy import EnergyMeter
from desktop.probes.energy_counters import (
    BatteryCounter,
    NvmlCounter,
    RaplCounter,
    list_energy_access,
)
from desktop.probes.gpus import GpuMeter
from desktop.probes.system_files import NotAvailable
from tests.unit.probes.recorded_nvml import L4, LOST, NOT_SUPPORTED, RecordedNvml

ZONES = {
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "uncore",
    "intel-rapl:0:2": "dram",
    "intel-rapl:1": "package-1",
    "intel-rapl:1:0": "dram",
    "intel-rapl:2": "psys",
    "intel-rapl-mmio:0": "package-0",
}


def write(root: Path, name: str, content: object) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n")


@pytest.fixture
def rapl(tmp_path: Path) -> Path:
    (tmp_path / "sys/class/powercap/intel-rapl").mkdir(parents=True)
    for number, (zone, name) in enumerate(ZONES.items()):
        folder = f"sys/class/powercap/{zone}"
        write(tmp_path, f"{folder}/name", name)
        write(tmp_path, f"{folder}/energy_uj", (number + 1) * 1_000_000)
        write(tmp_path, f"{folder}/max_energy_range_uj", 262_143_328_850)
    return tmp_path


def test_what_overlaps_is_counted_once(rapl: Path) -> None:
    counter = RaplCounter(rapl)
    assert counter.read() == {
        "package-0": 1.0,
        "package-0 dram": 4.0,
        "package-1": 5.0,
        "package-1 dram": 6.0,
    }
    assert counter.ranges()["package-0"] == pytest.approx(262_143.32885)
    assert counter.is_optional("package-0 dram")
    assert not counter.is_optional("package-0")


def test_a_package_is_metered_over_its_end(rapl: Path) -> None:
    now = iter((0.0, 10.0))
    name = "sys/class/powercap/intel-rapl:0/energy_uj"
    write(rapl, name, 262_143_000_000)
    meter = EnergyMeter(RaplCounter(rapl), lambda: next(now))
    meter.start()
    write(rapl, name, 99_671_150)
    write(rapl, "sys/class/powercap/intel-rapl:1/energy_uj", 205_000_000)
    found = meter.finish()
    assert found.joules == pytest.approx(100 + 200)
    assert found.parts == ("package-0", "package-1")
    assert found.left_out == "package-0 dram, package-1 dram: the counter stood still."


def test_counters_that_are_the_administrators(rapl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.open

    def refuse(path: Path, *arguments: Any) -> Any:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments)

    monkeypatch.setattr(Path, "open", refuse)
    found = access(rapl, EnergyBoundary.PROCESSOR)
    assert not found.measurable
    assert found.reason == ("This user may not read /sys/class/powercap/intel-rapl:0/energy_uj.")
    assert "CVE-2020-8694" in found.remedy
    assert "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj" in found.remedy


def access(root: Path, boundary: EnergyBoundary) -> EnergyAccess:
    (found,) = (each for each in list_energy_access(root) if each.boundary is boundary)
    return found


def test_a_machine_without_counters_says_what_would_help(tmp_path: Path) -> None:
    listed = list_energy_access(tmp_path)
    assert [each.boundary for each in listed] == list(EnergyBoundary)
    for each in listed:
        assert not each.measurable
        assert each.reason.endswith(".")
        assert each.remedy
    write(tmp_path, "proc/cpuinfo", "flags : fpu hypervisor")
    assert "measure on the host" in access(tmp_path, EnergyBoundary.PROCESSOR).remedy


def test_what_can_be_measured_is_listed(rapl: Path) -> None:
    found = access(rapl, EnergyBoundary.PROCESSOR)
    assert found.measurable
    assert found.parts == ("package-0", "package-0 dram", "package-1", "package-1 dram")
    assert (found.reason, found.remedy) == ("", "")


def gpu_counter(monkeypatch: pytest.MonkeyPatch, *devices: object) -> NvmlCounter:
    monkeypatch.setitem(sys.modules, "pynvml", RecordedNvml(*devices))
    return NvmlCounter(GpuMeter())


ENERGY = "nvmlDeviceGetTotalEnergyConsumption"


def test_gpus_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter((0.0, 10.0))
    devices = {**L4, ENERGY: [5_000_000, 5_400_000]}, {**L4, ENERGY: [1000, 101_000]}
    meter = EnergyMeter(gpu_counter(monkeypatch, *devices), lambda: next(now))
    meter.start()
    found = meter.finish()
    assert (found.boundary, found.joules) == (EnergyBoundary.GPU, 500.0)
    assert found.parts == ("GPU 0", "GPU 1")
    # The driver's figure is up to a tenth of a second old.
    assert found.uncertainty_joules == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([5_000_000, LOST], "GPU 0 does not tell the energy that it uses: GPU is lost"),
        ([NOT_SUPPORTED], "GPU 0 does not tell the energy that it uses: Not Supported"),
        ([5_000_000, 1000], "GPU 0 went backwards"),
        ([5_000_000, 5_000_000], "GPU 0 stood still"),
    ],
)
def test_gpus_whose_counter_can_not_be_trusted(
    monkeypatch: pytest.MonkeyPatch, answers: list[object], words: str
) -> None:
    now = iter((0.0, 10.0, 10.0))
    meter = EnergyMeter(gpu_counter(monkeypatch, {**L4, ENERGY: answers}), lambda: next(now))
    meter.start()
    with pytest.raises(NotAvailable, match=words):
        meter.finish()


def test_a_gpu_that_is_lost_keeps_the_others_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_counter(monkeypatch, LOST, L4).read() == {"GPU 1": 5000.0}
    with pytest.raises(NotAvailable, match="no NVIDIA GPU that answers"):
        gpu_counter(monkeypatch, LOST).read()


def battery(root: Path, name: str = "BAT0", **facts: object) -> None:
    given = {"type": "Battery", "status": "Discharging", **facts}
    for key, value in given.items():
        write(root, f"sys/class/power_supply/{name}/{key}", value)


def meter_battery(root: Path, **later: object) -> Any:
    now = iter((0.0, 600.0))
    meter = EnergyMeter(BatteryCounter(root), lambda: next(now))
    meter.start()
    for key, value in later.items():
        write(root, f"sys/class/power_supply/BAT0/{key}", value)
    return meter.finish()


def test_a_battery_that_counts_energy(tmp_path: Path) -> None:
    battery(tmp_path, energy_now=50_000_000)
    # A mouse's battery is not the computer's.
    battery(tmp_path, "hidpp_battery_0", scope="Device", status="Charging", energy_now=1)
    write(tmp_path, "sys/class/power_supply/AC/type", "Mains")
    found = meter_battery(tmp_path, energy_now=47_500_000)
    assert (found.boundary, found.parts) == (EnergyBoundary.BATTERY, ("BAT0",))
    assert found.joules == pytest.approx(2.5 * 3600)
    assert found.uncertainty_joules == pytest.approx(150)


def test_a_battery_that_counts_charge(tmp_path: Path) -> None:
    battery(tmp_path, charge_now=4_000_000, voltage_now=12_000_000)
    found = meter_battery(tmp_path, charge_now=3_800_000, voltage_now=11_500_000)
    # Only what flowed counts; a lower voltage of what is left is no use of energy.
    assert found.joules == pytest.approx(0.2 * 11.5 * 3600)


@pytest.mark.parametrize(
    ("status", "words"),
    [("Charging", "being charged"), ("Full", "runs on mains"), ("Not charging", "runs on mains")],
)
def test_a_battery_with_the_plug_in(tmp_path: Path, status: str, words: str) -> None:
    battery(tmp_path, energy_now=50_000_000)
    with pytest.raises(NotAvailable, match=words):
        meter_battery(tmp_path, energy_now=49_000_000, status=status)


def test_a_computer_without_a_battery(tmp_path: Path) -> None:
    assert access(tmp_path, EnergyBoundary.BATTERY).reason == "This computer has no battery."
