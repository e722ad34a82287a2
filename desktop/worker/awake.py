"""Keeping the machine awake while it works, by what each system offers for that.

The screen may go dark; only sleep is held off. Where nothing is offered, nothing happens: an
evaluation that was slept through goes on afterwards. Everything ends with this process, even if
it is killed.
"""

import ctypes
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

_log = logging.getLogger(__name__)

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001
_END_SECONDS = 2.0


class Blocker(Protocol):
    """One way to hold sleep off. `hold` tells whether it worked."""

    def hold(self, reason: str) -> bool:
        """Hold sleep off until `release`."""

    def release(self) -> None:
        """Let the machine sleep again."""


class CommandBlocker:
    """Holds sleep off as long as a child process lives, which ends when its input closes."""

    def __init__(self, make_command: Callable[[str], Sequence[str]]) -> None:
        """Take what makes the command line from the reason to show."""
        self._make_command = make_command
        self._process: subprocess.Popen[bytes] | None = None

    def hold(self, reason: str) -> bool:
        """Start the child; a missing or failing command is logged and that is all."""
        command = list(self._make_command(reason))
        program = shutil.which(command[0])
        if program is None:
            return False
        try:
            self._process = subprocess.Popen(  # noqa: S603 -- a fixed command of the system
                [program, *command[1:]],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_system_environment(),
            )
        except OSError as problem:
            _log.info("The machine is not kept awake: %s", problem)
            return False
        return True

    def release(self) -> None:
        """End the child, politely and then not."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:  # the child has gone already
                _log.debug("The child that kept the machine awake had ended.")
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class WindowsBlocker:
    """Tells Windows that this thread is at work; the flag goes with the thread."""

    def __init__(self, kernel: Any) -> None:
        """Take `kernel32`."""
        self._kernel = kernel

    def hold(self, reason: str) -> bool:
        """Set the flag."""
        del reason
        return bool(self._kernel.SetThreadExecutionState(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED))

    def release(self) -> None:
        """Take the flag back."""
        self._kernel.SetThreadExecutionState(_ES_CONTINUOUS)


class Awake:
    """Keeps the machine awake between `hold` and `release`; both may be called repeatedly."""

    def __init__(self, blocker: Blocker | None = None) -> None:
        """Take the system's way, or the one given."""
        self._blocker = blocker if blocker is not None else choose_blocker(sys.platform)
        self._held = False

    @property
    def held(self) -> bool:
        """Whether sleep is being held off."""
        return self._held

    def hold(self, reason: str) -> None:
        """Hold sleep off; does nothing if it is already, or can't be."""
        if not self._held and self._blocker is not None:
            self._held = self._blocker.hold(reason)

    def release(self) -> None:
        """Let the machine sleep again."""
        if self._held and self._blocker is not None:
            self._blocker.release()
        self._held = False


def choose_blocker(platform: str) -> Blocker | None:
    """Return the way of a system, by `sys.platform`."""
    if platform == "darwin":
        return CommandBlocker(lambda _: ("caffeinate", "-i", "-w", str(os.getpid())))
    if platform == "win32":
        return WindowsBlocker(getattr(ctypes, "windll").kernel32)  # noqa: B009 -- only on Windows
    if platform.startswith("linux"):
        return CommandBlocker(_inhibit)
    return None


def _inhibit(reason: str) -> tuple[str, ...]:
    # `cat` ends when our end of its input closes, so that nothing is left if we are killed.
    return (
        "systemd-inhibit",
        "--what=idle:sleep",
        "--mode=block",
        "--who=Touchstone",
        f"--why={reason}",
        "cat",
    )


def _system_environment() -> dict[str, str]:
    """Return the environment without the frozen program's libraries, which are not the system's."""
    environment = dict(os.environ)
    original = environment.pop("LD_LIBRARY_PATH_ORIG", None)
    if getattr(sys, "frozen", False):
        environment.pop("LD_LIBRARY_PATH", None)
        if original is not None:
            environment["LD_LIBRARY_PATH"] = original
    return environment
