"""Cases that hang together: the exact test of groups, and as how many cases they count."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS

from desktop.statistics.clusters import (
    design_effect,
    effective_cases,
    sign_flip_exact,
    student_quantile,
    sum_groups,
)
from desktop.statistics.intervals import wilson_interval
from desktop.statistics.paired_tests import mcnemar_exact


@pytest.mark.parametrize(
    "sums", [[3, -1, 2, 2, -4, 1, 0, 5], [2, 2, 2, -1], [7], [0, 0], [], [1, 1, -1, 1, 1, 1, 1]]
)
def test_the_sign_flip_test_counts_every_way(sums: list[int]) -> None:
    observed = abs(sum(sums))
    ways = [
        abs(sum(sign * value for sign, value in zip(signs, sums, strict=True))) >= observed
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    assert sign_flip_exact(sums) == pytest.approx(sum(ways) / len(ways), abs=1e-12)


def test_groups_of_one_case_give_mcnemars_test() -> None:
    assert sign_flip_exact([1] * 40 + [-1] * 17 + [0] * 900) == mcnemar_exact(40, 17)


def test_thousands_of_flips_neither_overflow_nor_lose_the_tail() -> None:
    p_value = sign_flip_exact([2] * 1500 + [-2] * 1300 + [1])
    assert 0 < p_value < 0.001
    assert sign_flip_exact([3] * 3000) < 1e-300


def test_differences_are_added_up_by_group() -> None:
    assert sum_groups([1, 0, -1, 1, 1], ["a", "a", "b", "a", "c"]) == [2, -1, 1]


def test_groups_that_answer_as_one_are_worth_one_case_each() -> None:
    values = [float(at // 10 % 2) for at in range(200)]
    effect = design_effect(values, [at // 10 for at in range(200)])
    assert effect == pytest.approx(10, rel=0.05)
    assert design_effect(values, list(range(200))) == 1.0


def test_the_effect_is_as_statsmodels_clustered_errors_have_it() -> None:
    random = np.random.default_rng(3)
    groups = np.repeat(np.arange(25), 4)
    values = (random.random(25)[groups] + random.random(100) > 1).astype(float)
    fitted = OLS(values, np.ones(100)).fit()
    robust = fitted.get_robustcov_results(
        cov_type="cluster", groups=groups, use_correction=True, df_correction=True
    )
    # statsmodels multiplies by G/(G-1) · (n-1)/(n-k), and k is 1 here.
    expected = float(robust.bse[0] ** 2 / fitted.bse[0] ** 2)
    assert design_effect(list(values), list(groups)) == pytest.approx(max(1.0, expected), rel=1e-9)


def test_without_any_scatter_a_group_counts_as_one_case() -> None:
    effect = design_effect([1.0] * 60, [at // 20 for at in range(60)])
    assert effect == 20
    assert effective_cases(60, effect, 3) < 3
    assert design_effect([1.0, 0.0, 1.0], ["a", "a", "a"]) == 3
    assert effective_cases(3, 3.0, 1) == 1.0
    assert effective_cases(60, 1.0, 60) == 60.0


def test_intervals_by_effective_cases_hold_the_truth() -> None:
    """Twelve groups of ten whose cases mostly go together; plain Wilson holds it far too seldom."""
    random = np.random.default_rng(8)
    groups = [at // 10 for at in range(120)]
    held = plain = 0
    for _ in range(400):
        chances = random.beta(1.2, 1.2, 12)
        values = [float(random.random() < chances[group]) for group in groups]
        share = math.fsum(values) / 120
        cases = effective_cases(120, design_effect(values, groups), 12)
        interval = wilson_interval(share * cases, cases)
        held += interval.low <= 0.5 <= interval.high
        alone = wilson_interval(sum(values), 120)
        plain += alone.low <= 0.5 <= alone.high
    assert 0.93 <= held / 400 <= 0.99
    assert plain / 400 < 0.75


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 30, 101, 499])
@pytest.mark.parametrize("share", [0.9, 0.975, 0.9995])
def test_students_quantiles_agree_with_scipy(degrees: int, share: float) -> None:
    assert student_quantile(share, degrees) == pytest.approx(stats.t.ppf(share, degrees), rel=1e-9)


def test_many_degrees_are_nearly_normal() -> None:
    assert student_quantile(0.975, 2000) == pytest.approx(stats.t.ppf(0.975, 2000), rel=1e-5)


def test_no_values_and_no_degrees_are_refused() -> None:
    with pytest.raises(ValueError, match="without cases"):
        design_effect([], [])
    with pytest.raises(ValueError, match="0 degrees"):
        student_quantile(0.975, 0)
