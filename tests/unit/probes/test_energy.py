"""Energy between two moments: right sums, and no figure where it can't be vouched for."""

from collections.abc import Mapping

import pytest

from desktop.domain.energy import EnergyBoundary, EnergyUse
from desktop.errors import UserError
from desktop.probes.energy import (
    EnergyMeter,
    average_wall_watts,
    read_off_wall_meter,
    subtract_idle,
)
from desktop.probes.system_files import NotAvailable


class Counter:
    """A counter that a test turns by hand, and its clock."""

    boundary = EnergyBoundary.PROCESSOR
    lag_seconds = 0.1
    shortest_seconds = 0.5
    most_watts = 1000.0

    def __init__(self, **joules: float) -> None:
        self.joules = dict(joules)
        self.spans: dict[str, float] = {}
        self.now = 100.0
        self.lost = False

    def read(self) -> dict[str, float]:
        if self.lost:
            raise NotAvailable("GPU is lost.")
        return dict(self.joules)

    def ranges(self) -> Mapping[str, float]:
        return self.spans

    def is_optional(self, part: str) -> bool:
        return part == "dram"

    def advance(self, seconds: float, **joules: float) -> None:
        self.now += seconds
        for part, more in joules.items():
            self.joules[part] += more


def begin(counter: Counter) -> EnergyMeter:
    meter = EnergyMeter(counter, lambda: counter.now)
    meter.start()
    return meter


def test_parts_are_added_up() -> None:
    counter = Counter(package=500.0, dram=7.0)
    meter = begin(counter)
    counter.advance(10, package=300, dram=20)
    found = meter.finish()
    assert (found.joules, found.seconds, found.watts) == (320.0, 10.0, 32.0)
    assert found.parts == ("package", "dram")
    assert found.uncertainty_joules == pytest.approx(3.2)
    assert (found.net_joules, found.net_joules_each(5)) == (None, None)
    meter.start()
    counter.advance(10, package=100, dram=1)
    assert meter.finish().joules == 101.0


def test_a_counter_that_begins_anew() -> None:
    counter = Counter(package=64_900.0)
    counter.spans = {"package": 65_536.0}
    meter = begin(counter)
    counter.advance(10, package=500)
    meter.sample()
    counter.advance(10, package=500 - 65_536)
    assert meter.finish().joules == pytest.approx(1000.0)


def test_two_new_beginnings_can_not_be_told_from_one() -> None:
    counter = Counter(package=100.0)
    counter.spans = {"package": 65_536.0}
    meter = begin(counter)
    counter.advance(66, package=5000)
    with pytest.raises(NotAvailable, match="not read for 66 s"):
        meter.finish()


@pytest.mark.parametrize("spans", [{}, {"package": 262_000.0}])
def test_a_counter_that_was_reset(spans: dict[str, float]) -> None:
    # Sleep and new drivers begin at zero, which looks like a wrap where there is a range.
    counter = Counter(package=100_000.0)
    counter.spans = spans
    meter = begin(counter)
    counter.advance(20, package=-99_000)
    with pytest.raises(NotAvailable, match=r"went backwards|jumped by 163,000 J in 20\.0 s"):
        meter.finish()


def test_a_counter_that_stands_still() -> None:
    counter = Counter(package=5.0, dram=3.0)
    meter = begin(counter)
    counter.advance(10, dram=4)
    with pytest.raises(NotAvailable, match="The counter of package stood still for 10 s"):
        meter.finish()


def test_memory_whose_counter_does_nothing_is_left_out_and_said() -> None:
    counter = Counter(package=5.0, dram=0.0)
    meter = begin(counter)
    counter.advance(10, package=100)
    found = meter.finish()
    assert (found.parts, found.joules) == (("package",), 100.0)
    assert found.left_out == "dram: the counter stood still."


def test_a_clock_that_goes_backwards() -> None:
    counter = Counter(package=5.0)
    meter = begin(counter)
    counter.advance(-1, package=5)
    with pytest.raises(NotAvailable, match="clock went backwards"):
        meter.finish()


def test_too_short_a_time() -> None:
    counter = Counter(package=5.0)
    meter = begin(counter)
    counter.advance(0.4, package=5)
    with pytest.raises(NotAvailable, match=r"0\.4 s are too short; .* at least 0\.5 s"):
        meter.finish()


def test_a_counter_lost_in_the_middle_stays_lost() -> None:
    counter = Counter(package=5.0)
    meter = begin(counter)
    counter.lost = True
    counter.advance(5, package=5)
    meter.sample()
    counter.lost = False
    counter.advance(5, package=5)
    with pytest.raises(NotAvailable, match="GPU is lost"):
        meter.finish()
    meter.start()
    counter.advance(5, package=7)
    assert meter.finish().joules == 7.0


def test_a_part_that_vanishes() -> None:
    counter = Counter(package=5.0, second=5.0)
    meter = begin(counter)
    counter.advance(5, package=5)
    del counter.joules["second"]
    with pytest.raises(NotAvailable, match="The counter of second came or went"):
        meter.finish()


def test_a_meter_that_was_not_started() -> None:
    with pytest.raises(NotAvailable, match="not started"):
        EnergyMeter(Counter(package=1.0)).finish()


def use(joules: float, seconds: float, part: str = "package") -> EnergyUse:
    return EnergyUse(
        boundary=EnergyBoundary.PROCESSOR,
        parts=(part,),
        joules=joules,
        seconds=seconds,
        uncertainty_joules=joules / 100,
    )


def test_rest_is_subtracted() -> None:
    found = subtract_idle(use(600, 10), use(200, 20))
    assert (found.joules, found.idle_watts, found.net_joules) == (600, 10.0, 500.0)
    assert found.uncertainty_joules == pytest.approx(7.0)
    assert found.net_joules_each(250) == 2.0
    assert found.net_joules_each(0) is None


def test_rest_that_does_not_fit() -> None:
    with pytest.raises(NotAvailable, match="of other parts"):
        subtract_idle(use(600, 10), use(200, 20, part="other"))
    # 20.2 W of work and 20 W of rest, each known to a hundredth.
    with pytest.raises(NotAvailable, match=r"20\.2 W and rest 20\.0 W"):
        subtract_idle(use(202, 10), use(200, 10))


def test_a_wall_meters_readings() -> None:
    found = read_off_wall_meter(120.50, 120.75, 3600)
    assert found.boundary is EnergyBoundary.WALL
    assert found.joules == pytest.approx(900_000)
    assert found.watts == pytest.approx(250)
    assert found.uncertainty_joules == pytest.approx(36_000)
    # Ten steps are just enough, whatever floating point makes of them.
    assert read_off_wall_meter(0.2, 0.3, 60).joules == pytest.approx(360_000)


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ((2.0, 1.0, 60.0), "below the first"),
        ((1.0, 1.05, 60.0), "last digit"),
        ((1.0, 2.0, 0.0), "No time passed"),
        ((-1.0, 2.0, 60.0), "below zero or no number"),
        ((1.0, float("nan"), 60.0), "below zero or no number"),
        ((1.0, 2.0, float("inf")), "below zero or no number"),
    ],
)
def test_readings_that_can_not_be(readings: tuple[float, float, float], words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        read_off_wall_meter(*readings)
    assert refused.value.remedy


def test_watts_that_were_noted() -> None:
    found = average_wall_watts([90, 100, 110], 60)
    assert (found.watts, found.joules, found.uncertainty_joules) == (100, 6000, 600)
    for few in ([], [100.0, 100.0], [0.0, 0.0, 0.0]):
        with pytest.raises(UserError, match="at least three"):
            average_wall_watts(few, 60)
