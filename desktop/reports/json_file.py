"""The comparison as a document for other programs; `resources/schemas/comparison.schema.json`."""

from pathlib import Path
from typing import Any

import msgspec

from desktop.domain.comparison import Comparison
from desktop.reports.output import write_file

FORMAT = "touchstone-comparison"
VERSION = 1


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return the whole comparison as JSON data, with the name and version of its format."""
    return {"format": FORMAT, "version": VERSION, **msgspec.to_builtins(comparison)}


def write_json(comparison: Comparison, path: Path) -> None:
    """Write the comparison with all answers in full.

    Raises `UserError` if the folder is missing and `EnvironmentFault` if it can't be written to.
    """
    document = msgspec.json.encode(describe_comparison(comparison))
    write_file(path, msgspec.json.format(document, indent=2) + b"\n")
