"""NVIDIA GPUs through NVML, the driver's own library; the usual answer is that there are none."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from desktop.domain.base import Value
from desktop.domain.machine import Gpu

_MILLIWATTS = 1000
_PERCENT = 100


class GpuLoad(Value, frozen=True, kw_only=True):
    """How busy all GPUs are together: the busiest one's share, 0 to 1, and the sum of watts."""

    share: float | None = None
    power_watts: float | None = None


def list_gpus() -> tuple[tuple[Gpu, ...], str]:
    """Return the GPUs, and a sentence why there are none if there are none."""
    try:
        nvml = _start()
    except _NvmlUnavailable as unavailable:
        return (), str(unavailable)
    try:
        gpus = tuple(_describe(nvml, handle) for handle in _handles(nvml))
    except nvml.NVMLError as error:
        return (), f"The NVIDIA driver reports an error: {error}."
    finally:
        _stop(nvml)
    return gpus, "" if gpus else "The NVIDIA driver is installed, but it sees no GPU."


class GpuMeter:
    """Reads the GPUs' load again and again; the driver's library stays open until `close`."""

    def __init__(self) -> None:
        """Open the driver's library if it is there."""
        self._nvml: Any = None
        self._devices: list[Any] = []
        try:
            nvml = _start()
        except _NvmlUnavailable:
            return
        self._nvml = nvml
        try:
            self._devices = _handles(nvml)
        except nvml.NVMLError:
            self.close()

    def read(self) -> GpuLoad:
        """Return the load at this moment; empty without GPUs."""
        nvml = self._nvml
        if nvml is None or not self._devices:
            return GpuLoad()
        rates = [_ask(nvml, nvml.nvmlDeviceGetUtilizationRates, device) for device in self._devices]
        watts = [_ask(nvml, nvml.nvmlDeviceGetPowerUsage, device) for device in self._devices]
        shares = [rate.gpu / _PERCENT for rate in rates if rate is not None]
        known = [watt / _MILLIWATTS for watt in watts if watt is not None]
        return GpuLoad(share=max(shares, default=None), power_watts=sum(known) if known else None)

    def close(self) -> None:
        """Let go of the driver's library. Closing twice is harmless."""
        nvml, self._nvml, self._devices = self._nvml, None, []
        if nvml is not None:
            _stop(nvml)


class _NvmlUnavailable(Exception):
    """There is no NVML; the text says why."""


def _start() -> Any:
    """Return the library, opened; NVML counts how often, so each start needs its stop."""
    try:
        import pynvml  # noqa: PLC0415 - costs 20 ms and is rarely of use
    except ImportError:
        raise _NvmlUnavailable("NVIDIA GPUs can't be asked for: nvidia-ml-py is missing.") from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise _NvmlUnavailable(_explain(pynvml, error)) from None
    return pynvml


def _stop(nvml: Any) -> None:
    with suppress(nvml.NVMLError):
        nvml.nvmlShutdown()


def _explain(nvml: Any, error: Exception) -> str:
    if isinstance(error, nvml.NVMLError_LibraryNotFound):
        return "No NVIDIA driver is installed, so there is no NVIDIA GPU to use."
    if isinstance(error, nvml.NVMLError_DriverNotLoaded):
        return "The NVIDIA driver is installed but not loaded; is there an NVIDIA GPU?"
    if isinstance(error, nvml.NVMLError_NoPermission):
        return "This user may not use the NVIDIA driver."
    return f"The NVIDIA driver reports an error: {error}."


def _handles(nvml: Any) -> list[Any]:
    return [nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount())]


def _describe(nvml: Any, device: Any) -> Gpu:
    memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, device)
    limit = _ask(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, device)
    return Gpu(
        name=_text(nvml.nvmlDeviceGetName(device)),
        memory_bytes=int(memory.total) if memory is not None else 0,
        free_bytes=int(memory.free) if memory is not None else None,
        driver=_text(_ask(nvml, lambda _: nvml.nvmlSystemGetDriverVersion(), device) or ""),
        power_limit_watts=limit / _MILLIWATTS if limit is not None else None,
    )


def _ask(nvml: Any, question: Callable[[Any], Any], device: Any) -> Any:
    """Return an answer, or `None` where this GPU or driver has none."""
    try:
        return question(device)
    except nvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
