"""What each kind of check accepts and refuses, as a suite's author would expect."""

from typing import Any

import pytest

from desktop.domain.answer import Score
from desktop.domain.run import Outcome
from desktop.domain.suite import Case
from desktop.scoring.registry import parse_check, score_answer


def judge(text: str, **check: Any) -> Score:
    case = Case(id="c", title="c", messages=(), checks=(parse_check(check),))
    outcome, _, scores = score_answer(text, case)
    assert outcome is not Outcome.ERROR, scores[-1].explanation
    return scores[0]


def passes(text: str, **check: Any) -> bool:
    return judge(text, **check).passed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris", True),
        ("  paris.\n", True),
        ("**Paris**", True),
        ("```\nParis\n```", True),
        ("“Paris”", True),
        ("Answer: Paris", True),
        ("Paris, France", False),
        ("London", False),
    ],
)
def test_equals_looks_through_the_wrapping(text: str, *, expected: bool) -> None:
    assert passes(text, equals="Paris") is expected


def test_equals_can_be_strict() -> None:
    assert not passes("paris", equals="Paris", match_case=True)
    assert not passes("Paris.", equals="Paris", match_punctuation=True)
    assert not passes("a  b", equals="a b", match_space=True)
    assert passes("b", equals=["a", "b"])


def test_contains_finds_phrases_across_emphasis_and_white_space() -> None:
    assert passes("That is **not**\nstated here.", contains="not stated")
    assert passes("Die STRASSE", contains="straße")
    assert not passes("Die STRASSE", contains="Strasse", match_case=True)


@pytest.mark.parametrize("text", ["1,200", "12.5", "112", "123"])
def test_contains_does_not_find_a_number_inside_a_longer_one(text: str) -> None:
    assert not passes(f"It is {text} euros", contains="12")
    assert passes(f"It is 12, not {text}", contains="12")


def test_contains_marks_what_it_found() -> None:
    score = judge("a Refund, please", contains="refund")
    assert [(span.start, span.end) for span in score.spans] == [(2, 8)]


def test_contains_all_gives_a_share_and_names_what_is_missing() -> None:
    score = judge("tea", contains_all=["tea", "milk"])
    assert not score.passed
    assert score.score == 0.5
    assert '"milk"' in score.explanation


def test_contains_any_not_contains_and_whole_words() -> None:
    assert passes("some milk", contains_any=["tea", "milk"])
    assert not passes("some milk", not_contains=["tea", "milk"])
    assert passes("a start", not_contains="art", whole_words=True)
    assert not passes("a start", not_contains="art")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thank you for it.", True),
        ('"Thank you" she said', True),
        ("**Thank you** for it", True),
        ("We say thank you", False),
    ],
)
def test_starts_with(text: str, *, expected: bool) -> None:
    assert passes(text, starts_with="Thank you") is expected


def test_ends_with_forgives_closing_signs() -> None:
    assert passes("All the best, kind regards.", ends_with="Kind regards")
    assert not passes("Kind regards, Tom", ends_with="kind regards")


def test_regex_searches_or_matches_the_whole() -> None:
    assert passes("ref AB-12 x", regex=r"[A-Z]{2}-\d\d")
    assert not passes("ref AB-12 x", regex=r"[A-Z]{2}-\d\d", whole=True)
    assert passes(" ab-12 \n", regex=r"[A-Z]{2}-\d\d", whole=True)
    assert not passes("ab-12", regex=r"[A-Z]{2}-\d\d", match_case=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("The answer is **42**.", 42),
        ("17 + 25 = 42", 42),
        ("$1,280.50", 1280.5),
        ("1.280,50 €", 1280.5),
        ("1 280 500 crowns", 1280500),
        ("1'280", 1280),
        ("1\u202f280", 1280),
        ("-$5", -5),
        ("−5 °C", -5),  # noqa: RUF001 - a minus sign as typesetters write it
        ("10-5", 5),
        ("12,50", 12.5),
        ("3 million", 3_000_000),
        ("3 million", 3),
        ("1,000,000", 1_000_000),
        (".5", 0.5),
        ("6.02e23", 6.02e23),
        ("twelve", 12),
        ("one hundred and twenty-three apples", 123),
        ("two thousand", 2000),
        ("so 3 of 4\n#### 7\nas 1 said", 7),
        (r"thus \boxed{8} and 9", 8),
        ("1,2,3", 3),
        ("12%", 12),
    ],
)
def test_number_is_read_as_people_write_it(text: str, value: float) -> None:
    assert passes(text, number=value)


