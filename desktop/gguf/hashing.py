"""The SHA-256 by which a language model is known.

A hash half way can't be kept: OpenSSL's state can't be stored. A hash that is stopped begins
anew with its file; one that is held, by a callback that waits, goes on where it was.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from desktop.errors import Cancelled, UserError
from desktop.gguf.source import check_regular, open_model, read_failure

_CHUNK_BYTES = 1 << 20  # fits a processor's cache, and is a few milliseconds of hashing

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
) -> tuple[str, ...]:
    """Return the SHA-256 of each file.

    Raises `UserError` if a file can't be read or changes meanwhile, `Cancelled` within a few
    milliseconds of `is_cancelled` turning true.
    """
    if not paths:
        raise ValueError("A model has at least one file")
    total = sum(check_regular(path).st_size for path in paths)
    digests: list[str] = []
    done = 0
    for path in paths:
        digest = hashlib.sha256()
        for chunk in _read(path):
            if is_cancelled is not None and is_cancelled():
                raise Cancelled("hashing was cancelled")
            digest.update(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, total)
        digests.append(digest.hexdigest())
    return tuple(digests)


def _read(path: Path) -> Iterator[memoryview]:
    before = check_regular(path)
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        with open_model(path) as stream:
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
