"""What may be concluded from runs, and what is said where nothing may be."""

import msgspec
import pytest

from desktop.domain.comparison import Comparison, Standing
from desktop.domain.measurement import Disturbance
from desktop.domain.run import Outcome, RunStatus, StopReason
from desktop.domain.settings import RunSettings, Sampling
from desktop.errors import UserError
from desktop.reports.comparison import compare_runs
from desktop.reports.records import RunRecord
from tests.unit.reports.sample_runs import (
    MACHINE,
    make_answer,
    make_model,
    make_probe,
    make_record,
    make_suite,
)


def compare(*records: RunRecord) -> Comparison:
    return compare_runs(records)


def said(comparison: Comparison) -> str:
    parts = (comparison.headline, comparison.supporting, *comparison.caveats, *comparison.reasons)
    return "\n".join(parts)


# Two models


def test_a_clear_difference_is_claimed() -> None:
    result = compare(make_record("Good", "+" * 30 + "-" * 6), make_record("Bad", "-" * 36))
    assert result.headline == "Good answers better than Bad."
    (pair,) = result.pairs
    assert pair.standing is Standing.BETTER
    assert (pair.only_first_passed, pair.only_second_passed, pair.cases) == (30, 0, 36)
    assert pair.more_cases is None
    assert pair.sentence == ("Good answers better than Bad: Good alone passed 30, Bad alone 0.")


def test_noise_is_never_called_better() -> None:
    result = compare(
        make_record("First", "+" * 14 + "-" * 22),
        make_record("Second", "+" * 3 + "-" * 11 + "+" * 5 + "-" * 17),
    )
    assert result.headline == (
        "First and Second can't be told apart with 36 cases; about 96 more would tell."
    )
    assert "better" not in said(result)
    assert result.pairs[0].standing is Standing.UNDECIDED
    assert result.pairs[0].more_cases == 96
    assert result.smallest_difference == pytest.approx(0.31, abs=0.01)


def test_models_that_pass_the_same_cases_get_no_promise_of_a_decision() -> None:
    result = compare(make_record("One", "++--"), make_record("Two", "++--"))
    assert result.headline == (
        "One and Two can't be told apart with 4 cases; so few can't show any difference."
    )
    assert result.pairs[0].more_cases is None
    assert "With 4 cases no difference can be shown reliably" in said(result)


def test_the_order_of_runs_makes_no_difference() -> None:
    records = [
        make_record("Zeta", "+" * 20 + "-" * 16),
        make_record("Alpha", "-" * 30 + "+" * 6),
        make_probe("Zeta", 100),
    ]
    one = compare_runs(records, created_at=MACHINE.inspected_at)
    other = compare_runs(records[::-1], created_at=one.created_at)
    assert other == msgspec.structs.replace(one, created_at=one.created_at)


def test_best_share_comes_first_and_colors_follow_the_names() -> None:
    result = compare(make_record("Beta", "+" * 36), make_record("Alpha", "-" * 36))
    assert [(m.label, m.color) for m in result.models] == [("Beta", 1), ("Alpha", 0)]
    assert [a.outcome for a in result.cases[0].answers if a] == [Outcome.PASSED, Outcome.FAILED]


def test_shares_have_wilsons_interval() -> None:
    (model,) = compare(make_record("One", "+" * 14 + "-" * 22)).models
    assert model.share_passed == pytest.approx(14 / 36)
    assert model.interval is not None
    assert (model.interval.low, model.interval.high) == pytest.approx((0.2478, 0.5514), abs=1e-4)


# Three and more


def test_the_best_of_three_and_the_undecided_rest() -> None:
    result = compare(
        make_record("A", "+" * 30 + "-" * 6),
        make_record("B", "-" * 24 + "+" * 12),
        make_record("C", "-" * 20 + "+" * 12 + "-" * 4),
    )
    assert result.headline == "A answers better than both others."
    assert "B and C can't be told apart with 36 cases" in result.supporting


def test_two_leaders_and_one_behind() -> None:
    result = compare(
        make_record("A", "+" * 34 + "-" * 2),
        make_record("B", "-" * 2 + "+" * 34),
        make_record("C", "-" * 30 + "+" * 6),
    )
    assert result.headline == (
        "A and B can't be told apart with 36 cases; both answer better than C."
    )


