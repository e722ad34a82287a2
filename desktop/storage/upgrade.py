"""New databases and upgrades of old ones: always on another file, moved into place when whole.

So a crash, a full disk or a faulty migration leaves the database as it was.
"""

import logging
import os
from pathlib import Path

from desktop.errors import UserError
from desktop.storage import rows
from desktop.storage.sqlite_file import (
    check_database,
    check_header,
    copy_database,
    fold_log,
    migrating_engine,
    read_version,
    side_file,
)

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

_logger = logging.getLogger(__name__)


def prepare(path: Path) -> None:
    """Make `path` a database of the present version. The caller holds the writer's lock.

    Raises `UserError` for a file that is not ours, damaged, or of a newer version; it is then
    left as it was.
    """
    side_file(path, ".upgrading").unlink(missing_ok=True)
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        _create(path)
        return
    check_header(path)
    version = read_version(path)
    if version != rows.SCHEMA_VERSION:
        _upgrade(path, version)


def check_version_for_reading(path: Path) -> None:
    """Refuse a database that reading alone cannot make sense of."""
    version = read_version(path)
    if version == rows.SCHEMA_VERSION:
        return
    _refuse_unknown(path, version)
    raise UserError(
        f"The database {path} has version {version} and must first be upgraded to "
        f"{rows.SCHEMA_VERSION}.",
        remedy="Close other copies of Touchstone and open it where it may be written.",
    )


def _create(path: Path) -> None:
    # Two statements of SQLite's make a file ours; everything else is the migrations' work.
    new = side_file(path, ".upgrading")
    try:
        _migrate(new)
        _move_into_place(new, path)
    finally:
        _discard(new)


def _upgrade(path: Path, version: str) -> None:
    _refuse_unknown(path, version)
    copy = side_file(path, ".upgrading")
    try:
        fold_log(path)
        copy_database(path, copy, reading_only=True)
        _migrate(copy)
        check_database(copy)
        _move_into_place(copy, path)
    finally:
        _discard(copy)
    _logger.info("Upgraded %s from version %s to %s", path, version, rows.SCHEMA_VERSION)


def _refuse_unknown(path: Path, version: str) -> None:
    # Late, here and below: importing Alembic takes 0.1 s that an up-to-date database need not pay.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if version not in known:
        raise UserError(
            f"The database {path} has version {version}, this program knows versions up to "
            f"{rows.SCHEMA_VERSION}.",
            remedy="Use a newer Touchstone, or name another database; this one was left as it is.",
        )


def _migrate(path: Path) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # A percent sign in a folder's name would be taken for an interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with migrating_engine(path) as engine, engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _move_into_place(new: Path, path: Path) -> None:
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    new.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _discard(new: Path) -> None:
    for leftover in (new, side_file(new, "-journal"), side_file(new, "-wal")):
        leftover.unlink(missing_ok=True)
