"""Finding model files in files and folders, shards of one model together."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from desktop.domain.base import new_id
from desktop.domain.language_model import (
    FileProblem,
    FoundFile,
    LanguageModel,
    LicenseTerms,
    ModelFacts,
    ModelStamp,
    ModelWarning,
    RopeFacts,
    SupplierFacts,
    TensorShare,
)
from desktop.errors import Cancelled, UserError
from desktop.gguf.facts import check_complete, describe
from desktop.gguf.header import GgufHeader, read_header
from desktop.gguf.oddities import find_oddities
from desktop.gguf.shards import list_shards
from desktop.gguf.source import check_regular, spell
from desktop.gguf.stores import Store
from desktop.gguf.suppliers import register_version
from desktop.gguf.walk import Candidate, Walk, place

_WORD = 2**63 - 1

# Raise the number when the same fields are read better, or warnings change: what was remembered
# of known files is then read anew. New fields do that by themselves.
_READING = 2
_FIELDS = ",".join(
    field
    for each in (ModelFacts, SupplierFacts, LicenseTerms, RopeFacts, TensorShare, ModelWarning)
    for field in each.__struct_fields__
)

_DIGEST_NAME = re.compile(r"sha256[-:][0-9a-f]{64}")

ScanProgress: TypeAlias = Callable[[int, Path], None]
"""Told how many model files were read and which comes next. It may raise `Cancelled`."""

Find: TypeAlias = FoundFile | LanguageModel | FileProblem


def find_models(
    paths: Sequence[Path], *, on_progress: ScanProgress | None = None
) -> tuple[tuple[LanguageModel, ...], tuple[FileProblem, ...]]:
    """Return the models in files and folders (with all below them), and what could not be used.

    A file is read whatever its name, a folder's files if they end in `.gguf`. A file that is
    reached by several names is one model. Nothing is raised for a bad file: it is a problem.
    """
    finds = list(stream_models(paths, on_progress=on_progress))
    models = tuple(find for find in finds if isinstance(find, LanguageModel))
    return models, tuple(find for find in finds if isinstance(find, FileProblem))


def stream_models(
    sources: Iterable[Path | Store],
    *,
    known: Mapping[ModelStamp, LanguageModel] | None = None,
    on_progress: ScanProgress | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Find]:
    """Yield every file by name and size first, then the models one by one, problems as they come.

    A file of `known` is not opened: its model is what was known, with its store as it is now.
    Raises `Cancelled` soon after `is_cancelled` turns true; what was yielded holds.
    """
    walk = Walk(is_cancelled=is_cancelled)
    candidates: list[Candidate] = []
    for source in sources:
        found = walk.add_store(source) if isinstance(source, Store) else walk.add(source)
        for candidate in found:
            candidates.append(candidate)
            yield _announce(candidate)
    yield from walk.problems
    for done, candidate in enumerate(candidates):
        if is_cancelled():
            raise Cancelled("the search was cancelled")
        if on_progress is not None:
            on_progress(done, candidate.path)
        yield _read(candidate, known or {})


def read_model(path: Path) -> LanguageModel:
    """Read the model that a file is, or is a shard of; not hashed yet.

    Raises `UserError` if a file can't be read, is damaged or incomplete, or a shard is missing.
    """
    shards = list_shards(place(path))
    # Taken before the reading: a file that changes meanwhile is then not known by this stamp.
    stamp, device = _stamp(shards)
    headers = []
    for number, shard in enumerate(shards):
        header = read_header(shard)
        check_complete(shard, header)
        _check_shard(shard, header, number, len(shards))
        headers.append(header)
    facts = describe(shards[0], headers)
    return LanguageModel(
        id=new_id(),
        paths=stamp.paths,
        facts=facts,
        modified_ns=stamp.modified_ns,
        warnings=find_oddities(headers, facts),
        inodes=stamp.inodes,
        device=device,
        reader=reader_version(),
    )


def reader_version() -> str:
    """Return by what is told whether remembered facts are still what would be read now.

    It changes with the program, and when a register of suppliers is edited (at the next start).
    """
    return f"{_READING}-{zlib.crc32(_FIELDS.encode()):08x}-{register_version()}"


def _read(candidate: Candidate, known: Mapping[ModelStamp, LanguageModel]) -> Find:
    try:
        model = _recall(candidate.path, known) or read_model(candidate.path)
    except UserError as error:
        return FileProblem(path=spell(candidate.path), message=str(error))
    return _name(model, candidate)


def _announce(candidate: Candidate) -> FoundFile:
    names = candidate.store_names
    hidden = _DIGEST_NAME.fullmatch(candidate.path.name) is not None
    return FoundFile(
        path=spell(candidate.path),
        name=names[0] if names and hidden else spell(Path(candidate.path.name)),
        file_bytes=candidate.file_bytes,
        store=candidate.store,
    )


def _name(model: LanguageModel, candidate: Candidate) -> LanguageModel:
    """Add the store; a file that is called by its hash is known by its name there."""
    if not candidate.store:
        return model
    facts = model.facts
    if candidate.store_names and _DIGEST_NAME.fullmatch(candidate.path.name):
        facts = msgspec.structs.replace(facts, name=candidate.store_names[0])
    return msgspec.structs.replace(
        model, facts=facts, store=candidate.store, store_names=candidate.store_names
    )


def _recall(path: Path, known: Mapping[ModelStamp, LanguageModel]) -> LanguageModel | None:
    if not known:
        return None
    stamp, device = _stamp(list_shards(path))
    model = known.get(stamp)
    if model is None or model.reader != reader_version():
        return None
    return msgspec.structs.replace(model, device=device)


def _stamp(shards: Sequence[Path]) -> tuple[ModelStamp, int]:
    """Return by what files are known again, and the device of the first."""
    states = [check_regular(shard) for shard in shards]
    stamp = ModelStamp(
        paths=tuple(str(shard) for shard in shards),
        file_bytes=sum(state.st_size for state in states),
        modified_ns=max(state.st_mtime_ns for state in states),
        # Windows may have numbers of 128 bits, which no database and no JSON reader takes.
        inodes=tuple(state.st_ino & _WORD for state in states),
    )
    return stamp, states[0].st_dev & _WORD


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
