"""Strengths from votes between two: Bradley and Terry's model with ties, intervals and a prior.

The chance that one is preferred is the logistic function of the difference of two strengths
(Bradley and Terry 1952, Biometrika 39:324); a tie counts half for each. The weak prior is one
vote of every model, half won, against an average opponent: it keeps strengths finite where a
model won all its few votes, and no longer matters with many.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from desktop.domain.base import Value
from desktop.domain.comparison import Interval
from desktop.statistics.clusters import student_quantile
from desktop.statistics.paired_tests import holm
from desktop.statistics.power import ALPHA, votes_needed

# On the customary scale 400 points are odds of ten to one, and the average stands at 1000.
POINTS = 400 / math.log(10)
AVERAGE = 1000.0
WEAK_PRIOR = 1.0
# Beyond this, "about 50,000 more votes" is no advice any more.
MOST_MORE_VOTES = 20_000

_MOST_STEPS = 200
_PRECISION = 1e-12
_FEW_VOTERS = 10

_Floats = npt.NDArray[np.float64]


class Vote(Value, frozen=True, kw_only=True):
    """One vote between two models: `score` is 1 for the first, 0 for the second, ½ for a tie.

    `voter` tells whose it is: votes of one voter hang together. Empty stands for one each.
    """

    first: int
    second: int
    score: float
    voter: str = ""


class Strength(Value, frozen=True, kw_only=True):
    """One model's log-odds against the average of all rated, with a 95 % interval.

    `points` is the same on the customary scale, 1000 the average.
    """

    log_odds: float
    interval: Interval
    votes: int

    @property
    def points(self) -> float:
        """Return the strength on the scale of 400 points for odds of ten to one."""
        return AVERAGE + POINTS * self.log_odds


class Preference(Value, frozen=True, kw_only=True):
    """How often the first would be preferred to the second, ties halved, with a 95 % interval.

    `p_adjusted` is after Holm over all pairs. `more_votes` is about how many votes between the
    two would decide, `None` if it is decided or if no sensible number would.
    """

    first: int
    second: int
    share: float
    interval: Interval
    p_adjusted: float
    votes: int
    more_votes: int | None = None

    @property
    def decided(self) -> bool:
        """Whether more than chance speaks for one of the two."""
        return self.p_adjusted <= ALPHA


class Ratings(Value, frozen=True, kw_only=True):
    """Strengths of all models, `None` for one without votes; all empty where `problem` says why.

    `caveats` are sentences on what the figures can't tell.
    """

    strengths: tuple[Strength | None, ...] = ()
    preferences: tuple[Preference, ...] = ()
    problem: str = ""
    caveats: tuple[str, ...] = ()


class _Fitted(NamedTuple):
    """The rated models with their votes as arrays, and what was made of them."""

    voted: list[int]
    sides: npt.NDArray[np.intp]
    scores: _Floats
    strengths: _Floats
    covariance: tuple[_Floats, _Floats]
    quantile: float


def rate_votes(votes: Sequence[Vote], models: int, *, prior: float = WEAK_PRIOR) -> Ratings:
    """Return the strengths that make the votes likeliest, and what they say of each pair.

    With `prior` 0 it is plain maximum likelihood. `ValueError` for a vote that names no two
    models or whose score is none of 0, ½ and 1.
    """
    for vote in votes:
        if not (0 <= vote.first < models and 0 <= vote.second < models):
            raise ValueError(f"A vote between {vote.first} and {vote.second} of {models} models")
        if vote.first == vote.second or vote.score not in (0, 0.5, 1):
            raise ValueError("A vote is between two models, and won, lost or tied")
    voted = sorted({side for vote in votes for side in (vote.first, vote.second)})
    problem = _find_problem(votes, voted, prior)
    if problem:
        return Ratings(problem=problem)
    place = {model: at for at, model in enumerate(voted)}
    sides = np.array([(place[v.first], place[v.second]) for v in votes], dtype=np.intp)
    scores = np.array([vote.score for vote in votes], dtype=np.float64)
    strengths = _fit(sides, scores, len(voted), prior)
    covariance, quantile = _uncertainty(votes, sides, scores, strengths, prior)
    fitted = _Fitted(voted, sides, scores, strengths, covariance, quantile)
    return Ratings(
        strengths=_describe(fitted, models),
        preferences=_compare(fitted),
        caveats=_find_caveats(votes, voted),
    )


def _describe(fitted: _Fitted, models: int) -> tuple[Strength | None, ...]:
    number = len(fitted.voted)
    centre = np.eye(number) - 1 / number
    variances = [np.diag(centre @ each @ centre.T) for each in fitted.covariance]
    reaches = fitted.quantile * np.sqrt(np.max(variances, axis=0))
    shown: list[Strength | None] = [None] * models
    for at, model in enumerate(fitted.voted):
        value, reach = float(fitted.strengths[at]), float(reaches[at])
        shown[model] = Strength(
            log_odds=value,
            interval=Interval(low=value - reach, high=value + reach),
            votes=int((fitted.sides == at).sum()),
        )
    return tuple(shown)


def _find_problem(votes: Sequence[Vote], voted: Sequence[int], prior: float) -> str:
    if not votes:
        return "Nobody has voted yet."
    if len(_reach(voted, [(v.first, v.second) for v in votes], both=True)) > 1:
        return (
            "The votes fall apart: some models were never compared with the others, directly or "
            "through a third, so they have no common scale."
        )
    if prior <= 0:
        beats = [(v.first, v.second) for v in votes if v.score > 0]
        beats += [(v.second, v.first) for v in votes if v.score < 1]
        if len(_reach(voted, beats, both=False)) > 1:
            return (
                "Some models won, or lost, every vote against the others: without a prior their "
                "strength is without bounds."
            )
    return ""


def _reach(
    voted: Sequence[int], steps: Sequence[tuple[int, int]], *, both: bool
) -> set[frozenset[int]]:
    """Return the sets of models that reach each other; one set if all do."""
    forward: dict[int, set[int]] = {model: set() for model in voted}
    backward: dict[int, set[int]] = {model: set() for model in voted}
    for start, end in steps:
        forward[start].add(end)
        backward[end].add(start)
        if both:
            forward[end].add(start)
            backward[start].add(end)

    def walk(start: int, ways: dict[int, set[int]]) -> set[int]:
        seen, ahead = {start}, [start]
        while ahead:
            for model in ways[ahead.pop()] - seen:
                seen.add(model)
                ahead.append(model)
        return seen

    return {frozenset(walk(model, forward) & walk(model, backward)) for model in voted}


def _find_caveats(votes: Sequence[Vote], voted: Sequence[int]) -> tuple[str, ...]:
    caveats = []
    voters = {vote.voter for vote in votes}
    if len(voters) == 1 and "" not in voters:
        caveats.append("All votes are one voter's: they tell what this voter prefers.")
    if all(vote.score == 0.5 for vote in votes):  # noqa: PLR2004 - a tie
        caveats.append("Every vote is a tie: nothing tells the models apart.")
    one_sided = 0
    for model in voted:
        won = [v.score if v.first == model else 1 - v.score for v in votes
               if model in (v.first, v.second)]  # fmt: skip
        one_sided += min(won) == 1 or max(won) == 0
    if one_sided:
        caveats.append(
            "A model won or lost all its votes: how far it is from the others is bounded by the "
            "prior rather than by votes."
        )
    return tuple(caveats)


def _fit(sides: npt.NDArray[np.intp], scores: _Floats, models: int, prior: float) -> _Floats:
    """Return the strengths by Newton's method with halved steps, their mean 0."""
    won = np.zeros((models, models))
    np.add.at(won, (sides[:, 0], sides[:, 1]), scores)
    np.add.at(won, (sides[:, 1], sides[:, 0]), 1 - scores)
    strengths = np.zeros(models)

    def height(at: _Floats) -> float:
        gaps = at[:, np.newaxis] - at[np.newaxis, :]
        votes = (won * -np.logaddexp(0, -gaps)).sum()
        return float(votes - prior / 2 * (np.logaddexp(0, -at) + np.logaddexp(0, at)).sum())

    for _ in range(_MOST_STEPS):
        slope, bend = _derive(won, strengths, prior)
        step = np.linalg.lstsq(bend, slope, rcond=None)[0]
        size = 1.0
        while size > _PRECISION and height(strengths + size * step) < height(strengths):
            size /= 2
        strengths = strengths + size * step
        if float(np.abs(size * step).max()) < _PRECISION:
            break
    centred: _Floats = strengths - strengths.mean()
    return centred


