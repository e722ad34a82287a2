"""What is wrong with a suite file: collected, so that an author mends all of it in one go."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from desktop.domain.base import Value
from desktop.errors import UserError

_MOST_TOLD = 50


class Finding(Value, frozen=True, kw_only=True):
    """One problem: its line (from 1, 0 for the whole file) and what is wrong there.

    `is_missing` marks a key that is not there: told after the others, since a misspelt key,
    which is the cause, says more.
    """

    line: int
    message: str
    is_missing: bool = False


class FaultySuite(UserError):
    """A suite file with problems; `findings` has each with its line, as an editor shows them."""

    def __init__(
        self, message: str, findings: tuple[Finding, ...], *, remedy: str, details: str
    ) -> None:
        """Keep the findings beside the sentences."""
        super().__init__(message, remedy=remedy, details=details)
        self.findings = findings


class Findings:
    """Collects problems of one file."""

    def __init__(self, path: Path) -> None:
        """Begin with none."""
        self._path = path
        self._found: list[Finding] = []

    def add(self, line: int, message: str) -> None:
        """Note a problem."""
        self._found.append(Finding(line=line, message=message))

    def missing_key(self, line: int, key: str, where: str) -> None:
        """Note a key that has to be there and is not."""
        self._found.append(
            Finding(line=line, message=f'{where} needs the key "{key}"', is_missing=True)
        )

    def unknown_key(self, line: int, key: str, where: str, known: Iterable[str]) -> None:
        """Note a key that does not belong there, with the nearest one that does."""
        self.add(line, f'unknown key "{key}" in {where}{nearest(key, known)}')

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    def error(self) -> FaultySuite:
        """Return the error to raise: the first problem in the message, all in the details."""
        ordered = sorted(self._found, key=lambda finding: (finding.is_missing, finding.line))
        told = [self._sentence(finding) for finding in ordered[:_MOST_TOLD]]
        if len(ordered) > _MOST_TOLD:
            told.append(f"… and {len(ordered) - _MOST_TOLD} more.")
        others = len(ordered) - 1
        remedy = "Correct it and read the file again."
        if others:
            noun = "problem" if others == 1 else "problems"
            remedy = f"Correct it and {others} further {noun} (see details), then read it again."
        return FaultySuite(told[0], tuple(ordered), remedy=remedy, details="\n".join(told))

    def _sentence(self, finding: Finding) -> str:
        place = f"{self._path}, line {finding.line}" if finding.line else str(self._path)
        return f"{place}: {finding.message}{'' if finding.message.endswith('?') else '.'}"


def with_nearest(said: str, word: str, known: Iterable[str]) -> str:
    """Return a whole sentence about an unknown word, with the nearest known one as a question."""
    told = said + nearest(word, known)
    return told if told.endswith("?") else f"{told}."


def nearest(word: str, known: Iterable[str]) -> str:
    """Return how to go on after an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known are {', '.join(names)}" if names else ""
