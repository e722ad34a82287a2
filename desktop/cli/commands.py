"""Which command does what; failures become sentences and exit codes here."""

import argparse
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from desktop.cli import (
    capacity,
    comparing,
    evaluating,
    foreign,
    judging,
    looking,
    scoring,
    suite_files,
    texts,
)
from desktop.cli.output import CANCELLED, Output
from desktop.errors import Cancelled, EngineFault, UserError

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend

_log = logging.getLogger(__name__)

MakeTools: TypeAlias = Callable[[], looking.Tools]


class OpenBackend(Protocol):
    """Opens the database and what works on it."""

    def __call__(self, *, read_only: bool = False) -> "Backend":
        """Return a backend; with `read_only` another copy of the program may be writing."""


_WRITING: dict[str, Callable[[argparse.Namespace, "Backend", Output], int]] = {
    "run": evaluating.carry_out_run,
    "resume": evaluating.resume_runs,
    "probe speed": evaluating.measure_speed,
    "import-results": foreign.import_foreign_results,
    "rescore": scoring.rescore_run,
    "judge": judging.judge_run,
    "rate": judging.rate_run,
}
_READING: dict[str, Callable[[argparse.Namespace, "Backend", Output], int]] = {
    "runs": looking.list_runs,
    "compare": comparing.compare_runs,
}
_ALONE: dict[str, Callable[[argparse.Namespace, Output], int]] = {
    "scan": looking.list_found,
    "suites": looking.list_suites,
    "suites check": suite_files.check_suite,
    "suites import": suite_files.import_suite,
    "suites export": suite_files.export_suite_file,
    "suites importers": suite_files.list_importers,
    "machines": capacity.list_catalogue,
    "score": scoring.score_answers,
    "probe hardware": looking.describe_hardware,
}
# These ask an engine, but no database.
_ASKING_ENGINE: dict[str, Callable[[argparse.Namespace, looking.Tools, Output], int]] = {
    "inspect": looking.inspect_model,
    "perplexity": texts.tell_perplexity,
    "self-check": looking.check_self,
}


def name_command(arguments: argparse.Namespace) -> str:
    """Return the command, with the probe's name for `probe`, the deed for `suites`."""
    command = str(arguments.command)
    if command == "suites" and f"suites {arguments.deed}" in _ALONE:
        return f"suites {arguments.deed}"
    return f"probe {arguments.probe}" if command == "probe" else command


def carry_out(
    arguments: argparse.Namespace, open_backend: OpenBackend, make_tools: MakeTools
) -> int:
    """Do what the command line asks; returns the exit code."""
    output = Output(as_json=getattr(arguments, "json", False))
    name = name_command(arguments)
    try:
        if name in _ALONE:
            return _ALONE[name](arguments, output)
        if name in _ASKING_ENGINE:
            return _ASKING_ENGINE[name](arguments, make_tools(), output)
        backend = open_backend(read_only=name in _READING)
        try:
            command = _WRITING.get(name) or _READING[name]
            return command(arguments, backend, output)
        finally:
            backend.close()
    except UserError as error:
        _log.info("%s", error, exc_info=True)
        output.report_failure(error)
        return error.exit_code
    except EngineFault as fault:
        _log.info("%s\n%s", fault, fault.details, exc_info=True)
        output.report_failure(UserError(fault.message, details=fault.details))
        return UserError.exit_code
    except (Cancelled, KeyboardInterrupt):
        output.report_cancelled()
        return CANCELLED
