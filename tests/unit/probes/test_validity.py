"""What disturbs a measurement, from counters that are made up, and once from real ones."""

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.domain.measurement import Disturbance
from desktop.probes import validity
from desktop.probes.validity import (
    Counters,
    ValidityWatch,
    judge_counters,
    judge_spread,
    read_counters,
)
from tests.unit.probes.recorded_nvml import L4, LOST, RecordedNvml

QUIET = Counters(
    at_seconds=100.0,
    busy_seconds=50.0,
    total_seconds=400.0,
    stolen_seconds=0.0,
    swapped_bytes=0,
    own_seconds={1: 5.0},
    process_seconds={1: ("ours", 5.0), 9: ("browser", 20.0)},
    throttles=None,
    on_battery=False,
    online_cores=4,
)


def later(**changes: object) -> Counters:
    """Ten seconds on four cores, twenty of them worked by an engine that is ours."""
    base = msgspec.structs.replace(
        QUIET,
        at_seconds=110.0,
        busy_seconds=70.5,
        total_seconds=440.0,
        own_seconds={1: 5.0, 2: 20.0},
        process_seconds={1: ("ours", 5.0), 2: ("engine", 20.0), 9: ("browser", 20.5)},
    )
    return msgspec.structs.replace(base, **changes)


def codes(found: tuple[Disturbance, ...]) -> list[str]:
    return [disturbance.code for disturbance in found]


def test_a_quiet_machine_disturbs_nothing() -> None:
    assert judge_counters(QUIET, later()) == ()


def test_others_are_told_with_figures_and_the_culprit() -> None:
    processes = {2: ("engine", 20.0), 9: ("browser", 23.1)}
    (found,) = judge_counters(QUIET, later(busy_seconds=73.7, process_seconds=processes))
    assert found.code == "other_processes"
    assert found.message == (
        "Other processes used 37% of a core meanwhile, most of all “browser” (31% of a core); "
        "up to 15% of a core is trusted."
    )


def test_more_than_a_core_is_told_in_cores() -> None:
    (found,) = judge_counters(QUIET, later(busy_seconds=87.0, process_seconds={}))
    assert "used 1.7 cores meanwhile" in found.message


def test_who_did_little_is_not_named() -> None:
    processes = {2: ("engine", 20.0), 9: ("browser", 20.2)}
    (found,) = judge_counters(QUIET, later(busy_seconds=73.7, process_seconds=processes))
    assert "most of all" not in found.message


def test_others_whose_names_are_hidden() -> None:
    (found,) = judge_counters(QUIET, later(busy_seconds=73.7, process_seconds={}))
    assert "most of all" not in found.message


def test_just_below_the_threshold_is_quiet() -> None:
    assert judge_counters(QUIET, later(busy_seconds=71.49)) == ()
    assert codes(judge_counters(QUIET, later(busy_seconds=71.51))) == ["other_processes"]


def test_too_short_to_be_judged() -> None:
    short = later(at_seconds=100.4, busy_seconds=90.0, total_seconds=401.6)
    assert judge_counters(QUIET, short) == ()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"swapped_bytes": 300 << 20}, "swapping", "300 MiB"),
        ({"stolen_seconds": 4.0}, "steal", "10% of the processor time"),
        ({"throttles": 3}, "throttled", "keep cool"),
        ({"on_battery": True}, "battery", "plug it in"),
        ({"suspended_seconds": 3600.0}, "suspended", "slept for 3,600 s"),
        ({"online_cores": 3}, "cores", "went from 4 to 3"),
        ({"at_seconds": 99.0}, "clock", "went backwards"),
        ({"total_seconds": 400.0}, "unwatched", "nobody can vouch"),
    ],
)
def test_other_disturbances(changes: dict[str, object], code: str, words: str) -> None:
    (found,) = judge_counters(QUIET, later(**changes))
    assert found.code == code
    assert words in found.message
    assert found.message.endswith(".")


def test_old_throttling_is_forgiven() -> None:
    before = msgspec.structs.replace(QUIET, throttles=12)
    assert judge_counters(before, later(throttles=12)) == ()
    assert codes(judge_counters(before, later(throttles=13))) == ["throttled"]


@pytest.mark.parametrize(
    ("values", "disturbed"),
    [
        ([], False),
        ([100.0], False),
        ([100.0, 101.0, 99.0], False),
        ([100.0, 100.0, 80.0], True),
        ([0.0, 0.0], False),
    ],
)
def test_spread(values: list[float], disturbed: bool) -> None:
    assert codes(judge_spread(values)) == (["spread"] if disturbed else [])


