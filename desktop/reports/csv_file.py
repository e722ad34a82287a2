"""The comparison as a table for spreadsheets: one line a case and model, answers in full."""

import csv
import io
import unicodedata
from pathlib import Path

from desktop.domain.comparison import ComparedAnswer, ComparedCase, ComparedModel, Comparison
from desktop.reports.output import write_file

COLUMNS = (
    "suite",
    "case_id",
    "title",
    "tags",
    "model",
    "model_sha256",
    "run_id",
    "outcome",
    "score",
    "repeats",
    "repeats_passed",
    "seconds",
    "generated_tokens",
    "answer",
    "explanation",
    "prompt",
    # Later than the others, and last so that no other column has moved.
    "thinking_tokens",
)
# What spreadsheets take for the beginning of a formula, the wide forms included.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")


def write_csv(comparison: Comparison, path: Path) -> None:
    """Write one line a case and model, those without an answer too.

    In UTF-8 with a mark at the beginning, without which spreadsheets garble accents. Raises
    `UserError` if the folder is missing and `EnvironmentFault` if it can't be written to.
    """
    write_file(path, render_csv(comparison).encode("utf-8-sig"))


def render_csv(comparison: Comparison) -> str:
    """Return the table as text; a cell that looks like a formula begins with an apostrophe.

    `seconds` is empty where an answer shared the engine: a mean over such would tell how busy it
    was and be taken for the model's speed.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for case in comparison.cases:
        for model, answer in zip(comparison.models, case.answers, strict=True):
            writer.writerow(_line(case, model, answer))
    return buffer.getvalue()


def _line(
    case: ComparedCase, model: ComparedModel, answer: ComparedAnswer | None
) -> tuple[str | int | float, ...]:
    given: tuple[str | int | float, ...] = ("", "unanswered", "", "", "", "", "", "", "")
    if answer:
        given = (
            _cell(answer.run_id),
            answer.outcome.value,
            round(answer.score, 6),
            answer.repeats,
            answer.repeats_passed,
            round(answer.seconds, 3) if answer.timed_alone else "",
            answer.generated_tokens,
            _cell(answer.text),
            _cell(answer.explanation),
        )
    return (
        _cell(case.suite_id),
        _cell(case.case_id),
        _cell(case.title),
        _cell(", ".join(case.tags)),
        _cell(model.label),
        model.model.sha256 or "",
        *given,
        _cell(case.prompt),
        answer.thinking_tokens if answer else "",
    )


def _cell(text: str) -> str:
    """Return text that a spreadsheet shows and never runs, without characters it chokes on."""
    clean = "".join(
        character
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    risky = clean.lstrip()[:1] in _FORMULA
    return f"'{clean}" if risky or clean[:1] == "\t" else clean
