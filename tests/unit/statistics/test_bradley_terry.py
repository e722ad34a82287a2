"""Strengths from votes: against evalica on real votes, by simulation, and with few votes."""

import csv
from collections.abc import Sequence
from pathlib import Path

import evalica
import numpy as np
import pytest

from desktop.statistics.bradley_terry import AVERAGE, Ratings, Vote, rate_votes

_VOTES = Path(__file__).resolve().parents[4] / "shared" / "data" / "pairwise"
_SCORES = {"left": 1.0, "model_a": 1.0, "right": 0.0, "model_b": 0.0, "tie": 0.5}
_WINNERS = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}


def read_votes(name: str, first: str, second: str) -> tuple[list[Vote], int]:
    """Read real votes between models that can all be compared without a prior."""
    path = _VOTES / name
    if not path.is_file():
        pytest.skip("the public votes are not here")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(r[first], r[second], _SCORES[r["winner"]]) for r in csv.DictReader(file)]
    while True:  # without those that won or lost every vote, until none is left
        names = sorted({name for row in rows for name in row[:2]})
        won = {
            name: sum(s if a == name else 1 - s for a, b, s in rows if name in (a, b))
            / sum(name in (a, b) for a, b, _ in rows)
            for name in names
        }
        kept = [row for row in rows if 0 < won[row[0]] < 1 and 0 < won[row[1]] < 1]
        if len(kept) == len(rows):
            break
        rows = kept
    return [
        Vote(first=names.index(a), second=names.index(b), score=score) for a, b, score in rows
    ], len(names)


def gaps_of(ratings: Ratings) -> list[float]:
    assert not ratings.problem
    found = [strength.log_odds for strength in ratings.strengths if strength]
    return [each - found[0] for each in found]


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("vicuna_bench_gpt4_battles.csv", "model_a", "model_b"), ("llmfao.csv", "left", "right")],
)
def test_strengths_agree_with_evalica_on_real_votes(name: str, first: str, second: str) -> None:
    votes, models = read_votes(name, first, second)
    assert len(votes) > 100
    ours = gaps_of(rate_votes(votes, models, prior=0))
    result = evalica.bradley_terry(
        [vote.first for vote in votes],
        [vote.second for vote in votes],
        [_WINNERS[vote.score] for vote in votes],
        tolerance=1e-14,
        limit=1_000_000,
    )
    theirs = np.log(result.scores.sort_index().to_numpy())
    assert ours == pytest.approx(list(theirs - theirs[0]), abs=1e-6)


def simulate(
    strengths: Sequence[float], votes: int, random: np.random.Generator, ties: float = 0.0
) -> list[Vote]:
    drawn = []
    for _ in range(votes):
        first, second = (int(side) for side in random.choice(len(strengths), 2, replace=False))
        chance = 1 / (1 + np.exp(strengths[second] - strengths[first]))
        score = 0.5 if random.random() < ties else float(random.random() < chance)
        drawn.append(Vote(first=first, second=second, score=score))
    return drawn


def test_intervals_hold_the_true_strength_as_often_as_they_promise() -> None:
    random = np.random.default_rng(5)
    true = np.array([0.8, 0.2, -0.3, -0.7])
    held = total = 0
    for _ in range(200):
        ratings = rate_votes(simulate(list(true), 200, random), 4)
        for strength, expected in zip(ratings.strengths, true, strict=True):
            assert strength is not None
            held += strength.interval.low <= expected <= strength.interval.high
            total += 1
    assert 0.93 <= held / total <= 0.98


def test_equal_models_are_rarely_told_apart() -> None:
    random = np.random.default_rng(6)
    claimed = sum(
        any(pair.decided for pair in rate_votes(simulate([0.0] * 4, 120, random), 4).preferences)
        for _ in range(200)
    )
    assert claimed <= 16  # 5 % of 200, and what chance adds to that in one try of twenty


def test_a_clear_preference_is_decided_and_a_slight_one_asks_for_more_votes() -> None:
    clear = [Vote(first=0, second=1, score=float(at % 10 != 0)) for at in range(100)]
    (pair,) = rate_votes(clear, 2).preferences
    assert pair.decided
    assert pair.more_votes is None
    assert pair.share == pytest.approx(0.9, abs=0.01)
    slight = [Vote(first=0, second=1, score=float(at % 10 < 6)) for at in range(50)]
    (pair,) = rate_votes(slight, 2).preferences
    assert not pair.decided
    # 194 in all for a true 60 %; the prior draws the estimate a little towards one half.
    assert pair.more_votes == pytest.approx(194 - 50, abs=15)


def test_ties_cost_votes_and_never_decide() -> None:
    ratings = rate_votes([Vote(first=0, second=1, score=0.5)] * 500, 2)
    (pair,) = ratings.preferences
    assert not pair.decided
    assert pair.share == 0.5
    assert pair.more_votes is None
    assert pair.interval.high - pair.interval.low > 0.08
    assert ratings.caveats == ("Every vote is a tie: nothing tells the models apart.",)


def test_no_votes_and_votes_that_fall_apart_give_a_sentence_and_no_figure() -> None:
    assert rate_votes([], 3) == Ratings(problem="Nobody has voted yet.")
    islands = [Vote(first=0, second=1, score=1.0), Vote(first=2, second=3, score=0.0)]
    ratings = rate_votes(islands, 4)
    assert not ratings.strengths
    assert not ratings.preferences
    assert ratings.problem.startswith("The votes fall apart")


def test_a_model_without_votes_has_no_strength() -> None:
    ratings = rate_votes([Vote(first=0, second=2, score=1.0)] * 3, 3)
    assert ratings.strengths[1] is None
    assert ratings.strengths[0] is not None
    assert ratings.strengths[0].points > AVERAGE


def test_winning_every_vote_needs_the_prior_and_is_told() -> None:
    votes = [Vote(first=0, second=1, score=1.0)] * 4
    assert "without a prior" in rate_votes(votes, 2, prior=0).problem
    ratings = rate_votes(votes, 2)
    (pair,) = ratings.preferences
    assert not pair.decided
    assert pair.interval.low < 0.5
    assert any("bounded by the prior" in caveat for caveat in ratings.caveats)


def test_one_voter_is_told_and_few_voters_widen_the_interval() -> None:
    votes = [Vote(first=0, second=1, score=float(at % 3 > 0)) for at in range(60)]

    def width(voters: int) -> float:
        named = [
            Vote(first=v.first, second=v.second, score=v.score, voter=f"voter {at * voters // 60}")
            for at, v in enumerate(votes)
        ]
        (pair,) = rate_votes(named, 2).preferences
        return pair.interval.high - pair.interval.low

    alone = [Vote(first=v.first, second=v.second, score=v.score, voter="Ann") for v in votes]
    assert any("one voter's" in caveat for caveat in rate_votes(alone, 2).caveats)
    assert width(3) > width(60)


@pytest.mark.parametrize("score", [float("nan"), 0.7, 2.0])
def test_a_vote_is_won_lost_or_tied(score: float) -> None:
    with pytest.raises(ValueError, match="won, lost or tied"):
        rate_votes([Vote(first=0, second=1, score=score)], 2)
