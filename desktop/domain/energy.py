"""Energy: always within a named boundary, and never a guess from a data sheet."""

from enum import StrEnum

from desktop.domain.base import Value


class EnergyBoundary(StrEnum):
    """What a figure of energy holds in.

    `gpu`: the graphics cards whole. `processor`: CPU packages, and memory modules where `parts`
    name them; no disks, no fans, no losses of the power supply. `battery`: a laptop whole, its
    screen too. `wall`: everything behind the plug.
    """

    GPU = "gpu"
    PROCESSOR = "processor"
    BATTERY = "battery"
    WALL = "wall"


class EnergyAccess(Value, frozen=True, kw_only=True):
    """Whether energy can be read here within a boundary; else why not, and what would help."""

    boundary: EnergyBoundary
    measurable: bool
    parts: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""


class EnergyUse(Value, frozen=True, kw_only=True):
    """Energy between two moments, what the machine uses at rest included.

    `parts` are what was added up, such as `package-0`; `left_out` says in a sentence what was not.
    `idle_watts` is `None` unless the machine was measured at rest; only then is there a net figure.
    `uncertainty_joules` is how far off the counters' steps and delays may put `joules`.
    """

    boundary: EnergyBoundary
    parts: tuple[str, ...]
    joules: float
    seconds: float
    uncertainty_joules: float
    left_out: str = ""
    idle_watts: float | None = None

    @property
    def watts(self) -> float:
        """The average power."""
        return self.joules / self.seconds

    @property
    def net_joules(self) -> float | None:
        """What the work took beyond rest; `None` where rest was not measured."""
        if self.idle_watts is None:
            return None
        return self.joules - self.idle_watts * self.seconds

    def net_joules_each(self, count: int) -> float | None:
        """Return the net energy for each of so many tokens or answers; `None` for none of them."""
        net = self.net_joules
        return None if net is None or count <= 0 else net / count