def test_three_that_cannot_be_told_apart() -> None:
    result = compare(
        make_record("A", "+" * 8 + "-" * 4),
        make_record("B", "+" * 7 + "-" * 5),
        make_record("C", "+" * 6 + "-" * 6),
    )
    assert result.headline.startswith("The three models can't be told apart with 12 cases")
    assert all(pair.standing is Standing.UNDECIDED for pair in result.pairs)


def test_many_pairs_are_corrected_for_their_number() -> None:
    # 9 against 1 alone is p = 0.021, and no longer enough as one pair of six.
    marks = {"A": "+" * 9 + "-" + "+" * 20, "B": "-" * 9 + "+" + "+" * 20}
    alone = compare(*(make_record(name, text) for name, text in marks.items()))
    assert alone.pairs[0].standing is Standing.BETTER
    others = [make_record(name, marks["A"]) for name in ("C", "D")]
    among = compare(*(make_record(name, text) for name, text in marks.items()), *others)
    pair = next(
        p for p in among.pairs if {among.models[p.first].label, among.models[p.second].label}
        == {"A", "B"}
    )  # fmt: skip
    assert pair.p_value == alone.pairs[0].p_value
    assert pair.p_adjusted > 0.05
    assert pair.standing is Standing.UNDECIDED


def test_eight_models_are_summed_up() -> None:
    result = compare(*(make_record(f"M{i}", "+" * (12 + i) + "-" * 24) for i in range(8)))
    assert len(result.pairs) == 28
    assert len(result.reasons) < 20


# One model, probes only, nothing


def test_one_model_gets_its_share_and_no_comparison() -> None:
    result = compare(make_record("Only", "+" * 14 + "-" * 22), make_probe("Only", 31.2))
    assert result.headline == "Only passed 14 of 36 cases (39%, likely between 25% and 55%)."
    assert result.supporting == (
        "Only generates 31.2 tokens per second. Only needs 400\N{NO-BREAK SPACE}MB of memory."
    )
    assert "McNemar" not in said(result)


def test_probes_alone_conclude_on_speed_and_say_that_quality_is_unknown() -> None:
    result = compare(make_probe("Slow", 110), make_probe("Fast", 194))
    assert result.headline == (
        "Fast is 1.8 times as fast (194 against 110 tokens per second); "
        "both need 400\N{NO-BREAK SPACE}MB of memory."
    )
    assert "nothing is known of how good the answers are" in said(result)
    assert result.cases == ()


def test_nothing_scored_and_nothing_measured() -> None:
    result = compare(make_record("A", "..."), make_record("B", "!!!"))
    assert result.headline == (
        "Nothing can be compared yet: no case was scored and no trusted speed measured."
    )
    assert result.smallest_difference is None
    assert [model.share_passed for model in result.models] == [None, None]


def test_no_runs_are_refused_with_a_sentence() -> None:
    with pytest.raises(UserError, match="nothing to compare"):
        compare()


def test_only_one_of_two_models_was_scored() -> None:
    result = compare(make_record("A", "++--"), make_probe("B", 50), make_probe("A", 60))
    assert result.headline.startswith("Only A passed 2 of 4 cases")
    assert "B: no suite was run, so nothing is known of the answers." in result.caveats


# Speed and memory


def test_faster_and_smaller_in_one_sentence() -> None:
    result = compare(
        make_record("A", "+-"),
        make_record("B", "-+"),
        make_probe("A", 194, memory_bytes=400_000_000),
        make_probe("B", 110, memory_bytes=1_600_000_000),
    )
    assert result.supporting == (
        "A is 1.8 times as fast (194 against 110 tokens per second) and needs less memory "
        "(400\N{NO-BREAK SPACE}MB against 1.6\N{NO-BREAK SPACE}GB)."
    )


def test_a_small_difference_in_speed_is_none() -> None:
    result = compare(make_probe("A", 100), make_probe("B", 104))
    assert "about equally fast" in result.headline
    assert "times as fast" not in result.headline


def test_scattered_speeds_are_not_called_different() -> None:
    result = compare(make_probe("A", 100, scatter=0.2), make_probe("B", 120, scatter=0.2))
    assert "about equally fast" in result.headline


def test_a_disturbed_speed_is_marked_and_kept_out() -> None:
    result = compare(make_probe("A", 194), make_probe("B", 20, valid=False))
    assert "times as fast" not in said(result)
    assert result.headline.startswith("The speeds can't be compared; both need")
    assert (
        "A speed of B (tg128 and pp512) was disturbed (other programs used the processor) and is "
        "not compared; measure again on a quiet machine."
    ) in result.caveats
    shown = next(m for m in result.models if m.label == "B")
    assert shown.generation is not None
    assert not shown.generation.valid


