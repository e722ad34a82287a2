"""Measures of likeness and formats of answers, held against their reference implementations."""

import json
import random
import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema_specifications import REGISTRY
from lm_eval.filters.extraction import RegexFilter
from nltk.metrics.distance import edit_distance as nltk_edit_distance
from referencing.exceptions import Unresolvable
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu, sentence_chrf

from desktop.domain.run import Outcome
from desktop.domain.suite import Case
from desktop.scoring.bleu import bleu
from desktop.scoring.chrf import chrf
from desktop.scoring.edit_distance import edit_distance
from desktop.scoring.json_schema import find_errors
from desktop.scoring.kind import ScorerFault
from desktop.scoring.registry import parse_check, score_answer
from desktop.scoring.rouge import VARIANTS, rouge
from desktop.scoring.squad import normalise, token_f1

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
GSM8K = DATA / "gsm8k" / "example_model_solutions.jsonl"
SQUAD = DATA / "squad" / "squad.jsonl"
XQUAD = DATA / "xquad"
SCHEMAS = DATA / "json-schema-suite" / "cases.jsonl"
ENOUGH = 500
EXACT = 1e-9

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the public data sets are not here")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def change(text: str, chance: random.Random) -> str:
    """Return the text as a model might have it: words lost, repeated, moved, other signs."""
    words = text.split(" ")
    for _ in range(chance.randint(0, 6)):
        place = chance.randrange(len(words))
        words[place : place + 1] = chance.choice(
            [
                [],
                [words[place]] * 2,
                [words[place].upper()],
                [f"{words[place]}{chance.choice('.,;:-!?)%')}"],
                [f"({words[place]}", "the", "3,000.5-ish"],
                [f"{words[place]}\n"],
                ["ß", "Ünder", "中文", "&amp;"],
                words[max(0, place - 2) : place],
            ]
        ) or [""]
    return " ".join(words)


def read_pairs() -> list[tuple[str, tuple[str, ...]]]:
    """Return answers with references: passages in five languages, changed by seed."""
    chance = random.Random(5)  # noqa: S311 - seeded, so that it is the same each time
    texts = [row["context"][:400] for row in read_lines(SQUAD)]
    for path in sorted(XQUAD.glob("*.json")):
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        texts += [each["context"][:300] for part in articles for each in part["paragraphs"]][:40]
    texts += [row["answers"][0] for row in read_lines(SQUAD)]
    pairs: list[tuple[str, tuple[str, ...]]] = [
        (change(text, chance), (text, chance.choice(texts))) for text in texts
    ]
    pairs += [(chance.choice(texts), (text,)) for text in texts[:80]]
    pairs += [("", ("a b",)), ("a", ("a b c d e",)), ("a b", ("a b",)), ("中文", ("中文字",))]
    assert len(pairs) > ENOUGH
    return pairs


@pytest.fixture(scope="module", name="pairs")
def fixture_pairs() -> list[tuple[str, tuple[str, ...]]]:
    return read_pairs()


