"""The parent's reading end: bytes of an untrusted process in, events out, and never an exception.

A thread of its own reads, so that beats are noticed while nobody waits for an event, and so that
a child never blocks for long on a full pipe. What it holds is bounded, whatever a child sends.
"""

import logging
import queue
import threading
from collections import deque
from multiprocessing.connection import Connection

import msgspec

from desktop.worker.engine_frames import (
    MAXIMUM_FRAME_BYTES,
    Beat,
    EngineLog,
    Event,
    decode_event,
)

_log = logging.getLogger(__name__)
_MOST_WAITING = 1000
_KEPT_LOG_LINES = 200
_KEPT_LINE_CHARACTERS = 2000
_FULL_SECONDS = 0.2
GARBLED = "The engine sent something that can't be understood, and was ended."
TOO_LONG = "The engine sent more at once than it may, and was ended."


class EventReader:
    """Reads frames for as long as there are any; the only one that touches this end.

    `heard` counts frames, beats among them. `problem` is a sentence once something came that is
    no event; nothing is read after that.
    """

    def __init__(self, connection: Connection) -> None:
        """Begin to read; `connection` belongs to the thread from here on."""
        self.heard = 0
        self.problem = ""
        self._connection = connection
        # Bounded: what nobody takes out stays in the pipe, and the child waits.
        self._inbox: queue.Queue[Event | None] = queue.Queue(_MOST_WAITING)
        self._log_lines: deque[str] = deque(maxlen=_KEPT_LOG_LINES)
        self._closed = False
        self._thread = threading.Thread(target=self._read, name="engine-events", daemon=True)
        self._thread.start()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be taken out."""
        return self._inbox.empty()

    def take(self, seconds: float) -> Event | None:
        """Return the next event, `None` after the last one; `queue.Empty` if none came."""
        return None if self._closed else self._inbox.get(timeout=seconds)

    def log_lines(self) -> tuple[str, ...]:
        """Return the last lines of the engine's log."""
        return tuple(self._log_lines)

    def close(self) -> None:
        """Read what is left without keeping it, and end when the other side has closed."""
        self._closed = True
        self._thread.join()

    def _read(self) -> None:
        with self._connection as connection:
            try:
                while True:
                    self._keep(decode_event(connection.recv_bytes(MAXIMUM_FRAME_BYTES)))
            except EOFError:
                pass
            except OSError:
                # A header that claims too much closes the connection; a frame cut short does not.
                self.problem = TOO_LONG if connection.closed else ""
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                self.problem = GARBLED
        self._put(None)

    def _keep(self, event: Event) -> None:
        self.heard += 1
        if isinstance(event, EngineLog):
            text = event.text[:_KEPT_LINE_CHARACTERS]
            self._log_lines.append(text)
            # Never as warnings: those may reach a terminal, and they are no news for it.
            _log.log(logging.INFO if event.is_problem else logging.DEBUG, "%s", text)
        elif not isinstance(event, Beat):
            self._put(event)

    def _put(self, event: Event | None) -> None:
        while not self._closed:
            try:
                self._inbox.put(event, timeout=_FULL_SECONDS)
            except queue.Full:
                continue
            return