def test_number_takes_last_first_only_or_any() -> None:
    text = "First 4, then 5, at last 6"
    assert [n for n in (4, 5, 6) if passes(text, number=n)] == [6]
    assert [n for n in (4, 5, 6) if passes(text, number=n, take="first")] == [4]
    assert [n for n in (4, 5, 6) if passes(text, number=n, take="any")] == [4, 5, 6]
    assert not passes(text, number=6, take="only")
    assert passes("6 is 6.0", number=6, take="only")


def test_number_tolerance_and_decimal_comma() -> None:
    assert passes("3.14", number=3.1416, tolerance=0.01)
    assert not passes("3.1", number=3.1416, tolerance=0.01)
    assert passes("0.1", number=0.3, tolerance=0.2)  # exact, unlike floats
    assert passes("1,280", number=1.28, decimal_comma=True)
    assert passes("1.280", number=1280, decimal_comma=True)
    assert not passes("1,280", number=1.28)


def test_number_says_what_it_found_and_where() -> None:
    score = judge("It is 41.", number=42)
    assert "42" in score.explanation
    assert "41" in score.explanation
    assert [(span.start, span.end) for span in score.spans] == [(6, 8)]
    assert "no number" in judge("There is none.", number=42).explanation


@pytest.mark.parametrize(
    "text",
    [
        '{"total": 5, "name": "Ada"}',
        'Here it is:\n```json\n{"total": 5, "name": "Ada"}\n```\nAnything else?',
        '```json\n{"total": 5, "name": "ada"}',
        'As in [1]: {"total": 5, "name": "Ada"} {"total": 6}',
        '{"total": "5", "name": "Ada"}',
    ],
)
def test_json_is_found_in_an_answer(text: str) -> None:
    assert passes(text, json={"total": 5, "name": "Ada"})


@pytest.mark.parametrize(
    "text",
    [
        "total 5",
        '{"total": 5, "name": "Ada"',
        '{"total": NaN, "name": "Ada"}',
        '{"total": 5, "total": 6, "name": "Ada"}',
        '{"total": true, "name": "Ada"}',
        "[" * 5000,
        '{"total": 5' + "0" * 6000 + "}",
    ],
)
def test_json_that_is_none_or_wrong_does_not_pass(text: str) -> None:
    assert not passes(text, json={"total": 5, "name": "Ada"})


def test_json_paths_types_and_strictness() -> None:
    text = '{"a": {"b": [1, {"c": null}]}, "d": false, "e.f": "x"}'
    assert passes(text, json={"a.b.0": 1, "a.b.1.c": None, "d": False, "e.f": "X"})
    assert passes(text, json={}, types={"a": "object", "a.b": "array", "d": "boolean"})
    assert not passes(text, json={"d": 0})
    assert not passes('{"n": "5"}', json={"n": 5}, match_types=True)
    assert not passes('{"n": 5, "m": 1}', json={"n": 5}, only_keys=True)
    assert not passes('So: {"n": 5}', json={"n": 5}, alone=True)
    assert passes('```\n{"n": 5}\n```', json={"n": 5}, alone=True)


def test_json_explains_each_fault_and_gives_a_share() -> None:
    score = judge('{"a": 1, "b": 3}', json={"a": 1, "b": 2, "c": 3, "d": 4})
    assert score.score == 0.25
    assert "b should be 2 and is 3" in score.explanation
    assert "c is missing" in score.explanation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Complaint.", True),
        ("This is a **complaint**", True),
        ("complaint\nThe customer places no order here, and the order is late.", True),
        ("A complaint, not an order", True),
        ("It isn't an order; it's a complaint", True),
        ("complaint\norder\nquestion", False),
        ("complaint or order", False),
        ("order", False),
        ("not a complaint", False),
        ("complaints", False),
        ("no idea", False),
    ],
)
def test_choice_wants_exactly_one_label(text: str, *, expected: bool) -> None:
    labels = ["complaint", "order", "question"]
    assert passes(text, choice="complaint", labels=labels) is expected


