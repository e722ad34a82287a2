"""Keeping the library true to the disk: what came, changed, moved or went; hashes and checks."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

from desktop.domain.base import Value
from desktop.domain.language_model import (
    FileProblem,
    FoundFile,
    HashCheck,
    LanguageModel,
    ModelAnnotation,
    ModelStamp,
)
from desktop.errors import Cancelled
from desktop.gguf.checksums import check_beside, check_typed, require_checksum
from desktop.gguf.finder import Find, read_model, stream_models
from desktop.gguf.hashing import HashProgress, hash_files, join_digests
from desktop.gguf.stores import Store
from desktop.paths import hash_bookmarks_folder
from desktop.worker.demonstration import is_pretended

OnFind: TypeAlias = Callable[[Sequence[Find]], None]
"""Told what a search finds, some at a time: `FoundFile`s first, then models as they are kept."""

# So many models are stored, and told, together.
_BATCH = 32
_FILES_BATCH = 500


class Collection(Protocol):
    """Where models are remembered (`storage.ModelStore`)."""

    def save(self, models: Sequence[LanguageModel]) -> tuple[LanguageModel, ...]:
        """Remember models; one with a known path keeps its id."""

    def move(self, model_id: str, found: LanguageModel) -> LanguageModel:
        """Have an entry take another place."""

    def list_models(self) -> tuple[LanguageModel, ...]:
        """Return what is remembered."""

    def find(
        self, *, path: str = "", sha256: str = "", model_id: str = ""
    ) -> tuple[LanguageModel, ...]:
        """Return what is remembered with this path, this hash or this id."""

    def list_removed(self) -> tuple[LanguageModel, ...]:
        """Return what was taken out."""

    def remember_hash(self, model_id: str, sha256: str, shard_sha256: Sequence[str] = ()) -> object:
        """Keep a computed hash."""

    def remember_check(self, model_id: str, check: HashCheck) -> object:
        """Keep what a publisher's hash said."""


