"""IFEval's verdicts on real responses, and on changed ones, beside the official scorer's."""

import json
import logging
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from desktop.domain.run import Outcome
from desktop.domain.suite import Case, Check
from desktop.scoring.ifeval import judge_instruction
from desktop.scoring.ifeval_english import count_capital_words, count_sentences
from desktop.scoring.ifeval_rules import RULES
from desktop.scoring.kind import ScorerFault
from desktop.scoring.registry import score_answer

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "ifeval"
# These two are counted by a model of NLTK that has no licence; see `ifeval_english`.
BY_MODEL = ("length_constraints:number_sentences", "change_case:capital_word_frequency")
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the public data sets are not here")


def read_lines(name: str) -> list[dict[str, Any]]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@needs_data
def test_every_response_gets_the_recorded_verdicts() -> None:
    compared = 0
    for row in read_lines("scored_outputs.jsonl"):
        names, arguments = row["instruction_id_list"], row["kwargs"]
        found = [
            judge_instruction(row["response"], name, given)
            for name, given in zip(names, arguments, strict=True)
        ]
        assert [each.strict for each in found] == row["strict"], row["key"]
        assert [each.loose for each in found] == row["loose"], row["key"]
        compared += len(found)
    assert compared > 250


@needs_data
@pytest.mark.parametrize("loose", [False, True])
def test_a_case_gets_them_as_a_run_and_score_do(*, loose: bool) -> None:
    for row in read_lines("scored_outputs.jsonl"):
        checks = tuple(
            Check(kind="ifeval", expected=name, options={"kwargs": given, "loose": loose})
            for name, given in zip(row["instruction_id_list"], row["kwargs"], strict=True)
        )
        case = Case(id="c", title="c", messages=(), checks=checks)
        outcome, share, scores = score_answer(row["response"], case)
        wanted = row["loose" if loose else "strict"]
        assert [score.passed for score in scores] == wanted
        assert (outcome is Outcome.PASSED) is all(wanted)
        assert share == pytest.approx(sum(wanted) / len(wanted))


@pytest.fixture(name="official")
def fixture_official(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the official scorer, without its search for NLTK's model and its random draws."""
    import nltk  # noqa: PLC0415 - half a second, for two tests
    from langdetect import DetectorFactory  # noqa: PLC0415 - the same

    frozen = ModuleType("immutabledict")
    vars(frozen)["immutabledict"] = dict
    monkeypatch.setitem(sys.modules, "immutabledict", frozen)
    monkeypatch.setattr(nltk.data, "find", lambda *_: "")
    monkeypatch.setattr(DetectorFactory, "seed", 0)
    logging.disable(logging.ERROR)
    from lm_eval.tasks.ifeval import utils  # noqa: PLC0415 - the same

    yield utils
    logging.disable(logging.NOTSET)


PIECES = ["*", "\n", "\n\n", "***", "******", "- ", "* ", "[x]", "<<", ">>", "P.S. ", '"', "'", ","]
PIECES += ["SECTION 1 ", "\n*\n- x\n", "\r\n", "《", "é", "A", "```json\n{}\n```", " \t", "P. P. S"]


def change(text: str, chance: random.Random) -> str:
    signs = list(text)
    for _ in range(chance.randint(0, 12)):
        place = chance.randrange(len(signs) + 1)
        signs[place : place + chance.randint(0, 3)] = chance.choice(PIECES)
    return "".join(signs)


@needs_data
def test_changed_responses_get_the_official_verdicts(official: Any) -> None:
    chance = random.Random(1)  # noqa: S311 - seeded, so that it is the same each time
    rows = read_lines("scored_outputs.jsonl")
    known = [
        pair
        for row in rows + read_lines("input_data.jsonl")
        for pair in zip(row["instruction_id_list"], row["kwargs"], strict=True)
        if pair[0] not in BY_MODEL
    ]
    assert {name for name, _ in known} | set(BY_MODEL) == set(RULES)
    for _ in range(700):
        name, given = chance.choice(known)
        response = change(chance.choice(rows)["response"][: chance.choice([40, 300, 1500])], chance)
        asked = SimpleNamespace(instruction_id_list=[name], kwargs=[given], prompt="")
        strict = official.test_instruction_following_strict(asked, response)
        loose = official.test_instruction_following_loose(asked, response)
        found = judge_instruction(response, name, given)
        assert [found.strict] == strict.follow_instruction_list, (name, given, response)
        assert [found.loose] == loose.follow_instruction_list, (name, given, response)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One. Two! Three?", 3),
        ("Dr. Smith met Mr. Jones in Washington D.C. in May.", 1),
        ("He lives in the U.S. The rest is silence.", 2),
        ("J. K. Rowling wrote it. A. First of all.", 3),
        ('Really?! Yes... but no. (Maybe.) "Sure." he said.', 5),
        ("1. Buy milk\n2. Buy bread", 3),
        ("no point at all", 1),
    ],
)
def test_sentences_are_those_of_nltk(text: str, count: int) -> None:
    assert count_sentences(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I AM here, IT'S fine.", 4),
        ("I'm sure; I'll go. DON'T. CANNOT", 6),
        ("AND/OR, A-B, (YES)NO, A--B, 3M, U.S.A.", 8),
        ('"QUOTED" “WORDS” X,Y 1,000 A:B', 6),
    ],
)
def test_capital_words_are_those_of_nltk(text: str, count: int) -> None:
    assert count_capital_words(text) == count


def test_arguments_that_make_no_sense_are_no_failure_of_the_answer() -> None:
    with pytest.raises(ScorerFault, match="letter"):
        judge_instruction("a", "keywords:letter_frequency", {"letter": "#", "let_frequency": 1})
    with pytest.raises(ScorerFault, match="num_words"):
        judge_instruction("a", "length_constraints:number_words", {"relation": "at least"})
    with pytest.raises(ScorerFault, match="relation"):
        judge_instruction("a", "length_constraints:number_words", {"num_words": 3})


def test_a_keyword_that_runs_for_ever_is_cut_off() -> None:
    with pytest.raises(ScorerFault, match="longer than 1 s"):
        judge_instruction("a" * 5000 + "!", "keywords:existence", {"keywords": [r"(a|aa|a*b?)+$"]})
