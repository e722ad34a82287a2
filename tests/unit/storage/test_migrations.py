"""Migrations say what the rows say, and an upgrade loses nothing, whatever happens on the way."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from desktop.domain.answer import Answer
from desktop.domain.run import Run
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.storage import rows, upgrade
from desktop.storage.database import Database
from desktop.storage.sqlite_file import side_file

MakeRun: TypeAlias = Callable[..., Run]
MakeAnswer: TypeAlias = Callable[..., Answer]

ANSWERS = 25

# A next version as it may come: parents of answers and of runs are built anew.
NOW = rows.SCHEMA_VERSION
LATER = f"{int(NOW) + 1:04}"
NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "{LATER}"
down_revision = "{NOW}"


def upgrade():
    with op.batch_alter_table("suites", recreate="always") as table:
        table.add_column(sa.Column("origin", sa.Text(), nullable=True))
    with op.batch_alter_table("runs", recreate="always") as table:
        table.add_column(sa.Column("reviewed_by", sa.Text(), nullable=True))
"""
FAILING = NEXT + '    raise RuntimeError("half way")\n'
ORPHANING = NEXT + "    op.execute(sa.delete(sa.table('runs')))\n"


@pytest.fixture
def old(tmp_path: Path, suite: Suite, make_suite_run: MakeRun, make_answer: MakeAnswer) -> Path:
    """Return a database with answers, as a killed process leaves it: the last ones in its log."""
    path, crashed = tmp_path / "results.sqlite", tmp_path / "crashed" / "results.sqlite"
    crashed.parent.mkdir()
    with Database.open(path) as database:
        run = make_suite_run()
        database.runs.add_suite(suite)
        database.runs.add_runs([run])
        for number in range(ANSWERS):
            database.runs.add_answer(make_answer(run, f"case {number}"))
        for suffix in ("", "-wal"):
            shutil.copyfile(side_file(path, suffix), side_file(crashed, suffix))
    return crashed


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes this program one that brings a further migration."""

    def apply(migration: str) -> None:
        folder = tmp_path / "50% migrations"
        shutil.copytree(upgrade.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "0005_next.py").write_text(migration)
        monkeypatch.setattr(upgrade, "MIGRATIONS", folder)
        monkeypatch.setattr(rows, "SCHEMA_VERSION", LATER)

    return apply


def test_migrations_make_exactly_the_tables_of_the_rows(database: Database) -> None:
    with database._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, rows.Base.metadata) == []


def test_the_newest_migration_is_the_version_that_the_rows_name() -> None:
    assert ScriptDirectory(str(upgrade.MIGRATIONS)).get_heads() == [rows.SCHEMA_VERSION]


def test_an_upgrade_keeps_every_answer(old: Path, release: Callable[[str], None]) -> None:
    release(NEXT)
    with Database.open(old) as database:
        assert database.schema_version == LATER
        assert database.runs.count_answers() == ANSWERS
        (summary,) = database.runs.list_runs()
        assert summary.run.suite
        assert database.runs.load_suite(summary.run.suite.sha256).cases
        assert len(database.runs.load_answers(summary.run.id)) == ANSWERS
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (LATER,)
        ]
        foreign_keys = connection.execute("PRAGMA foreign_key_list(answers)").fetchall()
        assert [key[2] for key in foreign_keys] == ["runs"]
    assert {p.name for p in old.parent.iterdir()} == {"results.sqlite", "results.sqlite.lock"}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_process_killed_while_it_emptied_its_log_leaves_a_good_database(
    old: Path, read_only: bool
) -> None:
    with old.open("r+b") as file:
        # The first page has been brought over and tells of pages that only the log has yet.
        file.seek(28)
        file.write((10_000).to_bytes(4, "big"))
    with Database.open(old, read_only=read_only) as database:
        assert database.runs.count_answers() == ANSWERS


def test_a_reader_does_not_upgrade(old: Path, release: Callable[[str], None]) -> None:
    release(NEXT)
    before = old.read_bytes()
    with pytest.raises(UserError, match=f"{NOW} and must first be upgraded to {LATER}"):
        Database.open(old, read_only=True)
    assert old.read_bytes() == before


@pytest.mark.parametrize(("migration", "words"), [(FAILING, "half way"), (ORPHANING, "is damaged")])
def test_a_failed_upgrade_leaves_the_old_database(
    old: Path,
    release: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    migration: str,
    words: str,
) -> None:
    release(migration)
    with pytest.raises((RuntimeError, UserError), match=words):
        Database.open(old)
    assert {p.name for p in old.parent.iterdir()} == {"results.sqlite", "results.sqlite.lock"}
    monkeypatch.undo()
    with Database.open(old) as database:
        assert database.runs.count_answers() == ANSWERS


def test_what_a_killed_upgrade_left_is_no_hindrance(
    old: Path, release: Callable[[str], None]
) -> None:
    release(NEXT)
    side_file(old, ".upgrading").write_bytes(b"half a database")
    side_file(old, ".upgrading-journal").write_bytes(b"half a journal")
    with Database.open(old) as database:
        assert database.runs.count_answers() == ANSWERS
    assert {p.name for p in old.parent.iterdir()} == {"results.sqlite", "results.sqlite.lock"}