def _derive(won: _Floats, strengths: _Floats, prior: float) -> tuple[_Floats, _Floats]:
    """Return slope and negative curvature of the log-likelihood."""
    chances = _logistic(strengths[:, np.newaxis] - strengths[np.newaxis, :])
    votes = won + won.T
    slope = (won - votes * chances).sum(axis=1) + prior * (0.5 - _logistic(strengths))
    weights = votes * chances * (1 - chances)
    alone = _logistic(strengths)
    bend = np.diag(weights.sum(axis=1) + prior * alone * (1 - alone)) - weights
    return slope, bend


def _uncertainty(
    votes: Sequence[Vote],
    sides: npt.NDArray[np.intp],
    scores: _Floats,
    strengths: _Floats,
    prior: float,
) -> tuple[tuple[_Floats, _Floats], float]:
    """Return the covariance by the model and by the votes' own scatter, and the quantile to use.

    The second (a sandwich, voters as units) sees ties and voters of one mind; the first can't
    shrink to nothing where votes happen to agree. Whatever is shown takes the larger.
    """
    models = strengths.size
    won = np.zeros((models, models))
    np.add.at(won, (sides[:, 0], sides[:, 1]), scores)
    np.add.at(won, (sides[:, 1], sides[:, 0]), 1 - scores)
    bread: _Floats = np.linalg.pinv(_derive(won, strengths, prior)[1]).astype(np.float64)
    residuals = scores - _logistic(strengths[sides[:, 0]] - strengths[sides[:, 1]])
    names = [vote.voter or f"\0{at}" for at, vote in enumerate(votes)]
    voters = {name: at for at, name in enumerate(dict.fromkeys(names))}
    if len(voters) == 1:  # one voter's votes can only be taken for independent, which is told
        names = [str(at) for at in range(len(votes))]
        voters = {name: at for at, name in enumerate(names)}
    units = np.array([voters[name] for name in names], dtype=np.intp)
    pulls = np.zeros((len(voters), models))
    np.add.at(pulls, (units, sides[:, 0]), residuals)
    np.add.at(pulls, (units, sides[:, 1]), -residuals)
    number = len(voters)
    scale = number / (number - 1) if number > 1 else 1.0
    quantile = (
        student_quantile(0.975, number - 1)
        if 1 < number < min(len(votes), _FEW_VOTERS)
        else NormalDist().inv_cdf(0.975)
    )
    return (bread, bread @ (scale * pulls.T @ pulls) @ bread), quantile


