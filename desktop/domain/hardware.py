"""Machines that one could buy or rent, and whether a language model fits on one."""

from datetime import date
from enum import StrEnum

from desktop.domain.base import Value
from desktop.domain.language_model import MemoryNeed


class MachineKind(StrEnum):
    """Where weights and caches lie."""

    GPU = "gpu"
    UNIFIED = "unified"
    SERVER = "server"


class ListPrice(Value, frozen=True, kw_only=True):
    """What the vendor asked on a day, without tax; `source` says where that was published."""

    amount: float
    currency: str
    dated: date
    source: str


class CatalogueMachine(Value, frozen=True, kw_only=True):
    """One machine of a catalogue, as its vendor describes it.

    `memory_bytes` and `bandwidth_gbps` (10⁹ bytes a second, the vendor's peak) are those of one
    GPU, or of a whole machine whose processor does the work. `board_watts` is the vendor's limit
    for the board or processor, or for the whole machine where no other figure exists.
    `bandwidth_gbps` of 0 means unknown. `source` names the vendor's document, `noted` the day
    on which the entry was written, `path` the catalogue's file.
    """

    id: str
    name: str
    vendor: str
    kind: MachineKind
    memory_bytes: int
    bandwidth_gbps: float = 0.0
    board_watts: float | None = None
    price: ListPrice | None = None
    source: str = ""
    noted: date | None = None
    note: str = ""
    path: str = ""


class DecodeCeiling(Value, frozen=True, kw_only=True):
    """Tokens a second that the memory's bandwidth allows at most: a bound, not a prediction.

    `alone_tokens_per_second` is one user at the beginning of a context, `together` all users at
    the end of theirs, added up. The bytes are those read for one step in either case.
    """

    alone_tokens_per_second: float
    together_tokens_per_second: float
    alone_bytes: int
    together_bytes: int


class Capacity(Value, frozen=True, kw_only=True):
    """Whether a model fits on a machine for a number of users, and what would fit.

    The reserve stays free for drivers, the system and what else is there. `longest_context` is
    the longest for so many users that memory and training allow (0: not even one token),
    `is_limited_by_training` which of the two it was; `most_users` counts those with the asked
    context.
    """

    machine: CatalogueMachine
    need: MemoryNeed
    cache_bytes_per_user: int
    reserve_bytes: int
    longest_context: int
    is_limited_by_training: bool
    most_users: int
    ceiling: DecodeCeiling | None = None
    notes: tuple[str, ...] = ()

    @property
    def required_bytes(self) -> int:
        """All that has to lie in memory, the reserve included."""
        return self.need.total_bytes + self.reserve_bytes

    @property
    def left_bytes(self) -> int:
        """What would be left, negative if it does not fit."""
        return self.machine.memory_bytes - self.required_bytes

    @property
    def fits(self) -> bool:
        """Whether the machine carries the model for all users."""
        return self.left_bytes >= 0
