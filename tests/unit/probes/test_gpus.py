"""NVIDIA GPUs, with a driver's library that is made up."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pynvml
import pytest

from desktop.domain.machine import Gpu
from desktop.probes.gpus import GpuLoad, GpuMeter, list_gpus
from tests.unit.probes.recorded_nvml import L4, LOST, NOT_SUPPORTED, RecordedNvml

_ASKED = {
    "memory_bytes": "nvmlDeviceGetMemoryInfo",
    "power_limit_watts": "nvmlDeviceGetEnforcedPowerLimit",
    "pcie_generation": "nvmlDeviceGetCurrPcieLinkGeneration",
    "pcie_lanes": "nvmlDeviceGetCurrPcieLinkWidth",
    "maximum_pcie_generation": "nvmlDeviceGetMaxPcieLinkGeneration",
    "maximum_pcie_lanes": "nvmlDeviceGetMaxPcieLinkWidth",
}


class FakeNvml(ModuleType):
    """Two GPUs, the second of which can't tell its power."""

    NVMLError = pynvml.NVMLError
    NVMLError_LibraryNotFound = pynvml.NVMLError_LibraryNotFound
    NVMLError_DriverNotLoaded = pynvml.NVMLError_DriverNotLoaded
    NVMLError_NoPermission = pynvml.NVMLError_NoPermission

    def __init__(self, *, count: int = 2, start_error: int | None = None) -> None:
        super().__init__("pynvml")
        self.open = 0
        self._count = count
        self._start_error = start_error

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        if self._start_error is not None:
            raise pynvml.NVMLError(self._start_error)
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self._count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, device: int) -> str | bytes:  # noqa: N802
        return b"GPU in bytes" if device else "GPU in text"

    def nvmlDeviceGetMemoryInfo(self, device: int) -> Any:  # noqa: N802, ARG002
        return SimpleNamespace(total=1000, free=900)

    def nvmlDeviceGetEnforcedPowerLimit(self, device: int) -> int:  # noqa: N802
        return self._power(device, 250_000)

    def nvmlDeviceGetPowerUsage(self, device: int) -> int:  # noqa: N802
        return self._power(device, 75_500)

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "999.1"

    def nvmlDeviceGetUtilizationRates(self, device: int) -> Any:  # noqa: N802
        return SimpleNamespace(gpu=20 + 30 * device)

    @staticmethod
    def _power(device: int, milliwatts: int) -> int:
        if device:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return milliwatts


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


def play(monkeypatch: pytest.MonkeyPatch, recorded: RecordedNvml) -> RecordedNvml:
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    return recorded


def test_gpus_are_listed_and_the_library_is_closed(nvml: FakeNvml) -> None:
    gpus, note = list_gpus()
    assert note == ""
    first, second = gpus
    assert (first.name, first.memory_bytes, first.free_bytes) == ("GPU in text", 1000, 900)
    assert (first.driver, first.power_limit_watts) == ("999.1", 250.0)
    # This library is too old to know of PCIe.
    assert first.unavailable["pcie_lanes"] == "The installed nvidia-ml-py can't ask for it."
    assert (second.name, second.power_limit_watts) == ("GPU in bytes", None)
    assert "Not Supported" in second.unavailable["power_limit_watts"]
    assert nvml.open == 0


def test_the_meter_keeps_the_library_open_until_closed(nvml: FakeNvml) -> None:
    meter = GpuMeter()
    assert nvml.open == 1
    assert meter.read() == GpuLoad(share=0.5, power_watts=75.5)
    meter.close()
    meter.close()
    assert nvml.open == 0
    assert meter.read() == GpuLoad()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "No NVIDIA driver is installed"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "installed but not loaded"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "may not use"),
        (pynvml.NVML_ERROR_UNKNOWN, "reports an error"),
    ],
)
def test_reasons_for_no_gpu_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, error: int, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(start_error=error))
    gpus, note = list_gpus()
    assert gpus == ()
    assert words in note
    assert GpuMeter().read() == GpuLoad()


def test_a_driver_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeNvml(count=0)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    assert list_gpus() == ((), "The NVIDIA driver is installed, but it sees no GPU.")
    assert fake.open == 0


def test_a_gpu_that_fails_while_it_is_described(
    nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(_: int) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

    monkeypatch.setattr(nvml, "nvmlDeviceGetHandleByIndex", lose)
    gpus, note = list_gpus()
    assert gpus == ()
    assert "GPU 0 does not answer: GPU is lost." in note
    meter = GpuMeter()
    assert meter.read() == GpuLoad()
    meter.close()
    assert nvml.open == 0


def test_a_whole_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, RecordedNvml(L4))
    (gpu,), note = list_gpus()
    assert gpu == Gpu(
        name="NVIDIA L4",
        memory_bytes=24_152_899_584,
        free_bytes=23_600_000_000,
        driver="550.90.07",
        power_limit_watts=72.0,
        pcie_generation=1,
        pcie_lanes=8,
        maximum_pcie_generation=4,
        maximum_pcie_lanes=16,
    )
    assert note == ""


@pytest.mark.parametrize("field", sorted(_ASKED))
def test_one_field_that_fails_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    play(monkeypatch, RecordedNvml({**L4, _ASKED[field]: NOT_SUPPORTED}))
    ((gpu,), _) = list_gpus()
    assert field in gpu.unavailable
    assert "Not Supported" in gpu.unavailable[field]
    assert set(gpu.unavailable) <= {field, "free_bytes"}
    assert gpu.name == "NVIDIA L4"


def test_a_gpu_that_fell_off_its_bus_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = play(monkeypatch, RecordedNvml(LOST, L4, {**L4, "nvmlDeviceGetName": LOST}))
    gpus, note = list_gpus()
    assert [gpu.name for gpu in gpus] == ["NVIDIA L4"]
    assert note == "GPU 0 does not answer: GPU is lost. GPU 2 does not answer: GPU is lost."
    assert recorded.open == 0
    recorded.devices.pop()
    meter = GpuMeter()
    assert meter.read().power_watts == 31.25
    # Lost in the middle: nothing is told, and nothing breaks.
    recorded.devices[1] = dict.fromkeys(L4, LOST)
    assert meter.read() == GpuLoad()
    meter.close()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "nvidia-ml-py is missing" in list_gpus()[1]