def test_choice_prefers_longer_labels_and_knows_aliases() -> None:
    labels = ["urgent", "not urgent"]
    assert passes("Not urgent.", choice="not urgent", labels=labels)
    assert not passes("Not urgent.", choice="urgent", labels=labels)
    assert passes("asap", choice="urgent", labels=labels, aliases={"urgent": ["asap"]})


@pytest.mark.parametrize(
    ("text", "words", "sentences", "lines"),
    [
        ("One two three.", 3, 1, 1),
        ("Dr. Ito paid 3.5 euros, e.g. to J. Smith. He left!", 11, 2, 1),
        ("Well… yes?! No.", 3, 3, 1),
        ("- twenty-one\n\n- x", 2, 2, 2),
        ("**Bold** words", 2, 1, 1),
        ("これは本です。あれは?", 1, 2, 1),
    ],
)
def test_lengths(text: str, words: int, sentences: int, lines: int) -> None:
    assert "has " + str(words) in judge(text, word_count=999).explanation
    assert passes(text, sentence_count=sentences)
    assert passes(text, line_count=lines)


def test_ranges_have_two_ends() -> None:
    assert passes("a b c", word_count={"min": 3})
    assert passes("a b c", word_count={"max": 3})
    assert not passes("a b c", word_count={"min": 4, "max": 6})


def test_bullets_of_every_kind_are_counted() -> None:
    text = "Here:\n- a\n* b\n• c\n1. d\n2) e\n**not one**\n--- \n3.5 no"
    assert passes(text, bullet_count=5)


def test_letter_case() -> None:
    assert passes("ÀPPROVED 12!", uppercase=True)
    assert not passes("APPROVEd", uppercase=True)
    assert not passes("12!", uppercase=True)
    assert passes("```text\nall of it\n```", lowercase=True)
    score = judge("all Of it", lowercase=True)
    assert [(span.start, span.end) for span in score.spans] == [(4, 6)]


@pytest.mark.parametrize(
    "text",
    [
        "The text does not say.",
        "Not stated.",
        "The document doesn't explicitly mention a price.",
        "I cannot determine that from the text.",
        "There is no information about this.",
        "It\u2019s not specified.",
        "Unknown",
        "No price is given in the letter.",
        "The letter does not include a phone number.",
        "Das ist im Text nicht angegeben.",
        "Le texte ne précise pas le prix.",
        "El texto no menciona el precio.",
    ],
)
def test_declines_knows_many_ways_to_say_no(text: str) -> None:
    assert passes(text, declines=True)


@pytest.mark.parametrize(
    "text",
    [
        "It costs 12 euros.",
        "The policy does not cover floods.",
        "Delivery is not included in the price.",
        "The contract cannot be cancelled.",
        "She is the director.",
    ],
)
def test_declines_is_not_fooled_by_any_negation(text: str) -> None:
    assert not passes(text, declines=True)


def test_declines_forbids_inventions_and_takes_own_phrases() -> None:
    text = "The text does not say, but it is probably Dr Miller."
    assert not passes(text, declines=True, forbidden=["Miller"])
    assert passes("k. A.", declines=True, phrases=["k. A."])


def test_combinators() -> None:
    yes, no = {"contains": "a"}, {"contains": "z"}
    assert passes("a", any_of=[no, yes])
    assert not passes("a", all_of=[no, yes])
    assert judge("a", all_of=[no, yes]).score == 0.5
    assert judge("a", all_of=[{**no, "weight": 3}, yes]).score == 0.25
    assert passes("a", **{"not": no})
    assert not passes("a", **{"not": {"any_of": [no, yes]}})
