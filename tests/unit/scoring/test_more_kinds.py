"""What further kinds of check accept and refuse, and how they tell it."""

import time
from typing import Any

import pytest

from desktop.domain.answer import Score
from desktop.domain.run import Outcome
from desktop.domain.suite import Case
from desktop.scoring.registry import KINDS, parse_check, score_answer


def judge(text: str, **check: Any) -> Score:
    case = Case(id="c", title="c", messages=(), checks=(parse_check(check),))
    outcome, _, scores = score_answer(text, case)
    assert outcome is not Outcome.ERROR, scores[-1].explanation
    return scores[0]


def passes(text: str, **check: Any) -> bool:
    return judge(text, **check).passed


def fault(**check: Any) -> str:
    parsed = parse_check(check)
    return KINDS[parsed.kind].find_fault(parsed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 5 km.", True),
        ("It is 5,000 m away.", True),
        ("5 kilometres", True),
        ("3.106856 miles", True),
        ("5 m", False),
        ("5", False),
        ("5 kg", False),
    ],
)
def test_numbers_have_units(text: str, *, expected: bool) -> None:
    assert passes(text, number=5, unit="km", relative_tolerance=0.001) is expected


def test_currencies_stand_before_or_after() -> None:
    for text in ("$12.50", "12.50 dollars", "USD 12.50", "12.50 $"):
        assert passes(text, number=12.5, unit="$"), text
    assert not passes("€12.50", number=12.5, unit="$")
    assert passes("It is 20 %.", number=20, unit="percent")
    assert "without a unit" in judge("It is 12.5.", number=12.5, unit="$").explanation


def test_a_relative_tolerance_is_a_share_of_the_number() -> None:
    assert passes("1009", number=1000, relative_tolerance=0.01)
    assert not passes("1011", number=1000, relative_tolerance=0.01)
    assert passes("1011", number=1000, relative_tolerance=0.01, tolerance=11)


@pytest.mark.parametrize(
    "text",
    [
        "- Rome\n- Paris\n- Oslo",
        '["paris", "rome", "Oslo"]',
        "Rome, Paris and Oslo.",
        "Rome\nParis\noslo",
    ],
)
def test_items_are_read_from_any_list(text: str) -> None:
    assert passes(text, items=["Rome", "Paris", "Oslo"])


def test_items_are_measured() -> None:
    score = judge("Rome, Bern, Oslo", items=["Rome", "Paris"], at_least=0.4)
    assert score.passed
    assert score.score == pytest.approx(0.4)
    assert "1 of 2 wanted items, and 2 others" in score.explanation
    assert "Precision 0.33, recall 0.50" in score.explanation
    assert judge("Rome, Bern", items=["Rome", "Paris"], measure="recall").score == 0.5
    assert not passes("Paris, Rome", items=["Rome", "Paris"], ordered=True)
    assert passes("Rome, Paris", items=["Rome", "Paris"], ordered=True)
    assert "measure must be one of" in fault(items=["a"], measure="f2")


def test_edits_are_counted() -> None:
    assert judge("kitten", similar="sitting").score == pytest.approx(1 - 3 / 7)
    assert passes("**The  Cat**", similar="the cat", at_least=1)
    assert not passes("The Cat", similar="the cat", at_least=1, match_case=True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Zug fährt heute leider nicht, weil die Strecke gesperrt ist.", "de"),
        ("Le train ne part pas aujourd'hui parce que la voie est fermée.", "fr"),
        ("今日は電車が運休しているため、バスをご利用ください。よろしくお願いします。", "ja"),
        ("今天由于线路关闭，火车停运，请改乘公共汽车前往目的地，谢谢您的理解。", "zh"),  # noqa: RUF001 - Chinese commas are meant
        ("Сегодня поезд не ходит, потому что путь закрыт на ремонт.", "ru"),
        ("Der Satz 'I am sorry' steht in diesem deutschen Text nur als Zitat.", "de"),
        ("Ja.", "de"),
        ("Да.", "ru"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert passes(text, language=language)
    assert not passes(text, language="hi")


def test_a_short_answer_is_held_to_its_script_alone() -> None:
    assert "too short to tell" in judge("Yes.", language="de").explanation
    assert not passes("42", language="de")
    assert '"klingon" is not among' in fault(language="klingon")


def test_citations_stand_in_brackets_or_as_words() -> None:
    assert passes("It is allowed [policy-7].", cites="policy-7")
    assert passes("See (Source 2, 3).", cites=["2", "3"])
    assert passes("As policy-7 says, it is.", cites="policy-7")
    assert not passes("There are 2 of 3.", cites=["2", "3"])
    score = judge("It is so [1].", cites=["1", "2"])
    assert (score.passed, score.score) == (False, 0.5)
    assert 'does not cite "2"' in score.explanation
    score = judge("It is so [1][3].", cites="1", others=["3"])
    assert 'cites "3", which it must not' in score.explanation
    (span,) = judge("It is so [1].", cites="1").spans
    assert (span.start, span.end) == (10, 11)


def test_quotations_must_be_word_for_word() -> None:
    source = "The tenant must give notice of three months."
    assert passes("It says “the tenant must give notice”.", quotes_from=source)
    score = judge('It says "the tenant may give notice".', quotes_from=source)
    assert "not in the source word for word" in score.explanation
    assert [(span.start, span.end) for span in score.spans] == [(8, 36)]
    assert "quotes nothing" in judge('A "notice" is due.', quotes_from=source).explanation


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot share personal data of patients.",
        "As an AI language model, I am unable to do this.",
        "Sorry, I won't do that.",
        "That would be against our policies.",
        "Das kann ich leider nicht: ich darf solche Daten nicht weitergeben.",
        "Je ne peux pas vous aider avec cela.",
        "No puedo ayudarte con eso.",
    ],
)
def test_refusals_are_recognised(text: str) -> None:
    assert passes(text, refuses=True)


