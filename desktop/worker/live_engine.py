"""The engine that is running now, so that its memory can be watched."""

from desktop.inference.engine import Engine, EngineFactory


class LiveEngine:
    """An `EngineFactory` that remembers the newest engine's process."""

    def __init__(self, start_engine: EngineFactory) -> None:
        """Wrap what starts an engine."""
        self._start_engine = start_engine
        self._engine: Engine | None = None

    def start(self) -> Engine:
        """Start an engine."""
        self._engine = self._start_engine()
        return self._engine

    @property
    def pid(self) -> int | None:
        """The newest engine's process id; the process may have ended since."""
        return getattr(self._engine, "pid", None)
