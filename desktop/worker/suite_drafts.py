"""Suites that are being changed: copies, texts checked before they are saved, unsaved drafts.

A suite's text is a file of the user's: it is written whole or not at all, and never over a change
that another program has made meanwhile.
"""

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Collection
from pathlib import Path

import msgspec

from desktop import paths
from desktop.domain.base import Value
from desktop.domain.suite import Suite
from desktop.domain.suite_import import TableOptions
from desktop.errors import EnvironmentFault, UserError
from desktop.suites.examples import check_examples
from desktop.suites.findings import FaultySuite
from desktop.suites.importers.importing import ImportOptions
from desktop.suites.reader import VERSION_KEY, read_suite_bytes
from desktop.suites.source import decode_utf8, read_bytes
from desktop.suites.writer import format_suite, write_suite, write_text
from desktop.worker.suite_exchange import import_suite, require_cases

MOST_EDITED_BYTES = 5_000_000
_DRAFT = ".unsaved"
_EXAMPLES_SECONDS = 2.0
_COPIED_KEY = re.compile(r"^(id|title):[^\n]*$", re.MULTILINE)


class TextFinding(Value, frozen=True, kw_only=True):
    """One thing to tell of a text: its line from 1, 0 for the whole of it.

    A warning does not keep the suite from being evaluated.
    """

    line: int
    message: str
    is_warning: bool = False


class TextCheck(Value, frozen=True, kw_only=True):
    """What a text is worth as a suite. `cases` is 0 where it can't be read.

    `examples_tried` tells whether time was left to hold every example to its checks.
    """

    findings: tuple[TextFinding, ...] = ()
    cases: int = 0
    examples_tried: bool = True

    @property
    def errors(self) -> int:
        """How many findings keep the suite from being evaluated."""
        return sum(not finding.is_warning for finding in self.findings)


class EditedText(Value, frozen=True, kw_only=True):
    """A suite file opened to be changed.

    `sha256` is that of the file's bytes, by which changes of others are noticed; `draft` what was
    typed and not saved the last time, empty if nothing was.
    """

    path: str
    text: str
    sha256: str
    draft: str = ""
    has_crlf: bool = False


def own_suites_folder() -> Path:
    """Return the folder for suites that are made or imported in the window; not made here."""
    return paths.data_folder() / "suites"


def open_text(path: Path) -> EditedText:
    """Return a suite file's text to be changed; raises `UserError`."""
    content = _read(path)
    text = decode_utf8(path, content)
    return EditedText(
        path=str(path),
        text=text.replace("\r\n", "\n"),
        sha256=hashlib.sha256(content).hexdigest(),
        draft=_read_draft(path),
        has_crlf="\r\n" in text,
    )


def check_text(path: Path, text: str) -> TextCheck:
    """Return what is wrong with a text, also what its examples say of its checks."""
    try:
        suite = read_suite_bytes(path, text.encode("utf-8", "surrogatepass"))
    except FaultySuite as fault:
        found = [TextFinding(line=f.line, message=f.message) for f in fault.findings]
        return TextCheck(findings=tuple(sorted(found, key=lambda f: f.line)))
    except UserError as fault:
        return TextCheck(findings=(_place(path, fault.message),))
    findings, tried = _try_examples(suite, text)
    return TextCheck(findings=findings, cases=len(suite.cases), examples_tried=tried)


def save_text(edited: EditedText, text: str, *, replace_changed: bool = False) -> EditedText:
    """Write a text to its file; return what is opened now.

    Raises `UserError` if another program has changed the file since, unless `replace_changed`,
    and `EnvironmentFault` if it can't be written.
    """
    path = Path(edited.path)
    if not replace_changed and path.exists():
        there = hashlib.sha256(_read(path)).hexdigest()
        if there != edited.sha256:
            raise UserError(
                f"{path.name} was changed by another program since it was opened.",
                remedy="Nothing was written. Replace it, or copy your text and open it again.",
            )
    written = text.replace("\n", "\r\n") if edited.has_crlf else text
    try:
        digest = hashlib.sha256(written.encode()).hexdigest()
    except UnicodeEncodeError:
        raise UserError(
            "The text holds half a character, which no file can.",
            remedy="Delete the sign that is shown as a box or a question mark.",
        ) from None
    _make_folder(path.parent)
    write_text(path, written)
    drop_draft(path)
    return msgspec.structs.replace(edited, text=text, sha256=digest, draft="")


def keep_draft(path: Path, text: str) -> None:
    """Keep a text that was not saved beside its file; raises `EnvironmentFault`."""
    write_text(_draft_of(path), text)


