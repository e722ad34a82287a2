"""May I say that A is better than B? What is answered, and with which reasons."""

from collections.abc import Sequence

import msgspec
import pytest

from desktop.domain.comparison import ComparedPair, Comparison, Saying, Standing
from desktop.domain.suite import Suite
from desktop.reports.comparison import compare_runs
from desktop.reports.records import RunRecord
from desktop.reports.sheet import build_sheet
from desktop.reports.verdicts import may_say_better
from tests.unit.reports.sample_runs import make_answer, make_record, make_suite


def ask(comparison: Comparison, one: str, other: str) -> tuple[Saying, str]:
    labels = [model.label for model in comparison.models]
    verdict = may_say_better(comparison, labels.index(one), labels.index(other))
    return verdict.saying, " ".join((verdict.sentence, *verdict.reasons))


def only_pair(*records: RunRecord) -> ComparedPair:
    (pair,) = compare_runs(records).pairs
    return pair


def test_yes_one_way_is_no_the_other_way() -> None:
    result = compare_runs([make_record("A", "+" * 30), make_record("B", "+" * 10 + "-" * 20)])
    yes, why = ask(result, "A", "B")
    no, why_not = ask(result, "B", "A")
    assert (yes, no) == (Saying.YES, Saying.NO)
    assert why == why_not
    assert why.startswith("A answers better than B: A alone passed 20, B alone 0. Of 30 cases")
    assert "effect size large (g = 0.50)" in why


def test_not_yet_says_how_many_more_cases_would_tell() -> None:
    result = compare_runs(
        [make_record("A", "+" * 20 + "-" * 20), make_record("B", "-" * 6 + "+" * 8 + "-" * 26)]
    )
    result_bare = compare_runs(
        [make_record("A", "+" * 22 + "-" * 18), make_record("B", "-" * 3 + "+" * 19 + "-" * 18)]
    )
    assert ask(result, "A", "B")[0] is Saying.YES
    saying, why = ask(result_bare, "A", "B")
    assert saying is Saying.MORE
    assert ask(result_bare, "B", "A")[0] is Saying.MORE
    pair = result_bare.pairs[0]
    assert pair.more_cases is not None
    assert f"about {pair.more_cases} more would tell" in why


def test_no_difference_at_all_promises_nothing() -> None:
    result = compare_runs([make_record("A", "+-" * 20), make_record("B", "+-" * 20)])
    saying, why = ask(result, "A", "B")
    assert saying is Saying.NO
    assert "no difference shows" in why
    assert "more" not in why


def test_too_few_cases_are_called_that() -> None:
    result = compare_runs([make_record("A", "++++"), make_record("B", "----")])
    saying, why = ask(result, "A", "B")
    assert saying is Saying.NO
    assert "more would tell" not in why
    assert "effect size" not in why
    assert result.headline == (
        "A and B can't be told apart with 4 cases; so few can't show any difference."
    )
    assert "With 4 cases no difference can be shown reliably: they are too few." in why
    assert not result.pairs[0].enough_cases


def test_one_case_all_right_all_wrong_and_none_shared() -> None:
    one = only_pair(make_record("A", "+"), make_record("B", "-"))
    assert (one.standing, one.p_value) == (Standing.UNDECIDED, 1.0)
    right = compare_runs([make_record("A", "+" * 50), make_record("B", "+" * 50)])
    assert ask(right, "A", "B")[0] is Saying.NO
    interval = right.pairs[0].interval
    assert interval.low < -0.05 < 0.05 < interval.high
    apart = compare_runs(
        [
            make_record("A", "+++", suite=make_suite(3, suite_id="one")),
            make_record("B", "---", suite=make_suite(3, suite_id="two")),
        ]
    )
    saying, why = ask(apart, "A", "B")
    assert saying is Saying.NO
    assert why.startswith("A and B can't be compared: no case was answered by both.")
    assert apart.groups == ()
    with pytest.raises(ValueError, match="no pair"):
        may_say_better(apart, 0, 0)


# Groups of models


def test_groups_overlap_where_the_ends_of_a_chain_differ() -> None:
    result = compare_runs(
        [
            make_record("A", "+" * 32 + "-" * 28),
            make_record("B", "-" * 5 + "+" * 27 + "-" * 28),
            make_record("C", "-" * 10 + "+" * 22 + "-" * 28),
            make_record("D", "-" * 60),
        ]
    )
    labels = [model.label for model in result.models]
    groups = [[labels[place] for place in group] for group in result.groups]
    assert groups == [["A", "B"], ["B", "C"], ["D"]]
    text = " ".join(result.reasons)
    assert "These can't be told apart among themselves: A and B; B and C." in text
    assert "A model named twice belongs to both" in text
    assert "D differs by more than chance from all that were asked the same." in text


# Cases that hang together


def grouped(suite: Suite, size: int) -> Suite:
    cases = tuple(
        msgspec.structs.replace(case, group=f"document {place // size}")
        for place, case in enumerate(suite.cases)
    )
    return msgspec.structs.replace(suite, cases=cases)


