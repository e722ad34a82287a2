"""Energy between two moments, out of counters that wrap, stop, go backwards or vanish.

A figure that can't be vouched for is not given: `NotAvailable` says why.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from desktop.domain.energy import EnergyBoundary, EnergyUse
from desktop.errors import UserError
from desktop.probes.system_files import NotAvailable

_STANDSTILL_SECONDS = 1.0
_JOULES_PER_KWH = 3.6e6


class EnergyCounter(Protocol):
    """A counter of joules, by part, that only goes up but for wrapping.

    `lag_seconds` is how old its figures may be, `shortest_seconds` the least time that it is good
    for. No part of today's draws `most_watts`: a counter that says so was reset, and between two
    readings so far apart that this power would wrap it, a wrap may hide. `ranges` has the joules
    at which a part begins anew; a part without never does.
    """

    boundary: EnergyBoundary
    lag_seconds: float
    shortest_seconds: float
    most_watts: float

    def read(self) -> dict[str, float]:
        """Return joules by part; raise `NotAvailable`."""

    def ranges(self) -> Mapping[str, float]:
        """Return the joules at which parts begin anew; raise `NotAvailable`."""

    def is_optional(self, part: str) -> bool:
        """Tell whether the sum is of use without a part that stands still."""


class EnergyMeter:
    """Adds up a counter from `start` to `finish`; may be started again. For one thread.

    `sample` in between keeps wraps from hiding: RAPL's counters begin anew within minutes. What
    goes wrong on the way is kept and told by `finish`, so that nothing breaks meanwhile.
    """

    def __init__(self, counter: EnergyCounter, now: Callable[[], float] = time.monotonic) -> None:
        """Measure with a counter; `now` gives seconds."""
        self._counter = counter
        self._now = now
        self._problem: NotAvailable | None = NotAvailable("The meter was not started.")
        self._ranges: Mapping[str, float] = {}
        self._sums: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._started_at = self._last_at = 0.0

    def start(self) -> None:
        """Begin; what was counted before is forgotten."""
        self._problem = None
        try:
            self._ranges = self._counter.ranges()
            self._last = self._counter.read()
        except NotAvailable as absent:
            self._problem = absent
        self._sums = dict.fromkeys(self._last, 0.0)
        self._started_at = self._last_at = self._now()

    def sample(self) -> None:
        """Read the counter in between."""
        if self._problem is None:
            try:
                self._add(self._counter.read(), self._now())
            except NotAvailable as absent:
                self._problem = absent

    def finish(self) -> EnergyUse:
        """Return the energy since `start`; raise `NotAvailable` where it can't be vouched for."""
        self.sample()
        if self._problem is not None:
            raise self._problem
        seconds = self._last_at - self._started_at
        shortest = self._counter.shortest_seconds
        if seconds < shortest:
            raise NotAvailable(
                f"{seconds:.1f} s are too short; this counter needs at least {shortest:g} s."
            )
        still = [part for part, joules in self._sums.items() if joules <= 0]
        needed = [part for part in still if not self._counter.is_optional(part)]
        if seconds >= _STANDSTILL_SECONDS and (needed or len(still) == len(self._sums)):
            names = ", ".join(needed or still) or "energy"
            raise NotAvailable(f"The counter of {names} stood still for {seconds:.0f} s.")
        joules = math.fsum(self._sums.values())
        return EnergyUse(
            boundary=self._counter.boundary,
            parts=tuple(part for part in self._sums if part not in still),
            joules=joules,
            seconds=seconds,
            uncertainty_joules=joules / seconds * self._counter.lag_seconds,
            left_out=f"{', '.join(still)}: the counter stood still." if still else "",
        )

    def _add(self, found: dict[str, float], at: float) -> None:
        passed = at - self._last_at
        if passed < 0:
            raise NotAvailable("The clock went backwards meanwhile.")
        if found.keys() != self._last.keys():
            gone = ", ".join(sorted(found.keys() ^ self._last.keys()))
            raise NotAvailable(f"The counter of {gone} came or went meanwhile.")
        for part, joules in found.items():
            self._sums[part] += self._step(part, joules - self._last[part], passed)
        self._last, self._last_at = found, at

    def _step(self, part: str, joules: float, passed: float) -> float:
        span = self._ranges.get(part)
        if span is not None and passed > span / self._counter.most_watts:
            raise NotAvailable(
                f"The counter of {part} was not read for {passed:.0f} s, in which it may have "
                "begun anew more than once."
            )
        if joules < 0 and span is None:
            raise NotAvailable(
                f"The counter of {part} went backwards, as after a restart of its driver."
            )
        step = joules + span if joules < 0 and span is not None else joules
        # Two readings at once may see one update of the counter between them.
        if step > self._counter.most_watts * (passed + self._counter.lag_seconds):
            raise NotAvailable(
                f"The counter of {part} jumped by {step:,.0f} J in {passed:.1f} s; it was reset."
            )
        return step


