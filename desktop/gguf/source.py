"""Opening what is said to be a model file, and saying what it is if it is none.

Nothing but regular files is ever opened: a FIFO would wait for ever and a device never ends.
"""

import errno
import io
import os
import stat
from pathlib import Path

from desktop.errors import EnvironmentFault, UserError

MAGIC = b"GGUF"
# Beyond so many words in brackets, a vocabulary is taken to hold any of them.
MARKS_LIMIT = 16_384
_SAMPLE_BYTES = 512

_FOREIGN_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, a short text in place of the model"),
    (b"PK\x03\x04", "a ZIP archive (PyTorch checkpoints look like this too)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"%PDF", "a PDF document"),
    (b"lmgg", "a model in the GGML format that GGUF replaced in 2023"),
    (b"tjgg", "a model in the GGJT format that GGUF replaced in 2023"),
    (b"fmgg", "a model in the GGMF format that GGUF replaced in 2023"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
)
_REMEDIES = {
    b"version https://git-lfs": "Fetch the real file with “git lfs pull”.",
    b"lmgg": "Get the model as GGUF, or convert it with llama.cpp's scripts.",
    b"tjgg": "Get the model as GGUF, or convert it with llama.cpp's scripts.",
    b"fmgg": "Get the model as GGUF, or convert it with llama.cpp's scripts.",
}
_PAGE = "a web page, not a model; perhaps the download asked for a login"
_CHOOSE = "Choose a file in the GGUF format."


def spell(path: Path) -> str:
    """Return a path as text that can be stored and printed, whatever bytes are in its name."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


def check_regular(path: Path) -> os.stat_result:
    """Return the file's status if it may be opened as a model file; `UserError` otherwise."""
    if spell(path) != str(path):
        raise UserError(
            f"The name of {spell(path)} has bytes that are no text.",
            remedy="Give the file and its folders names in UTF-8.",
        )
    try:
        status = path.stat()
    except OSError as error:
        raise _cannot_read(path, error) from None
    except ValueError:
        raise UserError(f"{str(path)!r} is not a possible file name.") from None
    if stat.S_ISDIR(status.st_mode):
        raise UserError(
            f"{path} is a folder, not a model file.", remedy="Choose a file, or scan the folder."
        )
    if not stat.S_ISREG(status.st_mode):
        kind = _name_kind(status.st_mode)
        raise UserError(f"{path} is {kind}, not a regular file.", remedy=_CHOOSE)
    return status


def open_model(path: Path) -> io.FileIO:
    """Open a regular file for reading; `UserError` says why it can't be had.

    Opened without waiting and checked again once open, because a name can be swapped between
    the check and the opening.
    """
    check_regular(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise _cannot_read(path, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UserError(f"{path} is not a regular file.", remedy=_CHOOSE)
    return os.fdopen(descriptor, "rb", buffering=0)


def read_small(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a regular file of no more than `limit_bytes`; `UserError` otherwise.

    For the small texts that lie beside models: settings, manifests, lists of checksums.
    """
    try:
        with open_model(path) as stream:
            content = bytearray()
            while len(content) <= limit_bytes:
                step = stream.read(limit_bytes + 1 - len(content))
                if not step:
                    return bytes(content)
                content += step
    except OSError as error:
        raise read_failure(path, error) from None
    raise UserError(
        f"{path} has more than {limit_bytes:,} bytes, too many for what it should be.",
        remedy="Move it away if it does not belong there.",
    )


def refuse_foreign(path: Path, beginning: bytes) -> UserError:
    """Return the error for a file that does not begin like a GGUF, with a guess what it is."""
    if not beginning:
        return UserError(f"{path} is empty.", remedy="Copy or download the model again.")
    for start, description in _FOREIGN_BEGINNINGS:
        if beginning.startswith(start):
            remedy = _REMEDIES.get(start, _CHOOSE)
            return UserError(f"{path} is no GGUF file but {description}.", remedy=remedy)
    guess = _guess_content(beginning)
    return UserError(f"{path} is no GGUF file{f' but {guess}' if guess else ''}.", remedy=_CHOOSE)


def read_failure(path: Path, error: OSError) -> UserError:
    """Return the error for a read that the operating system refused."""
    return _cannot_read(path, error)


def _guess_content(beginning: bytes) -> str:
    sample = beginning[:_SAMPLE_BYTES]
    text = sample.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return _PAGE
    length = int.from_bytes(sample[:8], "little")
    # safetensors begin with the length of a JSON text, then that text.
    if sample[8:9] == b"{" and 0 < length < 1 << 32:
        return "a safetensors file, which llama.cpp can't load until it is converted to GGUF"
    if not any(sample):
        return "nothing but zero bytes, as an unfinished download leaves them"
    if all(byte in b"\t\r\n\f" or 32 <= byte != 127 for byte in sample):  # noqa: PLR2004 - DEL
        return "text"
    return ""


def _name_kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def _cannot_read(path: Path, error: OSError) -> UserError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if path.is_symlink():
            return UserError(
                f"{path} is a link to a file that is not there.",
                remedy="Put the file back or remove the link.",
            )
        return UserError(f"There is no file {path}.", remedy="Check the name.")
    if error.errno == errno.ELOOP:
        return UserError(f"{path} is a link that leads back to itself.", remedy="Remove the link.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UserError(
            f"{path} may not be read by this user.", remedy="Change the file's permissions."
        )
    reason = error.strerror or type(error).__name__
    return EnvironmentFault(
        f"{path} can't be read: {reason}.", remedy="Check the disk or the network drive."
    )
