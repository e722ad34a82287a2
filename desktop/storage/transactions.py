"""Short transactions for the stores: reading ones side by side, writing ones one at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desktop.errors import EnvironmentFault
from desktop.storage.faults import explained
from desktop.storage.sqlite_file import for_writing


class Transactions:
    """Opens sessions, each on a connection and in a transaction of its own; for any thread."""

    def __init__(self, engine: Engine, place: str, *, read_only_reason: str = "") -> None:
        """Take the engine, the place to name in sentences, and why nothing may be written."""
        self._engine = engine
        self._writing_engine = for_writing(engine)
        self._place = place
        self._read_only_reason = read_only_reason
        # SQLite would let a second writer wait by polling; a lock wakes it at once and in turn.
        self._writers = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database."""
        with explained(self._place), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose work is durable when the block ends, or undone if it fails."""
        if self._read_only_reason:
            raise EnvironmentFault(
                "Nothing can be stored, the database is open for reading only.",
                remedy=self._read_only_reason,
            )
        with (
            self._writers,
            explained(self._place),
            Session(self._writing_engine) as session,
            session.begin(),
        ):
            yield session
