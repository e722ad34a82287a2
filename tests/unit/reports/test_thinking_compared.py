"""Answers that were cut off while thinking: counted, told, and never better than a failed one."""

import msgspec
import pytest

from desktop.domain.run import Outcome, StopReason
from desktop.domain.settings import RunSettings
from desktop.reports.rows import merge_repeats
from tests.unit.reports.sample_runs import make_answer, make_record
from tests.unit.reports.test_comparison import compare, said


def test_answers_cut_off_while_thinking_are_not_passed_and_are_told() -> None:
    result = compare(make_record("A", "+~~!"), make_record("B", "+++~"))
    a, b = sorted(result.models, key=lambda model: model.label)
    assert (a.cases_passed, a.cases_scored) == (1, 3)
    assert a.share_passed == pytest.approx(1 / 3)
    assert (a.counts.passed, a.counts.failed, a.counts.truncated, a.counts.errors) == (1, 2, 2, 1)
    assert a.mean_score == pytest.approx(1 / 3)
    assert a.mean_thinking_tokens == pytest.approx(2 * 4096 / 3)
    assert b.mean_thinking_tokens == 1024
    (pair,) = result.pairs
    assert pair.cases == 3
    assert {pair.only_first_passed, pair.only_second_passed} == {0, 2}
    told = said(result)
    assert (
        "2 answers of A were cut off before they passed and count as not passed; "
        "a larger limit may change its share." in result.caveats
    )
    assert "1 answer of B was cut off before it passed and counts as not passed" in told
    assert "that a limit cut off before they passed count as not passed" in told
    assert "longest answer allowed" not in told  # told once, as what it is
    cell = result.cases[1].answers[result.models.index(a)]
    assert cell is not None
    assert cell.outcome is Outcome.TRUNCATED
    assert (cell.text, cell.thinking, cell.thinking_tokens) == ("", "So many thoughts.", 4096)
    assert "nothing was checked" in cell.explanation


def test_a_context_that_was_full_of_thinking_is_told_once() -> None:
    record = make_record("A", "~~+")
    full = tuple(
        msgspec.structs.replace(answer, stop_reason=StopReason.CONTEXT_FULL)
        if answer.outcome is Outcome.TRUNCATED
        else answer
        for answer in record.answers
    )
    result = compare(msgspec.structs.replace(record, answers=full))
    assert [caveat for caveat in result.caveats if "cut off" in caveat] == [
        (
            "2 answers of A were cut off before they passed and count as not passed; "
            "a larger limit may change its share."
        )
    ]


def test_models_that_do_not_think_hear_nothing_of_it() -> None:
    result = compare(make_record("A", "+-"), make_record("B", "--"))
    assert "thinking" not in said(result)
    assert all(model.mean_thinking_tokens is None for model in result.models)


def test_a_failed_and_a_cut_off_answer_do_not_disagree() -> None:
    result = compare(make_record("A", "~+-~"), make_record("B", "-~-~"))
    assert [case.disagrees for case in result.cases] == [False, True, False, False]


def test_limits_of_thinking_are_settings_that_may_make_the_difference() -> None:
    result = compare(
        make_record("A", "+", settings=RunSettings(max_thinking_tokens=100)),
        make_record("B", "+", settings=RunSettings(thinking_budget=50)),
    )
    assert "settings (longest thinking and budget for thinking)" in said(result)


@pytest.mark.parametrize(
    ("marks", "outcome"),
    [
        ("~~~", Outcome.TRUNCATED),
        ("~~-", Outcome.TRUNCATED),
        ("~-", Outcome.FAILED),
        ("~--", Outcome.FAILED),
        ("~++", Outcome.PASSED),
        ("~+", Outcome.TRUNCATED),
        ("~!", Outcome.TRUNCATED),
    ],
)
def test_repeats_that_were_cut_off_share_in_the_verdict(marks: str, outcome: Outcome) -> None:
    answers = [make_answer("run", "case", mark, repeat=i) for i, mark in enumerate(marks)]
    merged = merge_repeats(answers)
    assert merged.outcome is outcome
    assert merged.repeats == len(marks.replace("!", ""))
    assert merged.repeats_passed == marks.count("+")
