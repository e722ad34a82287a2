"""The library of language models: which files people have added, and their remembered hashes."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from desktop.domain.base import utc_now
from desktop.domain.language_model import HashCheck, LanguageModel, ModelAnnotation
from desktop.errors import UserError
from desktop.storage.mapping import model_to_row, path_key, renew_model, row_to_model
from desktop.storage.rows import ModelRow
from desktop.storage.transactions import Transactions

_KEYS_AT_ONCE = 500


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
            rows = _find_rows(session, models)
            saved = []
            for model in models:
                key = path_key(model.path)
                row = rows.get(key)
                if row is None:
                    row = rows[key] = model_to_row(model)
                    session.add(row)
                else:
                    renew_model(model, row)
                saved.append(row)
            session.flush()
            return tuple(row_to_model(row) for row in saved)

    def move(self, model_id: str, found: LanguageModel) -> LanguageModel:
        """Have an entry take the place of a file that proved to be the same content elsewhere.

        The entry keeps its id, hash and check; an entry that the new place had is dropped. An
        entry that was removed stays so. Raises `UserError` if the library has no such id.
        """
        with self._transactions.writing() as session:
            row = session.scalars(select(ModelRow).where(ModelRow.id == model_id)).one_or_none()
            if row is None:
                raise UserError(
                    f"The library has no model {model_id}.", remedy="Add its file again."
                )
            key = path_key(found.path)
            session.execute(
                delete(ModelRow).where(ModelRow.path_key == key, ModelRow.id != model_id)
            )
            removed_at = row.removed_at
            renew_model(
                msgspec.structs.replace(
                    found,
                    sha256=row.sha256 or found.sha256,
                    shard_sha256=row.origin.shard_sha256 or found.shard_sha256,
                    hash_check=row.origin.hash_check or found.hash_check,
                ),
                row,
            )
            row.removed_at = removed_at
            session.flush()
            return row_to_model(row)

    def list_removed(self) -> tuple[LanguageModel, ...]:
        """Return what was taken out of the library and could be restored."""
        with self._transactions.reading() as session:
            rows = session.scalars(select(ModelRow).where(ModelRow.removed_at.is_not(None)))
            return tuple(row_to_model(row) for row in rows)

    def list_models(self) -> tuple[LanguageModel, ...]:
        """Return the library, sorted by name, then by place."""
        with self._transactions.reading() as session:
            rows = session.scalars(select(ModelRow).where(ModelRow.removed_at.is_(None)))
            models = [row_to_model(row) for row in rows]
        return tuple(sorted(models, key=lambda m: (m.facts.name.casefold(), m.path)))

    def find(
        self, *, path: str = "", sha256: str = "", model_id: str = ""
    ) -> tuple[LanguageModel, ...]:
        """Return the library's entries with this path, this hash or this id; empty is no wish."""
        wishes = []
        if path:
            wishes.append(ModelRow.path_key == path_key(path))
        if sha256:
            wishes.append(ModelRow.sha256 == sha256)
        if model_id:
            wishes.append(ModelRow.id == model_id)
        if not wishes:
            return ()
        with self._transactions.reading() as session:
            statement = select(ModelRow).where(ModelRow.removed_at.is_(None), or_(*wishes))
            return tuple(row_to_model(row) for row in session.scalars(statement))

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

    def remember_hash(self, model_id: str, sha256: str, shard_sha256: Sequence[str] = ()) -> None:
        """Keep a computed SHA-256. Does nothing if the model has left the library for good."""
        with self._transactions.writing() as session:
            for row in session.scalars(select(ModelRow).where(ModelRow.id == model_id)):
                check = row.origin.hash_check if row.sha256 in (None, sha256) else None
                row.sha256 = sha256
                row.origin = msgspec.structs.replace(
                    row.origin, shard_sha256=tuple(shard_sha256), hash_check=check
                )

    def remember_check(self, model_id: str, check: HashCheck) -> None:
        """Keep what comparing with a publisher's hash gave. Does nothing for an unknown model."""
        with self._transactions.writing() as session:
            for row in session.scalars(select(ModelRow).where(ModelRow.id == model_id)):
                row.origin = msgspec.structs.replace(row.origin, hash_check=check)

    def annotate(self, ids: Sequence[str], annotation: ModelAnnotation) -> None:
        """Keep what people say of models. Unknown ids are passed over."""
        with self._transactions.writing() as session:
            for row in session.scalars(select(ModelRow).where(ModelRow.id.in_(ids))):
                row.origin = msgspec.structs.replace(row.origin, annotation=annotation)

    def list_annotations(self) -> dict[str, ModelAnnotation]:
        """Return what is said of the library's models, by id; those without are left out."""
        with self._transactions.reading() as session:
            statement = select(ModelRow.id, ModelRow.origin).where(ModelRow.removed_at.is_(None))
            found = session.execute(statement)
            nothing = ModelAnnotation()
            return {
                model_id: origin.annotation
                for model_id, origin in found
                if origin.annotation != nothing
            }


def _find_rows(session: Session, models: Sequence[LanguageModel]) -> dict[str, ModelRow]:
    """Return the rows of models by path; some hundred at a time, since SQL has its limits."""
    keys = [path_key(model.path) for model in models]
    rows: dict[str, ModelRow] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        found = session.scalars(select(ModelRow).where(ModelRow.path_key.in_(some)))
        rows |= {row.path_key: row for row in found}
    return rows
