"""`judge` and `rate`: what only a judge model or a person can decide of a stored run's answers."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.cli.documents import Document
from desktop.cli.looking import find_suite
from desktop.cli.output import Output, align
from desktop.cli.scoring import describe_answers, describe_scoring, list_reasons, say_counts
from desktop.domain.answer import Answer
from desktop.domain.language_model import LanguageModel
from desktop.domain.rescoring import Rating, Scoring
from desktop.domain.run import Run
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EngineFault, UserError
from desktop.scoring.rescoring import list_waiting
from desktop.scoring.suite_score import find_suite_score
from desktop.suites.tables.source import Row, read_table
from desktop.worker.library import read_model

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend

_COLUMNS = ("case_id", "rating", "repeat", "check", "note")
_NEEDED = ("case_id", "rating")


def judge_run(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """`judge`: have a local model decide a run's `judge` checks, and keep both sets of scores."""
    settings = RunSettings(threads=arguments.threads, gpu_layers=arguments.gpu_layers)
    suite = find_suite(arguments.suite, output) if arguments.suite else None
    model = prepare_judge(arguments.model, backend, settings)
    run = backend.operations.load_run(arguments.run).run
    scoring, answers = ask_judge(
        run, model, backend, output, settings=settings, suite=suite, name=arguments.name or ""
    )
    return _report(scoring, answers, backend, output, suite)


def prepare_judge(path: Path, backend: "Backend", settings: RunSettings) -> LanguageModel:
    """Read a judge's header and make sure that the engine can load it; raises `UserError`."""
    model = read_model(path.resolve())
    backend.memory.require(model, settings)
    return backend.remember_models([model])[0]


def ask_judge(
    run: Run,
    model: LanguageModel,
    backend: "Backend",
    output: Output,
    *,
    settings: RunSettings,
    suite: Suite | None = None,
    name: str = "",
) -> tuple[Scoring, tuple[Answer, ...]]:
    """Have a model judge a run, told on stderr, where one that judges itself is named."""
    if run.model.path == model.path or (model.sha256 and run.model.sha256 == model.sha256):
        output.tell("touchstone: The judge is the model that answered; models favour themselves.")
    return backend.operations.judge_run(
        run.id,
        model,
        settings=settings,
        suite=suite,
        name=name,
        on_progress=lambda done, total: output.tell(f"  {done} of {total} judged"),
    )


def judge_runs(
    runs: Sequence[Run],
    model: LanguageModel | None,
    backend: "Backend",
    output: Output,
    settings: RunSettings,
) -> tuple[list[Scoring], bool]:
    """Have a model judge the runs of which answers wait for it, and tell whether that failed.

    A failure costs the verdicts, not the runs, which can be judged later.
    """
    judged: list[Scoring] = []
    failed = False
    if model is None:
        return judged, failed
    for run in runs:
        details = backend.operations.load_run(run.id)
        if not details.suite or not list_waiting(details.answers, details.suite, "judge"):
            continue
        try:
            scoring, answers = ask_judge(details.run, model, backend, output, settings=settings)
        except (UserError, EngineFault) as fault:
            output.tell(f"touchstone: Run {run.id[:8]} was not judged. {fault}")
            failed = True
        else:
            judged.append(scoring)
            failed = failed or _is_silent(scoring, answers)
    return judged, failed


def say_judged(scoring: Scoring) -> list[str]:
    """Return what became of a run when it was judged, in sentences."""
    return [f"{scoring.run_id[:8]} judged: {say_counts(scoring.counts)}.", *say_decided(scoring)]


def _is_silent(scoring: Scoring, answers: Sequence[Answer]) -> bool:
    """Whether a judge came to no verdict somewhere."""
    return bool(scoring.judge) and any(
        score.open and score.check == "judge" for answer in answers for score in answer.scores
    )


