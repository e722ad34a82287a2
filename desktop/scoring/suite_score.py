"""A suite's score: the mean of its cases' scores, each by its weight."""

import math
from collections.abc import Iterable

from desktop.domain.base import Value
from desktop.domain.run import Outcome
from desktop.domain.suite import Suite


class SuiteScore(Value, frozen=True, kw_only=True):
    """The weighted mean over `cases` judged cases, 0 to 1; `None` where none was judged.

    `weighted` tells that the cases do not all weigh the same. A pass count never is.
    """

    score: float | None
    cases: int
    weighted: bool

    def say(self) -> tuple[str, ...]:
        """Return it as a sentence; none without a score."""
        if self.score is None:
            return ()
        how = ", each by its weight" if self.weighted else ""
        cases = f"{self.cases} judged case{'' if self.cases == 1 else 's'}"
        return (f"Score {self.score:.3f}: the mean of {cases}{how}.",)


def find_suite_score(suite: Suite, results: Iterable[tuple[str, Outcome, float]]) -> SuiteScore:
    """Return the score of results, each a case's id, its outcome and its score.

    Several results of a case are its repeats: their mean is the case's score.
    """
    scores: dict[str, list[float]] = {}
    for case_id, outcome, score in results:
        if outcome.is_judged and math.isfinite(score):
            scores.setdefault(case_id, []).append(score)
    weights = {case.id: case.weight for case in suite.cases if case.id in scores}
    total = sum(weights.values())
    return SuiteScore(
        score=sum(weights[id_] * sum(found) / len(found) for id_, found in scores.items()) / total
        if total
        else None,
        cases=sum(1 for weight in weights.values() if weight),
        weighted=len(set(weights.values())) > 1,
    )
