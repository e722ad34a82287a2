"""`benchmarks/RESULTS.md`: one section for each benchmark, replaced when it is run again."""

import platform
import re
from collections.abc import Sequence
from pathlib import Path

from peers import BINDING, binding_version

from desktop.domain.base import utc_now
from desktop.probes.machine import inspect_machine

RESULTS = Path(__file__).resolve().with_name("RESULTS.md")
_INTRODUCTION = """# Measured beside peers

Written by `make bench`; each section tells its machine, versions and load. Figures of different
machines or days don't compare, ratios within one section do.
"""
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def record(title: str, *, aim: str, body: str, verdict: str, file: Path = RESULTS) -> None:
    """Print a section and put it into the results in the place of the one with the same title.

    `body` is Markdown, such as `table` returns; `verdict` is what `quiet.judge` says.
    """
    section = f"Aim: {aim}.\n\n{body.strip()}\n\n{verdict}\n\n{_describe_conditions()}\n"
    print(f"\n## {title}\n\n{section}", flush=True)
    sections = _read(file)
    sections[title] = section
    text = "\n".join(f"## {name}\n\n{content.strip()}\n" for name, content in sections.items())
    file.write_text(f"{_INTRODUCTION}\n{text}", encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table whose columns but the first are figures, set to the right."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    lines = [
        " | ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    rule = "|".join(
        "-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
        for column, width in enumerate(widths)
    )
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


def _read(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    return dict(_SECTION.findall(file.read_text(encoding="utf-8")))


def _describe_conditions() -> str:
    machine = inspect_machine()
    processor = machine.processor
    cores = f"{processor.usable_cores} of {processor.logical_cores} cores usable"
    virtual = f", {machine.virtualization}" if machine.virtualization else ""
    return (
        f"{utc_now():%Y-%m-%d %H:%M} UTC; {processor.name}, {cores},"
        f" {machine.memory_bytes / 1e9:.0f} GB{virtual}; {machine.system};"
        f" Python {platform.python_version()}, {BINDING} {binding_version()}."
    )
