"""The binding, made safe before its first use, and llama.cpp's log.

Importing the binding runs code that must be kept away: a disk cache with a known hole, a log
callback that writes to a terminal that a window does not have, and library paths that the
environment could point anywhere.
"""

import collections
import contextlib
import ctypes
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from desktop.errors import EngineFault

PINNED_VERSION = "0.3.36"
_KEPT_LINES = 200
_INFO, _WARNING, _ERROR, _CONTINUED = 2, 3, 4, 5


def _import_binding() -> Any:
    # diskcache unpickles what it finds (CVE-2025-69872); the binding imports and never needs it.
    sys.modules.setdefault("diskcache", types.ModuleType("diskcache"))
    for name in ("GGML_BACKEND_PATH", "LLAMA_CPP_LIB_PATH"):
        os.environ.pop(name, None)
    # Otherwise a failed assertion starts a debugger to print a stack trace.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    import llama_cpp  # noqa: PLC0415 - only after the lines above

    return llama_cpp


_package: Any = _import_binding()
api: Any = _package.llama_cpp
binding_version: str = _package.__version__


class Logbook:
    """llama.cpp's log: the last lines for details of failures, all lines while recording."""

    def __init__(self) -> None:
        """Begin empty; `install` makes llama.cpp write here."""
        self.last: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self.listener: Callable[[str, bool], None] | None = None
        self._recordings: list[list[str]] = []
        # Kept: if Python freed the callback, llama.cpp's next line would crash the process.
        self._callback = api.llama_log_callback(self._write)

    def install(self) -> None:
        """Take the place of the binding's own callback."""
        api.llama_log_set(self._callback, None)

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[str]]:
        """Collect every line from information upwards while the block runs."""
        lines: list[str] = []
        self._recordings.append(lines)
        try:
            yield lines
        finally:
            self._recordings.remove(lines)

    def tail(self) -> str:
        """Return the last lines, for the details of a failure."""
        return "\n".join(self.last)

    def _write(self, level: int, text: bytes, _: object) -> None:
        if level < _INFO:
            return  # thousands of lines a load
        line = text.decode("utf-8", errors="replace").rstrip("\n")
        if level == _CONTINUED or not line.strip():
            return  # progress dots
        self.last.append(line)
        for lines in self._recordings:
            lines.append(line)
        if self.listener is not None:
            self.listener(line, level in (_WARNING, _ERROR))


logbook = Logbook()
logbook.install()


class AbortFlag:
    """A flag that llama.cpp reads between the operations of a decode, and Python sets.

    The callback is the C library's `strlen` on a buffer of ours: it returns 0 for an empty string
    and 1 once a character stands there, which as a C `bool` is the answer wanted. A callback in
    Python would be entered a thousand times a token and cost a fifth of the speed.
    """

    def __init__(self) -> None:
        """Begin lowered."""
        self._buffer = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt") if sys.platform == "win32" else ctypes.CDLL(None)
        self._function = ctypes.cast(library.strlen, api.ggml_abort_callback)

    def attach(self, context: Any) -> None:
        """Let a context look at this flag. The flag must outlive the context."""
        api.llama_set_abort_callback(context, self._function, ctypes.addressof(self._buffer))

    def set(self) -> None:
        """Ask the decode under way to stop."""
        self._buffer[0] = b"x"

    def clear(self) -> None:
        """Let decodes run again."""
        self._buffer[0] = b"\0"

    @property
    def is_set(self) -> bool:
        """Whether a stop has been asked for."""
        return bool(self._buffer.value)


def check_version() -> None:
    """Refuse any binding but the one whose struct layouts were checked."""
    if binding_version != PINNED_VERSION:
        raise EngineFault(
            f"The installed llama-cpp-python is {binding_version}, but {PINNED_VERSION} is needed."
        )


def describe_build() -> str:
    """Return llama.cpp's commit and what its CPU code was built for."""
    commit = ""
    with contextlib.suppress(AttributeError):  # not every system finds symbols of dependencies
        ask = api._lib.ggml_commit  # noqa: SLF001 - the binding leaves this function out
        ask.restype = ctypes.c_char_p
        commit = ask().decode("utf-8", errors="replace")
    features = api.llama_print_system_info().decode("utf-8", errors="replace").strip(" |")
    return f"llama.cpp {commit or 'of unknown commit'}; {features}"
