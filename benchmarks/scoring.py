"""How fast answers are scored: 10,000 with ten checks each on one core, and beside the references.

The answers are worked solutions of GSM8K and responses to IFEval, each with a word of its own, so
that nothing is remembered from one to the next. Counted are seconds of this process's processor
time, which other programs disturb little. `python benchmarks/scoring.py`
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import quiet
import results
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu, sentence_chrf

from desktop.domain.suite import Case
from desktop.scoring.bleu import bleu
from desktop.scoring.chrf import chrf
from desktop.scoring.registry import parse_check, score_answer
from desktop.scoring.rouge import rouge

AIM_SECONDS = 10.0
ANSWERS = 10_000
COMPARED = 1_000
_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
REFERENCE = "So the total number of animals that Rick killed is 48 + 25 = 73, as was asked."
TEN: tuple[dict[str, Any], ...] = (
    {"equals": "73"},
    {"contains_any": ["animals", "total"]},
    {"regex": r"\b\d+\s*[+*/-]\s*\d+"},
    {"number": 73},
    {"choice": "yes", "labels": ["yes", "no", "unknown"]},
    {"word_count": {"max": 200}},
    {"json": {"total": 73}},
    {"declines": True},
    {"token_f1": [REFERENCE], "at_least": 0.2},
    {"ifeval": "punctuation:no_comma", "loose": True},
)
SINGLE: tuple[dict[str, Any], ...] = (
    {"chrf": REFERENCE},
    {"rouge": REFERENCE},
    {"bleu": REFERENCE},
    {"similar": REFERENCE},
    {"items": ["a", "b", "c"]},
    {"json_schema": {"type": "object", "required": ["total"]}},
    {"language": "en"},
    {"ifeval": "length_constraints:number_sentences", "kwargs": {"relation": "at least"}},
    {"refuses": True},
    {"sentence_count": {"max": 9}},
)
SINGLE[7]["kwargs"]["num_sentences"] = 3


def read_answers(count: int) -> list[str]:
    """Return so many answers, no two alike; ends the program without the public data."""
    texts = list(itertools.chain(_read_solutions(), _read_responses()))
    if not texts:
        print(f"The public data sets are not in {_DATA}.")
        sys.exit(quiet.NOT_JUDGED)
    return [f"{text} ({number})" for number, text in zip(range(count), itertools.cycle(texts))]


def _read_solutions() -> Iterator[str]:
    for row in _read_lines(_DATA / "gsm8k" / "example_model_solutions.jsonl"):
        yield from (value["solution"] for value in row.values() if isinstance(value, dict))


def _read_responses() -> Iterator[str]:
    for row in _read_lines(_DATA / "ifeval" / "scored_outputs.jsonl"):
        yield row["response"]


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_case(checks: Sequence[dict[str, Any]]) -> Case:
    """Return a case with these checks."""
    parsed = tuple(parse_check(check) for check in checks)
    return Case(id="c", title="c", messages=(), checks=parsed)


def measure(work: Callable[[str], object], answers: Sequence[str]) -> float:
    """Return the seconds of processor time of some work on each answer, the first one aside."""
    work(answers[0])
    begun = time.process_time()
    for answer in answers:
        work(answer)
    return time.process_time() - begun


def compare_single(answers: Sequence[str]) -> list[tuple[object, ...]]:
    """Return a row for each check that takes long, with its reference's time where it has one."""
    scorer = RougeScorer(["rougeL"])
    references: dict[str, tuple[Callable[[str], object], Callable[[str], object]]] = {
        "chrf": (lambda a: chrf(a, REFERENCE), lambda a: sentence_chrf(a, [REFERENCE])),
        "rouge": (lambda a: rouge(a, REFERENCE), lambda a: scorer.score(REFERENCE, a)),
        "bleu": (lambda a: bleu(a, [REFERENCE]), lambda a: sentence_bleu(a, [REFERENCE])),
    }
    rows: list[tuple[object, ...]] = []
    for check in SINGLE:
        name = next(iter(check))
        case = make_case([check])
        whole = measure(lambda answer, case=case: score_answer(answer, case), answers)  # type: ignore[misc]
        ours, theirs = references.get(name, (None, None))
        ratio = "–"  # noqa: RUF001 - there is none
        if ours is not None and theirs is not None:
            ratio = f"{measure(theirs, answers) / measure(ours, answers):.1f}"
        rows.append((f"`{name}`", f"{1e6 * whole / len(answers):.0f}", ratio))
    return rows


def main() -> int:
    """Return 0 if ten thousand answers are scored in time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="accepted as everywhere; no effect")
    parser.parse_args()
    watch = quiet.Watch()
    answers = read_answers(ANSWERS)
    case = make_case(TEN)
    seconds = measure(lambda answer: score_answer(answer, case), answers)
    rows = compare_single(answers[:COMPARED])
    characters = sum(map(len, answers)) / len(answers)
    reached = seconds < AIM_SECONDS
    ten = ", ".join(f"`{next(iter(check))}`" for check in TEN)
    results.record(
        "Scoring: ten checks on 10,000 answers",
        aim=f"{ANSWERS:,} answers with ten checks each in under {AIM_SECONDS:g} s on one core",
        body=f"{ANSWERS:,} answers of {characters:.0f} characters on the mean, with {ten}:"
        f" **{seconds:.2f} s** of processor time,"
        f" {1e6 * seconds / ANSWERS / len(TEN):.0f} µs a check.\n\n"
        + results.table(("one check", "µs an answer", "reference's time / ours"), rows),
        verdict=f"The aim is **{'reached' if reached else 'missed'}**. {watch.read().in_words()}.",
    )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