def test_chrf_is_sacrebleus(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    for text, (reference, *_) in pairs:
        for order in (0, 2):
            theirs = sentence_chrf(text, [reference], word_order=order).score / 100
            assert chrf(text, reference, order) == pytest.approx(theirs, abs=EXACT), text


def test_bleu_is_sacrebleus(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    for text, references in pairs:
        theirs = sentence_bleu(text, list(references)).score / 100
        assert bleu(text, references) == pytest.approx(theirs, abs=EXACT), text


def test_rouge_is_rouge_scores(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    scorer = RougeScorer(list(VARIANTS))
    for text, (reference, *_) in pairs[::2]:
        theirs = scorer.score(reference, text)
        for variant in VARIANTS:
            ours = rouge(text, reference, variant)
            assert ours == pytest.approx(theirs[variant].fmeasure, abs=EXACT), (variant, text)


def test_edits_are_levenshteins(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    for text, (reference, *_) in pairs[:150]:
        first, second = text[:60], reference[:50]
        assert edit_distance(first, second) == nltk_edit_distance(first, second)


def official_squad(text: str) -> str:
    """Normalise by the rules of the official script, one after another."""
    lowered = text.lower()
    bare = "".join(sign for sign in lowered if sign not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def official_f1(text: str, reference: str) -> float:
    said, wanted = official_squad(text).split(), official_squad(reference).split()
    same = sum((Counter(said) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(wanted)
    return (2 * precision * recall) / (precision + recall)


def test_squad_is_the_official_scripts(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    for text, (reference, *_) in pairs:
        assert normalise(text) == official_squad(text)
        assert token_f1(text, reference) == pytest.approx(official_f1(text, reference), abs=EXACT)
        for check in ({"exact_match": [reference]}, {"token_f1": [reference], "at_least": 1}):
            passed = score_one(text, check) if text.strip() else False
            assert passed is bool(text.strip() and passes_squad(text, reference, check))


def passes_squad(text: str, reference: str, check: Mapping[str, Any]) -> bool:
    if "exact_match" in check:
        return official_squad(text) == official_squad(reference)
    return official_f1(text, reference) >= 1 - 1e-12


def score_one(text: str, check: dict[str, Any]) -> bool:
    case = Case(id="c", title="c", messages=(), checks=(parse_check(check),))
    outcome, _, scores = score_answer(text, case)
    assert outcome is not Outcome.ERROR, scores[-1].explanation
    return scores[0].passed


def read_solutions() -> Iterator[tuple[str, str, bool]]:
    for row in read_lines(GSM8K):
        truth = row["ground_truth"].rpartition("A:")[2].strip()
        for value in row.values():
            if isinstance(value, dict):
                yield value["solution"], truth, value["is_correct"]


STRICT = RegexFilter(regex_pattern=r"#### (\-?[0-9\.\,]+)")
FLEXIBLE = RegexFilter(regex_pattern=r"(-?[$0-9.,]{2,})|(-?[0-9]+)", group_select=-1)
IGNORED = (",", r"\$", r"(?s).*#### ", r"\.$")


def harness_passes(text: str, truth: str, *, strict: bool) -> bool:
    """Filter and compare as the harness's task gsm8k is configured."""
    found = next(iter((STRICT if strict else FLEXIBLE).apply([[text]], [{}])))[0]
    for pattern in IGNORED:
        found, truth = re.sub(pattern, "", found), re.sub(pattern, "", truth)
    return str(found).lower() == truth.lower()


def test_gsm8k_is_the_harnesss() -> None:
    chance = random.Random(8)  # noqa: S311 - seeded, so that it is the same each time
    compared = 0
    for solution, truth, graded in read_solutions():
        assert score_one(solution, {"gsm8k": truth}) is graded
        whole = f"So it is.\n#### {truth}"
        for text in (
            solution,
            solution.replace("A: ", "#### "),
            solution.replace("A: ", f"#### {chance.choice(('$', '', '-'))}") + ".",
            change(solution, chance),
            change(solution.replace("A: ", "#### $"), chance) + "\n#### 7",
        ):
            for strict in (True, False):
                ours = score_one(text, {"gsm8k": whole, "strict": strict})
                assert ours is harness_passes(text, whole, strict=strict), text
                compared += 1
    assert compared > 10 * ENOUGH


def test_json_schemas_are_judged_as_by_jsonschema() -> None:
    """Cases of the official suite, each schema also with documents of other cases."""
    rows = list(read_lines(SCHEMAS))
    chance = random.Random(3)  # noqa: S311 - seeded, so that it is the same each time
    compared = refused = 0
    for row in rows:
        schema = row["schema"]
        if isinstance(schema, dict) and row["draft"] == "draft7":
            schema = {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
        known = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        theirs = known(schema, registry=REGISTRY)
        for document in (row["data"], *(other["data"] for other in chance.sample(rows, 4))):
            try:
                ours = not find_errors(document, schema)
            except ScorerFault:  # refers to files of the suite that are not here
                with pytest.raises(Unresolvable):
                    theirs.is_valid(document)
                refused += 1
                continue
            assert ours is theirs.is_valid(document), (schema, document)
            compared += 1
            assert document is not row["data"] or ours is row["valid"]
    assert compared > ENOUGH
    assert refused < compared / 10
