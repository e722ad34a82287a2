"""A small number of the draws that `benchmarks/statistics_honesty.py` makes in full."""

import numpy as np
import pytest
from statistics_honesty import (
    Difference,
    Equals,
    share_of_differences_seen,
    share_of_false_claims,
)

_TRIALS = 200


@pytest.mark.parametrize(
    "kind",
    [
        Equals(models=2, cases=60),
        Equals(models=5, cases=60),
        Equals(models=3, cases=60, group=6, affinity=1.5),
    ],
)
def test_equal_models_are_told_apart_in_a_twentieth_at_most(kind: Equals) -> None:
    share = share_of_false_claims(kind, _TRIALS, np.random.default_rng(31))
    # Twice the deviation of 200 draws above 5 %; the full number has no such allowance.
    assert share <= 0.05 + 2 * (0.05 * 0.95 / _TRIALS) ** 0.5


def test_without_heeding_groups_the_same_models_would_be_told_apart_far_too_often() -> None:
    """The simulation can fail: with groups in the data and not in the analysis it does."""
    random = np.random.default_rng(32)
    blind = Equals(models=3, cases=60, group=12, affinity=3.0)
    heeded = share_of_false_claims(blind, 100, random)
    ignored = share_of_false_claims(blind, 100, random, heed_groups=False)
    assert heeded <= 0.1
    assert ignored >= 0.2


@pytest.mark.parametrize("kind", [Difference(cases=40, discordant=0.3)])
def test_a_promised_difference_is_seen_about_as_often_as_promised(kind: Difference) -> None:
    size, share = share_of_differences_seen(kind, 400, np.random.default_rng(33))
    assert size == pytest.approx(0.242, abs=0.001)
    assert share == pytest.approx(0.8, abs=0.05)
