"""Generators: the same cases everywhere, no two alike, answers right when worked out anew."""

import ast
import datetime as dt
import hashlib
import json
import operator
import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.base import JsonValue
from desktop.domain.run import Outcome
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.scoring.registry import score_answer
from desktop.suites.examples import check_examples
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.generator import TIERS, Generator
from desktop.suites.generators.needle import WORDS_PER_TOKEN
from desktop.suites.generators.registry import GENERATORS
from desktop.suites.generators.vocabulary import MONTHS, WEEKDAYS

each_generator = pytest.mark.parametrize("generator", GENERATORS.values(), ids=list(GENERATORS))

# What each generator of this version makes of one seed. Whoever changes what is made raises the
# version; then these change, too.
HASHES = {
    ("arithmetic", 1): "991bb091bd092e2d",
    ("tables", 1): "4f7608c6fd197e9e",
    ("needle", 1): "5bf202051ae32074",
    ("instructions", 1): "0dcc9a4849abc0bb",
    ("extraction", 1): "e06af7fbe2eae562",
    ("facts", 1): "4fb841bd4b3223c3",
    ("dates-units", 1): "1963533c2cd680c9",
    ("lists", 1): "fc053464e43c3447",
}


def make(name: str, count: int = 60, seed: int = 7, **options: JsonValue) -> tuple[Case, ...]:
    return GENERATORS[name].make(seed, count, options)


def prompt_of(case: Case) -> str:
    return case.messages[-1].content


def answer_of(case: Case) -> str:
    assert case.passing_example is not None
    return case.passing_example


@each_generator
def test_what_is_made_stays_the_same_for_a_version(generator: Generator) -> None:
    cases = generator.make(7, 30, {})
    made = hashlib.sha256(msgspec.json.encode(cases, order="deterministic")).hexdigest()[:16]
    assert HASHES[generator.name, generator.version] == made


@each_generator
def test_fewer_cases_are_the_first_of_more(generator: Generator) -> None:
    assert generator.make(3, 30, {})[:12] == generator.make(3, 12, {})


@each_generator
def test_another_seed_gives_other_cases(generator: Generator) -> None:
    first = {prompt_of(case) for case in generator.make(1, 30, {})}
    second = {prompt_of(case) for case in generator.make(2, 30, {})}
    assert len(first & second) <= 6


@each_generator
def test_tiers_come_in_turn_and_no_case_twice(generator: Generator) -> None:
    cases = generator.make(11, 90, {})
    assert [case.difficulty for case in cases] == list(TIERS) * 30
    assert len({prompt_of(case) for case in cases}) == 90
    assert len({case.id for case in cases}) == 90
    assert {case.difficulty for case in generator.make(11, 6, {"difficulty": ["hard"]})} == {"hard"}


@each_generator
@pytest.mark.parametrize("seed", [0, 20, 2**63 - 1])
def test_examples_prove_the_checks(generator: Generator, seed: int) -> None:
    for language in generator.languages:
        cases = generator.make(seed, 60 if language == "en" else 12, {}, language)
        suite = Suite(id="s", title="s", version="1", cases=cases)
        assert check_examples(suite) == ()
        assert all(case.passing_example and case.failing_example for case in cases)
        assert {case.language for case in cases} == {language}


