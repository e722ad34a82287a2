"""Krippendorff's alpha against evalica, and what is said where there is none."""

import math

import evalica
import numpy as np
import pandas as pd
import pytest

from desktop.statistics.agreement import Scale, krippendorff_alpha


@pytest.mark.parametrize("scale", list(Scale))
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_alpha_agrees_with_evalica(scale: Scale, gaps: float) -> None:
    random = np.random.default_rng(11)
    verdicts = random.integers(1, 6, (4, 60)).astype(float)
    verdicts[1:3] = np.where(random.random((2, 60)) < 0.6, verdicts[0], verdicts[1:3])
    verdicts[random.random(verdicts.shape) < gaps] = np.nan
    ours = krippendorff_alpha(verdicts.tolist(), scale)
    theirs = evalica.alpha(pd.DataFrame(verdicts), distance=scale.value)
    assert ours.alpha == pytest.approx(theirs.alpha, abs=1e-9)
    assert not ours.problem


def test_the_book_s_example() -> None:
    """Four observers, twelve units, gaps (Krippendorff 2011, Computing Krippendorff's alpha)."""
    gap = None
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
        [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
    ]
    found = {scale: krippendorff_alpha(table, scale) for scale in Scale}
    assert found[Scale.NOMINAL].alpha == pytest.approx(0.743, abs=5e-4)
    assert found[Scale.ORDINAL].alpha == pytest.approx(0.815, abs=5e-4)
    assert found[Scale.INTERVAL].alpha == pytest.approx(0.849, abs=5e-4)
    assert (found[Scale.NOMINAL].units, found[Scale.NOMINAL].verdicts) == (11, 40)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([], "at least two judges"),
        ([[1, 2, 3]], "at least two judges"),
        ([[1, 2, 3], [None, None, math.nan]], "at least two judges"),
        ([[1, None], [None, 2]], "Nothing was judged by two"),
        ([[1, 1, 1], [1, 1, 1]], "All verdicts are the same"),
    ],
)
def test_where_there_is_no_agreement_to_measure_a_sentence_says_why(
    table: list[list[float | None]], said: str
) -> None:
    found = krippendorff_alpha(table)
    assert found.alpha is None
    assert said in found.problem


def test_systematic_disagreement_is_below_zero() -> None:
    found = krippendorff_alpha([[0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]])
    assert found.alpha is not None
    assert found.alpha < 0


def test_rows_of_unlike_length_and_infinite_verdicts_are_refused() -> None:
    with pytest.raises(ValueError, match="a gap for every unit"):
        krippendorff_alpha([[1, 2], [1]])
    with pytest.raises(ValueError, match="finite"):
        krippendorff_alpha([[1, math.inf], [1, 2]])