class LibraryChange(Value, frozen=True, kw_only=True):
    """What a look at the disk found. `gone` are ids whose files are not there now.

    `changed` are ids whose files have other content or time than before: their hash is unknown
    again. `moved` are ids that have another path now. `problems` are files of no use.
    """

    models: tuple[LanguageModel, ...]
    problems: tuple[FileProblem, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def refresh(
    shelf: Collection,
    sources: Sequence[Path | Store],
    *,
    on_find: OnFind = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> LibraryChange:
    """Look at sources and at every remembered file; keep what is found and tell what is new.

    Files that are as they were are not opened. What was taken out of the library stays out.
    Raises `Cancelled`; what was told by then is kept.
    """
    search = _Refresh(shelf, on_find)
    finds = stream_models(
        chain(sources, search.list_unseen()), known=search.known, is_cancelled=is_cancelled
    )
    for batch in _gather(search.watch(finds)):
        search.take(batch)
    return search.conclude()


class _Refresh:
    """One look at the disk under way."""

    def __init__(self, shelf: Collection, on_find: OnFind) -> None:
        self._shelf = shelf
        self._on_find = on_find
        self._library = shelf.list_models()
        self._remembered = [m for m in self._library if not is_pretended(m)]
        removed = shelf.list_removed()
        self._removed = {os.path.normcase(model.path) for model in removed}
        self._by_path = {os.path.normcase(model.path): model for model in self._remembered}
        self._everything = (*removed, *self._remembered)
        self.known: dict[ModelStamp, LanguageModel] = {
            model.stamp: model for model in self._everything if model.inodes
        }
        self._seen: set[str] = set()
        self._absent: list[LanguageModel] = []
        self._problems: list[FileProblem] = []
        self._added: list[str] = []
        self._changed: list[str] = []
        self._moved: list[str] = []
        self._has_written = False

    def watch(self, finds: Iterator[Find]) -> Iterator[Find]:
        """Pass finds on, remembering which files were met."""
        for find in finds:
            if isinstance(find, FoundFile) and find.file_bytes:
                self._seen.add(find.path)
            yield find

    def list_unseen(self) -> Iterator[Path]:
        """Yield the remembered files that the sources before did not lead to; note the absent."""
        for model in self._everything:
            if is_pretended(model) or (model.path in self._seen and len(model.paths) == 1):
                continue
            if not _is_present(model):
                self._absent.append(model)
            elif model.path not in self._seen and not self._is_removed(model.path):
                yield Path(model.path)

    def take(self, batch: Sequence[Find]) -> None:
        """Keep a batch and tell it."""
        self._problems += [find for find in batch if isinstance(find, FileProblem)]
        models = [find for find in batch if isinstance(find, LanguageModel)]
        if not models:
            self._on_find([find for find in batch if not self._is_removed(find.path)])
            return
        kept: list[LanguageModel] = []
        to_save: list[LanguageModel] = []
        for model in models:
            before = self._by_path.get(os.path.normcase(model.path))
            if before is None and self._is_removed(model.path):
                continue
            origin = self._find_origin(model) if before is None else None
            if origin is not None:
                self._has_written = True
                moved = self._shelf.move(origin.id, model)
                if not self._is_removed(origin.path):
                    self._moved.append(origin.id)
                    kept.append(moved)
            elif before == model:
                kept.append(model)
            else:
                to_save.append(model)
        kept += self._save(to_save)
        self._on_find([*(f for f in batch if isinstance(f, FileProblem)), *kept])

    def _is_removed(self, path: str) -> bool:
        return os.path.normcase(path) in self._removed

    def _save(self, models: Sequence[LanguageModel]) -> tuple[LanguageModel, ...]:
        if not models:
            return ()
        self._has_written = True
        saved = self._shelf.save(models)
        for model in saved:
            before = self._by_path.get(os.path.normcase(model.path))
            if before is None:
                self._added.append(model.id)
            elif not _has_same_content(before, model):
                self._changed.append(model.id)
        return saved

    def _find_origin(self, model: LanguageModel) -> LanguageModel | None:
        """Return the entry whose file this is, if it was renamed: its number and state stay."""
        for absent in self._absent:
            if (
                absent.inodes
                and all(absent.inodes)
                and absent.inodes == model.inodes
                and _has_same_content(absent, model)
            ):
                self._absent.remove(absent)
                return absent
        return None

    def conclude(self) -> LibraryChange:
        """Return what it all came to."""
        models = self._shelf.list_models() if self._has_written else self._library
        lost = {model.id for model in self._absent}
        return LibraryChange(
            models=unite_copies(models),
            problems=tuple(self._problems),
            added=tuple(self._added),
            changed=tuple(self._changed),
            moved=tuple(self._moved),
            gone=tuple(model.id for model in models if model.id in lost),
        )


def unite_copies(models: Sequence[LanguageModel]) -> tuple[LanguageModel, ...]:
    """Return each content once: the oldest entry that has its file, with its copies' places.

    Content is the same by SHA-256 where it is known, and where two paths lead to one file.
    """
    united = []
    for group in _group(models):
        group.sort(key=lambda model: (model.added_at is None, model.added_at, model.path))
        lead = group[0] if len(group) == 1 else next(filter(_is_present, group), group[0])
        others = [model for model in group if model is not lead]
        hashed = next((model for model in (lead, *others) if model.sha256), lead)
        united.append(
            msgspec.structs.replace(
                lead,
                sha256=hashed.sha256,
                shard_sha256=hashed.shard_sha256,
                hash_check=lead.hash_check or hashed.hash_check,
                copies=tuple(model.path for model in others),
            )
            if others
            else lead
        )
    return tuple(sorted(united, key=lambda m: (m.facts.name.casefold(), m.path)))


def unite_annotations(
    models: Sequence[LanguageModel], annotations: Mapping[str, ModelAnnotation]
) -> dict[str, ModelAnnotation]:
    """Return what is said of each content, for every entry that has it: all tags, one note.

    Entries that prove to be copies may have been tagged apart, and nothing of that is lost.
    """
    united: dict[str, ModelAnnotation] = {}
    for group in _group(models) if annotations else ():
        said = [annotations[model.id] for model in group if model.id in annotations]
        if said:
            one = ModelAnnotation(
                tags=tuple(dict.fromkeys(tag for each in said for tag in each.tags)),
                note="\n".join(dict.fromkeys(each.note for each in said if each.note)),
            )
            united |= {model.id: one for model in group}
    return united


def list_alike(models: Sequence[LanguageModel], ids: Iterable[str]) -> tuple[str, ...]:
    """Return ids with those of their copies."""
    wanted = set(ids)
    groups = [group for group in _group(models) if wanted & {model.id for model in group}]
    return tuple(wanted | {model.id for group in groups for model in group})


def fingerprint(
    model: LanguageModel,
    shelf: Collection,
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> LanguageModel:
    """Return a model with its SHA-256, computed unless its files are those that were hashed.

    An entry of the same content whose files are gone takes this place: the model was moved, and
    keeps its id. Raises `UserError` for a file that is gone or no model, `Cancelled`.
    """
    present = keep_names(read_model(Path(model.path)), model)
    known = (model, *shelf.find(path=present.path))
    for each in known:
        if each.sha256 and _has_same_content(each, present) and _knows_shards(each):
            return each
    return settle(compute_hash(present, on_progress=on_progress, is_cancelled=is_cancelled), shelf)


def compute_hash(
    present: LanguageModel,
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> LanguageModel:
    """Return a model that was read just now with the hashes of its files.

    Nothing is kept but, of a hash that is cancelled, how far it was: the next one goes on there.
    """
    digests = hash_files(
        [Path(path) for path in present.paths],
        on_progress=on_progress,
        is_cancelled=is_cancelled,
        bookmarks=hash_bookmarks_folder(),
    )
    return msgspec.structs.replace(
        present,
        sha256=join_digests(digests),
        shard_sha256=digests if len(digests) > 1 else (),
    )


def settle(hashed: LanguageModel, shelf: Collection) -> LanguageModel:
    """Keep a model with its hash, under the entry that its content had before it was moved."""
    for model in shelf.find(sha256=hashed.sha256 or ""):
        if model.path != hashed.path and not is_pretended(model) and not _is_present(model):
            return shelf.move(model.id, hashed)
    (saved,) = shelf.save([hashed])
    return saved


def check_hash(
    model: LanguageModel,
    text: str,
    shelf: Collection,
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> HashCheck:
    """Compare a model with a publisher's hash, typed in or (for an empty text) found beside it.

    The result is kept with the model. Raises `UserError` for a text without a SHA-256.
    """
    if text.strip():
        require_checksum(text)  # what is typed wrongly is told before a long hashing
    hashed = fingerprint(model, shelf, on_progress=on_progress, is_cancelled=is_cancelled)
    check = _compare_hash(hashed, text)
    shelf.remember_check(hashed.id, check)
    return check


def hash_and_check(present: LanguageModel, text: str) -> LanguageModel:
    """Return a model that was read just now with its hash and check; as `check_hash`, unkept."""
    if text.strip():
        require_checksum(text)
    hashed = compute_hash(present)
    return msgspec.structs.replace(hashed, hash_check=_compare_hash(hashed, text))


def _compare_hash(hashed: LanguageModel, text: str) -> HashCheck:
    digests = hashed.shard_sha256 or (hashed.sha256 or "",)
    paths = [Path(path) for path in hashed.paths]
    return check_typed(paths, digests, text) if text.strip() else check_beside(paths, digests)


def keep_names(present: LanguageModel, known: LanguageModel) -> LanguageModel:
    """Return a model as it is now, with the id, and the names that its store gave it."""
    facts = present.facts
    if known.store_names:
        facts = msgspec.structs.replace(facts, name=known.facts.name)
    return msgspec.structs.replace(
        present,
        id=known.id,
        facts=facts,
        store=known.store,
        store_names=known.store_names,
        added_at=known.added_at,
    )


def _gather(finds: Iterator[Find]) -> Iterator[list[Find]]:
    """Yield finds some at a time, files and models apart; what there was before a cancel too."""
    batch: list[Find] = []
    try:
        for is_file, group in groupby(finds, key=lambda find: isinstance(find, FoundFile)):
            for find in group:
                batch.append(find)
                if len(batch) >= (_FILES_BATCH if is_file else _BATCH):
                    yield batch
                    batch = []
            if batch:
                yield batch
            batch = []
    except Cancelled:
        if batch:
            yield batch
        raise


def _group(models: Sequence[LanguageModel]) -> list[list[LanguageModel]]:
    groups: list[list[LanguageModel]] = []
    by_key: dict[object, list[LanguageModel]] = {}
    for model in models:
        keys: list[object] = [model.sha256] if model.sha256 else []
        if model.inodes and all(model.inodes):
            stamp = model.stamp
            keys.append((model.device, stamp.inodes, stamp.file_bytes, stamp.modified_ns))
        met = [by_key[key] for key in keys if key in by_key]
        group = met[0] if met else []
        if not met:
            groups.append(group)
        for other in met[1:]:
            if other is not group:
                group += other
                groups[:] = [kept for kept in groups if kept is not other]
                by_key |= {key: group for key, value in by_key.items() if value is other}
        group.append(model)
        by_key |= dict.fromkeys(keys, group)
    return groups


def _has_same_content(one: LanguageModel, other: LanguageModel) -> bool:
    """Tell whether files are the same, as far as size and time can tell."""
    return (one.facts.file_bytes, one.modified_ns, len(one.paths)) == (
        other.facts.file_bytes,
        other.modified_ns,
        len(other.paths),
    )


def _knows_shards(model: LanguageModel) -> bool:
    return len(model.paths) == 1 or len(model.shard_sha256) == len(model.paths)


def _is_present(model: LanguageModel) -> bool:
    return all(Path(path).is_file() for path in model.paths)
