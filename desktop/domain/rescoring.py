"""Finished runs scored again with other checks: new scores beside the old, which never change."""

from datetime import datetime

from desktop.domain.answer import Score
from desktop.domain.base import Value
from desktop.domain.run import Outcome, RunCounts, SuiteReference


class ScoredAnswer(Value, frozen=True, kw_only=True):
    """What one stored answer is worth by other checks; with `error`, `problem` says why."""

    answer_id: str
    outcome: Outcome
    score: float
    scores: tuple[Score, ...]
    problem: str = ""


class Scoring(Value, frozen=True, kw_only=True):
    """One set of scores for a run's answers, under the checks of `suite`.

    `name` is a person's; `judge` names the model that decided what only a judge can, if one did.
    Of its `judge_opinions` so many agreed with themselves when it was asked the other way round:
    no score of a judge should be shown without that figure. `rated_by` names whoever rated.
    """

    id: str
    run_id: str
    suite: SuiteReference
    made_at: datetime
    counts: RunCounts
    name: str = ""
    judge: str = ""
    judge_opinions: int = 0
    judge_agreements: int = 0
    rated_by: str = ""

    @property
    def judge_agreement(self) -> float | None:
        """The share of the judge's opinions that agreed with themselves, `None` without any."""
        return self.judge_agreements / self.judge_opinions if self.judge_opinions else None


class Rating(Value, frozen=True, kw_only=True):
    """A person's grade of one answer, on the scale of the check at place `check`, from 0.

    `None` stands for the only check of the case that people rate. `repeat` counts from 0 too.
    """

    case_id: str
    rating: float
    repeat: int = 0
    check: int | None = None
    note: str = ""
