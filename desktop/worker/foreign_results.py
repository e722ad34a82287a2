"""Other programs' results into the database, beside our own runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from desktop.domain.answer import Answer
from desktop.domain.base import Value
from desktop.domain.run import Run, RunOrigin, RunSummary
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.suites.importers.harness_results import read_harness_results


class ForeignRunStore(Protocol):
    """What an import needs of a database."""

    def list_runs(self) -> tuple[RunSummary, ...]:
        """Return all runs."""

    def add_finished_run(self, run: Run, suite: Suite, answers: Sequence[Answer]) -> None:
        """Store a run that was made elsewhere: all of it or nothing."""


class ResultsImport(Value, frozen=True, kw_only=True):
    """What an import brought: new runs, runs that were here before, what could not be kept."""

    runs: tuple[Run, ...]
    known: tuple[Run, ...] = ()
    notices: tuple[str, ...] = ()


def import_results(
    paths: Sequence[Path],
    store: ForeignRunStore,
    *,
    suite: Suite | None = None,
    model_name: str = "",
) -> ResultsImport:
    """Store the runs of lm-evaluation-harness's results files, or of folders with such files.

    All files are read before anything is stored. A run that was imported before, on the same
    suite, is not stored again. With `suite` answers to its questions belong to it. Raises
    `UserError` that names file and line.
    """
    found = read_harness_results(paths, suite=suite, model_name=model_name)
    stored = {
        _identity(summary.run, summary.run.origin): summary.run
        for summary in store.list_runs()
        if summary.run.origin
    }
    new: list[Run] = []
    known: list[Run] = []
    notices: list[str] = []
    for foreign in found:
        identity = _identity(foreign.run, foreign.run.origin)
        if identity in stored:
            known.append(stored[identity])
            continue
        store.add_finished_run(foreign.run, foreign.suite, foreign.answers)
        stored[identity] = foreign.run
        new.append(foreign.run)
        notices += foreign.notices
    return ResultsImport(runs=tuple(new), known=tuple(known), notices=tuple(notices))


def _identity(run: Run, origin: RunOrigin | None) -> tuple[object, ...]:
    if origin is None or run.suite is None:
        raise UserError(f"Run {run.id} was not made elsewhere.")
    return (origin.program, origin.task, origin.files, run.suite.sha256)
