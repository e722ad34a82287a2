"""The library of language models: which files people have added, and their remembered hashes."""

from collections.abc import Sequence

from sqlalchemy import select, update

from desktop.domain.base import utc_now
from desktop.domain.language_model import LanguageModel
from desktop.errors import UserError
from desktop.storage.mapping import model_to_row, path_key, renew_model, row_to_model
from desktop.storage.rows import ModelRow
from desktop.storage.transactions import Transactions


class ModelStore:
    """Keeps language models by their first path. Safe on any thread."""

    def __init__(self, transactions: Transactions) -> None:
        """Take the way into the database."""
        self._transactions = transactions

    def save(self, models: Sequence[LanguageModel]) -> tuple[LanguageModel, ...]:
        """Add models, or renew those whose first path is known; return them as stored.

        A known path keeps its id, and its SHA-256 as long as size and modification time are the
        same. A model that was removed comes back.
        """
        with self._transactions.writing() as session:
            saved = []
            for model in models:
                statement = select(ModelRow).where(ModelRow.path_key == path_key(model.path))
                row = session.scalars(statement).one_or_none()
                if row is None:
                    row = model_to_row(model)
                    session.add(row)
                else:
                    renew_model(model, row)
                # The next one may have the same path.
                session.flush()
                saved.append(row_to_model(row))
            return tuple(saved)

    def list_models(self) -> tuple[LanguageModel, ...]:
        """Return the library, sorted by name, then by place."""
        with self._transactions.reading() as session:
            rows = session.scalars(select(ModelRow).where(ModelRow.removed_at.is_(None)))
            models = [row_to_model(row) for row in rows]
        return tuple(sorted(models, key=lambda m: (m.facts.name.casefold(), m.path)))

    def load_model(self, model_id: str) -> LanguageModel:
        """Return one model. Raises `UserError` if the library has none of this id."""
        with self._transactions.reading() as session:
            statement = select(ModelRow).where(
                ModelRow.id == model_id, ModelRow.removed_at.is_(None)
            )
            row = session.scalars(statement).one_or_none()
            if row is None:
                raise UserError(
                    f"The library has no model {model_id}.", remedy="Add its file again."
                )
            return row_to_model(row)

    def remove(self, ids: Sequence[str]) -> None:
        """Take models out of the library; files and runs stay. Unknown ids are passed over."""
        with self._transactions.writing() as session:
            session.execute(
                update(ModelRow).where(ModelRow.id.in_(ids)).values(removed_at=utc_now())
            )

    def restore(self, ids: Sequence[str]) -> None:
        """Undo `remove`."""
        with self._transactions.writing() as session:
            session.execute(update(ModelRow).where(ModelRow.id.in_(ids)).values(removed_at=None))

    def remember_hash(self, model_id: str, sha256: str) -> None:
        """Keep a computed SHA-256. Does nothing if the model has left the library for good."""
        with self._transactions.writing() as session:
            session.execute(update(ModelRow).where(ModelRow.id == model_id).values(sha256=sha256))
