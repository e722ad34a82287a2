"""Suites from other programs' files, and files for other programs: what window and command offer.

Nothing is fetched and nothing that a file says is executed.
"""

from collections.abc import Sequence
from pathlib import Path

from desktop.domain.base import Value
from desktop.domain.suite import Suite
from desktop.domain.suite_import import ImportPreview, Notice, SuiteImport, TableOptions
from desktop.errors import UserError
from desktop.suites.findings import with_nearest
from desktop.suites.importers.exporting import export_suite as export_benchmark
from desktop.suites.importers.importing import ImportOptions, import_benchmark
from desktop.suites.importers.registry import BENCHMARKS
from desktop.suites.promptfoo.config import FORMAT as PROMPTFOO
from desktop.suites.promptfoo.config import is_promptfoo, read_promptfoo
from desktop.suites.promptfoo.files import parse_tree
from desktop.suites.reader import MOST_BYTES, read_suite
from desktop.suites.source import decode_utf8, read_bytes
from desktop.suites.tables.reading import import_table, preview_table
from desktop.suites.tables.source import CSV, JSON_LINES
from desktop.suites.tables.writing import format_table, list_lost
from desktop.suites.writer import write_suite, write_text

OWN = "touchstone"
_TABLES = (CSV, JSON_LINES)
_YAML = frozenset({".yaml", ".yml"})
_SHOWN_CASES = 20


class SuiteFormat(Value, frozen=True, kw_only=True):
    """A form in which suites come or go: its name on the command line, and for people."""

    name: str
    title: str
    is_written: bool = True


def list_formats() -> tuple[SuiteFormat, ...]:
    """Return every form that is read; our own first, benchmarks by name last."""
    return (
        SuiteFormat(name=OWN, title="Touchstone suite (YAML)"),
        SuiteFormat(name=PROMPTFOO, title="promptfoo configuration", is_written=False),
        SuiteFormat(name=CSV, title="CSV table"),
        SuiteFormat(name=JSON_LINES, title="JSONL table"),
        *(SuiteFormat(name=each.name, title=each.title) for each in BENCHMARKS.values()),
    )


def find_format(name: str) -> str:
    """Return the name of a form as `list_formats` has it; raises `UserError` with the nearest."""
    known = [form.name for form in list_formats()]
    wanted = name.strip().lower()
    for each in (wanted, wanted.replace("-", "_")):
        if each in known:
            return each
    raise UserError(
        with_nearest(f'There is no format "{name[:60]}"', wanted, known),
        remedy="`touchstone suites importers` lists the benchmarks; tables are csv and jsonl.",
    )


def detect_format(path: Path) -> str:
    """Return the form that a file has by its name, for YAML by its keys; raises `UserError`."""
    suffix = path.suffix.lower()
    if suffix in {".jsonl", ".ndjson"}:
        return JSON_LINES
    if suffix in {".csv", ".tsv", ".txt"}:
        return CSV
    if suffix not in _YAML | {".json"}:
        raise UserError(
            f"{path} is of no kind that is known by its name.",
            remedy="Name its format: `touchstone suites import --help` lists them.",
        )
    tree = parse_tree(path, decode_utf8(path, read_bytes(path, MOST_BYTES)))
    if is_promptfoo(tree):
        return PROMPTFOO
    return OWN if suffix in _YAML else JSON_LINES


def read_any_suite(path: Path) -> SuiteImport:
    """Return a suite of ours, or one in promptfoo's form, as `--suite` takes them.

    Raises `UserError`, also for a configuration of which nothing can be asked.
    """
    found = check_file(path)
    require_cases(found, path)
    return found


def check_file(path: Path) -> SuiteImport:
    """Return what a file holds, also a configuration of which nothing can be asked."""
    if path.suffix.lower() in _YAML and path.is_file():
        found = _read_other(path)
        if found is not None:
            return found
    return SuiteImport(suite=read_suite(path), format=OWN)


def _read_other(path: Path) -> SuiteImport | None:
    # A cheap look decides for suites of ours, which may be large.
    is_own = b"touchstone_suite" in read_bytes(path, MOST_BYTES)
    return None if is_own or detect_format(path) != PROMPTFOO else read_promptfoo(path)


def preview_import(path: Path, form: str = "", table: TableOptions | None = None) -> ImportPreview:
    """Return what an import of a file would give, without doing it.

    Raises `UserError` where the file can't be read; what is wrong with the mapping of a table is
    the preview's `problem`.
    """
    form = find_format(form) if form else detect_format(path)
    if form in _TABLES:
        return preview_table(path, table or TableOptions())
    found = import_suite([path], form)
    return ImportPreview(
        format=form,
        total=len(found.suite.cases),
        cases=found.suite.cases[:_SHOWN_CASES],
        notices=found.notices,
    )


def import_suite(
    paths: Sequence[Path],
    form: str = "",
    table: TableOptions | None = None,
    benchmark: ImportOptions | None = None,
) -> SuiteImport:
    """Return the suite of one file, or of a benchmark's several, with what could not be kept.

    Raises `UserError`. The suite is not written: `export_suite` does that.
    """
    if not paths:
        raise UserError("There is no file to import.", remedy="Name one.")
    form = find_format(form) if form else detect_format(paths[0])
    if form in BENCHMARKS:
        return SuiteImport(suite=import_benchmark(form, paths, benchmark), format=form)
    if len(paths) > 1:
        raise UserError("Only one file of this format is imported at a time.", remedy="Name one.")
    if form in _TABLES:
        return import_table(paths[0], table or TableOptions())
    if form == PROMPTFOO:
        return read_promptfoo(paths[0])
    return SuiteImport(suite=read_suite(paths[0]), format=OWN)


def export_suite(suite: Suite, path: Path, form: str = "") -> tuple[Notice, ...]:
    """Write a suite as a file of a form (by its name's ending if none is named).

    Returns what the form could not hold. Raises `UserError` for a suite without cases or one that
    a benchmark's form does not fit, `EnvironmentFault` if it can't be written.
    """
    if not suite.cases:
        raise UserError(
            f"The suite {suite.id} has no cases that could be written.",
            remedy="See what was left out of it, and why.",
        )
    form = find_format(form) if form else _form_of_name(path)
    if form == OWN:
        write_suite(suite, path)
        return ()
    if form in _TABLES:
        write_text(path, format_table(suite, form))
        lost = list_lost(suite)
        told = f"a table has no place for {', '.join(lost)}"
        return (Notice(path=str(path), line=0, message=told),) if lost else ()
    if form in BENCHMARKS:
        export_benchmark(suite, path)
        return ()
    raise UserError(f"Suites are not written as {form}.", remedy="Choose YAML, CSV or JSONL.")


def _form_of_name(path: Path) -> str:
    forms = {".csv": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".yaml": OWN, ".yml": OWN}
    form = forms.get(path.suffix.lower())
    if form is None:
        raise UserError(
            f"{path} does not say by its name what to write.",
            remedy="End the name in .yaml, .csv or .jsonl, or name a format.",
        )
    return form


def require_cases(found: SuiteImport, path: Path) -> None:
    """Raise `UserError` if there is nothing that can be asked."""
    if not found.suite.cases:
        raise UserError(
            f"{path} has nothing that can be asked.",
            remedy="`touchstone suites check` says what was left out of it, and why.",
            details="\n".join(notice.sentence for notice in found.notices),
        )
