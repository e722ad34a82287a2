"""An imported suite written back in its publisher's form.

Only the questions are: worked examples lie in files of their own, and those that were drawn from
the questions are not asked any more.
"""

import os
import re
from pathlib import Path

from desktop.domain.suite import Case, Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.suites.importers.assembling import make_case
from desktop.suites.importers.item import Benchmark
from desktop.suites.importers.layouts import Layout
from desktop.suites.importers.registry import find_benchmark
from desktop.suites.importers.rows import Row

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def format_publisher_files(suite: Suite) -> dict[str, str]:
    """Return the texts of a suite in its publisher's form, by file name.

    A single empty name leaves the choice to people; other names say what the file itself does
    not, such as the subject. Raises `UserError` if the suite was not imported, or a case was
    changed since: the publisher's row would say something else.
    """
    imported = suite.imported
    if imported is None:
        raise UserError(
            f"The suite {suite.id} was not imported from a benchmark, so it has no other form.",
            remedy="Only suites made by `touchstone suites import` can be exported.",
        )
    benchmark = find_benchmark(imported.importer)
    if benchmark.version != imported.version:
        raise UserError(
            f"The suite {suite.id} was imported by version {imported.version} of the importer"
            f" {benchmark.name}, and this is version {benchmark.version}.",
            remedy="Import the files again.",
        )
    layout = _find_layout(benchmark, imported.layout)
    for case in suite.cases:
        _check_case(suite, case, benchmark)
    try:
        texts = layout.write([case.source_row for case in suite.cases])
    except (KeyError, TypeError, AttributeError):
        raise _changed(suite, suite.cases[0]) from None
    for name in texts:
        if name and not _FILE_NAME.fullmatch(name):
            raise UserError(f"The suite {suite.id} would make a file named {name[:60]!r}.")
    return texts


def export_suite(suite: Suite, path: Path) -> tuple[Path, ...]:
    """Write a suite in its publisher's form: to a file, or files with names into a folder.

    Returns what was written. Raises `UserError` and `EnvironmentFault`.
    """
    texts = format_publisher_files(suite)
    if set(texts) == {""} and not path.is_dir():
        return (_write(path, texts[""]),)
    if "" in texts:
        raise UserError(f"{path} is a folder.", remedy="Name a file to write.")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"{path} can't be made a folder for {len(texts)} files: {error.strerror}.",
            remedy="Name a folder: each file's name says what is in it.",
        ) from None
    return tuple(_write(path / name, text) for name, text in texts.items())


def _find_layout(benchmark: Benchmark, name: str) -> Layout:
    for layout in benchmark.layouts:
        if layout.name == name:
            return layout
    raise UserError(f"{benchmark.title} has no form {name[:60]!r}.", remedy="Import it again.")


def _check_case(suite: Suite, case: Case, benchmark: Benchmark) -> None:
    if not isinstance(case.source_row, dict):
        raise _changed(suite, case)
    row = Row(case.source_row, Path(suite.path or suite.id), 0)
    try:
        made = make_case(benchmark.build(row), case.id, case.source_row, case.few_shot)
    except UserError:
        raise _changed(suite, case) from None
    if _asked(made) != _asked(case):
        raise _changed(suite, case)


def _asked(case: Case) -> tuple[object, ...]:
    return case.messages, case.checks, case.continuations, case.metric


def _changed(suite: Suite, case: Case) -> UserError:
    return UserError(
        f"Case {case.id} of the suite {suite.id} is not the one that was imported any more.",
        remedy="Take changed and added cases out, or keep the suite in its own form.",
    )


def _write(path: Path, text: str) -> Path:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"{path} could not be written: {error.strerror or error}.",
            remedy="Choose a folder that can be written to.",
        ) from None
    return path
