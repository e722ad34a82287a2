"""The comparison as a PDF: tagged, for archives, the same bytes for the same comparison."""

import re
from pathlib import Path
from typing import Any

import msgspec
import typst

from desktop import paths
from desktop.domain.comparison import Comparison
from desktop.reports.glyphs import PDF_STANDARDS, missing_characters, replace_characters
from desktop.reports.output import write_file
from desktop.reports.sheet import build_sheet

_QUOTED = re.compile(r'(?:text|codepoint) `"(.*?)"`', re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_MOST_ATTEMPTS = 8


def write_pdf(comparison: Comparison, path: Path) -> None:
    """Write the comparison as a PDF; a half-written file is never left.

    Raises `UserError` if the folder is missing and `EnvironmentFault` if it can't be written to.
    """
    write_file(path, render_pdf(comparison))


def render_pdf(comparison: Comparison) -> bytes:
    """Return the comparison as a PDF/UA-1 and PDF/A-2a document."""
    sheet = build_sheet(comparison)
    text = msgspec.json.encode(sheet).decode()
    missing = missing_characters(text)
    for _ in range(_MOST_ATTEMPTS):
        try:
            return _compile(replace_characters(text, missing), comparison, replaced=bool(missing))
        except typst.TypstError as fault:
            # Characters that print apart may still fail together, as sequences of emoji do.
            refused = _refused_characters(str(fault)) - missing
            if not refused:
                raise
            missing |= refused
    plain = {character for character in text if not character.isascii()}
    return _compile(replace_characters(text, plain), comparison, replaced=True)


def _compile(sheet: str, comparison: Comparison, *, replaced: bool) -> bytes:
    data: dict[str, Any] = msgspec.json.decode(sheet)
    data["replaced"] = replaced
    template = paths.resource("report", "comparison.typ")
    compiled = typst.compile(
        template,
        root=template.parent,
        sys_inputs={"data": msgspec.json.encode(data).decode()},
        pdf_standards=list(PDF_STANDARDS),
        timestamp=int(comparison.created_at.timestamp()),
    )
    if not isinstance(compiled, bytes):
        raise TypeError("Typst gave pages instead of a PDF")
    return compiled


def _refused_characters(message: str) -> frozenset[str]:
    quoted = _QUOTED.search(message)
    if quoted is None:
        return frozenset()
    text = _ESCAPE.sub(lambda code: chr(int(code.group(1), 16)), quoted.group(1))
    return frozenset(character for character in text if not character.isascii())
