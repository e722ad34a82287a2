"""A SHA-256 half way that can be put on disk, so that a hash goes on after the program was ended.

Python's own can't be stored. OpenSSL's oldest functions work on a plain structure of 112 bytes,
which is all there is to store; they are in the library that Python's `hashlib` has loaded. They
are used only where they are found and give what `hashlib` gives; elsewhere nothing is stored and
a hash begins anew.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
from pathlib import Path
from typing import Protocol

import msgspec

from desktop.domain.base import Value

_STATE_BYTES = 112
_DIGEST_BYTES = 32
_LIMIT_BYTES = 1 << 16
_WINDOWS_LIBRARIES = ("libcrypto-3.dll", "libcrypto-3-x64.dll", "libcrypto-3-arm64.dll")


class Sha256(Protocol):
    """A hash under way."""

    def update(self, data: memoryview) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far."""

    def state(self) -> bytes:
        """Return what the hash goes on from, empty if it can't be stored."""


class Bookmark(Value, frozen=True, kw_only=True):
    """How far the hash of a file is, and of which file: it counts only while that is the same."""

    path: str
    file_bytes: int
    modified_ns: int
    inode: int
    done_bytes: int
    state: bytes
    library: str


def begin_hash(state: bytes = b"") -> Sha256:
    """Return a new hash, or one that goes on from a state."""
    library = _find_library()
    return _OpenSsl(library, state) if library is not None else _Hashlib()


def tell_library() -> str:
    """Return whose states can be read, empty if none can be stored."""
    library = _find_library()
    if library is None:
        return ""
    library.OpenSSL_version.restype = ctypes.c_char_p
    return str(library.OpenSSL_version(0).decode("ascii", "replace"))


def load_bookmark(folder: Path, path: Path, status: os.stat_result) -> Bookmark | None:
    """Return the bookmark of a file, `None` without one that is whole and of the file as it is."""
    try:
        with _place(folder, path).open("rb") as stream:
            content = stream.read(_LIMIT_BYTES)
        digest, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            return None
        found = msgspec.msgpack.decode(packed, type=Bookmark)
    except (OSError, msgspec.DecodeError):
        return None
    fits = found == make_bookmark(path, status, found.done_bytes, found.state)
    return found if fits and 0 < found.done_bytes <= found.file_bytes else None


def make_bookmark(path: Path, status: os.stat_result, done_bytes: int, state: bytes) -> Bookmark:
    """Return a bookmark of a file in this status."""
    return Bookmark(
        path=str(path),
        file_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        inode=status.st_ino & (2**63 - 1),
        done_bytes=done_bytes,
        state=state,
        library=tell_library(),
    )


def save_bookmark(folder: Path, path: Path, bookmark: Bookmark) -> None:
    """Keep a bookmark, whole or not at all; one that can't be kept costs time only."""
    if not bookmark.state:
        return
    packed = msgspec.msgpack.encode(bookmark)
    target = _place(folder, path)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_bytes(hashlib.sha256(packed).digest() + packed)
        draft.replace(target)


def drop_bookmark(folder: Path, path: Path) -> None:
    """Forget the bookmark of a file."""
    with contextlib.suppress(OSError):
        _place(folder, path).unlink(missing_ok=True)


def _place(folder: Path, path: Path) -> Path:
    name = hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()
    return folder / f"{name[:32]}.bookmark"


class _Hashlib:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: memoryview) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def state(self) -> bytes:
        return b""


class _OpenSsl:
    def __init__(self, library: ctypes.CDLL, state: bytes) -> None:
        self._library = library
        self._state = ctypes.create_string_buffer(_STATE_BYTES)
        if state:
            self._state.raw = state
        else:
            library.SHA256_Init(self._state)

    def update(self, data: memoryview) -> None:
        """Take more bytes, without a copy and without holding other threads up."""
        size = len(data)
        if size:
            start = (ctypes.c_char * size).from_buffer(data)
            self._library.SHA256_Update(self._state, start, ctypes.c_size_t(size))

    def hexdigest(self) -> str:
        ended = ctypes.create_string_buffer(self._state.raw, _STATE_BYTES)
        digest = ctypes.create_string_buffer(_DIGEST_BYTES)
        self._library.SHA256_Final(digest, ended)
        return digest.raw.hex()

    def state(self) -> bytes:
        return self._state.raw


@functools.cache
def _find_library() -> ctypes.CDLL | None:
    """Return OpenSSL if it has what is needed and its hashes are those of `hashlib`."""
    try:
        import _hashlib  # noqa: PLC0415 - not every build of Python has it
    except ImportError:
        return None
    for name in (getattr(_hashlib, "__file__", None), *_WINDOWS_LIBRARIES):
        try:
            library = ctypes.CDLL(name) if name else None
            if library is not None and _agrees(library):
                return library
        except (OSError, AttributeError, ValueError):
            continue
    return None


def _agrees(library: ctypes.CDLL) -> bool:
    """Tell whether a hash that is stored and taken up in the middle of a block comes out right."""
    text = memoryview(bytearray(range(256)) * 5)
    library.OpenSSL_version  # noqa: B018 - AttributeError where it is missing
    first = _OpenSsl(library, b"")
    first.update(text[:333])
    second = _OpenSsl(library, first.state())
    second.update(text[333:])
    return second.hexdigest() == hashlib.sha256(text).hexdigest()
