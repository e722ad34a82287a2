"""Why a process ended, in words for people."""

import re
import signal
import sys

from desktop.inference.grammar import GRAMMAR_HANG

# What Windows calls the ends that POSIX tells by signals (ntstatus.h).
_WINDOWS = {
    0xC0000005: "SIGSEGV",
    0xC00000FD: "SIGSEGV",
    0xC000001D: "SIGILL",
    0xC0000006: "SIGBUS",
    0xC0000409: "SIGABRT",
    3: "SIGABRT",
}
_CAUSES = {
    "SIGKILL": "was killed, most often because memory ran out",
    "SIGTERM": "was told to end by another program",
    "SIGSEGV": "crashed by reading memory that is not its own",
    "SIGABRT": "gave up after a check of its own failed",
    "SIGILL": "crashed because this processor lacks an instruction that it was built for",
    "SIGBUS": "crashed while reading a file, most often because the file was changed or cut",
    "SIGFPE": "crashed in an impossible calculation",
}


OUT_OF_MEMORY = "ran out of memory"
# What C++ and ggml say before they give up; the signal alone would blame a check of their own.
_NO_MEMORY = re.compile(
    r"bad_alloc|failed to allocate|insufficient memory|cannot allocate memory|out of memory"
    r"|MemoryError",
    re.IGNORECASE,
)


def describe_end(exit_code: int, last_words: str = "") -> str:
    """Return one sentence for an exit code as `multiprocessing` gives it (minus n for signal n).

    `last_words` is what the process wrote to standard error; it may tell more than the code.
    """
    name = _signal_name(exit_code)
    if name == "SIGABRT" and _NO_MEMORY.search(last_words):
        return f"The engine's process {OUT_OF_MEMORY} ({name})."
    if name in _CAUSES:
        return f"The engine's process {_CAUSES[name]} ({name})."
    if name:
        return f"The engine's process was ended by the signal {name}."
    if GRAMMAR_HANG in last_words:
        return f"The engine's process {GRAMMAR_HANG}, and was ended."
    if exit_code == 0:
        return "The engine's process ended of its own accord before its work was done."
    return f"The engine's process ended unexpectedly with exit code {exit_code}."


def _signal_name(exit_code: int) -> str:
    if sys.platform == "win32":
        return _WINDOWS.get(exit_code & 0xFFFFFFFF, "")
    if exit_code >= 0:
        return ""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"number {-exit_code}"
