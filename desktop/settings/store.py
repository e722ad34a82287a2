"""The settings file: read forgivingly, written whole or not at all."""

import contextlib
import os
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from desktop.errors import EnvironmentFault, UserError
from desktop.settings._upgrades import VERSION, upgrade
from desktop.settings.options import Options


class _Broken(Exception):
    """The file's content makes no sense; the message says why."""


class _Newer(Exception):
    """The file's version is one that only a newer program knows."""


class SettingsStore:
    """Loads and saves the user's options; a bad file never keeps the program from starting.

    `problem` is empty, or one sentence about the last `load` that the user should be shown.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it need not exist."""
        self._path = path
        self._lock = threading.Lock()
        self._must_not_replace = ""
        self.problem = ""

    def load(self) -> Options:
        """Return the options; the defaults if there is no file or no use in it.

        A broken file is kept aside under another name. One of a newer version, or one that may
        not be read, is left alone, and `save` will refuse to replace it.
        """
        with self._lock:
            self.problem = self._must_not_replace = ""
            try:
                return _decode(self._path.read_bytes())
            except FileNotFoundError:
                pass
            except _Broken as error:
                self.problem = self._keep_aside(str(error))
            except _Newer as error:
                self._must_not_replace = (
                    f"The settings in {self._path} have version {error}, this program knows "
                    f"versions up to {VERSION}; the defaults are used and the file stays as it is."
                )
            except OSError as error:
                self._must_not_replace = (
                    f"The settings in {self._path} cannot be read ({error.strerror}); "
                    "the defaults are used."
                )
            self.problem = self.problem or self._must_not_replace
            return Options()

    def save(self, options: Options) -> None:
        """Write the options; a crash leaves the old file or the new one, never half of one.

        Raises:
            EnvironmentFault: the disk is full or does not allow it.
            UserError: the file is one that `load` had to leave alone.
        """
        current = msgspec.structs.replace(options, version=VERSION)
        content = msgspec.json.format(msgspec.json.encode(current), indent=2) + b"\n"
        with self._lock:
            if self._must_not_replace:
                raise UserError(
                    self._must_not_replace,
                    remedy="To keep changes, use a newer Touchstone or move that file away.",
                )
            try:
                _replace(self._path, content)
            except OSError as error:
                raise EnvironmentFault(
                    f"The settings cannot be written to {self._path}: {error.strerror}.",
                    remedy="See that the disk has room and the folder may be written.",
                    details=str(error),
                ) from error

    def _keep_aside(self, why: str) -> str:
        stamp = datetime.now().astimezone().strftime("%Y%m%dT%H%M%S%f")
        aside = self._path.with_name(f"{self._path.name}.broken-{stamp}")
        try:
            self._path.rename(aside)
        except OSError as error:
            self._must_not_replace = (
                f"The settings in {self._path} are broken ({why}) and cannot be kept aside "
                f"({error.strerror}); the defaults are used."
            )
            return self._must_not_replace
        return (
            f"The settings in {self._path} are broken ({why}); the defaults are used and the "
            f"file is kept as {aside.name}."
        )


def _decode(content: bytes) -> Options:
    try:
        document: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Broken(str(error)) from error
    if not isinstance(document, dict):
        raise _Broken("it is not a JSON object")
    version = document.get("version", 0)
    if type(version) is not int or version < 0:
        raise _Broken("its version is not a whole number")
    if version > VERSION:
        raise _Newer(str(version))
    try:
        return msgspec.convert(upgrade(document), Options)
    except msgspec.ValidationError as error:
        raise _Broken(str(error)) from error


def _replace(path: Path, content: bytes) -> None:
    # A link is followed, so that settings kept elsewhere stay where they are.
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