def test_spread_is_told_in_figures() -> None:
    (found,) = judge_spread([90.0, 100.0, 110.0])
    assert "The 3 repetitions differ by 10%" in found.message


def watch_clock(readings: list[float | None]) -> tuple[Disturbance, ...]:
    counters: Iterator[Counters] = iter((QUIET, later()))
    clock = iter(readings)
    watch = ValidityWatch(lambda: next(counters), lambda: next(clock))
    watch.start()
    for _ in readings:
        watch.sample()
    return watch.finish()


def test_the_clock_is_watched_in_between() -> None:
    assert watch_clock([3000.0, 2900.0, 3000.0]) == ()
    (found,) = watch_clock([3000.0, 2900.0, 1500.0])
    assert found.code == "frequency"
    assert "between 1,500 and 3,000 MHz" in found.message
    # Two readings may be an accident, and many systems have none.
    assert watch_clock([3000.0, 1500.0]) == ()
    assert watch_clock([None, None, None]) == ()


def test_a_watch_that_was_not_started_saw_nothing() -> None:
    assert ValidityWatch(lambda: QUIET).finish() == ()


def test_a_watch_starts_afresh() -> None:
    noisy = later(busy_seconds=90.0)
    readings = iter(
        (QUIET, noisy, noisy, msgspec.structs.replace(noisy, at_seconds=120.0, total_seconds=480.0))
    )
    watch = ValidityWatch(lambda: next(readings), lambda: None)
    watch.start()
    assert codes(watch.finish()) == ["other_processes"]
    watch.start()
    assert watch.finish() == ()


def test_real_counters_go_up_and_our_own_work_is_ours() -> None:
    before = read_counters()
    assert os.getpid() in before.own_seconds
    while read_counters().own_seconds[os.getpid()] < before.own_seconds[os.getpid()] + 0.2:
        math.factorial(5_000)
    after = read_counters()
    assert after.busy_seconds - before.busy_seconds >= 0.15
    assert after.at_seconds > before.at_seconds
    if sys.platform == "linux":
        assert os.getpid() in after.process_seconds


def test_throttle_counts_are_added_up(tmp_path: Path) -> None:
    assert validity._read_throttles(tmp_path) is None
    for core, count in enumerate(("2", "3", "garbage")):
        folder = tmp_path / f"cpu{core}" / "thermal_throttle"
        folder.mkdir(parents=True)
        (folder / "core_throttle_count").write_text(count)
    assert validity._read_throttles(tmp_path) == 5


def watch_gpus(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> list[str]:
    missing = answers.pop("missing", ())
    recorded = RecordedNvml({**L4, **answers}, missing=missing)
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    counters: Iterator[Counters] = iter((QUIET, later()))
    watch = ValidityWatch(lambda: next(counters), lambda: None)
    watch.start()
    watch.sample()
    watch.sample()
    found = watch.finish()
    assert recorded.open == 0
    assert set(codes(found)) <= {"throttled"}
    return [each.message for each in found]


EVENTS = "nvmlDeviceGetCurrentClocksEventReasons"
THROTTLES = "nvmlDeviceGetCurrentClocksThrottleReasons"


def test_a_gpu_that_slows_down_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hot = ["GPU 0 slowed down: it is too hot."]
    assert watch_gpus(monkeypatch, **{EVENTS: [0x20, 0x20]}) == hot
    # Cooler by the second look: it was hot all the same.
    assert watch_gpus(monkeypatch, **{EVENTS: [0x20, 0]}) == hot
    # Idle, and at its power limit, as every card is under load.
    assert watch_gpus(monkeypatch, **{EVENTS: [0x1, 0x4]}) == []


def test_the_older_name_of_the_reasons_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    found = watch_gpus(monkeypatch, missing=(EVENTS,), **{THROTTLES: [0x88, 0x88]})
    assert found == [
        "GPU 0 slowed down: its hardware slowed it down, the power supply asked it to."
    ]


def test_a_gpu_without_reasons_disturbs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch_gpus(monkeypatch, **{EVENTS: LOST, THROTTLES: LOST}) == []


def test_a_system_that_does_not_count_can_not_be_vouched_for() -> None:
    def fail() -> Counters:
        raise FileNotFoundError(2, "No such file", "/proc/stat")

    watch = ValidityWatch(fail, lambda: None)
    watch.start()
    assert codes(watch.finish()) == ["unwatched"]
