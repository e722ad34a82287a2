"""The machine that runs were made on."""

from datetime import datetime

from desktop.domain.base import Value


class Processor(Value, frozen=True, kw_only=True):
    """The CPU. `usable_cores` is what this process may use (affinity, cgroup quota)."""

    name: str
    architecture: str
    physical_cores: int | None
    logical_cores: int
    usable_cores: int
    maximum_mhz: float | None = None
    features: tuple[str, ...] = ()


class Gpu(Value, frozen=True, kw_only=True):
    """One graphics processor, as its driver tells."""

    name: str
    memory_bytes: int
    driver: str = ""
    free_bytes: int | None = None
    power_limit_watts: float | None = None


class Machine(Value, frozen=True, kw_only=True):
    """What a run's figures hold for.

    `id` is stable on one machine and made without serial numbers. `gpu_note` says in words why
    `gpus` is empty. `memory_limit_bytes` is a container's limit, if there is one.
    """

    id: str
    system: str
    processor: Processor
    memory_bytes: int
    memory_limit_bytes: int | None = None
    swap_bytes: int = 0
    gpus: tuple[Gpu, ...] = ()
    gpu_note: str = ""
    power_source: str = ""
    virtualization: str = ""
    python: str = ""
    inspected_at: datetime | None = None


class MachineLoad(Value, frozen=True, kw_only=True):
    """How busy the machine is at one moment. Shares are of all cores, 0 to 1."""

    at: datetime
    processor_share: float
    other_processes_share: float
    free_bytes: int
    engine_resident_bytes: int | None = None
    gpu_share: float | None = None
    power_watts: float | None = None
    busiest_process: str = ""
