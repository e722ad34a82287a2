"""The SHA-256 by which a language model is known.

A hash that is held, by a callback that waits, goes on where it was. One that is cancelled, or ended
with the program, goes on from its bookmark the next time, if its files are then what they were.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from desktop.errors import Cancelled, UserError
from desktop.gguf.kept_hash import (
    Sha256,
    begin_hash,
    drop_bookmark,
    load_bookmark,
    make_bookmark,
    save_bookmark,
)
from desktop.gguf.source import check_regular, open_model, read_failure

_CHUNK_BYTES = 1 << 20  # fits a processor's cache, and is a few milliseconds of hashing
# A bookmark is set so often even while nobody cancels: what a crash costs is some seconds.
_BOOKMARK_EVERY_BYTES = 4 << 30

HashProgress: TypeAlias = Callable[[int, int], None]
"""Told the bytes read so far and the bytes in all, some hundred times a second."""


def hash_model(
    paths: Sequence[Path],
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> str:
    """Return the SHA-256 of a model in lower-case hexadecimal; see `hash_files`."""
    return join_digests(hash_files(paths, on_progress=on_progress, is_cancelled=is_cancelled))


def join_digests(digests: Sequence[str]) -> str:
    """Return the hash of a model from those of its files: of several, that of their hex lines."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()


def hash_files(
    paths: Sequence[Path],
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    bookmarks: Path | None = None,
) -> tuple[str, ...]:
    """Return the SHA-256 of each file; `bookmarks` is the folder where half-made ones are kept.

    Raises `UserError` if a file can't be read or changes meanwhile, `Cancelled` within a few
    milliseconds of `is_cancelled` turning true.
    """
    if not paths:
        raise ValueError("A model has at least one file")
    total = sum(check_regular(path).st_size for path in paths)
    digests: list[str] = []
    done = 0
    for path in paths:
        work = _FileHash(path, bookmarks)
        done += work.position
        for count in work.proceed(is_cancelled or (lambda: False)):
            done += count
            if on_progress is not None:
                on_progress(done, total)
        digests.append(work.digest.hexdigest())
    if bookmarks is not None:
        for path in paths:
            drop_bookmark(bookmarks, path)
    return tuple(digests)


class _FileHash:
    """The hash of one file, from its beginning or its bookmark."""

    def __init__(self, path: Path, bookmarks: Path | None) -> None:
        self._path = path
        self._folder = bookmarks
        self._status = check_regular(path)
        known = load_bookmark(bookmarks, path, self._status) if bookmarks is not None else None
        self.digest: Sha256 = begin_hash(known.state if known else b"")
        self.position = self._marked = known.done_bytes if known else 0

    def proceed(self, is_cancelled: Callable[[], bool]) -> Iterator[int]:
        """Read to the end; yield how many bytes each step took."""
        try:
            for chunk in _read(self._path, self._status, self.position):
                _stop_if(is_cancelled)
                self.digest.update(chunk)
                self.position += len(chunk)
                if self.position - self._marked >= _BOOKMARK_EVERY_BYTES:
                    self._mark()
                yield len(chunk)
        except UserError:
            if self._folder is not None:
                drop_bookmark(self._folder, self._path)
            raise
        except BaseException:
            self._mark()
            raise
        # Of a split model, what is done stays done until all of it is.
        self._mark()

    def _mark(self) -> None:
        self._marked = self.position
        if self._folder is not None:
            state = self.digest.state()
            mark = make_bookmark(self._path, self._status, self.position, state)
            save_bookmark(self._folder, self._path, mark)


def _stop_if(is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        raise Cancelled("hashing was cancelled")


def _read(path: Path, before: os.stat_result, start: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        with open_model(path) as stream:
            stream.seek(start)
            _announce_reading(stream.fileno())
            while count := stream.readinto(buffer):
                yield buffer[:count]
    except OSError as error:
        raise read_failure(path, error) from None
    after = check_regular(path)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UserError(
            f"{path} changed while it was read.", remedy="Wait until it is complete and try again."
        )


def _announce_reading(descriptor: int) -> None:
    """Have the system read ahead of a hash, where it can be told."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
