"""Everything behind the window or the command line, open and connected."""

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.domain.language_model import LanguageModel
from desktop.storage.database import Database
from desktop.worker.hashing import HashingThread
from desktop.worker.library import MemoryAccountant
from desktop.worker.local_operations import LocalOperations
from desktop.worker.thread import EvaluationThread


@dataclass(frozen=True)
class Backend:
    """Made by `app`; closed by whoever asked for it."""

    database: Database
    operations: LocalOperations
    queue: EvaluationThread
    memory: MemoryAccountant
    hashing: HashingThread

    def remember_models(self, models: Sequence[LanguageModel]) -> tuple[LanguageModel, ...]:
        """Keep models in the library, so that their hashes are computed once."""
        return self.database.models.save(models)

    def close(self) -> None:
        """End the hashing, the worker thread and its engine, then the database."""
        self.hashing.close()
        self.queue.close()
        self.database.close()
