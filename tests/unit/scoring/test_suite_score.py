"""A suite's score: what each case weighs, and what is left out."""

import pytest
from msgspec.structs import replace

from desktop.domain.run import Outcome
from desktop.domain.suite import Case, Suite
from desktop.scoring.suite_score import find_suite_score

CASE = Case(id="a", title="a", messages=(), checks=())
SUITE = Suite(id="s", title="s", version="1", cases=(CASE, replace(CASE, id="b", weight=3.0)))
PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.OPEN


def test_each_case_counts_by_its_weight_and_its_repeats_once() -> None:
    found = find_suite_score(
        SUITE, [("a", PASSED, 1.0), ("a", FAILED, 0.0), ("a", PASSED, 1.0), ("b", FAILED, 0.2)]
    )
    assert found.score == pytest.approx((2 / 3 + 3 * 0.2) / 4)
    assert found.say() == ("Score 0.317: the mean of 2 judged cases, each by its weight.",)


def test_open_cases_and_errors_are_left_out() -> None:
    found = find_suite_score(SUITE, [("a", PASSED, 1.0), ("b", OPEN, 0.0)])
    assert found.say() == ("Score 1.000: the mean of 1 judged case.",)
    none = find_suite_score(SUITE, [("b", Outcome.ERROR, 0.0)])
    assert none.score is None
    assert none.say() == ()


def test_cases_without_weight_are_no_part_of_the_score() -> None:
    suite = replace(SUITE, cases=(replace(CASE, weight=0.0), SUITE.cases[1]))
    found = find_suite_score(suite, [("a", FAILED, 0.0), ("b", PASSED, 1.0)])
    assert (found.score, found.cases) == (1.0, 1)
