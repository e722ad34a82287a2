"""What a database or disk complains about, turned into sentences for people, in this one place."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, StatementError

from desktop.errors import EnvironmentFault, UserError
from desktop.storage.columns import UnreadableValue


class DatabaseInUse(EnvironmentFault):
    """Another process is writing to the database."""


_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


def disk_full(place: object, details: str = "") -> EnvironmentFault:
    """Return the fault of a disk without room."""
    return EnvironmentFault(
        f"The disk of {place} is full.",
        remedy="Make room, then try again; everything stored before is kept.",
        details=details,
    )


def read_only(place: object, details: str = "") -> EnvironmentFault:
    """Return the fault of a place that may not be written."""
    return EnvironmentFault(
        f"{place} cannot be written: the file or its folder is read-only.",
        remedy="Change its permissions, or name another place with --database.",
        details=details,
    )


def damaged(place: object, details: str = "") -> UserError:
    """Return the error of a file that SQLite finds broken."""
    return UserError(
        f"The database {place} is damaged.",
        remedy="Put a backup in its place; keep the damaged file, parts of it may be readable.",
        details=details,
    )


def _in_use(place: object, details: str) -> DatabaseInUse:
    return DatabaseInUse(
        f"The database {place} is in use by another program.",
        remedy="Close what else has it open, then try again.",
        details=details,
    )


def _cannot_open(place: object, details: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"The database {place} cannot be opened.",
        remedy="See that its folder exists and may be written.",
        details=details,
    )


def _disk_failed(place: object, details: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"The disk failed while reading or writing {place}.",
        remedy="See that it has room and is connected; what was stored before is kept.",
        details=details,
    )


def _too_little_memory(place: object, details: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"There is too little memory for the database {place}.",
        remedy="Close other programs, then try again.",
        details=details,
    )


# By SQLite's primary result codes. What is not here (a violated constraint, bad SQL) is a bug.
_BY_CODE: dict[int, Callable[[object, str], UserError]] = {
    sqlite3.SQLITE_FULL: disk_full,
    sqlite3.SQLITE_READONLY: read_only,
    sqlite3.SQLITE_PERM: read_only,
    sqlite3.SQLITE_CORRUPT: damaged,
    sqlite3.SQLITE_NOTADB: damaged,
    sqlite3.SQLITE_BUSY: _in_use,
    sqlite3.SQLITE_LOCKED: _in_use,
    sqlite3.SQLITE_PROTOCOL: _in_use,
    sqlite3.SQLITE_CANTOPEN: _cannot_open,
    sqlite3.SQLITE_IOERR: _disk_failed,
    sqlite3.SQLITE_NOMEM: _too_little_memory,
}
_PRIMARY_CODE = 0xFF


def _of_sqlite(error: sqlite3.Error, place: object) -> UserError | None:
    # Errors of the sqlite3 module itself carry no code.
    code = getattr(error, "sqlite_errorcode", None)
    sentence = None if code is None else _BY_CODE.get(code & _PRIMARY_CODE)
    return sentence(place, f"{error.sqlite_errorname}: {error}") if sentence else None


def _of_system(error: OSError, place: object) -> UserError:
    details = str(error)
    if error.errno in _DISK_FULL:
        return disk_full(place, details)
    if error.errno in _NOT_ALLOWED:
        return read_only(place, details)
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EISDIR}:
        return UserError(
            f"{place} cannot be a database: {error.strerror or error}.",
            remedy="Name a file in a folder.",
            details=details,
        )
    return EnvironmentFault(
        f"{place} cannot be used: {error.strerror or error}.",
        remedy="See that the disk is connected and that the file may be read and written.",
        details=details,
    )


def explain(error: Exception, place: object) -> UserError | None:
    """Return the sentence for an error of database or disk; `None` if it is a bug of ours."""
    if isinstance(error, StatementError) and isinstance(error.orig, UnicodeEncodeError):
        error = error.orig
    if isinstance(error, UnicodeEncodeError):
        return UserError(
            "A text or a file name is not valid Unicode and cannot be stored.",
            remedy="Rename the file or change the text.",
            details=ascii(error.object),
        )
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig, place)
    if isinstance(error, UnreadableValue):
        return damaged(place, str(error))
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place)
    if isinstance(error, OSError):
        return _of_system(error, place)
    return None


@contextmanager
def explained(place: object) -> Iterator[None]:
    """Turn errors of database and disk that leave the block into `UserError`s."""
    try:
        yield
    except (StatementError, sqlite3.Error, UnreadableValue, OSError, UnicodeEncodeError) as error:
        known = explain(error, place)
        if known is None:
            raise
        raise known from error
