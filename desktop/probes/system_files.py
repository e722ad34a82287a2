"""Small files of /proc and /sys, and why a figure out of them can't be had.

Everything here takes the root folder as an argument, so that tests bring directories of their own.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path("/")
_LONGEST_BYTES = 1 << 16  # such files have a line or a page; more is not what we look for
_Value = TypeVar("_Value")


class NotAvailable(Exception):
    """A figure can't be had on this machine; the text is one sentence that says why."""


class Gathering:
    """Asks for figures and keeps, by the field's name, the reason for each that can't be had."""

    def __init__(self) -> None:
        """Begin without reasons."""
        self.reasons: dict[str, str] = {}

    def ask(self, field: str, question: Callable[[], _Value], otherwise: _Value) -> _Value:
        """Return the answer, or `otherwise` where the system has none or fails to tell."""
        try:
            return question()
        except NotAvailable as absent:
            self.reasons[field] = str(absent)
        except (AttributeError, NotImplementedError):
            # psutil leaves functions out where a system has nothing for them.
            self.reasons[field] = f"It can't be asked for on this system ({sys.platform})."
        except (OSError, RuntimeError, ValueError) as error:
            self.reasons[field] = f"The system failed to tell: {describe_error(error)}."
        return otherwise


def read_text(root: Path, name: str) -> str:
    """Return a file's text without the space around it; raise `NotAvailable` if it can't be read.

    `name` is the path below the root, without a leading slash.
    """
    return read_bytes(root, name, _LONGEST_BYTES).decode("utf-8", "replace").strip()


def read_number(root: Path, name: str) -> int:
    """Return a file's whole number; raise `NotAvailable` if there is none."""
    text = read_text(root, name)
    try:
        return int(text)
    except ValueError:
        raise NotAvailable(f"/{name} holds no whole number but “{text[:40]}”.") from None


def read_bytes(root: Path, name: str, longest: int) -> bytes:
    """Return at most `longest` bytes of a file; raise `NotAvailable` if it can't be read."""
    try:
        with (root / name).open("rb") as file:
            return file.read(longest)
    except FileNotFoundError:
        raise NotAvailable(f"This system has no /{name}.") from None
    except PermissionError:
        raise NotAvailable(f"This user may not read /{name}.") from None
    except OSError as error:
        raise NotAvailable(f"/{name} can't be read: {describe_error(error)}.") from None


def count_listed(text: str) -> int:
    """Return how many numbers a list of the kernel's names, such as `0-3,8` (five).

    Raises `NotAvailable` for anything else.
    """
    count = 0
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first and not last:
            continue
        try:
            count += int(last or first) - int(first) + 1
        except ValueError:
            raise NotAvailable(f"“{text[:40]}” is no list of numbers.") from None
    return count


def describe_error(error: Exception) -> str:
    """Return an error's words without the path that the system puts into them."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
