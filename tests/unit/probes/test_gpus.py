"""NVIDIA GPUs, with a driver's library that is made up."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pynvml
import pytest

from desktop.domain.machine import Gpu
from desktop.probes.gpus import GpuLoad, GpuMeter, list_gpus


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


def test_gpus_are_listed_and_the_library_is_closed(nvml: FakeNvml) -> None:
    gpus, note = list_gpus()
    assert note == ""
    assert gpus == (
        Gpu(
            name="GPU in text",
            memory_bytes=1000,
            free_bytes=900,
            driver="999.1",
            power_limit_watts=250.0,
        ),
        Gpu(name="GPU in bytes", memory_bytes=1000, free_bytes=900, driver="999.1"),
    )
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
    assert "reports an error" in note
    assert GpuMeter().read() == GpuLoad()
    assert nvml.open == 0


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "nvidia-ml-py is missing" in list_gpus()[1]
