"""How far judges agree beyond chance: Krippendorff's alpha.

It takes any number of judges, gaps, and verdicts that are names, ranks or measures (Krippendorff
2018, Content Analysis, chapter 12). 1 is perfect agreement, 0 what drawing from the same verdicts
by lot would give, below 0 systematic disagreement.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from desktop.domain.base import Value

_Floats = npt.NDArray[np.float64]


class Scale(StrEnum):
    """What verdicts are: names, ranks (their order counts), or measures (their distance does)."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Agreement(Value, frozen=True, kw_only=True):
    """Alpha with what it rests on; `alpha` is `None` where `problem` says why there is none.

    `units` counts what at least two judged and `verdicts` their verdicts on it.
    """

    units: int
    verdicts: int
    alpha: float | None = None
    problem: str = ""


def krippendorff_alpha(
    verdicts: Sequence[Sequence[float | None]], scale: Scale = Scale.NOMINAL
) -> Agreement:
    """Return the agreement of judges, a row a judge and a column a unit; `None` or NaN is a gap.

    Names are given as any numbers that tell them apart. `ValueError` for rows of unlike length
    and for infinite verdicts.
    """
    if len({len(row) for row in verdicts}) > 1:
        raise ValueError("Every judge has a verdict or a gap for every unit")
    table = np.array(
        [[np.nan if verdict is None else verdict for verdict in row] for row in verdicts],
        dtype=np.float64,
    ).reshape(len(verdicts), len(verdicts[0]) if verdicts else 0)
    if np.isinf(table).any():
        raise ValueError("Verdicts are finite or missing")
    given = ~np.isnan(table)
    if int(given.any(axis=1).sum()) < 2:  # noqa: PLR2004 - agreement is of two
        return Agreement(
            units=0, verdicts=0, problem="Agreement takes the verdicts of at least two judges."
        )
    judged = given.sum(axis=0) >= 2  # noqa: PLR2004 - pairs of verdicts are compared
    table, given = table[:, judged], given[:, judged]
    units, number = int(judged.sum()), int(given.sum())
    if not units:
        return Agreement(units=0, verdicts=0, problem="Nothing was judged by two judges.")
    values = np.unique(table[given])
    if values.size == 1:
        return Agreement(
            units=units,
            verdicts=number,
            problem="All verdicts are the same: that they agree may be the judges' doing or that of"
            " what they were given.",
        )
    counts = np.stack([(table == value).sum(axis=0) for value in values])
    alpha = _alpha(counts, _distances(scale, counts, values))
    return Agreement(units=units, verdicts=number, alpha=alpha)


def _alpha(counts: npt.NDArray[np.int64], distances: _Floats) -> float:
    """Return alpha from how often each value (row) was given to each unit (column)."""
    sizes = counts.sum(axis=0)
    totals = counts.sum(axis=1)
    # The coincidences of pairs within units; a value is not paired with itself.
    coincidences = (counts / (sizes - 1)) @ counts.T - np.diag((counts / (sizes - 1)).sum(axis=1))
    expected = np.outer(totals, totals) / (totals.sum() - 1)
    return float(1 - (coincidences * distances).sum() / (expected * distances).sum())


def _distances(scale: Scale, counts: npt.NDArray[np.int64], values: _Floats) -> _Floats:
    """Return the squared distance of any two values."""
    if scale is Scale.NOMINAL:
        return 1.0 - np.eye(values.size)
    places = values
    if scale is Scale.ORDINAL:
        # A rank lies in the middle of the verdicts that share it.
        totals = counts.sum(axis=1)
        places = np.cumsum(totals) - totals / 2
    squares: _Floats = (places[:, np.newaxis] - places[np.newaxis, :]) ** 2
    return squares
