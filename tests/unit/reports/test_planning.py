"""What is said before a run of what it will be able to show."""

import msgspec
import pytest

from desktop.domain.suite import Continuation, Metric
from desktop.reports.planning import foresee
from tests.unit.reports.sample_runs import make_suite


def test_the_smallest_difference_is_said_with_what_is_assumed() -> None:
    found = foresee([make_suite(40)], 2)
    assert found is not None
    assert found.smallest_difference == pytest.approx(0.242, abs=0.001)
    assert found.sentence == (
        "With 40 cases a true difference of 24 points or more between two models will be seen "
        "four times in five, if they differ on about 3 cases in 10."
    )
    assert found.short == "differences of 24 points or more will show"


def test_more_models_and_fewer_cases_show_less() -> None:
    sizes = [
        foresight.smallest_difference
        for foresight in (foresee([make_suite(c)], m) for c, m in ((200, 2), (40, 2), (40, 6)))
        if foresight and foresight.smallest_difference
    ]
    assert len(sizes) == 3
    assert sizes == sorted(sizes)


def test_suites_add_up_and_texts_scored_as_a_whole_do_not_count() -> None:
    text = msgspec.structs.replace(
        make_suite(1).cases[0],
        continuations=(Continuation(context="", text="A whole book."),),
        metric=Metric.PERPLEXITY,
    )
    book = msgspec.structs.replace(make_suite(1, suite_id="book"), cases=(text,))
    found = foresee([make_suite(20), make_suite(20, suite_id="other"), book], 2)
    assert found is not None
    assert found.cases == 40
    assert foresee([book], 2) is None
    assert foresee([], 2) is None


def test_few_cases_are_told_to_be_too_few_before_anything_runs() -> None:
    found = foresee([make_suite(4)], 2)
    assert found is not None
    assert found.smallest_difference is None
    assert found.sentence == "4 cases are too few to show any difference reliably."


def test_one_model_is_told_how_well_its_share_will_be_known() -> None:
    found = foresee([make_suite(100)], 1)
    assert found is not None
    assert found.sentence == (
        "With 100 cases the share passed will be known to within about 10 points."
    )


def test_cases_that_hang_together_are_told() -> None:
    suite = make_suite(40)
    cases = tuple(
        msgspec.structs.replace(case, group=f"document {place % 5}")
        for place, case in enumerate(suite.cases)
    )
    found = foresee([msgspec.structs.replace(suite, cases=cases)], 2)
    assert found is not None
    assert "They are of 5 groups that share a document or a template" in found.sentence
