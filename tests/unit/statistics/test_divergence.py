"""Figures of how far a model is from a reference."""

import math

import pytest

from desktop.statistics.divergence import summarise_divergence


def test_figures_of_values_that_are_known() -> None:
    values = [n / 100 for n in range(101)]
    changes = [-0.5, 0.5] * 50 + [0.0]
    found = summarise_divergence(values, changes, same_top=80, difference=math.log(1.25))
    assert found is not None
    assert (found.tokens, found.mean, found.median, found.p99, found.maximum) == pytest.approx(
        (101, 0.5, 0.5, 0.99, 1.0)
    )
    spread = math.sqrt(sum((v - 0.5) ** 2 for v in values) / 101 / 100)
    assert found.mean_error == pytest.approx(spread)
    assert found.same_top == pytest.approx(80 / 101)
    assert found.change_rms == pytest.approx(math.sqrt(100 * 0.25 / 101))
    assert (found.change_p5, found.change_p95) == (-0.5, 0.5)
    assert found.perplexity_ratio == pytest.approx(1.25)


def test_too_few_tokens_have_no_figures() -> None:
    assert summarise_divergence([0.1] * 99, [0.0] * 99, same_top=99, difference=0.0) is None
