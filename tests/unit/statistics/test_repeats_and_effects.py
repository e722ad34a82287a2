"""pass@k, flaky cases, and how large a difference is."""

import itertools

import numpy as np
import pytest

from desktop.statistics.effects import Size, cohens_g, name_size, standardised_difference
from desktop.statistics.repeats import is_flaky, pass_at_k, summarise_repeats


@pytest.mark.parametrize(("tries", "passed", "k"), [(5, 2, 3), (6, 1, 2), (4, 4, 1), (4, 0, 4)])
def test_pass_at_k_is_the_share_of_all_choices_that_hold_a_pass(
    tries: int, passed: int, k: int
) -> None:
    chosen = list(itertools.combinations(range(tries), k))
    expected = sum(min(choice) < passed for choice in chosen) / len(chosen)
    assert pass_at_k(tries, passed, k) == pytest.approx(expected)


@pytest.mark.parametrize(("tries", "passed", "k"), [(3, 1, 4), (3, 4, 1), (0, 0, 1), (3, 1, 0)])
def test_more_than_was_tried_can_not_be_told(tries: int, passed: int, k: int) -> None:
    with pytest.raises(ValueError, match="can't be told"):
        pass_at_k(tries, passed, k)


def test_a_case_is_flaky_when_it_goes_either_way() -> None:
    assert [is_flaky(4, passed) for passed in range(5)] == [False, True, True, True, False]


def test_repeats_are_summarised() -> None:
    found = summarise_repeats([(4, 4), (4, 2), (4, 0), (3, 1), (0, 0)])
    assert found is not None
    assert (found.cases, found.flaky, found.k) == (4, 2, 4)
    assert found.pass_at_1 == pytest.approx((1 + 0.5 + 0 + 1 / 3) / 4)
    assert found.pass_at_k == pytest.approx((1 + 1 + 0) / 3)


def test_the_spread_is_that_from_one_repeat_of_the_suite_to_the_next() -> None:
    random = np.random.default_rng(4)
    chances = random.random(50)
    shares = (random.random((4000, 50)) < chances).mean(axis=1)
    counts = (random.random((400, 50)) < chances).sum(axis=0)
    found = summarise_repeats([(400, int(count)) for count in counts])
    assert found is not None
    assert found.spread == pytest.approx(float(shares.std()), rel=0.05)


def test_without_repeats_there_is_no_spread_and_without_cases_nothing() -> None:
    found = summarise_repeats([(1, 1), (1, 0)])
    assert found is not None
    assert (found.spread, found.flaky, found.pass_at_k) == (None, 0, 0.5)
    assert summarise_repeats([]) is None
    assert summarise_repeats([(0, 0)]) is None


def test_effect_sizes() -> None:
    assert cohens_g(9, 3) == 0.25
    assert cohens_g(0, 0) is None
    assert [name_size(g) for g in (0.0, -0.1, 0.2, -0.5)] == list(Size)
    assert standardised_difference([0.1, 0.3, 0.2]) == pytest.approx(2.0)
    assert standardised_difference([0.2, 0.2, 0.2]) is None
    assert standardised_difference([0.2]) is None