def rate_run(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """`rate`: keep a person's ratings as a set of scores; without any, list what waits for one."""
    suite = find_suite(arguments.suite, output) if arguments.suite else None
    if arguments.ratings is None:
        return _list_waiting(arguments.run, backend, output, suite)
    scoring, answers = backend.operations.rate_run(
        arguments.run,
        read_ratings(arguments.ratings),
        person=arguments.by or "",
        suite=suite,
        name=arguments.name or "",
    )
    return _report(scoring, answers, backend, output, suite)


def _list_waiting(run_id: str, backend: "Backend", output: Output, suite: Suite | None) -> int:
    details = backend.operations.load_run(run_id)
    suite = suite or details.suite
    waiting = list_waiting(details.answers, suite, "rating") if suite else ()
    cases = {case.id: case for case in suite.cases} if suite else {}
    documents: list[Document] = [
        {
            "case_id": answer.case_id,
            "repeat": answer.repeat,
            "check": place,
            "question": str(cases[answer.case_id].checks[place].expected),
            "asked": [message.content for message in cases[answer.case_id].messages],
            "answer": answer.text,
        }
        for answer, place in waiting
    ]
    lines = [
        f"{each['case_id']}, repeat {each['repeat']}, check {each['check']}: {each['question']}\n"
        f"{each['answer']}\n"
        for each in documents
    ]
    told = lines or ["No answer of this run waits for a person's rating."]
    output.print_document({"run": details.run.id, "waiting": documents}, told)
    return 0


def read_ratings(path: Path) -> list[Rating]:
    """Read ratings from a CSV or JSONL file; every problem names its line."""
    table = read_table(path)
    missing = [name for name in _NEEDED if name not in table.columns]
    unknown = [name for name in table.columns if name not in _COLUMNS]
    if missing or unknown:
        wrong = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which is none"
        raise UserError(
            f"{path} {wrong} of the columns of ratings.",
            remedy=f"Columns are {', '.join(_COLUMNS)}; the last three may be left out.",
        )
    return [_read_rating(row, f"{path}, line {row.line}") for row in table.rows]


def _read_rating(row: Row, where: str) -> Rating:
    values = {name: value for name, value in row.values.items() if value not in (None, "")}
    for name in _NEEDED:
        if name not in values:
            raise UserError(f"{where}: {name} is empty.")
    return Rating(
        case_id=str(values["case_id"]),
        rating=_read_number(values["rating"], f"{where}: rating"),
        repeat=_read_place(values.get("repeat", 0), f"{where}: repeat"),
        check=_read_place(values["check"], f"{where}: check") if "check" in values else None,
        note=str(values.get("note", "")),
    )


def _read_number(value: object, where: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{where} is {str(value)[:40]!r}, which is no number.")
    return number


def _read_place(value: object, where: str) -> int:
    number = _read_number(value, where)
    if number < 0 or number != int(number):
        raise UserError(f"{where} is {number:g}, which counts nothing.", remedy="It counts from 0.")
    return int(number)


def describe_decided(scoring: Scoring) -> Document:
    """Return who decided in a set of scores, and how far a judge agreed with itself."""
    return {
        "judge": scoring.judge or None,
        "judge_opinions": scoring.judge_opinions,
        "judge_agreements": scoring.judge_agreements,
        "judge_agreement": scoring.judge_agreement,
        "rated_by": scoring.rated_by or None,
    }


def say_decided(scoring: Scoring) -> list[str]:
    """Return the same in sentences; no judge's verdict is told without its agreement."""
    lines = []
    if scoring.judge and scoring.judge_agreement is None:
        lines.append(f"Judge: {scoring.judge}, which gave no verdict that stands.")
    elif scoring.judge:
        lines.append(
            f"Judge: {scoring.judge}. It agreed with itself on {scoring.judge_agreements} of"
            f" {scoring.judge_opinions} verdicts ({scoring.judge_agreement:.0%}) when it was asked"
            " the other way round."
        )
    if scoring.rated_by:
        lines.append(f"Rated by {scoring.rated_by}.")
    return lines


def _report(
    scoring: Scoring,
    answers: Sequence[Answer],
    backend: "Backend",
    output: Output,
    suite: Suite | None,
) -> int:
    suite = suite or backend.operations.load_run(scoring.run_id).suite
    if suite is None:
        raise UserError(f"The suite {scoring.suite.title!r} of this run is gone.")
    documents = describe_answers(answers)
    score = find_suite_score(suite, ((a.case_id, a.outcome, a.score) for a in answers))
    output.print_document(
        {
            **describe_scoring(scoring),
            **describe_decided(scoring),
            "score": score.score,
            "cases": documents,
        },
        [
            *align(list_reasons(documents)),
            say_counts(scoring.counts),
            *score.say(),
            *say_decided(scoring),
        ],
    )
    return 1 if scoring.counts.errors or _is_silent(scoring, answers) else 0