def _compare(fitted: _Fitted) -> tuple[Preference, ...]:
    voted, sides, scores, strengths, covariance, quantile = fitted
    places = [(i, j) for i in range(len(voted)) for j in range(i + 1, len(voted))]
    gaps = [float(strengths[i] - strengths[j]) for i, j in places]
    spreads = [
        math.sqrt(max(float(each[i, i] + each[j, j] - 2 * each[i, j]) for each in covariance))
        for i, j in places
    ]
    normal = NormalDist()
    # Scaled so that few voters widen the test as they widen the interval.
    narrow = normal.inv_cdf(0.975) / quantile
    adjusted = holm(
        [
            2 * normal.cdf(-abs(gap) / spread * narrow)
            for gap, spread in zip(gaps, spreads, strict=True)
        ]
    )
    tied = float((scores == 0.5).mean())  # noqa: PLR2004 - a tie
    return tuple(
        Preference(
            first=voted[i],
            second=voted[j],
            share=float(_logistic(np.asarray(gap))),
            interval=Interval(
                low=float(_logistic(np.asarray(gap - quantile * spread))),
                high=float(_logistic(np.asarray(gap + quantile * spread))),
            ),
            p_adjusted=p,
            votes=int(((sides == (i, j)) | (sides == (j, i))).all(axis=1).sum()),
            more_votes=None if p <= ALPHA else _more_votes(gap, spread, tied, len(places)),
        )
        for (i, j), gap, spread, p in zip(places, gaps, spreads, adjusted, strict=True)
    )


def _more_votes(gap: float, spread: float, tied: float, pairs: int) -> int | None:
    """Return about how many more votes between two decide, if the preference stays as it is."""
    share = float(_logistic(np.asarray(gap)))
    if tied >= 1 or math.isclose(share, 0.5, abs_tol=1e-6):
        return None
    needed = votes_needed(share, alpha=ALPHA / pairs) / (1 - tied)
    # As many votes as would tell as much as all, the indirect ones included, tell by now.
    present = 1 / (spread * spread * share * (1 - share))
    more = max(1, math.ceil(needed - present))
    return more if more <= MOST_MORE_VOTES else None


def _logistic(values: _Floats) -> _Floats:
    result: _Floats = np.exp(-np.logaddexp(0, -values))
    return result
