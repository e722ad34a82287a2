"""NVIDIA GPUs through NVML, the driver's own library; the usual answer is that there are none."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from desktop.domain.base import Value
from desktop.domain.machine import Gpu
from desktop.probes.system_files import NotAvailable

_MILLIWATTS = 1000
_MILLIJOULES = 1000
_PERCENT = 100
# Bits of NVML's reasons for lower clocks; drivers before 535 call them throttle reasons. A card at
# its power limit (bit 2) is left out: that is what the card always does under load.
_SLOWDOWNS = {
    0x08: "its hardware slowed it down",
    0x20: "it is too hot",
    0x40: "it is much too hot",
    0x80: "the power supply asked it to",
}
_REASONS = ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")


class GpuLoad(Value, frozen=True, kw_only=True):
    """How busy all GPUs are together: the busiest one's share, 0 to 1, and the sum of watts."""

    share: float | None = None
    power_watts: float | None = None


def list_gpus() -> tuple[tuple[Gpu, ...], str]:
    """Return the GPUs, and a sentence why there are none, or which of them does not answer.

    A GPU that fell off its bus leaves the others listed.
    """
    try:
        nvml = _start()
    except _NvmlUnavailable as unavailable:
        return (), str(unavailable)
    gpus, lost = [], []
    try:
        for number in range(nvml.nvmlDeviceGetCount()):
            try:
                gpus.append(_describe(nvml, nvml.nvmlDeviceGetHandleByIndex(number)))
            except _errors(nvml) as error:
                lost.append(f"GPU {number} does not answer: {error}.")
    except nvml.NVMLError as error:
        return (), f"The NVIDIA driver reports an error: {error}."
    finally:
        _stop(nvml)
    if not gpus and not lost:
        return (), "The NVIDIA driver is installed, but it sees no GPU."
    return tuple(gpus), " ".join(lost)


class GpuMeter:
    """Reads the GPUs' load again and again; the driver's library stays open until `close`."""

    def __init__(self) -> None:
        """Open the driver's library if it is there."""
        self._nvml: Any = None
        self._devices: dict[int, Any] = {}
        self._why = ""
        try:
            nvml = _start()
        except _NvmlUnavailable as unavailable:
            self._why = str(unavailable)
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
        rates = [
            _ask(nvml, nvml.nvmlDeviceGetUtilizationRates, device)
            for device in self._devices.values()
        ]
        watts = [
            _ask(nvml, nvml.nvmlDeviceGetPowerUsage, device) for device in self._devices.values()
        ]
        shares = [rate.gpu / _PERCENT for rate in rates if rate is not None]
        known = [watt / _MILLIWATTS for watt in watts if watt is not None]
        return GpuLoad(share=max(shares, default=None), power_watts=sum(known) if known else None)

    def read_slowdowns(self) -> tuple[str, ...]:
        """Return, for each GPU that slows down now, a clause that says why; empty if none does."""
        found = []
        for number, device in self._devices.items():
            bits = self._read_reasons(device)
            why = [words for bit, words in _SLOWDOWNS.items() if bits & bit]
            if why:
                found.append(f"GPU {number} slowed down: {', '.join(why)}")
        return tuple(found)

    def _read_reasons(self, device: Any) -> int:
        for name in _REASONS:
            try:
                return int(getattr(self._nvml, name)(device))
            except AttributeError:
                continue  # a binding that knows the other name only
            except _errors(self._nvml):
                continue  # a driver that does
        return 0

    def read_energy(self) -> dict[str, float]:
        """Return the joules that each GPU has used since its driver started.

        Raises `NotAvailable` if one of them does not tell: a sum without it would mislead.
        """
        nvml = self._nvml
        if nvml is None or not self._devices:
            raise NotAvailable(self._why or "There is no NVIDIA GPU that answers.")
        found = {}
        for number, device in self._devices.items():
            try:
                millijoules = nvml.nvmlDeviceGetTotalEnergyConsumption(device)
            except _errors(nvml) as error:
                raise NotAvailable(
                    f"GPU {number} does not tell the energy that it uses: {error}."
                ) from None
            found[f"GPU {number}"] = millijoules / _MILLIJOULES
        return found

    def close(self) -> None:
        """Let go of the driver's library. Closing twice is harmless."""
        nvml, self._nvml, self._devices = self._nvml, None, {}
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


def _handles(nvml: Any) -> dict[int, Any]:
    """Return, by number, the GPUs that answer."""
    found = {}
    for number in range(nvml.nvmlDeviceGetCount()):
        with suppress(nvml.NVMLError):
            found[number] = nvml.nvmlDeviceGetHandleByIndex(number)
    return found


def _describe(nvml: Any, device: Any) -> Gpu:
    """Return what a GPU tells; raise an NVML error where it does not tell even its name."""
    name = _text(nvml.nvmlDeviceGetName(device))
    reasons: dict[str, str] = {}

    def ask(field: str, function: str, *arguments: Any) -> Any:
        try:
            return getattr(nvml, function)(*arguments)
        except _errors(nvml) as error:
            reasons[field] = f"The NVIDIA driver does not tell it for this GPU: {error}."
        except AttributeError:
            reasons[field] = "The installed nvidia-ml-py can't ask for it."
        return None

    memory = ask("memory_bytes", "nvmlDeviceGetMemoryInfo", device)
    if memory is None:
        reasons["free_bytes"] = reasons["memory_bytes"]
    limit = ask("power_limit_watts", "nvmlDeviceGetEnforcedPowerLimit", device)
    return Gpu(
        name=name,
        memory_bytes=int(memory.total) if memory is not None else 0,
        free_bytes=int(memory.free) if memory is not None else None,
        driver=_text(ask("driver", "nvmlSystemGetDriverVersion") or ""),
        power_limit_watts=limit / _MILLIWATTS if limit is not None else None,
        pcie_generation=ask("pcie_generation", "nvmlDeviceGetCurrPcieLinkGeneration", device),
        pcie_lanes=ask("pcie_lanes", "nvmlDeviceGetCurrPcieLinkWidth", device),
        maximum_pcie_generation=ask(
            "maximum_pcie_generation", "nvmlDeviceGetMaxPcieLinkGeneration", device
        ),
        maximum_pcie_lanes=ask("maximum_pcie_lanes", "nvmlDeviceGetMaxPcieLinkWidth", device),
        unavailable=reasons,
    )


def _ask(nvml: Any, question: Callable[[Any], Any], device: Any) -> Any:
    """Return an answer, or `None` where this GPU or driver has none."""
    try:
        return question(device)
    except _errors(nvml):
        return None


def _errors(nvml: Any) -> tuple[type[Exception], ...]:
    """Return what the library raises; it decodes names, which a dying GPU may garble."""
    return (nvml.NVMLError, UnicodeDecodeError)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
