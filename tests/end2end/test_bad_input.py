"""Bad input: one clear sentence, the right exit code, nothing stored broken."""

import json
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from tests.end2end.conftest import Program

Writer = Callable[..., Path]


def _run(program: Program, model: Path, suite: Path, *more: object, exit_code: int = 2) -> str:
    return program.refuse("run", "--model", model, "--suite", suite, *more, exit_code=exit_code)


def test_a_missing_model(program: Program, write_suite: Writer, tmp_path: Path) -> None:
    sentence = _run(program, tmp_path / "none.gguf", write_suite())
    assert "none.gguf" in sentence
    assert program.ask("runs")["runs"] == []


def test_a_folder_without_models(program: Program, write_suite: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    for sentence in (_run(program, folder, write_suite()), program.refuse("scan", folder)):
        assert f"{folder} has no GGUF files" in sentence


def test_a_file_that_is_no_gguf(program: Program, write_suite: Writer, tmp_path: Path) -> None:
    text = tmp_path / "letter.gguf"
    text.write_text("Dear Sir or Madam", "utf-8")
    sentence = _run(program, text, write_suite())
    assert "letter.gguf" in sentence
    assert "GGUF" in sentence


def test_a_truncated_gguf(
    program: Program, write_suite: Writer, smollm: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(smollm.read_bytes()[:20_000_000])
    assert "cut.gguf" in _run(program, cut, write_suite())


@pytest.mark.engine
def test_an_unknown_architecture(program: Program, write_suite: Writer, tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    writer = GGUFWriter(path, "frobnicator")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_tensor("token_embd.weight", np.zeros((8, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    sentence = _run(program, path, write_suite())
    assert "frobnicator" in sentence
    assert program.ask("runs")["runs"] == []


@pytest.mark.engine
def test_a_context_larger_than_memory(program: Program, write_suite: Writer, smollm: Path) -> None:
    sentence = _run(program, smollm, write_suite(), "--context", 50_000_000, exit_code=3)
    assert "memory" in sentence
    assert program.ask("runs")["runs"] == []


def test_a_suite_that_is_not_there(program: Program, smollm: Path) -> None:
    sentence = _run(program, smollm, Path("startr"))
    assert "startr" in sentence
    assert "starter" in sentence


def test_a_suite_with_a_wrong_key(program: Program, write_suite: Writer, smollm: Path) -> None:
    suite = write_suite()
    suite.write_text(suite.read_text("utf-8").replace("    checks:", "    cheks:", 1), "utf-8")
    sentence = _run(program, smollm, suite)
    assert "small.yaml" in sentence
    assert "line 10" in sentence
    assert "cheks" in sentence
    assert "checks" in sentence


def test_a_database_of_a_newer_version(program: Program, write_suite: Writer, smollm: Path) -> None:
    assert program.ask("runs")["runs"] == []
    with sqlite3.connect(program.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = program.database.read_bytes()
    for command in (("runs",), ("run", "--model", smollm, "--suite", write_suite())):
        assert "9999" in program.refuse(*command)
    assert program.database.read_bytes() == before


def test_a_database_that_is_something_else(program: Program, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE precious (id INTEGER)")
    connection.close()
    before = other.read_bytes()
    assert "other.sqlite" in program.refuse("--database", other, "runs")
    assert other.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX")
def test_a_pdf_on_a_full_disk(
    program: Program, write_suite: Writer, smollm: Path, tmp_path: Path
) -> None:
    document = program.ask(
        "run", "--engine", "scripted", "--model", smollm, "--suite", write_suite()
    )
    run = document["runs"][0]["id"]
    pdf = tmp_path / "reports" / "x.pdf"
    assert str(pdf.parent) in program.refuse("compare", run, "--pdf", pdf)
    pdf.parent.mkdir()
    done = _run_with_full_disk(program, 33_000, "compare", run, "--pdf", pdf)
    assert done.returncode == 3, done.stderr
    assert "x.pdf" in done.stderr
    assert list(pdf.parent.iterdir()) == []


def test_an_unknown_run(program: Program) -> None:
    assert "0000" in program.refuse("compare", "00000000")
    assert "0000" in program.refuse("resume", "00000000")


def _run_with_full_disk(
    program: Program, size_bytes: int, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run with no file allowed to grow beyond `size_bytes`."""
    return subprocess.run(
        [sys.executable, "-m", "desktop", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=program.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes)),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX")
def test_a_database_on_a_full_disk(program: Program, write_suite: Writer, smollm: Path) -> None:
    assert program.ask("runs")["runs"] == []
    room = program.database.stat().st_size + 40_000
    suite = write_suite(cases=150)
    done = _run_with_full_disk(
        program, room, "run", "--engine", "scripted", "--model", smollm, "--suite", suite, "--json"
    )
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["error"]["exit_code"] == 3
    assert "Traceback" not in done.stderr
    kept = program.ask("runs")["runs"]
    assert all(run["errors"] == 0 for run in kept)


def test_the_bundled_suite_survives_being_read_from_a_folder_of_ones_own(
    program: Program, tmp_path: Path
) -> None:
    starter = next(s for s in program.ask("suites")["suites"] if s["id"] == "starter")
    copy = shutil.copy(starter["path"], tmp_path / "mine.yaml")
    assert program.ask("suites", "check", copy)["suite"]["sha256"] == starter["sha256"]
