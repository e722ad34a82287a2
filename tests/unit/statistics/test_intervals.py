"""Intervals against SciPy, published examples and simulation."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from desktop.statistics.intervals import paired_difference_interval, wilson_interval
from desktop.statistics.paired_tests import mcnemar_exact


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(
    ("passed", "total"), [(0, 1), (1, 1), (0, 36), (36, 36), (14, 36), (1, 200), (81, 263)]
)
def test_wilson_equals_scipy(passed: int, total: int, level: float) -> None:
    expected = binomtest(passed, total).proportion_ci(confidence_level=level, method="wilson")
    interval = wilson_interval(passed, total, level)
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)
    assert interval.level == level


def test_wilson_gives_the_published_figures() -> None:
    # Newcombe 1998, Stat. Med. 17:857, table I, method 3.
    for passed, total, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        interval = wilson_interval(passed, total)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("passed", "total"), [(0, 0), (5, 4), (-1, 4)])
def test_wilson_refuses_what_is_no_share(passed: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(passed, total)


def test_a_level_outside_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence level"):
        wilson_interval(1, 2, 1.0)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_stays_within_0_and_1(passed: int, more: int) -> None:
    interval = wilson_interval(passed, passed + more)
    assert 0 <= interval.low <= passed / (passed + more) <= interval.high <= 1


def test_paired_interval_gives_the_published_figures() -> None:
    # Fagerland, Lydersen, Laake 2014, Stat. Med. 33:2850: airway hyper-responsiveness before and
    # after a transplantation, and complete response before and after therapy (Tango's interval).
    for only_first, only_second, cases, low, high in [
        (1, 7, 21, -0.517, -0.026),
        (6, 16, 161, -0.124, -0.005),
    ]:
        interval = paired_difference_interval(only_first, only_second, cases)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-4)


def test_paired_interval_mirrors_when_the_models_change_places() -> None:
    one = paired_difference_interval(9, 3, 36)
    other = paired_difference_interval(3, 9, 36)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)


def test_paired_interval_at_the_ends() -> None:
    alike = paired_difference_interval(0, 0, 36)
    # z²/(n + z²), by hand.
    assert (alike.low, alike.high) == pytest.approx((-0.09642, 0.09642), abs=1e-5)
    assert paired_difference_interval(36, 0, 36).high == 1.0
    assert paired_difference_interval(0, 36, 36).low == -1.0
    assert paired_difference_interval(0, 1, 1).low == -1.0


@pytest.mark.parametrize(("first", "second", "cases"), [(0, 0, 0), (3, 3, 5), (-1, 0, 5)])
def test_paired_interval_refuses_impossible_counts(first: int, second: int, cases: int) -> None:
    with pytest.raises(ValueError, match="cannot differ"):
        paired_difference_interval(first, second, cases)


@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 400))
def test_the_interval_never_contradicts_the_test(first: int, second: int, both: int) -> None:
    """When the exact test says that two differ, zero is outside."""
    cases = max(1, first + second + both)
    interval = paired_difference_interval(first, second, cases)
    assert interval.low - 1e-9 <= (first - second) / cases <= interval.high + 1e-9
    if mcnemar_exact(first, second) <= 0.05:
        assert interval.low > 0 or interval.high < 0


@pytest.mark.parametrize(
    ("cases", "only_first", "only_second"),
    [(36, 0.15, 0.15), (36, 0.25, 0.05), (60, 0.10, 0.05), (200, 0.20, 0.10)],
)
def test_paired_interval_covers_the_truth_about_95_times_in_100(
    cases: int, only_first: float, only_second: float
) -> None:
    chance = random.Random(20260)  # noqa: S311 - a simulation, not a secret
    held, trials = 0, 1500
    truth = only_first - only_second
    for _ in range(trials):
        first = second = 0
        for _ in range(cases):
            draw = chance.random()
            first += draw < only_first
            second += only_first <= draw < only_first + only_second
        interval = paired_difference_interval(first, second, cases)
        held += interval.low <= truth <= interval.high
    # Two and a half standard errors of the simulation are 0.014; Tango's may be a little short.
    assert 0.93 <= held / trials <= 0.975


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0])
def test_what_is_no_count_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(odd, 10)
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(0, odd)
    for counts in ((odd, 1, 10), (1, odd, 10), (1, 1, odd)):
        with pytest.raises(ValueError, match="cannot differ"):
            paired_difference_interval(*counts)


def test_fewer_effective_cases_widen_both_intervals() -> None:
    """Ends move outwards when the same shares rest on a third of the cases."""
    whole, third = wilson_interval(60, 90), wilson_interval(20, 30)
    fraction = wilson_interval(60 / 3.5, 90 / 3.5)
    assert fraction.low < third.low < whole.low < whole.high < third.high < fraction.high
    paired = paired_difference_interval(12 / 3.5, 6 / 3.5, 90 / 3.5)
    assert paired.low < paired_difference_interval(12, 6, 90).low
