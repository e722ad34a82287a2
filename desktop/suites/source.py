"""The bytes of files that strangers wrote: read within limits, told in a sentence if not."""

import os
import stat
from pathlib import Path

from desktop.errors import EnvironmentFault, UserError

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's content; raises `UserError` for what is missing, no file, or too large."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise UserError(f"{path} is a folder, not a suite file.", remedy="Choose a file in it.")
        if not stat.S_ISREG(kind):
            raise UserError(f"{path} is no ordinary file.", remedy="Choose a suite file.")
        # Between the look and the opening a pipe may take the file's place: never wait for it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            content = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"There is no file {path}.",
            remedy="Choose a suite file that exists; `touchstone suites` lists the bundled ones.",
        ) from None
    except PermissionError:
        raise UserError(
            f"{path} may not be read by this user.", remedy="Change its permissions."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentFault(f"{path} could not be read: {reason}.") from None
    if len(content) > most:
        raise UserError(
            f"{path} is larger than {most // 1_000_000} MB.",
            remedy="Split the suite into several files.",
        )
    return content


def decode_utf8(path: Path, content: bytes) -> str:
    """Return the text of UTF-8 bytes; raises `UserError` that names the line where they aren't."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        is_wide = content.startswith(_UTF_16)
        found = "it is UTF-16, not UTF-8 text" if is_wide else "it is not UTF-8 text"
        raise UserError(
            f"{path}, line {line}: {found}.", remedy="Save the file with the encoding UTF-8."
        ) from None
