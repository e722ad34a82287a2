"""The text of one answer while it grows: whole characters only, and never past a stop text."""

import codecs
from collections.abc import Iterable, Sequence


class AnswerText:
    """Turns a model's bytes into text that may be shown.

    A character can be split across tokens, and a stop text as well; both are held back until
    they are whole or turn out to be something else. Bytes that are no UTF-8 become U+FFFD.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        """Watch for any of `stop`; empty ones are ignored, or nothing would ever be said."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stop = tuple(text for text in stop if text)
        self._settled: list[str] = []
        self._held = ""
        self._taken = 0
        self.stopped = False

    def feed(self, piece: bytes) -> bool:
        """Add a token's bytes; returns whether a stop text has been reached."""
        return self.add(self._decoder.decode(piece))

    def add(self, text: str) -> bool:
        """Add what another has decoded; returns whether a stop text has been reached."""
        if not self.stopped:
            self._settle(text)
        return self.stopped

    def finish(self) -> None:
        """Let go of what was held back: nothing more will come."""
        if self.stopped:
            return
        self._settle(self._decoder.decode(b"", final=True))
        if not self.stopped:
            self._settled.append(self._held)
            self._held = ""

    def take(self) -> str:
        """Return what may be shown and was not returned before."""
        fresh = "".join(self._settled[self._taken :])
        self._taken = len(self._settled)
        return fresh

    @property
    def text(self) -> str:
        """All that has settled so far."""
        return "".join(self._settled)

    def _settle(self, more: str) -> None:
        self._held += more
        found = [at for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if found:
            self._settled.append(self._held[: min(found)])
            self._held = ""
            self.stopped = True
            return
        keep = length_to_hold(self._held, self._stop)
        cut = len(self._held) - keep
        if cut:
            self._settled.append(self._held[:cut])
            self._held = self._held[cut:]


def length_to_hold(text: str, marks: Iterable[str]) -> int:
    """Return how many characters at the end of `text` could be the beginning of a mark."""
    return max(
        (
            length
            for mark in marks
            for length in range(1, min(len(mark), len(text) + 1))
            if text.endswith(mark[:length])
        ),
        default=0,
    )
