"""Rules that hold for every kind of check, and what happens when a scorer cannot judge."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Check
from desktop.scoring import registry
from desktop.scoring.kind import CheckKind, Shape, Verdict
from desktop.scoring.registry import KINDS, describe_check, parse_check, score_answer

GSM8K = (
    Path(__file__).resolve().parents[3].parent / "shared/data/gsm8k/example_model_solutions.jsonl"
)
ONE_OF_EACH: list[dict[str, Any]] = [
    {"equals": "yes"},
    {"contains": "a"},
    {"contains_all": ["a", "b"]},
    {"contains_any": ["a", "b"]},
    {"not_contains": "zebra"},
    {"starts_with": "a"},
    {"ends_with": "a"},
    {"regex": "a+"},
    {"number": 42},
    {"json": {"a": 1}},
    {"choice": "a", "labels": ["a", "b"]},
    {"declines": True},
    {"word_count": {"max": 3}},
    {"sentence_count": 1},
    {"line_count": 1},
    {"bullet_count": {"max": 2}},
    {"uppercase": True},
    {"lowercase": True},
    {"gsm8k": "#### 42"},
    {"json_schema": {"type": "object", "patternProperties": {"^a+$": {"type": "number"}}}},
    {"items": ["a", "b"]},
    {"refuses": True},
    {"cites": ["doc-1"], "others": ["2"]},
    {"quotes_from": "a b c d"},
    {"language": "de"},
    {"ifeval": "punctuation:no_comma"},
    {"exact_match": "a"},
    {"token_f1": ["a b", "c"]},
    {"similar": "abc"},
    {"chrf": "a A1 b", "word_order": 2},
    {"rouge": "a A1 b", "variant": "rougeLsum"},
    {"bleu": ["a A1", "b"]},
    {"paragraph_count": 1},
    {"character_count": {"max": 9}},
    {"judge": "It is kind."},
    {"rating": "Is it kind?", "highest": 3},
    {"all_of": [{"contains": "a"}]},
    {"any_of": [{"contains": "a"}]},
    {"not": {"contains": "zebra"}},
]


def case_with(*checks: dict[str, Any]) -> Case:
    parsed = tuple(parse_check(check) for check in checks)
    return Case(id="c", title="c", messages=(), checks=parsed)


def test_every_kind_has_a_place_in_these_tests() -> None:
    assert {parse_check(check).kind for check in ONE_OF_EACH} == set(KINDS)


def test_no_option_is_named_like_a_kind() -> None:
    options = {name for kind in KINDS.values() for name in kind.options}
    assert not options & set(KINDS)


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
@pytest.mark.parametrize("text", ["", "  \n\t", "\u00a0"])
def test_an_empty_answer_passes_nothing(check: dict[str, Any], text: str) -> None:
    outcome, share, scores = score_answer(text, case_with(check))
    assert (outcome, share) == (Outcome.FAILED, 0.0)
    assert "empty" in scores[0].explanation


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
@given(
    text=st.text(alphabet=st.sampled_from("aA1 .,-*`_\n{}[]\"'é#\u0301</think>%$ß漢"), max_size=60)
)
def test_any_answer_gets_a_verdict_with_reason_and_places(check: dict[str, Any], text: str) -> None:
    outcome, share, scores = score_answer(text, case_with(check))
    assert outcome is not Outcome.ERROR
    assert 0 <= share <= 1
    assert (outcome is Outcome.PASSED) is scores[0].passed
    assert scores[0].explanation.endswith((".", "!", "?"))
    assert all(0 <= span.start <= span.end <= len(text) for span in scores[0].spans)


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
@pytest.mark.timeout(20)
def test_hostile_answers_are_judged_in_time(check: dict[str, Any]) -> None:
    for piece in ("*a ", "`", "[", '{"a":', "1,", "not ", "a\n", "(", '"', "1 ", "<think>", "- "):
        score_answer(piece * (20_000 // len(piece)), case_with(check))


@pytest.mark.parametrize("check", ONE_OF_EACH, ids=lambda check: next(iter(check)))
def test_every_check_is_described(check: dict[str, Any]) -> None:
    described = describe_check(parse_check(check))
    assert described
    assert described[0].islower()
    assert "\n" not in described


def test_descriptions_read_well() -> None:
    described = [
        describe_check(parse_check(check))
        for check in (
            {"number": 42},
            {"json": {"total": 1280.5}},
            {"choice": "refund", "labels": ["refund", "praise", "order"]},
            {"word_count": {"max": 1}},
        )
    ]
    assert described == [
        "answers with the number 42",
        "is JSON with total = 1280.5",
        'chooses "refund" and not "praise" or "order"',
        "has at most 1 words",
    ]


def test_a_case_passes_when_all_checks_pass_and_weights_count() -> None:
    case = case_with({"contains": "a", "weight": 3}, {"contains": "b"})
    assert score_answer("a", case)[:2] == (Outcome.FAILED, 0.75)
    assert score_answer("ab", case)[:2] == (Outcome.PASSED, 1.0)


def test_weights_of_zero_do_not_divide_by_zero() -> None:
    case = case_with({"contains": "a", "weight": 0}, {"contains": "b", "weight": 0})
    assert score_answer("a", case)[1] == 0.5


def test_a_scorer_that_raises_makes_an_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(_text: str, _check: Check) -> Verdict:
        raise ZeroDivisionError("no luck")

    broken = CheckKind(name="broken", expects=Shape.TRUE, judge=explode, describe=str)
    monkeypatch.setattr(registry, "KINDS", {**KINDS, "broken": broken})
    case = Case(id="c", title="c", messages=(), checks=(Check(kind="broken"),))
    outcome, share, scores = score_answer("text", case)
    assert (outcome, share) == (Outcome.ERROR, 0.0)
    assert "no luck" in scores[-1].explanation
    assert "broken" in caplog.text


def test_an_endless_pattern_is_an_error_not_a_failure() -> None:
    case = case_with({"regex": r"(a|aa|a*b?)+$"}, {"contains": "a"})
    outcome, _, scores = score_answer("a" * 5000 + "!", case)
    if outcome is Outcome.ERROR:
        assert "longer than 1 s" in scores[-1].explanation
    else:  # a newer engine may see through this pattern
        assert outcome is Outcome.FAILED


def test_an_unknown_kind_and_no_checks_are_errors() -> None:
    unknown = Case(id="c", title="c", messages=(), checks=(Check(kind="telepathy"),))
    outcome, _, scores = score_answer("x", unknown)
    assert outcome is Outcome.ERROR
    assert "telepathy" in scores[0].explanation
    empty = Case(id="c", title="c", messages=(), checks=())
    assert score_answer("x", empty)[0] is Outcome.ERROR


@pytest.mark.parametrize("before", ["<think>is it 7?</think>\n", "is it 7?</think>"])
def test_thinking_is_not_part_of_the_answer(before: str) -> None:
    case = case_with({"number": 8, "take": "only"})
    text = f"{before}It is 8."
    outcome, _, scores = score_answer(text, case)
    assert outcome is Outcome.PASSED
    (span,) = scores[0].spans
    assert text[span.start : span.end] == "8"


@pytest.mark.parametrize(
    ("text", "thinking", "stop_reason", "words"),
    [
        ("", "it is 8", StopReason.MAX_THINKING, "longest thinking allowed"),
        ("\n", "it is 8", StopReason.CONTEXT_FULL, "context was full"),
        ("<think>it is 8", "", StopReason.MAX_TOKENS, "longest answer allowed"),
        ("<think>it is 8", "", None, "still thinking where its text ends; nothing was checked"),
    ],
)
def test_thinking_that_was_cut_off_is_an_outcome_of_its_own(
    text: str, thinking: str, stop_reason: StopReason | None, words: str
) -> None:
    case = case_with({"number": 8}, {"not_contains": "nine"})
    outcome, score, scores = score_answer(text, case, stop_reason=stop_reason, thinking=thinking)
    assert (outcome, score) == (Outcome.TRUNCATED, 0.0)
    assert [each.check for each in scores] == ["number", "not_contains"]
    assert not any(each.passed or each.score for each in scores)
    assert all(words in each.explanation for each in scores)


@pytest.mark.parametrize(
    ("text", "thinking", "stop_reason"),
    [
        ("<think>it is 8", "", StopReason.END_OF_ANSWER),
        ("<think>it is 8</think>", "", None),
        ("", "it is 8", StopReason.END_OF_ANSWER),
        ("", "it is 8", StopReason.STOP_TEXT),
    ],
)
def test_a_model_that_only_thought_and_ended_by_itself_has_an_outcome_of_its_own(
    text: str, thinking: str, stop_reason: StopReason | None
) -> None:
    case = case_with({"number": 8})
    outcome, score, scores = score_answer(text, case, stop_reason=stop_reason, thinking=thinking)
    assert (outcome, score) == (Outcome.THINKING_ONLY, 0.0)
    assert "without an answer" in scores[0].explanation


@pytest.mark.parametrize("stop_reason", [StopReason.MAX_TOKENS, StopReason.CONTEXT_FULL])
def test_an_answer_that_was_cut_off_is_truncated_unless_it_passes(stop_reason: StopReason) -> None:
    case = case_with({"number": 8})
    cut = score_answer("It is", case, stop_reason=stop_reason, thinking="it is 8")
    assert cut[:2] == (Outcome.TRUNCATED, 0.0)
    assert "no number" in cut[2][0].explanation
    assert score_answer("It is 8, bec", case, stop_reason=stop_reason)[0] is Outcome.PASSED
    assert score_answer("", case, stop_reason=stop_reason)[0] is Outcome.TRUNCATED


def test_a_refusal_is_told_apart_from_a_wrong_answer() -> None:
    no = "I'm sorry, but I can't help with that."
    assert score_answer(no, case_with({"number": 8}))[0] is Outcome.REFUSED
    assert score_answer("It is 9.", case_with({"number": 8}))[0] is Outcome.FAILED
    assert score_answer(no, case_with({"refuses": True}))[0] is Outcome.PASSED
    # Where declining is what the case is about, a check has judged it.
    wanted = case_with({"refuses": True}, {"contains": "hotline"})
    assert score_answer(no, wanted)[0] is Outcome.FAILED
    late = "It is 9. " + "Ask again, please. " * 30 + no
    assert score_answer(late, case_with({"number": 8}))[0] is Outcome.FAILED


def test_an_answer_that_was_split_before_may_speak_of_tags() -> None:
    case = case_with({"contains": "first"})
    text = "first <think>, then </think>"
    assert score_answer(text, case, thinking="hm")[0] is Outcome.PASSED


def test_thinking_that_was_split_before_is_not_judged() -> None:
    case = case_with({"not_contains": "seven"})
    stop = StopReason.MAX_TOKENS
    assert score_answer("8", case, stop_reason=stop, thinking="seven?")[0] is Outcome.PASSED


def test_accents_in_either_spelling_are_the_same() -> None:
    decomposed = unicodedata.normalize("NFD", "Zürich")
    outcome, _, scores = score_answer(f"in {decomposed}", case_with({"contains": "Zürich"}))
    assert outcome is Outcome.PASSED
    assert scores[0].spans == ()  # places moved, so none is claimed


@pytest.mark.skipif(not GSM8K.exists(), reason="the public data sets are not here")
def test_numbers_agree_with_graded_solutions() -> None:
    graded = [json.loads(line) for line in GSM8K.read_text(encoding="utf-8").splitlines()]
    compared = 0
    for row in graded:
        truth = float(row["ground_truth"].rpartition("A:")[2].strip().replace(",", ""))
        for solution in (value for value in row.values() if isinstance(value, dict)):
            outcome, _, _ = score_answer(solution["solution"], case_with({"number": truth}))
            assert (outcome is Outcome.PASSED) is solution["is_correct"], solution["solution"]
            compared += 1
    assert compared > 700
