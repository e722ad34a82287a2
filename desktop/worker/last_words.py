"""What a child writes to its standard error: kept to the last few kilobytes, however much it is.

A failed assertion's text and a stack trace are what explains a lost engine. They come through a
pipe and not a file, so that a library that complains without end can't fill a disk.
"""

import os
import sys
import threading
from multiprocessing.connection import Connection

KEPT_BYTES = 8000
_READ_BYTES = 65536


class LastWords:
    """Reads one end of a pipe in a thread of its own until everybody has closed the other."""

    def __init__(self, connection: Connection) -> None:
        """Begin to listen; `connection` belongs to the thread from here on."""
        self._connection = connection
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="engine-stderr", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the end of the pipe; a grandchild that holds it open is not waited for."""
        self._thread.join(seconds)

    def text(self) -> str:
        """Return the last words so far, at most `KEPT_BYTES` of them."""
        with self._lock:
            return self._kept.decode("utf-8", errors="replace").strip()

    def _listen(self) -> None:
        with self._connection:
            while data := _read(self._connection):
                with self._lock:
                    self._kept += data
                    del self._kept[:-KEPT_BYTES]


def _read(connection: Connection) -> bytes:
    """Return what has been written, empty at the end."""
    try:
        if sys.platform == "win32":
            return connection.recv_bytes()  # pipes have messages there, whoever writes
        return os.read(connection.fileno(), _READ_BYTES)
    except (EOFError, OSError):
        return b""


def redirect_output(connection: Connection) -> None:
    """Send this process's file descriptors 1 and 2 into the pipe, and Python's streams with them.

    A windowed program may have neither, and what C libraries write goes nowhere else.
    """
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists on Windows only

        target = msvcrt.open_osfhandle(connection.fileno(), os.O_APPEND)
    else:
        target = connection.fileno()
    for descriptor in (1, 2):
        os.dup2(target, descriptor)
    if sys.platform != "win32":
        connection.close()
    sys.stdout = sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="replace", closefd=False)
