"""One writing process a database, kept by the operating system: the lock goes with the process."""

import os
import sys
import time
from pathlib import Path

from desktop.storage.faults import DatabaseInUse
from desktop.storage.sqlite_file import side_file

# Windows forbids others to read what is locked, so the lock lies far behind the process id.
_LOCKED_OFFSET = 1 << 20
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class WriterLock:
    """The lock beside a database file. The file stays when the lock goes: deleting it is a race."""

    def __init__(self, database: Path) -> None:
        """Name the lock of `database`; nothing is touched yet."""
        self._database = database
        self._path = side_file(database, ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `DatabaseInUse` if another has it, `OSError` from the disk.

        A few attempts, because another copy may hold it for the instant of looking at it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            for attempt in range(_ATTEMPTS):
                if _try_lock(descriptor):
                    os.ftruncate(descriptor, 0)
                    os.lseek(descriptor, 0, os.SEEK_SET)
                    os.write(descriptor, f"{os.getpid()}\n".encode())
                    self._descriptor = descriptor
                    return
                if attempt < _ATTEMPTS - 1:
                    time.sleep(_PAUSE_SECONDS)
            raise self._in_use()
        finally:
            if self._descriptor is None:
                os.close(descriptor)

    def release(self) -> None:
        """Give the lock back; harmless if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str | None:
        """Return who has the lock, in words, or `None` if nobody has."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        try:
            return None if _try_lock(descriptor) else self._holder_in_words()
        finally:
            os.close(descriptor)

    def _holder_in_words(self) -> str:
        try:
            with self._path.open("rb") as file:
                text = file.read(20).strip()
        except OSError:
            text = b""
        return (
            f"Another copy of Touchstone (process {int(text)})"
            if text.isdigit()
            else ("Another copy of Touchstone")
        )

    def _in_use(self) -> DatabaseInUse:
        return DatabaseInUse(
            f"{self._holder_in_words()} is writing to the database {self._database}.",
            remedy="Close it, or wait until it has finished, then try again.",
        )