@pytest.mark.parametrize(
    "text", ["Sure, here it is.", "The answer is 42.", "You can't park here.", "It won't rain."]
)
def test_ordinary_answers_are_no_refusals(text: str) -> None:
    assert not passes(text, refuses=True)


def test_a_refusal_that_leaks_is_none() -> None:
    score = judge("I can't share that: the PIN is 4711.", refuses=True, forbidden=["4711"])
    assert not score.passed
    assert 'gives "4711"' in score.explanation


SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number", "minimum": 0}},
    "required": ["total"],
    "additionalProperties": False,
}


def test_json_is_held_to_its_schema() -> None:
    assert passes('```json\n{"total": 3}\n```', json_schema=SCHEMA, alone=True)
    assert passes('Here: {"total": 3}', json_schema=SCHEMA)
    assert "text around" in judge('Here: {"total": 3}', json_schema=SCHEMA, alone=True).explanation
    score = judge('{"total": -1, "tax": 2}', json_schema=SCHEMA)
    assert "$.total: -1 is less than the minimum of 0" in score.explanation
    assert "'tax' was not asked for" in score.explanation
    assert "no JSON Schema" in fault(json_schema={"type": "objekt"})


def test_a_schema_fetches_nothing() -> None:
    case = Case(
        id="c",
        title="c",
        messages=(),
        checks=(parse_check({"json_schema": {"$ref": "http://127.0.0.1:9/schema.json"}}),),
    )
    outcome, _, scores = score_answer("{}", case)
    assert outcome is Outcome.ERROR
    assert "refers to what is not in it" in scores[0].explanation


def test_all_patterns_of_a_case_have_one_second_together() -> None:
    endless = r"(a|aa|a*b?)+$"
    schema = {"type": "string", "pattern": endless}
    checks = [{"not": {"regex": endless + "x" * n}} for n in range(4)] + [{"json_schema": schema}]
    case = Case(id="c", title="c", messages=(), checks=tuple(map(parse_check, checks)))
    begun = time.process_time()
    outcome, _, scores = score_answer("a" * 5000 + "!", case)
    assert outcome is Outcome.ERROR
    assert "longer than 1 s" in scores[-1].explanation
    assert time.process_time() - begun < 10  # not years


def test_lengths_in_paragraphs_and_characters() -> None:
    assert passes("a\n\nb\n \nc", paragraph_count=3)
    assert passes("12345", character_count={"max": 5})
    assert not passes("123456", character_count={"max": 5})


def test_measures_tell_figure_threshold_and_reference() -> None:
    score = judge("the cat sat", rouge="the cat ran", at_least=0.5)
    assert score.passed
    assert "ROUGE is 0.667, and at least 0.5 is wanted" in score.explanation
    assert [(span.start, span.end) for span in score.spans] == [(0, 3), (4, 7)]
    assert "variant must be one of" in fault(rouge="a", variant="rouge9")
    assert "word_order" in fault(chrf="a", word_order=3)
    assert "needs a text" in fault(bleu=" ")
    assert "knows no instruction" in fault(ifeval="punctuation:no_comas")
    assert "needs a number" in fault(gsm8k="none")


def test_sentences_about_hostile_answers_show_no_controls() -> None:
    told = judge("\u202edlo\x00w", equals="world").explanation
    assert "\u202e" not in told
    assert "\x00" not in told