def subtract_idle(use: EnergyUse, idle: EnergyUse) -> EnergyUse:
    """Return the use with the power at rest; raise `NotAvailable` if they don't fit each other."""
    if (use.boundary, use.parts) != (idle.boundary, idle.parts):
        raise NotAvailable("The energy at rest was measured of other parts than that of the work.")
    uncertainty = use.uncertainty_joules + idle.uncertainty_joules * use.seconds / idle.seconds
    net = use.joules - idle.watts * use.seconds
    if net <= uncertainty:
        raise NotAvailable(
            f"The work took {use.watts:.1f} W and rest {idle.watts:.1f} W; the two can't be told "
            "apart. Was the machine busy while it should have rested?"
        )
    return msgspec.structs.replace(use, idle_watts=idle.watts, uncertainty_joules=uncertainty)


def read_off_wall_meter(
    first_kwh: float, last_kwh: float, seconds: float, *, step_kwh: float = 0.01
) -> EnergyUse:
    """Return the energy between two typed-in readings of a meter at the plug.

    `step_kwh` is the meter's last digit: most show hundredths, which are 36 kJ. Raises `UserError`
    for readings that can't be, or so near to each other that the last digit decides.
    """
    _check_typed(seconds, first_kwh, last_kwh, step_kwh)
    used = last_kwh - first_kwh
    if used < 0 or step_kwh <= 0:
        raise UserError(
            f"The second reading ({last_kwh:g} kWh) is below the first ({first_kwh:g} kWh)."
            if used < 0
            else "The meter's last digit stands for more than 0 kWh.",
            remedy="Type the readings as the meter showed them, the earlier one first.",
        )
    if used < 10 * step_kwh * (1 - 1e-9):
        raise UserError(
            f"The readings are {used:g} kWh apart, and the meter's last digit is {step_kwh:g} kWh.",
            remedy="Measure for longer, until at least ten of its steps have passed.",
        )
    return _wall(used * _JOULES_PER_KWH, seconds, step_kwh * _JOULES_PER_KWH)


def average_wall_watts(watts: Sequence[float], seconds: float) -> EnergyUse:
    """Return the energy of a time in which a meter at the plug showed these watts, typed in.

    The uncertainty is half of the difference between the largest and the smallest. Raises
    `UserError` for fewer than three figures or ones that can't be.
    """
    _check_typed(seconds, *watts)
    if len(watts) < 3 or not any(watts):  # noqa: PLR2004 - two are no average of a changing load
        raise UserError(
            "An average power needs at least three readings above zero.",
            remedy="Note the meter's watts at equal intervals while the model works.",
        )
    spread = (max(watts) - min(watts)) / 2
    return _wall(statistics.fmean(watts) * seconds, seconds, spread * seconds)


def _wall(joules: float, seconds: float, uncertainty: float) -> EnergyUse:
    return EnergyUse(
        boundary=EnergyBoundary.WALL,
        parts=("plug",),
        joules=joules,
        seconds=seconds,
        uncertainty_joules=uncertainty,
    )


def _check_typed(seconds: float, *figures: float) -> None:
    if not all(math.isfinite(figure) and figure >= 0 for figure in (seconds, *figures)):
        raise UserError(
            "A reading is below zero or no number.", remedy="Type what the meter showed."
        )
    if seconds <= 0:
        raise UserError(
            "No time passed between the readings.", remedy="Type the seconds that passed."
        )