@each_generator
def test_neither_an_echo_nor_a_stock_answer_passes(generator: Generator) -> None:
    for case in generator.make(5, 45, {}):
        asked = prompt_of(case)
        stock = ("", " ", "I don't know.", "{}", "0", "Yes")
        for text in (asked, f"{asked} {asked}", asked.upper(), *stock):
            assert score_answer(text, case)[0] is not Outcome.PASSED, (case.id, text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"deepth": 10}, 'did you mean "depth"'),
        ({"depth": 101}, "from -1 to 100"),
        ({"tokens": 100_001}, "from 0 to 100,000"),
        ({"tokens": True}, "whole number"),
        ({"difficulty": "extreme"}, "easy, medium, hard"),
        ({"difficulty": []}, "easy, medium, hard"),
    ],
)
def test_options_beyond_their_limits_are_told(options: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        GENERATORS["needle"].make(1, 3, options)


def test_seed_count_and_language_have_limits() -> None:
    generator = GENERATORS["facts"]
    for seed, count in ((-1, 1), (2**63, 1), (1, 0), (1, 100_001)):
        with pytest.raises(UserError):
            generator.make(seed, count, {})
    with pytest.raises(UserError, match='no language "de"'):
        generator.make(1, 1, {}, "de")


def test_more_cases_than_there_are_is_told_instead_of_repeating_any() -> None:
    with pytest.raises(UserError, match="only about"):
        make("arithmetic", 500, difficulty="easy", operations=["add"])


# ---------------------------------------------------------------- answers worked out anew

_SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def work_out(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return _SIGNS[type(node.op)](work_out(node.left), work_out(node.right))
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    return node.value


def test_sums_are_right() -> None:
    for case in make("arithmetic", 200):
        asked = case.title.replace("×", "*").replace("÷", "/").replace("% of", "/ 100 *")  # noqa: RUF001 - the signs that are asked with
        assert work_out(ast.parse(asked, mode="eval").body) == int(answer_of(case))


def read_table(prompt: str) -> tuple[list[str], dict[str, list[int]]]:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in prompt.splitlines()
        if line.startswith("|") and "---" not in line
    ]
    return rows[0][1:], {row[0]: [int(cell) for cell in row[1:]] for row in rows[1:]}


def test_tables_are_looked_up_right() -> None:
    for case in make("tables", 90):
        columns, rows = read_table(prompt_of(case))
        question = prompt_of(case).rsplit("Question: ", 1)[1]
        column = next(i for i, name in enumerate(columns) if f'"{name}"' in question)
        values = {town: cells[column] for town, cells in rows.items()}
        named = [town for town in rows if town in question]
        if "For which office" in question:
            (wanted,) = (int(number) for number in re.findall(r"\d+", question))
            assert [town for town, value in values.items() if value == wanted] == [answer_of(case)]
        elif "differ" in question:
            first, second = named
            assert abs(values[first] - values[second]) == int(answer_of(case))
        elif "office has the" in question:
            pick = min if "smallest" in question else max
            assert pick(values, key=lambda town: values[town]) == answer_of(case)
        else:
            assert values[named[0]] == int(answer_of(case))


def test_facts_lead_to_the_answer_and_to_no_other() -> None:
    for case in make("facts", 90):
        text, question = prompt_of(case).removeprefix("Text: ").split("\nQuestion: ")
        work = dict(re.findall(r"(\w+) works in the department (\w+)\.", text))
        heads = dict(re.findall(r"The department (\w+) is led by (\w+)\.", text))
        homes = dict(re.findall(r"(\w+) lives in ([\w ]+)\.", text))
        person = next(name for name in work if name in question)
        found = work[person]
        for further in (heads, homes)[: TIERS.index(case.difficulty)]:
            found = further[found]
        assert found == answer_of(case)


def test_dates_and_times_are_right() -> None:
    checked = 0
    for case in make("dates-units", 300):
        asked, answer = prompt_of(case), answer_of(case)
        date = re.search(r"is (\d+) days? after (\d+) (\w+) (\d{4})", asked)
        day = re.search(r"Today is (\w+)\..* in (\d+) day", asked)
        shift = re.search(r"begins at (\d+):(\d+) and ends at (\d+):(\d+)", asked)
        if date:
            start = dt.date(int(date[4]), MONTHS.index(date[3]) + 1, int(date[2]))
            end = start + dt.timedelta(days=int(date[1]))
            assert answer == f"{end.day} {MONTHS[end.month - 1]}"
        elif day:
            assert answer == WEEKDAYS[(WEEKDAYS.index(day[1]) + int(day[2])) % 7] + "."
        elif shift:
            a, b, c, d = (int(part) for part in shift.groups())
            assert (c * 60 + d - a * 60 - b) % 1440 == int(answer.split()[0])
        checked += bool(date or day or shift)
    assert checked > 150


@pytest.mark.parametrize("text", ["March 5", "5th of March", "on 5 Mar.", "2031-03-05"])
def test_a_date_may_be_written_in_several_ways(text: str) -> None:
    cases = make("dates-units", 3000, kinds=["date"])
    case = next(case for case in cases if answer_of(case) == "5 March")
    assert score_answer(text, case)[0] is Outcome.PASSED
    assert score_answer(text.replace("5", "15", 1), case)[0] is Outcome.FAILED


def test_lists_are_changed_right() -> None:
    for case in make("lists", 120):
        first, task = prompt_of(case).removeprefix("List: ").split("\n", 1)
        entries, answer = first.split(", "), answer_of(case).split(", ")
        if "reverse" in task:
            assert answer == entries[::-1]
        elif "without repeats" in task:
            assert answer == list(dict.fromkeys(entries))
        elif "every second" in task:
            assert answer == entries[1::2]
        elif "in alphabetical order" in task or "from the smallest" in task:
            kept = [e for e in entries if "letter" not in task or "e" in e]
            assert answer == sorted(kept)


@pytest.mark.parametrize(
    "write", [", ".join, "\n".join, "; ".join, " and ".join, lambda x: f"[{x}]"]
)
def test_a_list_may_be_written_in_several_ways(write: Callable[[list[str]], str]) -> None:
    for case in make("lists", 12, difficulty="medium"):
        answer = answer_of(case).split(", ")
        assert score_answer(write(answer), case)[0] is Outcome.PASSED
        numbered = "\n".join(f"{place}. {entry}" for place, entry in enumerate(answer, 1))
        assert score_answer(numbered, case)[0] is Outcome.PASSED
        assert score_answer(write([*answer, answer[0]]), case)[0] is Outcome.FAILED


def test_a_needle_lies_where_it_should_in_a_text_of_the_wanted_length() -> None:
    for depth in (0, 50, 100):
        (case,) = make("needle", 1, tokens=4000, depth=depth, difficulty="easy")
        text = prompt_of(case).split("\n\nQuestion")[0]
        words = len(text.split())
        assert words == pytest.approx(4000 * WORDS_PER_TOKEN, rel=0.02)
        place = text.index("The code of") / len(text)
        assert place == pytest.approx(depth / 100, abs=0.05)


def test_in_the_hard_tier_the_older_code_is_a_trap() -> None:
    (case,) = make("needle", 1, difficulty="hard")
    old = re.search(r"Until last week .* was (\d+)", prompt_of(case))
    assert old is not None
    assert score_answer(f"It is {old[1]}.", case)[0] is Outcome.FAILED


def test_a_second_code_beside_the_right_one_is_no_answer() -> None:
    (case,) = make("needle", 1, difficulty="easy")
    right = re.findall(r"\d{4}", answer_of(case))[0]
    assert score_answer(f"**{right}**", case)[0] is Outcome.PASSED
    assert score_answer(f"{right}. The code is 1234.", case)[0] is Outcome.FAILED


def test_a_hundred_thousand_tokens_are_made() -> None:
    (case,) = make("needle", 1, tokens=100_000, difficulty="medium")
    assert len(prompt_of(case).split()) > 80_000


def test_extraction_can_be_held_to_its_schema() -> None:
    free, held = make("extraction", 3), make("extraction", 3, constrained="yes")
    assert all(case.json_schema is None for case in free)
    for case in held:
        assert isinstance(case.json_schema, dict)
        assert case.json_schema["required"] == list(json.loads(answer_of(case)))


# ---------------------------------------------------------------- chance


def test_draws_are_those_of_splitmix64() -> None:
    draws = Draws("any")
    draws._state = 0
    # The published first outputs for the seed 0.
    assert [draws._next() for _ in range(2)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@given(low=st.integers(-50, 50), span=st.integers(0, 60), key=st.integers())
def test_draws_stay_within_their_limits(low: int, span: int, key: int) -> None:
    draws = Draws(key)
    assert all(low <= draws.between(low, low + span) <= low + span for _ in range(20))


def test_draws_favour_nothing() -> None:
    draws = Draws("fair")
    counts = [0] * 7
    for _ in range(7000):
        counts[draws.below(7)] += 1
    assert all(880 < count < 1120 for count in counts)
    assert sorted(draws.shuffle(range(9))) == list(range(9))
    assert len(set(draws.sample(range(30), 12))) == 12
