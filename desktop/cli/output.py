"""What is printed: a document for programs, lines for people, sentences for trouble."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec

from desktop import __version__
from desktop.domain.base import JsonValue
from desktop.errors import EnvironmentFault, UserError

CANCELLED = 130  # the exit code
NONE = "-"  # in a table, where there is no figure
# Titles of columns that only models that think have; tokens are the mean of an answer.
CUT_OFF = "cut off"
THINKING = "thinking tokens"


class Output:
    """Where a command's results go. With `as_json` stdout gets exactly one document."""

    def __init__(self, *, as_json: bool) -> None:
        """Choose between a document and lines."""
        self.as_json = as_json

    def print_document(self, document: dict[str, JsonValue], lines: Sequence[str]) -> None:
        """Print the document, or the lines that say the same to people.

        Raises `EnvironmentFault` if it can't be written, to a full disk for one. That the reader
        has gone (`touchstone runs | head`) is no fault.
        """
        if self.as_json:
            plain = msgspec.to_builtins(document)
            text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
            if isinstance(sys.stdout, io.TextIOWrapper):  # Windows would write in its code page
                sys.stdout.reconfigure(encoding="utf-8")
        else:
            text = "\n".join(lines)
        try:
            _write(sys.stdout, text)
        except OSError as error:
            raise EnvironmentFault(
                f"The results can't be written to the output: {error.strerror}.",
                remedy="What was run is stored; `touchstone runs` lists it.",
            ) from error

    def tell(self, line: str) -> None:
        """Say something beside the result, on stderr, if anybody can hear it."""
        with contextlib.suppress(OSError):
            _write(sys.stderr, line)

    def report_failure(self, error: UserError) -> None:
        """Say what went wrong: one sentence on stderr, and as the document if one is wanted."""
        if self.as_json:
            self._print_failure(error.message, error.remedy, error.details, error.exit_code)
        self.tell(f"touchstone: {error}")

    def report_cancelled(self) -> None:
        """Say that it was cancelled before there was a result."""
        if self.as_json:
            self._print_failure("Cancelled.", "", "", CANCELLED)
        self.tell("touchstone: cancelled")

    def _print_failure(self, message: str, remedy: str, details: str, exit_code: int) -> None:
        error: dict[str, JsonValue] = {
            "message": message,
            "remedy": remedy,
            "details": details,
            "exit_code": exit_code,
        }
        # The failure may be that nothing can be written.
        with contextlib.suppress(EnvironmentFault):
            self.print_document({"error": error}, ())


def _write(stream: TextIO, text: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        # A file's name may have bytes that are no text, or letters that a console lacks.
        stream.reconfigure(errors="backslashreplace")
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        _drop_the_rest(stream)
    except OSError:
        _drop_the_rest(stream)
        raise


def _drop_the_rest(stream: TextIO) -> None:
    """Send what is still to come nowhere; Python would try once more as it ends, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def print_version(*, as_json: bool) -> int:
    """Print which Touchstone this is; returns the exit code."""
    Output(as_json=as_json).print_document(
        {"name": "touchstone", "version": __version__}, [f"touchstone {__version__}"]
    )
    return 0


def align(
    rows: Sequence[Sequence[str]], right: Sequence[int] = (), optional: Sequence[int] = ()
) -> list[str]:
    """Return rows as lines with aligned columns; columns in `right` end in a line.

    Those in `optional` are left out where nothing stands below their title.
    """
    if not rows:
        return []
    columns = range(len(rows[0]))
    shown = [c for c in columns if c not in optional or any(row[c] for row in rows[1:])]
    widths = {column: max(len(row[column]) for row in rows) for column in shown}
    return [
        "  ".join(
            row[c].rjust(widths[c]) if c in right else row[c].ljust(widths[c]) for c in shown
        ).rstrip()
        for row in rows
    ]


def say_unless_none(count: float | None) -> str:
    """Return a count as a whole number; nothing for none at all."""
    return f"{count:,.0f}" if count else ""


def shorten_bytes(count: float) -> str:
    """Return a size the way people say it, decimal units."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"
