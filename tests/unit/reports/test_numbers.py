"""Figures as people read them."""

from datetime import UTC, datetime

import pytest

from desktop.domain.comparison import Interval
from desktop.reports import numbers


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0.0, "0%"), (1.0, "100%"), (0.3849, "38%"), (0.004, "<1%"), (0.999, ">99%")],  # noqa: RUF001 - an en dash
)
def test_shares_are_never_rounded_to_none_or_all(share: float | None, text: str) -> None:
    assert numbers.share_text(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(194.04, "194"), (1234.5, "1,234"), (31.24, "31.2"), (9.996, "10.0"), (99.96, "100"),
     (8.4, "8.40"), (None, "–")],  # noqa: RUF001
)  # fmt: skip
def test_rates_have_three_digits(value: float | None, text: str) -> None:
    assert numbers.rate_text(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(98_362_432, "98 MB"), (1_600_000_000, "1.6 GB"), (999, "999 B"), (999_700_000, "1.0 GB")],
)
def test_sizes(count: int, text: str) -> None:
    assert numbers.bytes_text(count) == text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("p_value", "figure", "words"),
    [
        (0.0, "<0.001", "less than once in 1,000 times"),
        (0.0014, "0.001", "about once in 1,000 times"),
        (0.0042, "0.004", "about 4 times in 1,000"),
        (0.0123, "0.012", "about once in 100 times"),
        (0.146, "0.15", "about 15 times in 100"),
        (1.0, "1.00", "practically always"),
    ],
)
def test_probabilities_in_figures_and_in_words(p_value: float, figure: str, words: str) -> None:
    assert numbers.probability_text(p_value) == figure
    assert numbers.times_in_hundred_text(p_value) == words


def test_points_carry_their_sign_and_zero_has_none() -> None:
    assert [numbers.points_text(d) for d in (0.174, -0.04, 0.001, -0.001)] == [
        "+17",
        "\N{MINUS SIGN}4",
        "0",
        "0",
    ]
    assert numbers.points_text(-0.3, signed=False) == "30"


def test_intervals_and_times() -> None:
    assert numbers.interval_text(Interval(low=0.25, high=0.551)) == "25% to 55%"
    assert numbers.interval_text(None) == numbers.UNKNOWN
    moment = datetime(2026, 11, 1, 4, 5, tzinfo=UTC)
    assert numbers.moment_text(moment) == "1 November 2026, 04:05 UTC"


@pytest.mark.parametrize(("number", "rounded"), [(7, 7), (99, 99), (101, 110), (1876, 1900)])
def test_what_is_about_right_has_two_digits(number: int, rounded: int) -> None:
    assert numbers.round_up(number) == rounded
