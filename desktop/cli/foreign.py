"""`import-results`: runs that another program made, beside our own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.cli.documents import describe_run
from desktop.cli.evaluating import find_suite
from desktop.cli.output import Output, align
from desktop.worker.foreign_results import import_results

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend

_MOST_FIGURES = 3


def add_results_options(parser: argparse.ArgumentParser) -> None:
    """Add what `import-results` takes."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="results files of lm-evaluation-harness, or folders that hold some",
    )
    parser.add_argument(
        "--suite", default="", help="the suite that was asked: its id or file (default: a new one)"
    )
    parser.add_argument(
        "--model-name", default="", metavar="NAME", help="for files that name no model"
    )


def import_foreign_results(
    arguments: argparse.Namespace, backend: "Backend", output: Output
) -> int:
    """`import-results`: store them, and list what they brought."""
    suite = find_suite(arguments.suite, backend, output) if arguments.suite else None
    found = import_results(
        arguments.paths, backend.database.runs, suite=suite, model_name=arguments.model_name
    )
    ids = {run.id for run in found.runs}
    summaries = [s for s in backend.operations.list_runs() if s.run.id in ids]
    rows = [("run", "model", "task", "answers", "passed", "as reported")]
    for summary in summaries:
        origin = summary.run.origin
        figures = origin.figures[:_MOST_FIGURES] if origin else ()
        counts = summary.counts
        rows.append(
            (
                summary.run.id[:8],
                summary.run.model.facts.name,
                origin.task if origin else "",
                str(counts.done),
                f"{counts.passed} of {counts.scored}" if counts.scored else "",
                ", ".join(f"{figure.name} {figure.value:.4g}" for figure in figures),
            )
        )
    for notice in found.notices:
        output.tell(f"touchstone: {notice}")
    for run in found.known:
        output.tell(f"touchstone: {run.name} was imported before, as run {run.id[:8]}")
    output.print_document(
        {
            "runs": [describe_run(summary) for summary in summaries],
            "known": [run.id for run in found.known],
            "notices": list(found.notices),
        },
        align(rows, right=(3, 4)) if summaries else ["Nothing new."],
    )
    return 0
