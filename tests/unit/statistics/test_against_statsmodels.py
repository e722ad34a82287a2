"""Wilson, McNemar and Holm against statsmodels, on counts of every size."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from desktop.statistics.intervals import wilson_interval
from desktop.statistics.paired_tests import holm, mcnemar_exact

_COUNTS = [(0, 1), (1, 1), (0, 40), (40, 40), (14, 36), (999, 1000), (5013, 20_000)]


@pytest.mark.parametrize(("passed", "total"), _COUNTS)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_wilson(passed: int, total: int, level: float) -> None:
    expected = proportion_confint(passed, total, alpha=1 - level, method="wilson")
    found = wilson_interval(passed, total, level)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 0), (1, 0), (9, 1), (30, 30), (140, 101), (3000, 2800)]
)
def test_mcnemar(only_first: int, only_second: int) -> None:
    expected = mcnemar([[50, only_first], [only_second, 50]], exact=True).pvalue
    assert mcnemar_exact(only_first, only_second) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("number", [1, 3, 45])
def test_holm(number: int) -> None:
    p_values = np.random.default_rng(number).random(number) ** 4
    expected = multipletests(p_values, method="holm")[1]
    assert holm(list(p_values)) == pytest.approx(list(expected), abs=1e-12)
