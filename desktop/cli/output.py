"""What is printed: a document for programs, lines for people, sentences for trouble."""

import json
import sys
from collections.abc import Sequence

import msgspec

from desktop import __version__
from desktop.domain.base import JsonValue
from desktop.errors import UserError


class Output:
    """Where a command's results go. With `as_json` stdout gets exactly one document."""

    def __init__(self, *, as_json: bool) -> None:
        """Choose between a document and lines."""
        self.as_json = as_json

    def print_document(self, document: dict[str, JsonValue], lines: Sequence[str]) -> None:
        """Print the document, or the lines that say the same to people."""
        if self.as_json:
            plain = msgspec.to_builtins(document)
            print(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False))  # noqa: T201
        else:
            print("\n".join(lines))  # noqa: T201
        sys.stdout.flush()

    def tell(self, line: str) -> None:
        """Say something beside the result, on stderr."""
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    def report_failure(self, error: UserError) -> None:
        """Say what went wrong: one sentence on stderr, and as the document if one is wanted."""
        if self.as_json:
            self.print_document(
                {
                    "error": {
                        "message": error.message,
                        "remedy": error.remedy,
                        "details": error.details,
                        "exit_code": error.exit_code,
                    }
                },
                (),
            )
        self.tell(f"touchstone: {error}")


def print_version(*, as_json: bool) -> int:
    """Print which Touchstone this is; returns the exit code."""
    Output(as_json=as_json).print_document(
        {"name": "touchstone", "version": __version__}, [f"touchstone {__version__}"]
    )
    return 0


def align(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return rows as lines with aligned columns; columns in `right` end in a line."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def shorten_bytes(count: float) -> str:
    """Return a size the way people say it, decimal units."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"
