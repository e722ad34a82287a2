"""A share of cases passed with its interval, whether or not the cases are independent."""

from collections.abc import Hashable, Sequence

from desktop.domain.comparison import Interval
from desktop.statistics.clusters import design_effect, effective_cases
from desktop.statistics.intervals import wilson_interval


def share_interval(
    passed: Sequence[bool], groups: Sequence[Hashable]
) -> tuple[Interval, float | None]:
    """Return Wilson's interval, and as how many independent cases these count.

    The latter is `None` where no two share a group: then it is the number of cases.
    `ValueError` without cases.
    """
    cases, units = len(passed), len(set(groups))
    if units == cases:
        return wilson_interval(sum(passed), cases), None
    effect = design_effect([float(each) for each in passed], groups)
    effective = effective_cases(cases, effect, units)
    return wilson_interval(sum(passed) / cases * effective, effective), cases / effect
