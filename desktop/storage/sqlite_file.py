"""Everything that is only true of SQLite: connections, pragmas, file header, copies.

A server's database would get a module like this one; the stores know neither.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from desktop.errors import EnvironmentFault, UserError
from desktop.storage.faults import damaged

# "Tstn": tells our files from every other program's SQLite files.
APPLICATION_ID = 0x5473746E

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_APPLICATION_ID_OFFSET = 68
_BUSY_SECONDS = 10.0
_WRITING = "touchstone_writing"


def side_file(path: Path, suffix: str) -> Path:
    """Return a file beside the database, such as `.lock` or SQLite's own `-wal`."""
    return path.with_name(path.name + suffix)


def check_header(path: Path) -> None:
    """Refuse what is not ours without letting SQLite touch it.

    Raises `UserError` for a folder, another kind of file, or another program's database.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file.", remedy="Name a database file.")
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise UserError(
            f"{path} is not a database of Touchstone.",
            remedy="Name another file; this one was left as it is.",
        )
    (application,) = struct.unpack_from(">I", header, _APPLICATION_ID_OFFSET)
    if application != APPLICATION_ID:
        raise UserError(
            f"{path} is a database of another program.",
            remedy="Name another file; this one was left as it is.",
            details=f"application_id is {application:#010x} instead of {APPLICATION_ID:#010x}",
        )


def read_version(path: Path) -> str:
    """Return the schema's version without changing the file.

    A file without a log is read as immutable, which leaves no trace beside it. With one, another
    process may be writing, or was killed while it did, and only both together make sense.
    Raises `UserError` if there is no version.
    """
    connection = connect_reading(path) if _has_log(path) else _connect(path, "immutable=1")
    with closing(connection):
        try:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            rows = []
    if len(rows) != 1:
        raise damaged(path, "It does not say which version it has.")
    return str(rows[0][0])


def _has_log(path: Path) -> bool:
    log = side_file(path, "-wal")
    return log.exists() and log.stat().st_size > 0


def _connect(path: Path, query: str) -> sqlite3.Connection:
    # No isolation level: SQLAlchemy's begin event below decides how transactions begin.
    return sqlite3.connect(
        f"{path.as_uri()}?{query}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def connect_writing(path: Path) -> sqlite3.Connection:
    """Return a connection that keeps what it acknowledges: WAL, synced at every commit."""
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot change anything.

    SQLite needs a file beside a WAL database even for reading. Where the folder forbids that,
    the file is read as immutable, unless a log beside it holds work that would be overlooked.
    """
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
            raise
        if _has_log(path):
            raise EnvironmentFault(
                f"{path} was not closed properly and its folder is read-only.",
                remedy=f"Copy it together with {path.name}-wal to a folder that may be written.",
            ) from error
        connection = _connect(path, "immutable=1")
    except BaseException:
        connection.close()
        raise
    connection.execute("PRAGMA query_only=ON")
    return connection


def connect_migrating(path: Path) -> sqlite3.Connection:
    """Return a connection for migrations: one plain file, foreign keys off.

    Rebuilding a parent table with foreign keys on deletes its children without a word, and the
    pragma does nothing inside a transaction: it has to be off before one begins.
    """
    connection = _connect(path, "mode=rwc")
    try:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    except BaseException:
        connection.close()
        raise
    return connection


def engine_for(path: Path, *, reading_only: bool) -> Engine:
    """Return an engine whose connections come from this module.

    Reading transactions begin deferred and never wait; writing ones take the file's lock when
    they begin, because one that has to upgrade later can fail where waiting would not help.
    """
    connect = connect_reading if reading_only else connect_writing
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN DEFERRED")

    return engine


def for_writing(engine: Engine) -> Engine:
    """Return the same engine, its transactions beginning as writing ones."""
    return engine.execution_options(**{_WRITING: True})


@contextmanager
def migrating_engine(path: Path) -> Iterator[Engine]:
    """Give an engine for migrations, closed at the end so that the file can be moved."""
    engine = create_engine("sqlite://", creator=lambda: connect_migrating(path))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        yield engine
    finally:
        engine.dispose()


def copy_database(source: Path, target: Path, *, reading_only: bool) -> None:
    """Copy a database in use, with what its log holds, into one plain file at `target`."""
    connect = connect_reading if reading_only else connect_writing
    with closing(connect(source)) as original, closing(_connect(target, "mode=rwc")) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def check_database(path: Path) -> None:
    """Read the whole file. Raises `UserError` if SQLite or a foreign key finds fault with it."""
    with closing(_connect(path, "immutable=1")) as connection:
        orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(10)
        findings = connection.execute("PRAGMA integrity_check(10)").fetchall()
    if orphans:
        raise damaged(path, f"Rows without their parent: {orphans}")
    if findings != [("ok",)]:
        raise damaged(path, "\n".join(str(row[0]) for row in findings))


def fold_log(path: Path) -> None:
    """Bring what the log holds into the file itself, so that the file alone is the database."""
    with closing(_connect(path, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    log = side_file(path, "-wal")
    if log.exists():
        raise EnvironmentFault(
            f"The log {log} cannot be brought into the database.",
            remedy="Close what else has the database open, then try again.",
        )
