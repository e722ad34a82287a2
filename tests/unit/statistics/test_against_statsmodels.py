"""Wilson, McNemar and Holm against statsmodels, on counts of every size and on real votes."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from desktop.statistics.intervals import wilson_interval
from desktop.statistics.paired_tests import holm, mcnemar_exact

_VOTES = Path(__file__).resolve().parents[4] / "shared" / "data" / "pairwise"
_COUNTS = [(0, 1), (1, 1), (0, 40), (40, 40), (14, 36), (999, 1000), (5013, 20_000)]


@pytest.mark.parametrize(("passed", "total"), _COUNTS)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_wilson(passed: int, total: int, level: float) -> None:
    expected = proportion_confint(passed, total, alpha=1 - level, method="wilson")
    found = wilson_interval(passed, total, level)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 0), (1, 0), (9, 1), (30, 30), (140, 101), (3000, 2800)]
)
def test_mcnemar(only_first: int, only_second: int) -> None:
    expected = mcnemar([[50, only_first], [only_second, 50]], exact=True).pvalue
    assert mcnemar_exact(only_first, only_second) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("number", [1, 3, 45])
def test_holm(number: int) -> None:
    p_values = np.random.default_rng(number).random(number) ** 4
    expected = multipletests(p_values, method="holm")[1]
    assert holm(list(p_values)) == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "first", "second", "won"),
    [
        ("vicuna_bench_gpt4_battles.csv", "model_a", "model_b", ("model_a", "model_b")),
        ("llmfao.csv", "left", "right", ("left", "right")),
    ],
)
def test_all_pairs_of_real_votes(name: str, first: str, second: str, won: tuple[str, str]) -> None:
    path = _VOTES / name
    if not path.is_file():
        pytest.skip("the public votes are not here")
    counts: Counter[tuple[str, str]] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["winner"] in won:
                sides = (row[first], row[second])
                counts[sides if row["winner"] == won[0] else sides[::-1]] += 1
    pairs = sorted({(min(sides), max(sides)) for sides in counts})
    splits = [(counts[one, other], counts[other, one]) for one, other in pairs]
    assert len(splits) > 10
    ours = [mcnemar_exact(*split) for split in splits]
    theirs = [float(mcnemar([[0, a], [b, 0]], exact=True).pvalue) for a, b in splits]
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert holm(ours) == pytest.approx(list(multipletests(theirs, method="holm")[1]), abs=1e-9)
    for a, b in splits:
        found = wilson_interval(a, a + b)
        expected = proportion_confint(a, a + b, method="wilson")
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
