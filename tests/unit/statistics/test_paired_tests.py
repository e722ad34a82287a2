"""McNemar's exact test and Holm's correction against SciPy and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from desktop.statistics.paired_tests import holm, mcnemar_exact


@given(st.integers(0, 600), st.integers(0, 600))
def test_mcnemar_is_the_two_sided_sign_test(first: int, second: int) -> None:
    flips = first + second
    expected = binomtest(first, flips, 0.5).pvalue if flips else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_exact(first, second) == mcnemar_exact(second, first)


def test_mcnemar_with_more_flips_than_a_float_can_count() -> None:
    assert mcnemar_exact(5200, 4800) == pytest.approx(binomtest(5200, 10_000).pvalue, rel=1e-9)
    assert mcnemar_exact(100_000, 0) == 0.0


def test_mcnemar_of_models_that_agree_everywhere_says_nothing() -> None:
    assert mcnemar_exact(0, 0) == 1.0


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 2)


def test_holm_by_hand_in_the_order_given() -> None:
    # Sorted: .005·4, .01·3, then .03·2 = .06, and .04·1 raised to what came before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_of_none_and_of_one() -> None:
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_never_lowers_a_value_and_keeps_the_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= p for a, p in zip(adjusted, values, strict=True))
    assert all(a <= 1 for a in adjusted)
    ranks = sorted(range(len(values)), key=lambda i: values[i])
    assert [adjusted[i] for i in ranks] == sorted(adjusted)
