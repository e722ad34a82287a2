"""Results reach whoever reads them; where they can't, a sentence says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.cli.output import align, say_unless_none

PRINT = """
import sys
from desktop.cli.output import Output
from desktop.errors import UserError
output = Output(as_json="--json" in sys.argv)
try:
    output.print_document({"name": "x\\udcfe\\u4e2d" * 20_000}, ["x\\udcfe\\u4e2d"] * 20_000)
except UserError as error:
    output.report_failure(error)
    sys.exit(error.exit_code)
"""


def _start(*arguments: str, stdout: int, encoding: str = "utf-8") -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.Popen(
        [sys.executable, "-c", PRINT, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).resolve().parents[3],
    )


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_a_reader_that_goes_is_no_fault(arguments: tuple[str, ...]) -> None:
    with _start(*arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_a_full_disk_is_told(arguments: tuple[str, ...]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with _start(*arguments, stdout=full) as process:
        os.close(full)
        assert process.stderr is not None
        (line,) = process.stderr.read().decode().splitlines()
    assert line.startswith("touchstone: The results can't be written")
    assert process.returncode == 3


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_odd_file_names_and_narrow_consoles_break_no_document(encoding: str) -> None:
    with _start("--json", stdout=subprocess.PIPE, encoding=encoding) as process:
        out, err = process.communicate(timeout=60)
    assert err == b""
    assert json.loads(out.decode("utf-8"))["name"].startswith("x\udcfe\u4e2d")
    with _start(stdout=subprocess.PIPE, encoding=encoding) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.decode(encoding).startswith("x\\udcfe")


def test_an_optional_column_is_there_only_where_something_stands_in_it() -> None:
    title = ("model", "cut off", "passed")
    rows = [title, ("A", say_unless_none(0), "2"), ("B", say_unless_none(None), "10")]
    assert align(rows, right=(1, 2), optional=(1,)) == [
        "model  passed",
        "A           2",
        "B          10",
    ]
    rows.append(("C", say_unless_none(1234.6), "3"))
    assert align(rows, right=(1, 2), optional=(1,))[::3] == [
        "model  cut off  passed",
        "C        1,235       3",
    ]
