"""Builds every object and connects them; alone knows all layers.

Imports of what is slow (Qt, SQLAlchemy, Typst) are late: the command line does without Qt, and
the window is painted before the database is opened.
"""

# ruff: noqa: PLC0415 - late imports are what this module is about

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop import paths
from desktop.cli.arguments import parse
from desktop.cli.output import Output, print_version
from desktop.errors import EnvironmentFault, UserError
from desktop.logs import set_up_logging

if TYPE_CHECKING:
    from desktop.cli.looking import Tools
    from desktop.evaluation.control import RunControl
    from desktop.evaluation.workshop import Workshop
    from desktop.inference.engine import EngineFactory
    from desktop.storage.database import Database
    from desktop.worker.backend import Backend

_log = logging.getLogger(__name__)


def run(arguments: Sequence[str]) -> int:
    """Do what the command line asks; without a command open the window. Returns the exit code."""
    try:
        options = parse(arguments)
    except UserError as wrong:
        output = Output(as_json="--json" in arguments)
        output.tell(wrong.details)
        output.report_failure(wrong)
        return wrong.exit_code
    set_up_logging(paths.log_folder(), verbose=getattr(options, "verbose", False))
    scripted = getattr(options, "engine", "llama") == "scripted"
    database = getattr(options, "database", None)

    def open_backend(*, read_only: bool = False) -> "Backend":
        return build_backend(database=database, scripted=scripted, read_only=read_only)

    if options.version:
        return print_version(as_json=getattr(options, "json", False))
    if options.command is None:
        if _lacks_display():
            # Qt would end the process with an abort and a riddle.
            missing = EnvironmentFault(
                "There is no display to open the window on.",
                remedy="Use the commands instead: touchstone --help.",
            )
            Output(as_json=getattr(options, "json", False)).report_failure(missing)
            return missing.exit_code
        from desktop.ui.start import show_window

        return show_window(open_backend, compare=tuple(options.compare or ()))
    from desktop.cli.commands import carry_out

    return carry_out(options, open_backend, partial(_make_tools, scripted=scripted))


def _lacks_display() -> bool:
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform.startswith("linux") and not any(os.environ.get(name) for name in named)


def build_backend(
    *, database: str | None = None, scripted: bool = False, read_only: bool = False
) -> "Backend":
    """Open the database and put everything together that works on it.

    With `read_only` nothing is written, but a database that does not exist yet, or is of an
    older version, is made or upgraded if nobody else is writing.
    """
    from desktop.settings.store import SettingsStore
    from desktop.worker.backend import Backend
    from desktop.worker.hashing import HashingThread
    from desktop.worker.judging import make_judge
    from desktop.worker.library import check_model
    from desktop.worker.live_engine import LiveEngine
    from desktop.worker.local_operations import LocalOperations
    from desktop.worker.thread import EvaluationThread

    settings = SettingsStore(paths.settings_file())
    place = database or settings.load().database_path or str(paths.default_database())
    opened = _open_database(place, read_only=read_only)
    live = LiveEngine(_choose_engine(scripted=scripted))
    tools = _make_tools(scripted=scripted)
    operations = LocalOperations(
        opened,
        settings,
        tools.memory,
        engine_pid=lambda: live.pid,
        scripted=scripted,
        make_judge=partial(make_judge, live.start),
    )

    def make_workshop(control: "RunControl") -> "Workshop":
        from desktop.evaluation.workshop import Workshop
        from desktop.inference.chat_template import TemplateProcess

        return Workshop(
            recorder=opened.runs,
            start_engine=live.start,
            render=TemplateProcess(),
            inspect_machine=operations.inspect_machine,
            control=control,
        )

    queue = EvaluationThread(
        opened.runs,
        make_workshop,
        lambda model, control: check_model(model, opened.models, control),
    )
    if opened.read_only:
        _mark_what_was_killed(opened, place)
    else:
        opened.runs.mark_interrupted()
        opened.runs.purge_deleted()
    queue.start()
    return Backend(
        database=opened,
        operations=operations,
        queue=queue,
        memory=tools.memory,
        # A hash under way would disturb what a run measures.
        hashing=HashingThread(opened.models, is_held=lambda: queue.busy),
    )


def _open_database(place: str, *, read_only: bool) -> "Database":
    from desktop.storage.database import Database
    from desktop.storage.faults import DatabaseInUse

    if read_only:
        try:
            return Database.open(place, read_only=True)
        except UserError as refusal:
            _log.info("Opening for writing, since reading alone was refused: %s", refusal)
    try:
        return Database.open(place)
    except DatabaseInUse:
        if read_only:
            return Database.open(place, read_only=True)
        raise


def _mark_what_was_killed(opened: "Database", place: str) -> None:
    """Have runs of a killed program told as interrupted, unless another copy is at work."""
    from desktop.storage.database import Database

    if not opened.runs.has_running():
        return
    try:
        writable = Database.open(place)
    except UserError as refusal:
        _log.info("Runs are taken to be under way: %s", refusal)
        return
    try:
        writable.runs.mark_interrupted()
    finally:
        writable.close()


def _choose_engine(*, scripted: bool) -> "EngineFactory":
    if not scripted:
        from desktop.worker.engine_process import start_llama_engine

        return start_llama_engine
    from desktop.worker.demonstration import make_demonstration_script
    from desktop.worker.engine_process import start_scripted_engine

    return partial(start_scripted_engine, make_demonstration_script())


def _make_tools(*, scripted: bool) -> "Tools":
    from desktop.cli.looking import Tools
    from desktop.probes.memory import available_memory_bytes
    from desktop.worker.library import MemoryAccountant

    start = _choose_engine(scripted=scripted)
    memory = MemoryAccountant(start, available_memory_bytes)
    return Tools(memory=memory, start_engine=start, checks=_list_checks(scripted=scripted))


def _list_checks(*, scripted: bool) -> tuple[tuple[str, Callable[[], str]], ...]:
    from desktop.worker.self_check import check_database, check_engine, check_report

    return (
        ("engine", partial(check_engine, _choose_engine(scripted=scripted))),
        ("database", partial(_in_new_folder, check_database)),
        ("report", partial(_in_new_folder, check_report)),
    )


def _in_new_folder(check: Callable[[Path], str]) -> str:
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        return check(Path(folder))
