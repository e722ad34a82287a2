"""Perplexity and its ± from sums."""

import math

import pytest

from desktop.domain.text_figures import TextFigures, add_figures

VALUES = [0.5, 2.0, 3.5, 1.25, 0.75]


def figures(values: list[float], **changes: object) -> TextFigures:
    made = {
        "tokens": len(values),
        "bytes": 4 * len(values),
        "words": 2,
        "negative_log_likelihood": sum(values),
        "squares": sum(v * v for v in values),
    }
    return TextFigures(**{**made, **changes})  # type: ignore[arg-type]


def test_figures_are_those_of_the_tokens() -> None:
    found = figures(VALUES)
    mean = sum(VALUES) / 5
    spread = math.sqrt(sum((v - mean) ** 2 for v in VALUES) / 5 / 4)
    assert found.perplexity == pytest.approx(math.exp(mean))
    assert found.plus_minus == pytest.approx(spread * math.exp(mean))
    assert found.bits_per_byte == pytest.approx(8 / 20 / math.log(2))
    assert found.bits_per_word == pytest.approx(8 / 2 / math.log(2))


def test_parts_add_up_to_the_whole() -> None:
    whole = add_figures([figures(VALUES[:2]), figures(VALUES[2:])])
    assert whole.perplexity == pytest.approx(figures(VALUES).perplexity)
    assert whole.plus_minus == pytest.approx(figures(VALUES).plus_minus)
    assert add_figures([figures(VALUES), figures(VALUES, squares=None)]).plus_minus is None


def test_nothing_and_too_much_have_no_figures() -> None:
    nothing = add_figures([])
    assert (nothing.perplexity, nothing.plus_minus) == (None, None)
    assert (nothing.bits_per_byte, nothing.bits_per_word) == (None, None)
    assert figures([1e6]).perplexity is None
    assert figures([math.inf]).perplexity is None
    assert figures([1.0]).plus_minus is None
