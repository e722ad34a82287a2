"""A stand-in for pynvml that plays what a driver answered."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pynvml

# A data centre's GPU, in the shapes that pynvml gives.
L4 = {
    "nvmlDeviceGetName": "NVIDIA L4",
    "nvmlDeviceGetMemoryInfo": {"total": 24_152_899_584, "free": 23_600_000_000},
    "nvmlDeviceGetEnforcedPowerLimit": 72_000,
    "nvmlDeviceGetPowerUsage": 31_250,
    "nvmlDeviceGetUtilizationRates": {"gpu": 20},
    "nvmlDeviceGetTotalEnergyConsumption": 5_000_000,
    "nvmlDeviceGetCurrPcieLinkGeneration": 1,
    "nvmlDeviceGetCurrPcieLinkWidth": 8,
    "nvmlDeviceGetMaxPcieLinkGeneration": 4,
    "nvmlDeviceGetMaxPcieLinkWidth": 16,
    "nvmlDeviceGetCurrentClocksEventReasons": 0,
    "nvmlDeviceGetCurrentClocksThrottleReasons": 0,
}
NOT_SUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
LOST = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)


class RecordedNvml(ModuleType):
    """Answers as recorded; an answer that is an exception is raised, a list is played in order.

    A device that is an exception is one whose handle can't be had. A function named in `missing`
    is not in this driver's library.
    """

    NVMLError = pynvml.NVMLError
    NVMLError_LibraryNotFound = pynvml.NVMLError_LibraryNotFound
    NVMLError_DriverNotLoaded = pynvml.NVMLError_DriverNotLoaded
    NVMLError_NoPermission = pynvml.NVMLError_NoPermission

    def __init__(
        self, *devices: Any, driver: str = "550.90.07", missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__("pynvml")
        self.open = 0
        self.devices = list(devices)
        self._driver = driver
        self._missing = missing

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if isinstance(self.devices[index], Exception):
            raise self.devices[index]
        return index

    def nvmlSystemGetDriverVersion(self) -> Any:  # noqa: N802
        return _play(self._driver)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvmlDeviceGet"):
            raise AttributeError(name)
        if name in self._missing:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)

        def answer(device: int) -> Any:
            return _play(self.devices[device][name])

        return answer


def _play(answer: Any) -> Any:
    if isinstance(answer, list):
        answer = answer.pop(0)
    if isinstance(answer, Exception):
        raise answer
    return SimpleNamespace(**answer) if isinstance(answer, dict) else answer
