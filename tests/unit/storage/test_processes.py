"""What other processes do to a database: being killed, writing too, having no rights or room."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from desktop.domain.run import Run, RunStatus
from desktop.storage.database import Database
from desktop.storage.faults import DatabaseInUse

MakeRun: TypeAlias = Callable[..., Run]

ROOT = Path(__file__).resolve().parents[3]
ENOUGH = 30

# Stores answers without end and says which are durable.
WRITER = """
import itertools, sys
from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.run import Outcome, StopReason
from desktop.errors import UserError
from desktop.storage.database import Database

path, run_id, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = Database.open(path)
LIMIT
try:
    for number in itertools.count():
        database.runs.add_answer(Answer(
            id=new_id(), run_id=run_id, case_id=f"case {number}", repeat=0, text="x" * size,
            outcome=Outcome.PASSED, score=1.0, scores=(), stop_reason=StopReason.MAX_TOKENS,
            finished_at=utc_now(),
        ))
        print(f"case {number}", flush=True)
except UserError as error:
    print(error.exit_code, error.message, file=sys.stderr)
"""
LIMIT = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
"""
# Opens for writing, then for reading, as somebody without special rights.
VISITOR = """
import os, sys
from pathlib import Path
from desktop.errors import UserError
from desktop.storage.database import Database

if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    Database.open(sys.argv[1])
except UserError as error:
    print(error.exit_code, error.message)
with Database.open(sys.argv[1], read_only=True) as database:
    print(len(database.runs.list_runs()), database.read_only_reason)
"""


@pytest.fixture
def path_and_run(tmp_path: Path, make_run: MakeRun) -> tuple[Path, Run]:
    path, run = tmp_path / "results.sqlite", make_run()
    with Database.open(path) as database:
        database.runs.add_runs([run])
    return path, run


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may look into; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def command(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]


def test_an_up_to_date_database_opens_without_the_cost_of_alembic(
    path_and_run: tuple[Path, Run],
) -> None:
    script = """
import sys
from desktop.storage.database import Database
Database.open(sys.argv[1]).close()
print("alembic" in sys.modules)
"""
    opened = subprocess.run(
        command(script, path_and_run[0]), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert opened.stdout.strip() == "False"


def test_a_killed_writer_loses_nothing_acknowledged_and_frees_the_lock(
    path_and_run: tuple[Path, Run],
) -> None:
    path, run = path_and_run
    writer = subprocess.Popen(
        command(WRITER.replace("LIMIT", ""), path, run.id, 500),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with writer:
        assert writer.stdout
        acknowledged = [writer.stdout.readline().strip() for _ in range(ENOUGH)]
        with pytest.raises(DatabaseInUse, match=f"process {writer.pid}") as caught:
            Database.open(path)
        assert caught.value.exit_code == 3
        writer.kill()
        acknowledged += writer.stdout.read().split("\n")[:-1]
    with Database.open(path) as database:
        assert database.runs.mark_interrupted() == 1
        stored = [answer.case_id for answer in database.runs.load_answers(run.id)]
        assert stored[: len(acknowledged)] == acknowledged
        # At most the one that it was about to acknowledge came on top.
        assert len(stored) - len(acknowledged) in {0, 1}
        assert database.runs.load_run(run.id).status is RunStatus.INTERRUPTED


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of file sizes")
def test_a_disk_without_room_ends_with_a_sentence_and_keeps_the_rest(
    path_and_run: tuple[Path, Run],
) -> None:
    path, run = path_and_run
    writer = subprocess.run(
        command(WRITER.replace("LIMIT", LIMIT), path, run.id, 50_000),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    acknowledged = writer.stdout.splitlines()
    assert len(acknowledged) > 1
    assert writer.stderr.startswith("3 The disk ")
    assert len(writer.stderr.splitlines()) == 1
    with Database.open(path) as database:
        stored = [answer.case_id for answer in database.runs.load_answers(run.id)]
    assert stored == acknowledged


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o555, 0o444), (0o755, 0o444)])
def test_a_read_only_place_is_told_and_can_still_be_read(
    public_folder: Path, make_run: MakeRun, folder_mode: int, file_mode: int
) -> None:
    path = public_folder / "results.sqlite"
    with Database.open(path) as database:
        database.runs.add_runs([make_run()])
    for file in public_folder.iterdir():
        file.chmod(file_mode)
    public_folder.chmod(folder_mode)
    before = path.read_bytes()
    visitor = subprocess.run(
        command(VISITOR, path), cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    refused, read = visitor.stdout.splitlines()
    assert refused.startswith("3 ")
    assert "read-only" in refused
    assert read.startswith("1 ")
    assert "read-only" in read
    assert path.read_bytes() == before
    assert {p.name for p in public_folder.iterdir()} <= {
        name + suffix for name in ("results.sqlite",) for suffix in ("", ".lock", "-shm", "-wal")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_a_folder_without_rights_for_a_new_database_is_told(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    visitor = subprocess.run(
        command(VISITOR, public_folder / "results.sqlite"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert visitor.stdout.startswith("3 ")
    assert "read-only" in visitor.stdout
    assert list(public_folder.iterdir()) == []
