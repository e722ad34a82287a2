"""`score` and `rescore`: answers made elsewhere, and those of stored runs under other checks."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from desktop.cli.documents import Document
from desktop.cli.looking import find_suite
from desktop.cli.output import Output, align
from desktop.domain.answer import Answer, Score
from desktop.domain.base import Value
from desktop.domain.rescoring import Scoring
from desktop.domain.run import Outcome, RunCounts, StopReason
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.scoring.kind import Verdict
from desktop.scoring.opinion import rate
from desktop.scoring.registry import score_answer
from desktop.scoring.suite_score import find_suite_score

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend

_FORM = '{"case_id": text, "output": text}'


class GivenAnswer(Value, frozen=True, kw_only=True):
    """A line of a file of answers. `ratings` gives a person's grade by the check's place from 0."""

    case_id: str
    output: str
    stop_reason: StopReason | None = None
    thinking: str = ""
    ratings: Mapping[str, float] = {}


def score_answers(arguments: argparse.Namespace, output: Output) -> int:
    """`score`: judge answers that were made elsewhere, as a run judges its own."""
    suite = find_suite(arguments.suite, output)
    cases = {case.id: case for case in suite.cases}
    given = read_answers(arguments.answers, suite)
    documents = [_score(answer, cases[answer.case_id]) for answer in given]
    counts = RunCounts.of_outcomes(
        Counter(Outcome(document["outcome"]) for document in documents), len(documents)
    )
    results = ((d["case_id"], Outcome(d["outcome"]), d["score"]) for d in documents)
    score = find_suite_score(suite, results)
    output.print_document(
        {
            "suite": suite.id,
            "suite_version": suite.version,
            **describe_counts(counts),
            "score": score.score,
            "cases": documents,
        },
        [*align(list_reasons(documents)), say_counts(counts), *score.say()],
    )
    return 1 if counts.errors else 0


def rescore_run(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """`rescore`: judge a stored run's answers by another suite's checks, and keep both."""
    suite = find_suite(arguments.suite, output)
    scoring, answers = backend.operations.rescore_run(
        arguments.run, suite, name=arguments.name or ""
    )
    documents = describe_answers(answers)
    score = find_suite_score(suite, ((a.case_id, a.outcome, a.score) for a in answers))
    output.print_document(
        {**describe_scoring(scoring), "score": score.score, "cases": documents},
        [*align(list_reasons(documents)), say_counts(scoring.counts), *score.say()],
    )
    return 1 if scoring.counts.errors else 0


def describe_answers(answers: Sequence[Answer]) -> list[Document]:
    """Return answers with their verdicts."""
    return [
        {
            "case_id": answer.case_id,
            "repeat": answer.repeat,
            **_describe_verdict(answer.outcome, answer.score, answer.scores),
        }
        for answer in answers
    ]


def describe_scoring(scoring: Scoring) -> Document:
    """Return a set of scores without its answers."""
    return {
        "id": scoring.id,
        "run": scoring.run_id,
        "suite": scoring.suite.id,
        "suite_version": scoring.suite.version,
        "suite_sha256": scoring.suite.sha256,
        "made_at": scoring.made_at,
        "name": scoring.name,
        **describe_counts(scoring.counts),
    }


def describe_counts(counts: RunCounts) -> Document:
    """Return how many cases came out how; `failed` holds all that were judged and not passed."""
    return {
        "passed": counts.passed,
        "failed": counts.failed,
        "refused": counts.refused,
        "truncated": counts.truncated,
        "thinking_only": counts.thinking_only,
        "errors": counts.errors,
        "open": counts.open,
        "measured": counts.measured,
    }


def say_counts(counts: RunCounts) -> str:
    """Return counts in words; what is not there is not told."""
    told = [f"{counts.passed} of {counts.cases} passed"]
    told += [
        f"{count} {word}"
        for count, word in (
            (counts.refused, "refused"),
            (counts.truncated, "cut off"),
            (counts.thinking_only, "only thought"),
            (counts.errors, "could not be judged"),
            (counts.open, "still open"),
            (counts.measured, "measured"),
        )
        if count
    ]
    return ", ".join(told)


def _score(given: GivenAnswer, case: Case) -> Document:
    outcome, score, scores = score_answer(
        given.output,
        case,
        stop_reason=given.stop_reason,
        thinking=given.thinking,
        decided=_rate(given, case),
    )
    return {"case_id": given.case_id, **_describe_verdict(outcome, score, scores)}


def _rate(given: GivenAnswer, case: Case) -> dict[int, Verdict]:
    decided = {}
    for key, grade in given.ratings.items():
        place = int(key) if key.isdecimal() else len(case.checks)
        if place >= len(case.checks) or case.checks[place].kind not in ("rating", "judge"):
            raise UserError(
                f'"ratings" of case {case.id} names check {key}, which waits for no rating.',
                remedy="Checks are counted from 0; rated are those of the kinds rating and judge.",
            )
        try:
            decided[place] = rate(case.checks[place], grade)
        except ValueError as error:
            raise UserError(f"{error}, in a line of case {case.id}.") from None
    return decided


def _describe_verdict(outcome: Outcome, score: float, scores: Sequence[Score]) -> Document:
    return {
        "passed": outcome is Outcome.PASSED,
        "outcome": outcome.value,
        "score": score,
        "checks": [
            {
                "check": s.check,
                "passed": s.passed,
                "score": s.score,
                "explanation": s.explanation,
                "open": s.open,
                "agreed": s.agreed,
                "spans": [{"start": span.start, "end": span.end} for span in s.spans],
            }
            for s in scores
        ],
    }


def list_reasons(documents: Sequence[Document]) -> list[tuple[str, ...]]:
    """Return outcome, case and first reason of each, as a table's rows."""
    return [
        (
            str(document["outcome"]),
            str(document["case_id"]),
            next((c["explanation"] for c in document["checks"] if not c["passed"]), ""),
        )
        for document in documents
    ]


def read_answers(path: Path, suite: Suite) -> list[GivenAnswer]:
    """Read a file of answers, one JSON object a line; every problem names its line."""
    known = {case.id for case in suite.cases}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserError(f"{path} can't be read: {reason}.") from error
    # Only line feeds end lines: JSON may hold the other signs that Python takes for ends.
    given = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        answer = _read_line(line, where)
        if answer.case_id not in known:
            raise UserError(f"{where}: the suite {suite.id} has no case {answer.case_id!r}.")
        given.append(answer)
    if not given:
        raise UserError(f"{path} holds no answers.")
    return given


def _read_line(line: str, where: str) -> GivenAnswer:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(f"{where} is not JSON: {reason}.") from error
    if not isinstance(row, dict) or not all(
        isinstance(row.get(key), str) for key in ("case_id", "output")
    ):
        raise UserError(f"{where} is not of the form {_FORM}.")
    try:
        return msgspec.convert(row, GivenAnswer)
    except msgspec.ValidationError as error:
        raise UserError(f"{where} is not as it should be: {error}.") from None
