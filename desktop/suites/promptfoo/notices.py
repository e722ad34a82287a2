"""What promptfoo would do and a suite can't: collected with its place, each thing once."""

from pathlib import Path

from desktop.domain.suite_import import Notice

MOST_NOTICES = 1000


class Notices:
    """Collects notices about one configuration and the files that it names."""

    def __init__(self, path: Path) -> None:
        """Begin with none; places are told relative to the configuration's folder."""
        self._root = path
        self._found: dict[tuple[str, int, str], None] = {}
        self.path = path

    def add(self, line: int, message: str, path: Path | None = None) -> None:
        """Note something at a line of the configuration, or of a file it names."""
        if len(self._found) < MOST_NOTICES:
            self._found.setdefault((str(path or self.path), line, message))

    def listed(self) -> tuple[Notice, ...]:
        """Return all, in the order in which they were met."""
        found = [Notice(path=path, line=line, message=text) for path, line, text in self._found]
        if len(found) == MOST_NOTICES:
            more = f"there is more to tell; these are the first {MOST_NOTICES:,} notices"
            found.append(Notice(path=str(self.path), line=0, message=more))
        return tuple(found)
