"""Finding model files in files and folders, shards of one model together."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from desktop.domain.base import new_id
from desktop.domain.language_model import FileProblem, LanguageModel
from desktop.errors import UserError
from desktop.gguf.facts import check_complete, describe
from desktop.gguf.header import GgufHeader, read_header
from desktop.gguf.oddities import find_oddities
from desktop.gguf.source import check_regular, spell

DEPTH_LIMIT = 24
ENTRIES_LIMIT = 500_000
MODELS_LIMIT = 10_000
SHARDS_LIMIT = 1_000
_NAMES_SHOWN = 3

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)

ScanProgress: TypeAlias = Callable[[int, Path], None]
"""Told how many model files were read and which comes next. It may raise `Cancelled`."""


def find_models(
    paths: Sequence[Path], *, on_progress: ScanProgress | None = None
) -> tuple[tuple[LanguageModel, ...], tuple[FileProblem, ...]]:
    """Return the models in files and folders (with all below them), and what could not be used.

    A file is read whatever its name, a folder's files if they end in `.gguf`. A file that is
    reached by several names is one model. Nothing is raised for a bad file: it is a problem.
    """
    search = _Search()
    for path in paths:
        search.add(path)
    models: list[LanguageModel] = []
    for done, path in enumerate(search.candidates):
        if on_progress is not None:
            on_progress(done, path)
        try:
            models.append(read_model(path))
        except UserError as error:
            search.problems.append(FileProblem(path=spell(_place(path)), message=str(error)))
    return tuple(models), tuple(search.problems)


def read_model(path: Path) -> LanguageModel:
    """Read the model that a file is, or is a shard of; not hashed yet.

    Raises `UserError` if a file can't be read, is damaged or incomplete, or a shard is missing.
    """
    shards = _list_shards(_place(path))
    headers = []
    for number, shard in enumerate(shards):
        header = read_header(shard)
        check_complete(shard, header)
        _check_shard(shard, header, number, len(shards))
        headers.append(header)
    facts = describe(shards[0], headers)
    return LanguageModel(
        id=new_id(),
        paths=tuple(str(shard) for shard in shards),
        facts=facts,
        modified_ns=max(check_regular(shard).st_mtime_ns for shard in shards),
        warnings=find_oddities(headers, facts),
    )


class _Search:
    """The walk: candidates in order, each file once, folders that lead in circles once."""

    def __init__(self) -> None:
        self.candidates: list[Path] = []
        self.problems: list[FileProblem] = []
        self._files: set[tuple[int, int] | str] = set()
        self._shards: set[tuple[Path, str, str]] = set()
        self._folders: set[tuple[int, int] | str] = set()
        self._entries = 0

    def add(self, path: Path) -> None:
        """Add a file, or a folder with all below it."""
        try:
            is_folder = path.is_dir()
        except ValueError:
            is_folder = False
        if not is_folder:
            self._add_file(path)
            return
        problems = len(self.problems)
        if not self._walk(path) and len(self.problems) == problems:
            self._report(
                path,
                f"{spell(path)} has no GGUF files in it. Choose the folder that has your models.",
            )

    def _walk(self, folder: Path) -> bool:
        """Collect what lies in a folder; return whether there were model files, known or not."""
        if _identity(folder) in self._folders:
            return True
        found = False
        waiting = [(folder, 0)]
        while waiting:
            current, depth = waiting.pop()
            if self._is_seen(current, self._folders):
                continue
            below: list[tuple[Path, int]] = []
            for entry in self._list(current):
                if self._full(folder):
                    return True
                if _is_folder(entry):
                    below.append((Path(entry.path), depth + 1))
                elif entry.name.lower().endswith(".gguf"):
                    found = True
                    self._add_file(Path(entry.path))
            if depth < DEPTH_LIMIT:
                waiting += reversed(below)
            elif below:
                self._report(
                    current, f"{spell(current)} is too deep; folders below it were left out."
                )
        return found

    def _list(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = []
                for entry in entries:
                    found.append(entry)
                    self._entries += 1
                    if self._entries > ENTRIES_LIMIT:
                        break
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._report(folder, f"The folder {spell(folder)} can't be listed: {reason}.")
            return
        yield from sorted(found, key=lambda entry: entry.name)

    def _full(self, folder: Path) -> bool:
        if self._entries <= ENTRIES_LIMIT and len(self.candidates) < MODELS_LIMIT:
            return False
        self._report(
            folder,
            f"{spell(folder)} has more than {ENTRIES_LIMIT:,} files or {MODELS_LIMIT:,} models; "
            "the rest was left out. Choose a folder nearer to your models.",
        )
        return True

    def _add_file(self, path: Path) -> None:
        match = _SHARD.fullmatch(path.name)
        if match:
            key = (_place(path).parent, match["stem"], match["count"])
            if key in self._shards:
                return
            self._shards.add(key)
        if not self._is_seen(path, self._files):
            self.candidates.append(path)

    @staticmethod
    def _is_seen(path: Path, seen: set[tuple[int, int] | str]) -> bool:
        """Tell whether this file or folder was met before, under any name, and remember it."""
        identity = _identity(path)
        known = identity in seen
        seen.add(identity)
        return known

    def _report(self, path: Path, message: str) -> None:
        self.problems.append(FileProblem(path=spell(path), message=message))


def _identity(path: Path) -> tuple[int, int] | str:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return str(path)
    # Some file systems number nothing.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _place(path: Path) -> Path:
    """Return the absolute path with links in its folders resolved.

    The file's own name stays even if it is a link: llama.cpp finds further shards by it, and a
    download cache links readable names to files that are called by their hash.
    """
    try:
        return path.absolute().parent.resolve() / path.name
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _list_shards(path: Path) -> list[Path]:
    """Return all files of a model in order; `UserError` names those that are missing."""
    match = _SHARD.fullmatch(path.name)
    if match is None:
        return [path]
    check_regular(path)
    count = int(match["count"])
    if not 1 <= int(match["number"]) <= count <= SHARDS_LIMIT:
        raise UserError(
            f"{path} can't be part {match['number']} of {match['count']}.",
            remedy="Give the file its original name.",
        )
    extension = path.suffix
    names = [f"{match['stem']}-{n:05}-of-{match['count']}{extension}" for n in range(1, count + 1)]
    missing = [name for name in names if not path.with_name(name).exists()]
    if missing:
        shown = ", ".join(missing[:_NAMES_SHOWN]) + (" …" if len(missing) > _NAMES_SHOWN else "")
        raise UserError(
            f"{match['stem']} in {path.parent} lacks {len(missing)} of its {count} files: {shown}.",
            remedy="Put the missing files beside the others.",
        )
    return [path.with_name(name) for name in names]


def _check_shard(path: Path, header: GgufHeader, number: int, count: int) -> None:
    """Raise `UserError` if a file says that it is another part than its name tells."""
    stated_count = header.number("split.count") or 1
    if stated_count != count:
        raise UserError(
            f"{path} is one of {stated_count:,} files of a model, but its name says {count:,}.",
            remedy="Give all of them their original names, such as …-00001-of-00003.gguf.",
        )
    stated_number = header.number("split.no") or 0
    if stated_number != number:
        raise UserError(
            f"{path} says that it is part {stated_number + 1:,}, not part {number + 1:,}.",
            remedy="Give the file its original name.",
        )