def drop_draft(path: Path) -> None:
    """Forget what was not saved; a draft that can't be taken away stays."""
    with contextlib.suppress(OSError):
        _draft_of(path).unlink(missing_ok=True)


def duplicate_suite(suite: Suite, title: str, taken: Collection[str]) -> Path:
    """Write a copy of a suite into the user's folder, under an id that is not taken.

    The author's comments and layout stay where the file is of our own form. Raises `UserError`.
    """
    folder = own_suites_folder()
    _make_folder(folder)
    base = re.sub(r"-copy(-\d+)?$", "", suite.id)[:100]
    number = 1
    while True:
        name = f"{base}-copy" if number == 1 else f"{base}-copy-{number}"
        path = folder / f"{_file_stem(name)}.yaml"
        if name not in taken and not path.exists():
            break
        number += 1
    copy = msgspec.structs.replace(suite, id=name, title=title)
    write_text(path, _rename_text(suite, copy) or format_suite(copy))
    return path


def keep_suite(suite: Suite) -> Path:
    """Write a suite, such as an imported one, into the user's folder under a free name."""
    folder = own_suites_folder()
    _make_folder(folder)
    path = folder / f"{_file_stem(suite.id)}.yaml"
    number = 2
    while path.exists():
        path = folder / f"{_file_stem(suite.id)}-{number}.yaml"
        number += 1
    write_suite(suite, path)
    return path


def _rename_text(suite: Suite, copy: Suite) -> str:
    """Return the suite's own text with another id and title; empty if that can't be done."""
    try:
        path = Path(suite.path)
        text = decode_utf8(path, read_bytes(path, MOST_EDITED_BYTES))
        if VERSION_KEY not in text:
            return ""
        values = {"id": copy.id, "title": json.dumps(copy.title, ensure_ascii=False)}
        renamed = _COPIED_KEY.sub(lambda found: f"{found[1]}: {values[found[1]]}", text)
        made = read_suite_bytes(path, renamed.encode())
    except UserError:
        return ""
    same = (made.id, made.title, made.cases) == (copy.id, copy.title, copy.cases)
    return renamed if same else ""


def _try_examples(suite: Suite, text: str) -> tuple[tuple[TextFinding, ...], bool]:
    """Hold examples to their checks as long as nobody has to wait for it."""
    end = time.monotonic() + _EXAMPLES_SECONDS
    findings: list[TextFinding] = []
    for case in suite.cases:
        if time.monotonic() > end:
            return tuple(findings), False
        for problem in check_examples(msgspec.structs.replace(suite, cases=(case,))):
            line = _line_of(case.id, text)
            findings.append(TextFinding(line=line, message=problem.message, is_warning=True))
    return tuple(sorted(findings, key=lambda finding: finding.line)), True


def _line_of(case_id: str, text: str) -> int:
    pattern = rf"^[ \t-]+id:[ \t]*[\"']?{re.escape(case_id)}[\"']?[ \t]*(#.*)?$"
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _place(path: Path, message: str) -> TextFinding:
    """Take the place out of a sentence that begins with it."""
    found = re.match(rf"{re.escape(str(path))}, line (\d+): ", message)
    if found is None:
        return TextFinding(line=0, message=message)
    return TextFinding(line=int(found[1]), message=message[found.end() :])


def _read(path: Path) -> bytes:
    content = read_bytes(path, MOST_EDITED_BYTES + 1)
    if len(content) > MOST_EDITED_BYTES:
        raise UserError(
            f"{path.name} is too large to be changed here.",
            remedy=f"Files of up to {MOST_EDITED_BYTES // 1_000_000} MB can be; use an editor.",
        )
    return content


def _read_draft(path: Path) -> str:
    draft = _draft_of(path)
    if not draft.is_file():
        return ""
    try:
        return decode_utf8(draft, _read(draft))
    except UserError:
        return ""


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{_DRAFT}")


def _file_stem(identity: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", identity)[:100]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"The folder {folder} can't be made: {error.strerror}.",
            remedy="Free some room, or change its permissions.",
        ) from error


def import_file(
    path: Path, form: str, table: TableOptions, *, sample: int = 0, seed: int = 0
) -> Path:
    """Make a suite of another program's file in the user's folder; return where it is.

    `sample` questions of a benchmark are drawn under `seed`, 0 takes all. Raises `UserError`.
    """
    drawn = ImportOptions(sample=sample or None, seed=seed)
    found = import_suite([path], form, table, drawn)
    require_cases(found, path)
    return keep_suite(found.suite)
