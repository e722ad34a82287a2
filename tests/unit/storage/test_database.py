"""Opening: whose file it is, which version, who may write; and copies of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from desktop.domain.answer import Answer
from desktop.domain.run import Run
from desktop.errors import EnvironmentFault, UserError
from desktop.storage import rows, sqlite_file
from desktop.storage.database import Database
from desktop.storage.faults import DatabaseInUse

MakeRun: TypeAlias = Callable[..., Run]
MakeAnswer: TypeAlias = Callable[..., Answer]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_database_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "50% ä #?&" / "results.sqlite"
    with Database.open(path) as database:
        assert database.path == path
        assert (database.read_only, database.read_only_reason) == (False, "")
        assert database.schema_version == rows.SCHEMA_VERSION
    assert names(path.parent) == {"results.sqlite", "results.sqlite.lock"}
    with closing(sqlite3.connect(path)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    assert application == sqlite_file.APPLICATION_ID


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite+pysqlite:///{}", "{}"])
def test_a_database_can_be_named_by_url_or_path(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.sqlite"
    with Database.open(form.format(path)) as database:
        assert database.path == path


@pytest.mark.parametrize(
    "url", ["postgresql://user:secret@host/db", "sqlite://", "sqlite:///:memory:", "://", ""]
)
def test_what_cannot_be_opened_is_told(url: str) -> None:
    with pytest.raises(UserError) as caught:
        Database.open(url)
    assert "secret" not in str(caught.value)


def test_two_names_of_a_file_share_one_lock(tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / "real.sqlite")
    with Database.open(link), pytest.raises(DatabaseInUse):
        Database.open(tmp_path / "real.sqlite")


def test_connections_keep_what_they_acknowledge(database: Database) -> None:
    with database._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2}


def foreign_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"GGUF" + bytes(5000)),
        lambda path: path.write_bytes(b"SQLite format 3\x00"),
        foreign_sqlite,
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_not_ours_is_refused_untouched(
    tmp_path: Path, make: Callable[[Path], object], read_only: bool
) -> None:
    path = tmp_path / "theirs"
    make(path)
    before = path.read_bytes()
    with pytest.raises(UserError) as caught:
        Database.open(path, read_only=read_only)
    assert caught.value.exit_code == 2
    assert str(path) in caught.value.message
    assert path.read_bytes() == before
    assert names(tmp_path) == {"theirs"}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_is_no_database(tmp_path: Path, read_only: bool) -> None:
    with pytest.raises(UserError, match="is not a file"):
        Database.open(tmp_path, read_only=read_only)


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be a database"):
        Database.open(tmp_path / "file" / "results.sqlite")


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with Database.open(tmp_path / "empty") as database:
        assert database.runs.count_runs() == 0


def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.commit()
    before, files = path.read_bytes(), names(tmp_path)
    for read_only in (False, True):
        with pytest.raises(UserError, match=f"0999.*{rows.SCHEMA_VERSION}") as caught:
            Database.open(path, read_only=read_only)
        assert caught.value.exit_code == 2
    assert path.read_bytes() == before
    assert names(tmp_path) == files
    # The lock was given back.
    with pytest.raises(UserError, match="0999"):
        Database.open(path)


def test_a_damaged_database_is_told(
    tmp_path: Path, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    path = tmp_path / "results.sqlite"
    with Database.open(path) as database:
        run = make_run()
        database.runs.add_runs([run])
        for number in range(50):
            database.runs.add_answer(make_answer(run, f"case {number}", text="x" * 2000))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x55" * (len(whole) - 4096))
    with pytest.raises(UserError, match="damaged"), Database.open(path) as database:
        database.runs.load_answers(run.id)


@pytest.mark.parametrize(
    "damage", ["UPDATE runs SET status = 'dancing'", """UPDATE runs SET settings = '{"repeats":'"""]
)
def test_a_row_that_makes_no_sense_is_told(tmp_path: Path, make_run: MakeRun, damage: str) -> None:
    path = tmp_path / "results.sqlite"
    with Database.open(path) as database:
        database.runs.add_runs([make_run()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(damage)
        connection.commit()
    with Database.open(path) as database, pytest.raises(UserError, match="damaged"):
        database.runs.list_runs()


def test_a_second_writer_is_refused_and_may_read(
    database: Database, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    assert database.path
    run = make_run()
    database.runs.add_runs([run])
    with pytest.raises(DatabaseInUse, match=r"process \d+.*is writing") as caught:
        Database.open(database.path)
    assert caught.value.exit_code == 3
    with Database.open(database.path, read_only=True) as reader:
        assert reader.read_only
        assert "process" in reader.read_only_reason
        database.runs.add_answer(make_answer(run))
        assert reader.runs.count_answers() == 1
        with pytest.raises(EnvironmentFault, match="reading only"):
            reader.runs.add_answer(make_answer(run, "other"))
        with (
            closing(reader._engine.raw_connection()) as connection,
            pytest.raises(sqlite3.OperationalError, match="readonly"),
        ):
            connection.cursor().execute("DELETE FROM runs")


def test_reading_needs_a_database_and_says_why_it_only_reads(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with pytest.raises(UserError, match="There is no database"):
        Database.open(path, read_only=True)
    assert names(tmp_path) == set()
    Database.open(path).close()
    with Database.open(path, read_only=True) as reader:
        assert reader.read_only_reason == "The database was opened for reading only."
        # A reader holds no lock.
        Database.open(path).close()


def test_a_full_disk_is_told_and_keeps_what_was_stored(
    database: Database,
    make_run: MakeRun,
    make_answer: MakeAnswer,
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    database.runs.add_answer(make_answer(run))
    with database._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        # The pool gives this very connection to the next who asks.
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(EnvironmentFault, match=r"disk of .* is full") as caught:
        database.runs.add_answer(make_answer(run, "big", text="x" * 100_000))
    assert caught.value.exit_code == 3
    assert [answer.case_id for answer in database.runs.load_answers(run.id)] == ["sum"]
    with database._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    database.runs.add_answer(make_answer(run, "big", text="x" * 100_000))
    assert database.runs.count_answers() == 2


def test_a_backup_is_a_whole_database_made_while_the_other_is_in_use(
    database: Database, tmp_path: Path, make_run: MakeRun, make_answer: MakeAnswer
) -> None:
    run = make_run()
    database.runs.add_runs([run])
    database.runs.add_answer(make_answer(run))
    folder = tmp_path / "copies"
    folder.mkdir()
    target = database.back_up(folder / "copy.sqlite")
    database.runs.add_answer(make_answer(run, "later"))
    assert names(folder) == {"copy.sqlite"}
    with Database.open(target) as copy:
        assert len(copy.runs.load_answers(run.id)) == 1


def test_a_reader_can_make_a_backup_too(database: Database, tmp_path: Path) -> None:
    assert database.path
    with Database.open(database.path, read_only=True) as reader:
        Database.open(reader.back_up(tmp_path / "copy.sqlite")).close()


def test_a_backup_overwrites_nothing(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        database.back_up(target)
    assert target.read_text() == "mine"
    with pytest.raises(UserError):
        database.back_up(tmp_path / "no such folder" / "copy.sqlite")


def test_a_backup_that_fails_its_check_is_not_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_copy(source: Path, target: Path, *, reading_only: bool) -> None:
        sqlite_file.copy_database(source, target, reading_only=reading_only)
        content = target.read_bytes()
        target.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))

    monkeypatch.setattr("desktop.storage.database.copy_database", break_copy)
    before = names(tmp_path)
    with pytest.raises(UserError, match="damaged"):
        database.back_up(tmp_path / "copy.sqlite")
    assert names(tmp_path) == before
