"""The library keeps what people added, and hashes only as long as they hold."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pytest

from desktop.domain.base import new_id
from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.errors import UserError
from desktop.storage.database import Database

MakeModel: TypeAlias = Callable[..., LanguageModel]
SHA = "c" * 64


def found_again(model: LanguageModel, **changes: object) -> LanguageModel:
    """Return what a new scan of the same file would say: another id and no hash."""
    return msgspec.structs.replace(
        model, **{"id": new_id(), "sha256": None, "added_at": None, **changes}
    )


def test_a_known_file_keeps_its_id_and_hash(database: Database, make_model: MakeModel) -> None:
    (stored,) = database.models.save([make_model()])
    assert stored.added_at is not None
    database.models.remember_hash(stored.id, SHA)
    (again,) = database.models.save([found_again(stored)])
    assert again == msgspec.structs.replace(stored, sha256=SHA)
    assert database.models.list_models() == (again,)


@pytest.mark.parametrize(
    "change",
    [
        {"modified_ns": 1},
        {"facts": ModelFacts(name="Tiny", architecture="llama", file_bytes=1_001)},
        {"paths": ("/models/tiny.gguf", "/models/second.gguf")},
    ],
)
def test_a_changed_file_loses_its_hash(
    database: Database, make_model: MakeModel, change: dict[str, object]
) -> None:
    (stored,) = database.models.save([make_model(sha256=SHA)])
    assert stored.sha256 == SHA
    (again,) = database.models.save([found_again(stored, **change)])
    assert (again.id, again.sha256) == (stored.id, None)
    assert database.models.load_model(stored.id) == again


def test_the_same_path_twice_in_one_call_is_one_model(
    database: Database, make_model: MakeModel
) -> None:
    first, second = database.models.save([make_model(), make_model()])
    assert first.id == second.id
    assert len(database.models.list_models()) == 1


def test_models_are_sorted_by_name(database: Database, make_model: MakeModel) -> None:
    names = ["beta", "Alpha", "gamma"]
    database.models.save(
        [
            make_model(paths=(f"/m/{n}.gguf",), facts=ModelFacts(name=n, architecture="llama"))
            for n in names
        ]
    )
    assert [m.facts.name for m in database.models.list_models()] == ["Alpha", "beta", "gamma"]


def test_removal_can_be_undone(database: Database, make_model: MakeModel) -> None:
    (stored,) = database.models.save([make_model(sha256=SHA)])
    database.models.remove([stored.id])
    assert database.models.list_models() == ()
    with pytest.raises(UserError, match="no model"):
        database.models.load_model(stored.id)
    database.models.restore([stored.id])
    assert database.models.list_models() == (stored,)


def test_a_removed_model_that_is_added_again_comes_back(
    database: Database, make_model: MakeModel
) -> None:
    (stored,) = database.models.save([make_model()])
    database.models.remove([stored.id])
    assert database.models.save([found_again(stored)])[0].id == stored.id
    assert len(database.models.list_models()) == 1


def test_a_file_from_the_far_future_is_kept(database: Database, make_model: MakeModel) -> None:
    (stored,) = database.models.save([make_model(modified_ns=2**63 + 1)])
    assert database.models.load_model(stored.id).modified_ns == 2**63 + 1


def test_a_hash_that_comes_too_late_does_no_harm(database: Database) -> None:
    database.models.remember_hash("gone", SHA)
    assert database.models.list_models() == ()


def test_a_file_name_that_is_no_unicode_is_refused_in_words(
    database: Database, make_model: MakeModel
) -> None:
    with pytest.raises(UserError, match="file name is not valid Unicode"):
        database.models.save([make_model(paths=("/models/gr\udcfcn.gguf",))])
