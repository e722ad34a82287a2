"""What several prompts begin with, kept in the cache until the last of them has begun."""

from dataclasses import dataclass

from desktop.inference.llama.context import Context
from desktop.inference.llama.plan import Prefix
from desktop.inference.llama.writer import Writer


@dataclass
class _Kept:
    """A prefix under a sequence of its own, or (`reader`) about to be read by a writer."""

    sequence: int
    to_begin: int
    reader: Writer | None


class KeptPrefixes:
    """Hands prefixes to those who begin with them. The first of these reads it for all."""

    def __init__(self, context: Context, sequences: range) -> None:
        """Keep each under one of `sequences`, which nobody writes on."""
        self._context = context
        self._free = list(sequences)
        self._kept: dict[Prefix, _Kept] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept or being read."""
        return not self._kept

    def is_being_read(self, prefix: Prefix | None) -> bool:
        """Whether one of its prompts must wait because another is reading the beginning."""
        path = prefix.path if prefix else ()
        return any((kept := self._kept.get(part)) and kept.reader for part in path)

    def share(self, prefix: Prefix | None, sequence: int) -> int:
        """Copy the longest kept part into an empty sequence; returns its tokens."""
        ready = [part for part in (prefix.path if prefix else ()) if part in self._kept]
        if not ready:
            return 0
        self._context.copy(self._kept[ready[-1]].sequence, sequence)
        return ready[-1].tokens

    def begin(self, prefix: Prefix | None, writer: Writer) -> None:
        """Note that a prompt has begun, and that it reads for others what is not kept yet."""
        for part in prefix.path if prefix else ():
            kept = self._kept.get(part)
            if kept is None:
                kept = _Kept(-1, part.users, writer)
                self._kept[part] = kept
            self._count_down(part, kept)

    def skip(self, prefix: Prefix | None) -> None:
        """Note that a prompt will never begin."""
        for part in prefix.path if prefix else ():
            kept = self._kept.get(part)
            if kept is None:
                part.users -= 1
            else:
                self._count_down(part, kept)

    def next_stop(self, writer: Writer) -> int | None:
        """Return the position up to which a reader may read in one go, `None` for no limit."""
        stops = [part.tokens for part, kept in self._kept.items() if kept.reader is writer]
        return min(stops, default=None)

    def keep(self, writer: Writer, sequence: int) -> None:
        """Keep what a reader has just read to its end."""
        for part, kept in self._kept.items():
            if kept.reader is writer and part.tokens == writer.position:
                kept.sequence, kept.reader = self._free.pop(), None
                self._context.copy(sequence, kept.sequence)

    def leave(self, writer: Writer) -> None:
        """Note that a writer has gone; what it has not read, the next one will."""
        for part in [part for part, kept in self._kept.items() if kept.reader is writer]:
            self._release(part)

    def lose_all(self) -> None:
        """Note that the cache is empty; those who come next read anew."""
        for part in tuple(self._kept):
            self._release(part)

    def _count_down(self, part: Prefix, kept: _Kept) -> None:
        kept.to_begin -= 1
        if not kept.to_begin:
            self._release(part)

    def _release(self, part: Prefix) -> None:
        kept = self._kept.pop(part)
        # Whoever comes next counts down from what is left.
        part.users = kept.to_begin
        if kept.reader is None:
            self._context.forget(kept.sequence)
            self._free.append(kept.sequence)
