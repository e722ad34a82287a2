"""Planning figures against the exact power of the exact test."""

import pytest
from scipy.stats import binom

from desktop.statistics.power import (
    cases_needed,
    mcnemar_power,
    smallest_detectable_difference,
    votes_needed,
)


def exact_power(cases: int, difference: float, discordant: float, alpha: float = 0.05) -> float:
    """Sum the chance of a p-value below alpha over all outcomes that can happen."""
    to_first = (discordant + difference) / 2 / discordant
    power = 0.0
    for flips in range(cases + 1):
        fewest = int(binom.ppf(alpha / 2, flips, 0.5))
        while fewest >= 0 and 2 * binom.cdf(fewest, flips, 0.5) > alpha:
            fewest -= 1
        if fewest >= 0:
            tails = binom.cdf(fewest, flips, to_first) + binom.sf(
                flips - fewest - 1, flips, to_first
            )
            power += binom.pmf(flips, cases, discordant) * tails
    return float(power)


@pytest.mark.parametrize(
    ("difference", "discordant"), [(0.1, 0.2), (0.2, 0.4), (0.3, 0.8), (0.5, 0.8), (0.3, 1.0)]
)
def test_the_cases_needed_reach_80_percent_and_hardly_more(
    difference: float, discordant: float
) -> None:
    cases = cases_needed(difference, discordant)
    assert 0.8 <= exact_power(cases, difference, discordant) <= 0.83


@pytest.mark.parametrize("cases", [12, 40, 150, 700])
@pytest.mark.parametrize("discordant", [0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 45])
def test_the_smallest_difference_is_found_as_often_as_promised(
    cases: int, discordant: float, alpha: float
) -> None:
    smallest = smallest_detectable_difference(cases, discordant, alpha=alpha)
    if smallest is None:
        assert exact_power(cases, 1.0, 1.0, alpha) < 0.8
        return
    found = exact_power(cases, smallest, max(smallest, discordant), alpha)
    assert found == pytest.approx(0.8, abs=0.03)


def test_the_power_is_that_of_the_exact_test() -> None:
    for cases, difference, discordant in ((36, 0.25, 0.25), (100, 0.13, 0.3), (12, 0.9, 1.0)):
        expected = exact_power(cases, difference, discordant)
        assert mcnemar_power(cases, difference, discordant) == pytest.approx(expected, abs=1e-9)
    assert mcnemar_power(5, 1.0, 1.0) == 0.0
    assert mcnemar_power(0, 0.2, 0.3) == mcnemar_power(20, 0.0, 0.0) == 0.0


def test_the_known_figures_of_blind_votes() -> None:
    assert (votes_needed(0.6), votes_needed(0.7)) == (194, 47)
    assert votes_needed(0.4) == votes_needed(0.6)
    # The exact test asks for a few more.
    assert 194 <= cases_needed(0.2, 1.0) <= 206
    assert 47 <= cases_needed(0.4, 1.0) <= 54


def test_even_votes_of_one_mind_must_be_enough_to_be_seen() -> None:
    assert votes_needed(1.0) == 6
    with pytest.raises(ValueError, match="preference"):
        votes_needed(0.5)
    with pytest.raises(ValueError, match="preference"):
        votes_needed(float("nan"))


def test_direction_makes_no_difference_and_a_stricter_level_needs_more() -> None:
    assert cases_needed(-0.1, 0.3) == cases_needed(0.1, 0.3)
    assert cases_needed(0.1, 0.3, alpha=0.05 / 6) > cases_needed(0.1, 0.3)


@pytest.mark.parametrize(("difference", "discordant"), [(0.0, 0.3), (0.4, 0.3), (0.5, 1.2)])
def test_impossible_differences_are_refused(difference: float, discordant: float) -> None:
    with pytest.raises(ValueError, match="discordant"):
        cases_needed(difference, discordant)


@pytest.mark.parametrize(("cases", "discordant"), [(36, 0.3), (36, 0.6), (200, 0.3), (2000, 0.1)])
def test_detectable_difference_and_cases_needed_are_each_others_inverse(
    cases: int, discordant: float
) -> None:
    smallest = smallest_detectable_difference(cases, discordant)
    assert smallest is not None
    assert cases_needed(smallest, max(smallest, discordant)) == pytest.approx(
        cases, rel=0.01, abs=1
    )


def test_too_few_cases_can_show_nothing() -> None:
    assert smallest_detectable_difference(4, 0.5) is None
    assert exact_power(4, 1.0, 1.0) < 0.8


def test_models_that_hardly_differ_need_not_promise_more_than_possible() -> None:
    """With 36 cases and no flips seen, a one-sided split of a fifth would have shown."""
    smallest = smallest_detectable_difference(36, 0.0)
    assert smallest is not None
    assert smallest == pytest.approx(0.211, abs=0.001)
    assert exact_power(36, smallest, smallest) == pytest.approx(0.8, abs=0.001)


def test_no_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="0 cases"):
        smallest_detectable_difference(0, 0.2)
