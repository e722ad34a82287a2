"""Mean and quantiles against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.statistics.summaries import mean, median, quantile

figures = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(figures, st.floats(0, 1))
def test_quantiles_equal_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), abs=1e-6)


@given(figures)
def test_means_equal_numpys(values: list[float]) -> None:
    assert mean(values) == pytest.approx(float(np.mean(values)), abs=1e-6)


def test_median_of_an_even_number_is_between_the_two_in_the_middle() -> None:
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_shares_outside_0_and_1_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        quantile([1.0], share)


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        mean([])
    with pytest.raises(ValueError, match="needs values"):
        median([])