def test_a_disturbed_speed_does_not_cast_doubt_on_another_that_was_not() -> None:
    record = make_probe("B", 20)
    invalid = msgspec.structs.replace(
        next(m for m in record.measurements if m.test == "pp512"),
        valid=False,
        disturbances=(Disturbance(code="spread", message="They differ."),),
    )
    others = tuple(m for m in record.measurements if m.test != "pp512")
    half = msgspec.structs.replace(record, measurements=(*others, invalid))
    result = compare(make_probe("A", 194), half)
    assert "times as fast" in said(result)
    (caveat,) = [c for c in result.caveats if "disturbed" in c]
    assert "B (pp512)" in caveat
    assert "tg128" not in caveat


def test_a_valid_measurement_comes_before_a_newer_disturbed_one() -> None:
    (model,) = compare(make_probe("A", 194), make_probe("A", 20, day=1, valid=False)).models
    assert model.generation is not None
    assert model.generation.valid


def test_speeds_of_different_machines_are_never_compared() -> None:
    elsewhere = msgspec.structs.replace(MACHINE, id="machine-2")
    result = compare(make_probe("A", 194), make_probe("B", 20, machine=elsewhere))
    assert "times as fast" not in said(result)
    assert (
        "Speeds were measured on different machines and are not compared across them."
        in result.caveats
    )
    assert len(result.machines) == 2


def test_three_speeds_name_the_fastest_and_the_slowest() -> None:
    result = compare(make_probe("A", 31.2), make_probe("B", 110), make_probe("C", 194))
    assert result.headline.startswith(
        "C is the fastest with 194 tokens per second, 6.2 times as fast as A (31.2)"
    )


def test_when_two_of_three_speeds_compare_both_are_named() -> None:
    result = compare(make_probe("A", 31.2), make_probe("B", 110, valid=False), make_probe("C", 194))
    assert result.headline.startswith("C is 6.2 times as fast as A (194 against 31.2")


# What may not be concluded


def test_errors_are_left_out_and_counted() -> None:
    result = compare(make_record("A", "+" * 9 + "!"), make_record("B", "+" * 10))
    a = next(model for model in result.models if model.label == "A")
    assert (a.cases_passed, a.cases_scored, a.counts.errors) == (9, 9, 1)
    assert result.pairs[0].cases == 9
    assert (
        "1 answer of A ended in an error and counts neither as right nor as wrong."
        in result.caveats
    )


def test_unanswered_cases_are_empty_cells_and_told() -> None:
    result = compare(
        make_record("A", "++.-.", status=RunStatus.INTERRUPTED), make_record("B", "+++++")
    )
    a = next(place for place, model in enumerate(result.models) if model.label == "A")
    assert result.models[a].unanswered == 2
    assert [case.answers[a] is None for case in result.cases] == [False, False, True, False, True]
    assert result.pairs[0].cases == 3
    assert "A: The run on Starter suite was interrupted and can be resumed." in result.caveats
    assert "A has not answered 2 cases; only cases with an answer count." in result.caveats


def test_a_failed_run_says_why() -> None:
    result = compare(
        make_record("A", "...", status=RunStatus.FAILED, problem="The file is cut short."),
        make_record("B", "+++"),
    )
    assert "A: The run on Starter suite failed. The file is cut short." in result.caveats


def test_the_newest_finished_run_counts() -> None:
    result = compare(
        make_record("A", "----", day=0),
        make_record("A", "++++", day=1),
        make_record("A", "+...", day=2, status=RunStatus.CANCELLED),
    )
    (model,) = result.models
    assert (model.cases_passed, model.cases_scored) == (4, 4)
    assert model.run_ids == ("run-A-1",)
    assert "Of 3 runs of A on Starter suite one counts: the newest that finished." in result.caveats


def test_an_unfinished_run_counts_where_none_has_finished() -> None:
    result = compare(make_record("A", "+-..", status=RunStatus.CANCELLED))
    assert result.models[0].cases_scored == 2


