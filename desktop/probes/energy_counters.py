"""Where energy can be read: NVIDIA's counter, RAPL, a laptop's battery; and where it can't, why."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from desktop.domain.energy import EnergyAccess, EnergyBoundary
from desktop.probes.energy import EnergyCounter
from desktop.probes.gpus import GpuMeter
from desktop.probes.processor import is_virtual
from desktop.probes.system_files import ROOT, NotAvailable, read_number, read_text

_POWERCAP = "sys/class/powercap"
_SUPPLIES = "sys/class/power_supply"
_MICRO = 1e-6
_SECONDS_PER_HOUR = 3600
_WALL = "Put a meter between the plug and the computer, and type its readings in."


class RaplCounter:
    """CPU packages, and the memory beside them, through Linux's powercap.

    `core` and `uncore` are within a package and `psys` is around all, so none of them is added;
    `intel-rapl-mmio` repeats a package. Memory (`dram`) is listed below a package, but counted
    apart from it. The counters' registers have 32 bits and are updated about every millisecond.
    """

    boundary = EnergyBoundary.PROCESSOR
    lag_seconds = 0.001
    shortest_seconds = 0.1
    most_watts = 1000.0

    def __init__(self, root: Path = ROOT) -> None:
        """Look below a root."""
        self._root = root

    def read(self) -> dict[str, float]:
        """Return joules by part."""
        return self._read_all("energy_uj")

    def ranges(self) -> dict[str, float]:
        """Return the joules at which parts begin anew."""
        return self._read_all("max_energy_range_uj")

    def is_optional(self, part: str) -> bool:
        """Memory's counter is there but does nothing on some CPUs."""
        return part.endswith("dram")

    def _read_all(self, name: str) -> dict[str, float]:
        return {
            part: read_number(self._root, f"{zone}/{name}") * _MICRO for part, zone in self._zones()
        }

    def _zones(self) -> Iterator[tuple[str, str]]:
        names: dict[str, str] = {}
        for folder in (self._root / _POWERCAP).glob("intel-rapl:*"):
            if re.fullmatch(r"intel-rapl:\d+(:\d+)?", folder.name):
                names[folder.name] = read_text(self._root, f"{_POWERCAP}/{folder.name}/name")
        if not any(name.startswith("package") for name in names.values()):
            raise NotAvailable(f"This system shows no CPU package in /{_POWERCAP}.")
        for zone, name in sorted(names.items()):
            above = names.get(zone.rpartition(":")[0], "")
            if name.startswith("package"):
                yield name, f"{_POWERCAP}/{zone}"
            elif name == "dram":
                yield f"{above} dram".strip(), f"{_POWERCAP}/{zone}"


class NvmlCounter:
    """All NVIDIA GPUs that the driver sees; needs Volta (2017) or later."""

    boundary = EnergyBoundary.GPU
    lag_seconds = 0.1
    shortest_seconds = 5.0
    most_watts = 2000.0

    def __init__(self, meter: GpuMeter) -> None:
        """Read through an open library, which the caller closes."""
        self._meter = meter

    def read(self) -> dict[str, float]:
        """Return joules by GPU."""
        return self._meter.read_energy()

    def ranges(self) -> dict[str, float]:
        """Nothing wraps: 64 bits of millijoules."""
        return {}

    def is_optional(self, part: str) -> bool:
        """Every GPU counts."""
        del part
        return False


class BatteryCounter:
    """What laptop batteries have given, while the plug is out.

    Their gauges are taken to be up to 10 s old, and steps of 10 mWh (36 J) are usual; hence the
    two minutes. Batteries of mice and phones are not the computer's.
    """

    boundary = EnergyBoundary.BATTERY
    lag_seconds = 10.0
    shortest_seconds = 120.0
    most_watts = 1000.0

    def __init__(self, root: Path = ROOT) -> None:
        """Look below a root."""
        self._root = root
        self._charges: dict[str, tuple[float, float]] = {}

    def read(self) -> dict[str, float]:
        """Return, by battery, the negative of what is left, which rises as it gives."""
        found: dict[str, float] = {}
        discharging = False
        for name in self._batteries():
            status = read_text(self._root, f"{name}/status")
            if status == "Charging":
                raise NotAvailable("The battery is being charged, so the plug gives power too.")
            discharging |= status == "Discharging"
            found[name.rpartition("/")[2]] = -self._left_joules(name)
        if not found:
            raise NotAvailable("This computer has no battery.")
        if not discharging:
            raise NotAvailable("The computer runs on mains, so the battery gives nothing.")
        return found

    def ranges(self) -> dict[str, float]:
        """Nothing wraps."""
        return {}

    def is_optional(self, part: str) -> bool:
        """Of two batteries one rests while the other gives."""
        del part
        return True

    def _batteries(self) -> Iterator[str]:
        for folder in sorted((self._root / _SUPPLIES).glob("*")):
            name = f"{_SUPPLIES}/{folder.name}"
            if self._word(f"{name}/type") == "Battery" and self._word(f"{name}/scope") != "Device":
                yield name

    def _word(self, name: str) -> str:
        try:
            return read_text(self._root, name)
        except NotAvailable:
            return ""

    def _left_joules(self, name: str) -> float:
        try:
            return read_number(self._root, f"{name}/energy_now") * _MICRO * _SECONDS_PER_HOUR
        except NotAvailable:
            pass
        # Gauges that count charge: each step at the voltage of its time, from zero at first.
        charge = read_number(self._root, f"{name}/charge_now") * _MICRO * _SECONDS_PER_HOUR
        volts = read_number(self._root, f"{name}/voltage_now") * _MICRO
        before, joules = self._charges.get(name, (charge, 0.0))
        joules += (charge - before) * volts
        self._charges[name] = (charge, joules)
        return joules


def list_energy_access(root: Path = ROOT) -> tuple[EnergyAccess, ...]:
    """Return, for every boundary, whether energy can be read within it here, and why not."""
    meter = GpuMeter()
    try:
        gpu = _try(NvmlCounter(meter), "Measure on a GPU of the Volta generation (2017) or later.")
    finally:
        meter.close()
    return (
        gpu,
        _try(RaplCounter(root), _help_rapl(root)),
        _try(
            BatteryCounter(root), "Measure on a laptop with the plug out, for two minutes or more."
        ),
        EnergyAccess(
            boundary=EnergyBoundary.WALL,
            measurable=False,
            reason="A meter at the plug can't be read by a program here.",
            remedy=_WALL,
        ),
    )


def _try(counter: EnergyCounter, remedy: str) -> EnergyAccess:
    try:
        counter.ranges()
        parts = tuple(counter.read())
    except NotAvailable as absent:
        return EnergyAccess(
            boundary=counter.boundary, measurable=False, reason=str(absent), remedy=remedy
        )
    return EnergyAccess(boundary=counter.boundary, measurable=True, parts=parts)


def _help_rapl(root: Path) -> str:
    if (root / _POWERCAP).is_dir() and any((root / _POWERCAP).glob("intel-rapl:*")):
        return (
            "Linux keeps these counters to the administrator, since they can betray secrets of "
            "other programs (CVE-2020-8694). Until the next start of the computer everybody may "
            f"read them after: sudo chmod a+r /{_POWERCAP}/intel-rapl:*/energy_uj"
        )
    if is_virtual(root):
        return f"A virtual machine does not see its host's counters: measure on the host. {_WALL}"
    if sys.platform != "linux":
        return f"The processor's counters are read on Linux only. {_WALL}"
    return (
        "CPUs by Intel since 2011 and by AMD since 2017 have such counters; load their driver "
        "with: sudo modprobe intel_rapl_msr"
    )
