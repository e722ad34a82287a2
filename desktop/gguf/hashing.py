"""The SHA-256 by which a language model is known."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from desktop.errors import Cancelled, UserError
from desktop.gguf.source import check_regular, open_model, read_failure

_CHUNK_BYTES = 4 << 20

HashProgress: TypeAlias = Callable[[int, int], None]
"""Told the bytes read so far and the bytes in all, some times a second."""


def hash_model(
    paths: Sequence[Path],
    *,
    on_progress: HashProgress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> str:
    """Return the SHA-256 of a model in lower-case hexadecimal.

    One file: of its bytes. Several shards, in order: of their digests joined by newlines. Raises
    `UserError` if a file can't be read or changes meanwhile, `Cancelled` within a few
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
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()


def _read(path: Path) -> Iterator[memoryview]:
    before = check_regular(path)
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        with open_model(path) as stream:
            while count := stream.readinto(buffer):  # type: ignore[attr-defined]
                yield buffer[:count]
    except OSError as error:
        raise read_failure(path, error) from None
    after = check_regular(path)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UserError(
            f"{path} changed while it was read.", remedy="Wait until it is complete and try again."
        )