def test_only_unchanged_cases_of_another_version_are_compared() -> None:
    old, new = make_suite(4, version="1.0"), make_suite(4, version="2.0")
    changed = msgspec.structs.replace(
        new.cases[0], messages=(msgspec.structs.replace(new.cases[0].messages[0], content="New"),)
    )
    new = msgspec.structs.replace(new, cases=(changed, *new.cases[1:]))
    result = compare(make_record("A", "++++", suite=old), make_record("B", "+++-", suite=new))
    assert result.pairs[0].cases == 3
    titles = [case.title for case in result.cases]
    assert "Question number 0 (1.0)" in titles
    assert "Question number 0 (2.0)" in titles
    assert any("different versions (1.0 and 2.0)" in caveat for caveat in result.caveats)


def test_different_suites_share_no_case() -> None:
    result = compare(
        make_record("A", "++++", suite=make_suite(4, suite_id="one")),
        make_record("B", "+++-", suite=make_suite(4, suite_id="two")),
    )
    assert result.headline == (
        "A and B can't be compared in quality: no case was answered by both."
    )
    assert any(caveat.startswith("Not every model was asked the same") for caveat in result.caveats)


def test_runs_without_a_stored_suite_are_compared_by_its_hash() -> None:
    result = compare(
        make_record("A", "++--", keep_suite=False), make_record("B", "--++", keep_suite=False)
    )
    assert result.pairs[0].cases == 4
    assert result.cases[0].title == "case-000"
    assert result.cases[0].demands == ()


def test_one_copy_of_the_suite_serves_both_runs() -> None:
    result = compare(make_record("A", "++--", keep_suite=False), make_record("B", "--++"))
    assert result.pairs[0].cases == 4
    assert result.cases[0].title == "Question number 0"
    assert result.cases[0].demands


def test_different_settings_are_told() -> None:
    warm = RunSettings(sampling=Sampling(temperature=0.7), max_tokens=64)
    result = compare(make_record("A", "+-"), make_record("B", "+-", settings=warm))
    assert any("settings (sampling and longest answer)" in caveat for caveat in result.caveats)
    assert any("drawn at random" in caveat for caveat in result.caveats)
    assert len(result.settings) == 2


def test_a_model_without_a_chat_template_is_told() -> None:
    result = compare(make_record("A", "+-"), make_record("B", "+-", prompt_format="plain_text"))
    assert any(caveat.startswith("B brings no chat template") for caveat in result.caveats)


def test_answers_cut_at_the_limit_are_told() -> None:
    record = make_record("A", "----")
    cut = tuple(
        msgspec.structs.replace(answer, stop_reason=StopReason.MAX_TOKENS)
        for answer in record.answers
    )
    result = compare(msgspec.structs.replace(record, answers=cut))
    assert "4 of 4 answers of A were cut off at the longest answer allowed." in result.caveats


# Repeats


def test_repeats_give_one_verdict_a_case() -> None:
    """Three repeats of four cases are four cases, or the interval would be too narrow."""
    suite = make_suite(4)
    record = make_record("A", "....", suite=suite, settings=RunSettings(repeats=3))
    marks = ("+++", "++-", "+--", "!+-")
    answers = tuple(
        make_answer(record.run.id, case.id, mark, repeat=repeat)
        for case, row in zip(suite.cases, marks, strict=True)
        for repeat, mark in enumerate(row)
    )
    result = compare(msgspec.structs.replace(record, answers=answers))
    (model,) = result.models
    assert (model.cases_passed, model.cases_scored) == (2, 4)
    assert (model.counts.cases, model.counts.passed, model.counts.errors) == (12, 7, 1)
    cells = [case.answers[0] for case in result.cases]
    assert [cell.outcome for cell in cells if cell] == [
        Outcome.PASSED,
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.FAILED,
    ]
    assert [(cell.repeats_passed, cell.repeats) for cell in cells if cell] == [
        (3, 3),
        (2, 3),
        (1, 3),
        (1, 2),
    ]
    assert "asked 3 times" in said(result)


# Sources


def test_what_the_comparison_rests_on_is_named_once() -> None:
    result = compare(
        make_record("A", "+-"), make_record("B", "+-"), make_probe("A", 10), make_probe("B", 20)
    )
    assert len(result.suites) == len(result.machines) == len(result.engines) == 1
    assert result.title == "Starter suite, two models"
    assert result.models[0].run_ids == ("run-A-0", "probe-A-0")


def test_a_model_hashed_later_is_the_same_model() -> None:
    unhashed = msgspec.structs.replace(make_model("A"), sha256=None)
    result = compare(make_record("A", "+-", model=unhashed), make_probe("A", 10))
    (model,) = result.models
    assert model.model.sha256
    assert model.share_passed == 0.5
    assert model.generation is not None
