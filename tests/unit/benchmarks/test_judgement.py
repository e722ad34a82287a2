import os
import random
import statistics
import subprocess
import sys

import pytest
import quiet
from quiet import NOT_JUDGED, Load, Watch, judge
from ratios import Ratio, paired_ratio
from speed_probe import judge as judge_speed


def _load(others: float = 0.0, stolen: float = 0.0) -> Load:
    return Load(seconds=60.0, others_cores=others, stolen_cores=stolen)


def test_a_slow_minute_of_the_machine_does_not_move_a_paired_ratio() -> None:
    machine = [1.0, 1.0, 0.2, 1.0, 0.5, 1.0, 1.0, 0.9]

    ratio = paired_ratio([99 * speed for speed in machine], [100 * speed for speed in machine])

    assert ratio.median == pytest.approx(0.99)
    assert (ratio.low, ratio.high) == pytest.approx((0.99, 0.99))
    assert ratio.rounds == 8


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    dice = random.Random(1)  # noqa: S311 - nothing secret about it

    for rounds in (6, 9, 15, 30):
        held = []
        for _ in range(2000):
            # Skewed, as disturbed times are; the median of this is 1.
            values = [dice.lognormvariate(0, 0.3) for _ in range(rounds)]
            ratio = paired_ratio(values, [1.0] * rounds)
            held.append(ratio.low <= 1 <= ratio.high)
        assert statistics.fmean(held) >= 0.94


def test_few_rounds_give_the_whole_range() -> None:
    ratio = paired_ratio([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])

    assert (ratio.low, ratio.median, ratio.high) == (1.0, 2.0, 3.0)


def _ratio(low: float, high: float) -> Ratio:
    return Ratio(median=(low + high) / 2, low=low, high=high, rounds=9)


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([(0.985, 1.005), (0.99, 1.02)], True),
        ([(0.99, 1.01), (0.95, 0.979)], False),
        ([(0.99, 1.01), (1.021, 1.05)], False),
        ([(0.97, 1.01), (0.99, 1.01)], None),
        # One clear miss settles it, however unsure the other is.
        ([(0.9, 1.1), (0.90, 0.95)], False),
    ],
)
def test_speed_is_judged_by_the_interval(
    intervals: list[tuple[float, float]], verdict: bool | None
) -> None:
    assert judge_speed([_ratio(*interval) for interval in intervals]) is verdict


@pytest.mark.parametrize(
    ("reached", "load", "force", "words", "status"),
    [
        (True, _load(), False, "reached", 0),
        (False, _load(), False, "missed", 1),
        (None, _load(), False, "too unsure", NOT_JUDGED),
        (True, _load(others=0.5), False, "Not judged", NOT_JUDGED),
        (True, _load(stolen=0.5), False, "hypervisor 0.50", NOT_JUDGED),
        # Forced, figures come, but still no judgement that a busy machine could have made.
        (False, _load(others=0.5), True, "Not judged", NOT_JUDGED),
    ],
)
def test_a_busy_machine_is_never_judged(
    reached: bool | None, load: Load, force: bool, words: str, status: int
) -> None:
    verdict, code = judge(reached=reached, load=load, force=force)

    assert words in verdict
    assert code == status


def test_own_work_is_not_counted_as_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [0.0]
    # A machine on which only this process and its children run, and what `others` adds.
    monkeypatch.setattr(
        quiet, "read_processor_seconds", lambda: (sum(os.times()[:4]) + others[0], 0.0)
    )
    watch = Watch()

    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)

    load = watch.read()
    # The counters tick in hundredths of a second.
    assert load.others_cores * load.seconds < 0.05
    others[0] = 60.0
    assert not watch.read().is_quiet
