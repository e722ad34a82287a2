"""Differences of mean scores: against scipy's BCa, by coverage, and where nothing can be said."""

import math

import numpy as np
import pytest
from scipy import stats

from desktop.statistics.bootstrap import bootstrap_differences


def test_the_interval_agrees_with_scipy_within_its_error() -> None:
    random = np.random.default_rng(21)
    scores = np.stack([random.beta(4, 1, 150), random.beta(2, 2, 150)])
    (ours,) = bootstrap_differences(scores, [(0, 1)])
    theirs = stats.bootstrap(
        (scores[0] - scores[1],),
        np.mean,
        n_resamples=20_000,
        method="BCa",
        rng=np.random.default_rng(1),
    )
    assert ours.difference == pytest.approx(float((scores[0] - scores[1]).mean()), abs=1e-12)
    assert ours.interval is not None
    # The ends of 10,000 draws scatter by about a fortieth of the standard error.
    error = float(theirs.standard_error)
    assert ours.interval.low == pytest.approx(theirs.confidence_interval.low, abs=0.12 * error)
    assert ours.interval.high == pytest.approx(theirs.confidence_interval.high, abs=0.12 * error)


def test_all_pairs_share_the_draws_and_each_is_as_if_alone() -> None:
    scores = np.random.default_rng(22).random((4, 80))
    pairs = [(0, 1), (0, 2), (1, 3)]
    together = bootstrap_differences(scores, pairs)
    alone = [bootstrap_differences(scores, [pair])[0] for pair in pairs]
    for one, other in zip(together, alone, strict=True):
        assert one.interval is not None
        assert other.interval is not None
        assert one.interval.low == pytest.approx(other.interval.low, abs=1e-12)


def test_cases_without_a_score_are_left_out_of_their_pairs_only() -> None:
    scores = np.random.default_rng(23).random((3, 60))
    scores[2, :20] = np.nan
    first, second = bootstrap_differences(scores, [(0, 1), (0, 2)])
    assert (first.cases, second.cases) == (60, 40)
    expected = float((scores[0, 20:] - scores[2, 20:]).mean())
    assert second.difference == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("groups", [None, [place // 3 for place in range(60)]])
def test_gaps_elsewhere_do_not_change_a_pair(groups: list[int] | None) -> None:
    """With every score at hand the models' own means are drawn, else those of differences."""
    scores = np.random.default_rng(26).random((3, 60))
    (whole,) = bootstrap_differences(scores, [(0, 1)], groups=groups)
    scores[2, :20] = np.nan
    with_gaps, _ = bootstrap_differences(scores, [(0, 1), (0, 2)], groups=groups)
    assert whole.interval is not None
    assert with_gaps.interval is not None
    assert with_gaps.interval.low == pytest.approx(whole.interval.low, abs=1e-12)
    assert with_gaps.interval.high == pytest.approx(whole.interval.high, abs=1e-12)


def test_weights_count() -> None:
    scores = [[1.0] * 12 + [0.0] * 12, [0.5] * 24]
    (even,) = bootstrap_differences(scores, [(0, 1)])
    (uneven,) = bootstrap_differences(scores, [(0, 1)], weights=[3.0] * 12 + [1.0] * 12)
    assert even.difference == pytest.approx(0.0)
    assert uneven.difference == pytest.approx(0.25)
    (half,) = bootstrap_differences(scores, [(0, 1)], weights=[1.0] * 12 + [0.0] * 12)
    assert (half.cases, half.difference) == (12, 0.5)


def test_groups_widen_the_interval_where_their_cases_agree() -> None:
    random = np.random.default_rng(24)
    of_group = np.repeat(random.normal(0.1, 0.3, 20), 10)
    scores = np.stack([of_group, np.zeros(200)])
    (loose,) = bootstrap_differences(scores, [(0, 1)])
    (grouped,) = bootstrap_differences(scores, [(0, 1)], groups=[at // 10 for at in range(200)])
    assert loose.interval is not None
    assert grouped.interval is not None
    wider = (grouped.interval.high - grouped.interval.low) / (
        loose.interval.high - loose.interval.low
    )
    assert wider == pytest.approx(math.sqrt(10), rel=0.15)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(25)
    held = 0
    for _ in range(300):
        scores = np.stack([random.beta(3, 1, 60), random.beta(2, 1, 60)])
        (found,) = bootstrap_differences(scores, [(0, 1)], resamples=1000)
        assert found.interval is not None
        held += found.interval.low <= 3 / 4 - 2 / 3 <= found.interval.high
    assert 0.91 <= held / 300 <= 0.98


@pytest.mark.parametrize(
    ("first", "second", "difference", "said"),
    [
        ([], [], None, "No case has a score of both"),
        ([math.nan] * 12, [1.0] * 12, None, "No case has a score of both"),
        ([1.0], [0.0], 1.0, "fewer than 10"),
        ([1.0] * 30, [1.0] * 30, 0.0, "nothing scatters"),
        ([1.0] * 30, [0.0] * 30, 1.0, "nothing scatters"),
    ],
)
def test_where_there_is_no_interval_a_sentence_says_why(
    first: list[float], second: list[float], difference: float | None, said: str
) -> None:
    (found,) = bootstrap_differences([first, second], [(0, 1)])
    assert found.difference == difference
    assert found.interval is None
    assert said in found.problem


def test_infinite_scores_and_weights_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        bootstrap_differences([[math.inf], [0.0]], [(0, 1)])
    with pytest.raises(ValueError, match="not negative"):
        bootstrap_differences([[1.0], [0.0]], [(0, 1)], weights=[-1.0])
