"""The database: found or made, upgraded, locked for one writer, opened, copied, closed."""

import contextlib
import os
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from desktop.errors import UserError
from desktop.storage import rows
from desktop.storage.faults import explained
from desktop.storage.model_store import ModelStore
from desktop.storage.run_store import RunStore
from desktop.storage.scoring_store import ScoringStore
from desktop.storage.sqlite_file import (
    check_database,
    check_header,
    copy_database,
    engine_for,
    side_file,
)
from desktop.storage.transactions import Transactions
from desktop.storage.upgrade import check_version_for_reading, prepare
from desktop.storage.writer_lock import WriterLock


class Database:
    """An open database. Its stores may be used from any thread; close it when all are done.

    `read_only_reason` is a sentence if nothing can be stored, else empty.
    """

    def __init__(self, path: Path, engine: Engine, lock: WriterLock | None, reason: str) -> None:
        """Called by `open` alone."""
        self.path: Path | None = path
        self.read_only = lock is None
        self.read_only_reason = reason
        self.schema_version = rows.SCHEMA_VERSION
        self._file = path
        self._engine = engine
        self._lock = lock
        transactions = Transactions(engine, str(path), read_only_reason=reason)
        self.runs = RunStore(transactions)
        self.models = ModelStore(transactions)
        self.scorings = ScoringStore(transactions)

    @classmethod
    def open(cls, url_or_path: str | Path, *, read_only: bool = False) -> "Database":
        """Open a database file, or make or upgrade it if it may be written.

        Raises:
            DatabaseInUse: another process writes to it; it can still be opened `read_only`.
            EnvironmentFault: disk full, no permission.
            UserError: not ours, damaged, of a newer version (left untouched), or not there
                while `read_only`.
        """
        path = _locate(url_or_path)
        with explained(path):
            return cls._open_for_reading(path) if read_only else cls._open_for_writing(path)

    @classmethod
    def _open_for_writing(cls, path: Path) -> "Database":
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            # Before the lock file is made: nothing is left beside what is not ours.
            _check_unless_empty(path)
        with contextlib.ExitStack() as undo:
            lock = WriterLock(path)
            undo.callback(lock.release)
            lock.acquire()
            prepare(path)
            engine = engine_for(path, reading_only=False)
            undo.callback(engine.dispose)
            database = cls(path, engine, lock, "")
            database.runs.check_writable()
            undo.pop_all()
        return database

    @classmethod
    def _open_for_reading(cls, path: Path) -> "Database":
        if not path.exists():
            raise UserError(
                f"There is no database {path}.",
                remedy="Open it for writing once, or name another with --database.",
            )
        check_header(path)
        check_version_for_reading(path)
        reason = _say_why_reading(path)
        return cls(path, engine_for(path, reading_only=True), None, reason)

    def back_up(self, target: Path) -> Path:
        """Write a copy to `target` while the database stays in use, and check it.

        Raises `UserError` if `target` exists: nothing is ever overwritten. A copy that fails
        its check is not kept.
        """
        target = target.expanduser().absolute()
        part = side_file(target, f".{os.getpid()}.part")
        with explained(target):
            if target.exists():
                raise UserError(f"{target} exists already.", remedy="Name another file.")
            part.unlink(missing_ok=True)
            try:
                copy_database(self._file, part, reading_only=self.read_only)
                check_database(part)
                _rename_without_replacing(part, target)
            finally:
                for leftover in (part, side_file(part, "-journal")):
                    leftover.unlink(missing_ok=True)
        return target

    def close(self) -> None:
        """Close all connections, then let others write. Harmless when closed already."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _locate(url_or_path: str | Path) -> Path:
    """Return the real file that is meant, so that two names of it share one lock."""
    path = url_or_path
    if isinstance(path, str) and "://" in path:
        try:
            url = make_url(path)
        except ArgumentError as error:
            raise UserError(
                f"{path} is not the address of a database.",
                remedy="Give a file, or sqlite:///FILE.",
            ) from error
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            raise UserError(
                f"{url.render_as_string()} cannot be opened: only SQLite files can.",
                remedy="Give a file, or sqlite:///FILE.",
            )
        path = url.database
    if not str(path):
        raise UserError("The name of the database is empty.", remedy="Give a file.")
    with explained(path):
        try:
            return Path(path).expanduser().resolve()
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{path!r} cannot be a file.", remedy="Give another name.") from error


def _check_unless_empty(path: Path) -> None:
    if not path.is_file() or path.stat().st_size:
        check_header(path)


def _say_why_reading(path: Path) -> str:
    holder = WriterLock(path).holder()
    if holder:
        return f"{holder} is writing to this database; close it and start again to make changes."
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return f"{path} or its folder is read-only; make both writable to make changes."
    return "The database was opened for reading only."


def _rename_without_replacing(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        # A link fails where a rename would replace what somebody made in the meantime.
        os.link(part, target)
    except FileExistsError as error:
        raise UserError(f"{target} exists already.", remedy="Name another file.") from error
    except OSError:
        # This disk knows no links.
        if target.exists():
            raise UserError(f"{target} exists already.", remedy="Name another file.") from None
        part.rename(target)
