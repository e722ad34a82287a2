"""The machine that runs were made on."""

from datetime import datetime

from desktop.domain.base import Value
from desktop.domain.energy import EnergyAccess


class Cache(Value, frozen=True, kw_only=True):
    """`count` caches alike; `size_bytes` is one's, `kind` is data, instruction or unified."""

    level: int
    kind: str
    size_bytes: int
    count: int


class NumaNode(Value, frozen=True, kw_only=True):
    """Cores and the memory that is near to them; 0 bytes where a node's size is not told."""

    number: int
    cores: int
    memory_bytes: int


class Processor(Value, frozen=True, kw_only=True):
    """The CPU. `usable_cores` is what this process may use (affinity, cgroup quota).

    `governor` is the rule by which the system chooses clocks; `current_mhz` is the clock when
    the CPU was looked at. `unavailable` says by a field's name why it can't be told.
    """

    name: str
    architecture: str
    physical_cores: int | None
    logical_cores: int
    usable_cores: int
    maximum_mhz: float | None = None
    features: tuple[str, ...] = ()
    minimum_mhz: float | None = None
    current_mhz: float | None = None
    governor: str = ""
    caches: tuple[Cache, ...] = ()
    numa_nodes: tuple[NumaNode, ...] = ()
    unavailable: dict[str, str] = {}


class Gpu(Value, frozen=True, kw_only=True):
    """One graphics processor, as its driver tells.

    PCIe's generation and lanes are those of the link now, which rests while the GPU does, and the
    most that GPU and socket can do together. `unavailable` says by field why it can't be told.
    """

    name: str
    memory_bytes: int
    driver: str = ""
    free_bytes: int | None = None
    power_limit_watts: float | None = None
    pcie_generation: int | None = None
    pcie_lanes: int | None = None
    maximum_pcie_generation: int | None = None
    maximum_pcie_lanes: int | None = None
    unavailable: dict[str, str] = {}


class Disk(Value, frozen=True, kw_only=True):
    """The disk of this user's files. `kind` is NVMe, SSD, hard disk or virtual disk."""

    model: str = ""
    kind: str = ""
    total_bytes: int | None = None
    free_bytes: int | None = None
    unavailable: dict[str, str] = {}


class Machine(Value, frozen=True, kw_only=True):
    """What a run's figures hold for.

    `id` is stable on one machine and made without serial numbers. `gpu_note` says in words why
    `gpus` is empty, or which GPU does not answer. `memory_limit_bytes` and `core_limit` are a
    container's limits, if there are any; cores may be fractions. `free_bytes` and
    `swap_free_bytes` are of the moment of looking; `memory_megatransfers` is the slowest module's
    speed in 10⁶ transfers a second. `energy` says what can be measured here, `unavailable` by a
    field's name why it can't be told.
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
    core_limit: float | None = None
    free_bytes: int | None = None
    swap_free_bytes: int | None = None
    memory_type: str = ""
    memory_megatransfers: int | None = None
    memory_modules: int | None = None
    disk: Disk | None = None
    energy: tuple[EnergyAccess, ...] = ()
    unavailable: dict[str, str] = {}


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