def test_twenty_questions_on_two_documents_are_not_twenty_observations() -> None:
    marks = ("+" * 20 + "-" * 4, "-" * 24)
    alone = only_pair(*(make_record(n, m) for n, m in zip("AB", marks, strict=True)))
    assert alone.standing is Standing.BETTER
    suite = grouped(make_suite(24), 8)
    result = compare_runs(
        [make_record(n, m, suite=suite) for n, m in zip("AB", marks, strict=True)]
    )
    (pair,) = result.pairs
    assert pair.standing is Standing.UNDECIDED
    assert pair.groups == 3
    assert pair.p_value == 0.25  # three documents all one way: two of eight ways
    assert pair.interval.low < 0
    text = " ".join(result.reasons)
    assert "The 24 cases are of 3 groups that share a document or a template" in text
    model = result.models[0]
    assert model.effective_cases is not None
    assert model.effective_cases < 24
    assert model.interval is not None
    assert model.interval.low < 0.4
    assert result.cases[0].group == "document 0"


def test_groups_of_one_change_nothing() -> None:
    marks = ("+" * 15 + "-" * 9, "-" * 12 + "+" * 12)
    plain = only_pair(*(make_record(n, m) for n, m in zip("AB", marks, strict=True)))
    suite = grouped(make_suite(24), 1)
    single = only_pair(*(make_record(n, m, suite=suite) for n, m in zip("AB", marks, strict=True)))
    assert single == plain


# Scores


def with_scores(record: RunRecord, scores: Sequence[float]) -> RunRecord:
    answers = tuple(
        msgspec.structs.replace(answer, score=score)
        for answer, score in zip(record.answers, scores, strict=True)
    )
    return msgspec.structs.replace(record, answers=answers)


def test_partly_right_answers_are_compared_by_resampling_beside_the_verdict() -> None:
    first = with_scores(make_record("A", "-" * 30), [0.2 + place % 5 / 10 for place in range(30)])
    second = with_scores(make_record("B", "-" * 30), [0.1 + place % 3 / 10 for place in range(30)])
    result = compare_runs([first, second])
    (pair,) = result.pairs
    assert pair.standing is Standing.UNDECIDED
    assert pair.score_difference == pytest.approx(0.2)
    assert pair.score_interval is not None
    assert pair.score_interval.low > 0.1
    saying, why = ask(result, "A", "B")
    assert saying is Saying.NO
    assert "the mean scores differ by +20.0 points of 100 (95% interval" in why


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_score_is_left_out_and_spoils_nothing(odd: float) -> None:
    first = with_scores(make_record("A", "+" * 30), [odd, *([0.5] * 14), *([0.7] * 15)])
    second = with_scores(make_record("B", "+" * 30), [0.4] * 30)
    result = compare_runs([first, second])
    assert result.pairs[0].cases == 30
    assert result.pairs[0].score_difference == pytest.approx((14 * 0.1 + 15 * 0.3) / 29)
    assert [model.mean_score for model in result.models if model.label == "A"] == [
        pytest.approx((14 * 0.5 + 15 * 0.7) / 29)
    ]


def test_wholly_right_or_wrong_answers_need_no_resampling() -> None:
    pair = only_pair(make_record("A", "+" * 20), make_record("B", "-" * 20))
    assert pair.score_difference is None
    assert pair.score_interval is None


# Repeats


def test_flaky_cases_and_pass_at_k_are_told() -> None:
    record = make_record("A", "++--")
    again = tuple(
        make_answer(record.run.id, case.id, mark, repeat=1)
        for case, mark in zip(make_suite(4).cases, "+-+-", strict=True)
    )
    record = msgspec.structs.replace(record, answers=record.answers + again)
    result = compare_runs([record, make_record("B", "++++")])
    model = next(model for model in result.models if model.label == "A")
    assert model.repeats is not None
    assert (model.repeats.flaky, model.repeats.k) == (2, 2)
    assert (model.repeats.pass_at_1, model.repeats.pass_at_k) == (0.5, 0.75)
    text = " ".join(result.reasons)
    assert "A sometimes passed and sometimes failed the same case, in 2 cases of 4." in text
    assert "(pass@1), the best of 2 tries 75% (pass@2)" in text
    assert next(m for m in result.models if m.label == "B").repeats is None


def test_kinds_of_cases_on_the_paper_heed_groups_too() -> None:
    suite = grouped(make_suite(40), 10)
    alone = build_sheet(compare_runs([make_record("A", "+" * 20 + "-" * 20)]))
    shared = build_sheet(compare_runs([make_record("A", "+" * 20 + "-" * 20, suite=suite)]))
    (narrow,), (wide,) = alone["tags"][0]["cells"], shared["tags"][0]["cells"]
    assert narrow["share"] == wide["share"]
    assert wide["high"] - wide["low"] > 1.3 * (narrow["high"] - narrow["low"])
