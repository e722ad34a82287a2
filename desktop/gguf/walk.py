"""Walking folders for model files: each file once, and nothing is opened.

Folders may lead in circles, hold a hundred thousand other files, or refuse to be listed; a name
may be no text, and may be that of a pipe. Whatever can't be used becomes one sentence.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from desktop.domain.base import Value
from desktop.domain.language_model import FileProblem
from desktop.errors import Cancelled
from desktop.gguf.ollama import read_ollama
from desktop.gguf.shards import SHARD
from desktop.gguf.source import spell
from desktop.gguf.stores import Store, StoreKind

DEPTH_LIMIT = 24
ENTRIES_LIMIT = 500_000
MODELS_LIMIT = 10_000

_REPOSITORY = "models--"
_FOREIGN = ("datasets--", "spaces--")
_CHECK_ENTRIES = 1_000


class Candidate(Value, frozen=True, kw_only=True):
    """A file that should be a model: the first shard met, and the bytes of all that lie by it.

    `path` is absolute, with links in its folders resolved; see `place`.
    """

    path: Path
    file_bytes: int
    store: str = ""
    store_names: tuple[str, ...] = ()


class _Identity(NamedTuple):
    device: int
    inode: int


class _State(NamedTuple):
    identity: _Identity | str
    file_bytes: int


class Walk:
    """A walk through any number of files, folders and stores; what was met is not met again."""

    def __init__(self, *, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        """Begin; `is_cancelled` is asked some hundred times a second, in any thread."""
        self.problems: list[FileProblem] = []
        self._is_cancelled = is_cancelled
        self._files: set[_Identity | str] = set()
        self._shards: set[tuple[Path, str, str]] = set()
        self._folders: set[_Identity | str] = set()
        self._places: dict[Path, Path] = {}
        self._entries = 0
        self._candidates = 0

    def add(self, path: Path) -> Iterator[Candidate]:
        """Yield a file, or what a folder has below it.

        Raises `Cancelled`.
        """
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):
            is_folder = False
        if not is_folder:
            yield from self._take(path, None, _look(path))
            return
        problems, known = len(self.problems), _look(path).identity in self._folders
        found = False
        for met in self._walk(path, None):
            found = True
            if met is not None:
                yield met
        if not found and not known and len(self.problems) == problems:
            self._report(
                path,
                f"{spell(path)} has no GGUF files in it. Choose the folder that has your models.",
            )

    def add_store(self, store: Store) -> Iterator[Candidate]:
        """Yield the models of a store; an empty one is no problem. Raises `Cancelled`."""
        if store.kind is StoreKind.OLLAMA:
            named, problems = read_ollama(store.folder, is_cancelled=self._is_cancelled)
            self.problems += problems
            for file in named:
                self._stop_if_cancelled()
                yield from self._take(file.path, store, _look(file.path), names=file.names)
            return
        for met in self._walk(store.folder, store):
            if met is not None:
                yield met

    def _walk(self, folder: Path, store: Store | None) -> Iterator[Candidate | None]:
        """Yield what lies in a folder; `None` for a model file that was met before."""
        waiting = [(folder, 0)]
        while waiting:
            current, depth = waiting.pop()
            if self._is_seen(_look(current).identity, self._folders):
                continue
            if self._is_full(folder):
                return
            below, files = _part(self._list(current), store)
            states = _look_at_all(files)
            for path, state in zip(files, states, strict=True):
                if self._is_full(folder):
                    return
                taken = list(self._take(path, store, state))
                yield taken[0] if taken else None
            if depth < DEPTH_LIMIT:
                waiting += [(inner, depth + 1) for inner in reversed(below)]
            elif below:
                self._report(
                    current, f"{spell(current)} is too deep; folders below it were left out."
                )

    def _list(self, folder: Path) -> list[os.DirEntry[str]]:
        self._stop_if_cancelled()
        found = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found.append(entry)
                    self._entries += 1
                    if self._entries % _CHECK_ENTRIES == 0:
                        self._stop_if_cancelled()
                    if self._entries > ENTRIES_LIMIT:
                        break
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._report(folder, f"The folder {spell(folder)} can't be listed: {reason}.")
            return []
        return sorted(found, key=lambda entry: entry.name)

    def _is_full(self, folder: Path) -> bool:
        if self._entries <= ENTRIES_LIMIT and self._candidates < MODELS_LIMIT:
            return False
        self._report(
            folder,
            f"{spell(folder)} has more than {ENTRIES_LIMIT:,} files or {MODELS_LIMIT:,} models; "
            "the rest was left out. Choose a folder nearer to your models.",
        )
        return True

    def _take(
        self, path: Path, store: Store | None, state: _State, *, names: tuple[str, ...] = ()
    ) -> Iterator[Candidate]:
        folder = self._places.get(path.parent)
        if folder is None:
            folder = self._places[path.parent] = place(path).parent
        match = SHARD.fullmatch(path.name)
        if match:
            key = (folder, match["stem"], match["count"])
            if key in self._shards:
                return
            self._shards.add(key)
        if self._is_seen(state.identity, self._files):
            return
        self._candidates += 1
        yield Candidate(
            path=folder / path.name,
            file_bytes=state.file_bytes,
            store=store.kind.label if store else "",
            store_names=names or (_name_in_store(path, store) if store else ()),
        )

    @staticmethod
    def _is_seen(identity: _Identity | str, seen: set[_Identity | str]) -> bool:
        """Tell whether this file or folder was met before, under any name, and remember it."""
        known = identity in seen
        seen.add(identity)
        return known

    def _stop_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise Cancelled("the search was cancelled")

    def _report(self, path: Path, message: str) -> None:
        self.problems.append(FileProblem(path=spell(path), message=message))


def place(path: Path) -> Path:
    """Return the absolute path with links in its folders resolved.

    The file's own name stays even if it is a link: llama.cpp finds further shards by it, and a
    download cache links readable names to files that are called by their hash.
    """
    try:
        return path.absolute().parent.resolve() / path.name
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _name_in_store(path: Path, store: Store) -> tuple[str, ...]:
    """Return what a store calls a file: mostly the repository that it came from."""
    parts = Path(spell(path)).relative_to(spell(store.folder)).parts[:-1]
    name = ""
    if store.kind is StoreKind.HUGGING_FACE or (parts and parts[0].startswith(_REPOSITORY)):
        if parts and parts[0].startswith(_REPOSITORY):
            name = parts[0].removeprefix(_REPOSITORY).replace("--", "/", 1)
    elif store.kind in (StoreKind.LM_STUDIO, StoreKind.JAN):
        name = "/".join(parts[:2])
    return ("".join(c for c in name if c.isprintable()),) if name else ()


def _part(
    entries: Sequence[os.DirEntry[str]], store: Store | None
) -> tuple[list[Path], list[Path]]:
    """Return folders, and what has a model file's name, from a folder's entries.

    The Hugging Face cache keeps data sets beside models, of which some have a million files.
    """
    left_out = _FOREIGN if store is not None and store.kind is StoreKind.HUGGING_FACE else ()
    folders: list[Path] = []
    files: list[Path] = []
    for entry in entries:
        if _is_folder(entry):
            if not entry.name.startswith(left_out):
                folders.append(Path(entry.path))
        elif entry.name.lower().endswith(".gguf"):
            files.append(Path(entry.path))
    return folders, files


def _look_at_all(files: Sequence[Path]) -> list[_State]:
    """Return the state of each file, with the bytes of all shards that lie beside it."""
    states = [_look(path) for path in files]
    groups = [_group(path) for path in files]
    sizes: dict[str, int] = {}
    for group, state in zip(groups, states, strict=True):
        sizes[group] = sizes.get(group, 0) + state.file_bytes
    return [
        _State(state.identity, sizes[group]) for group, state in zip(groups, states, strict=True)
    ]


def _group(path: Path) -> str:
    """Return what the shards of one model have in common in their folder."""
    match = SHARD.fullmatch(path.name)
    return f"{match['stem']}/{match['count']}" if match else path.name


def _look(path: Path) -> _State:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _State(str(path), 0)
    # Some file systems number nothing.
    if not status.st_ino:
        return _State(os.path.realpath(path), status.st_size)
    return _State(_Identity(status.st_dev, status.st_ino), status.st_size)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
