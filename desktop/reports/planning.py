"""What a run will be able to show, said before it takes anybody's hours."""

from collections.abc import Sequence

from desktop.domain.base import Value
from desktop.domain.suite import Metric, Suite
from desktop.reports.numbers import count_text, points_text
from desktop.reports.wording import cases_text
from desktop.statistics.intervals import wilson_interval
from desktop.statistics.power import (
    ALPHA,
    USUAL_DISCORDANT_SHARE,
    smallest_detectable_difference,
)

_TWO = 2


class Foresight(Value, frozen=True, kw_only=True):
    """What so many cases can show; `sentence` is the whole, `short` fits into a line of a list.

    `smallest_difference` is in shares of 0 to 1 between any two of the models, `None` where
    there is one model or too few cases for any.
    """

    cases: int
    smallest_difference: float | None
    sentence: str
    short: str


def foresee(suites: Sequence[Suite], models: int) -> Foresight | None:
    """Return what the cases of these suites will show of so many models; `None` without cases.

    Nobody knows yet on how many cases two models will differ: three in ten is assumed, and said.
    Texts that are only scored as a whole pass nothing and don't count.
    """
    cases = [
        (suite.id, case.group or f"\0{case.id}")
        for suite in suites
        for case in suite.cases
        if case.metric is not Metric.PERPLEXITY
    ]
    if not cases or models < 1:
        return None
    number = len(cases)
    groups = len(set(cases))
    shared = (
        f" They are of {count_text(groups)} groups that share a document or a template, and tell "
        "less than as many independent ones."
        if groups < number
        else ""
    )
    if models < _TWO:
        return _of_one(number, shared)
    pairs = models * (models - 1) // 2
    size = smallest_detectable_difference(number, USUAL_DISCORDANT_SHARE, alpha=ALPHA / pairs)
    if size is None:
        return Foresight(
            cases=number,
            smallest_difference=None,
            sentence=f"{cases_text(number)} are too few to show any difference reliably."
            if number > 1
            else "1 case is too little to show any difference reliably.",
            short="too few cases to show a difference",
        )
    points = points_text(size, signed=False)
    which = "two models" if models == _TWO else f"any two of {count_text(models)} models"
    return Foresight(
        cases=number,
        smallest_difference=size,
        sentence=f"With {cases_text(number)} a true difference of {points} points or more between "
        f"{which} will be seen four times in five, if they differ on about 3 cases in 10.{shared}",
        short=f"differences of {points} points or more will show",
    )


def _of_one(cases: int, shared: str) -> Foresight:
    interval = wilson_interval(cases / 2, cases)
    points = points_text((interval.high - interval.low) / 2, signed=False)
    return Foresight(
        cases=cases,
        smallest_difference=None,
        sentence=f"With {cases_text(cases)} the share passed will be known to within about "
        f"{points} points.{shared}",
        short=f"the share passed will be known to about {points} points",
    )
