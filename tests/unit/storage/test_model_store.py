"""The library keeps what people added, and hashes only as long as they hold."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pytest

from desktop.domain.base import new_id, utc_now
from desktop.domain.language_model import (
    HashCheck,
    HashVerdict,
    LanguageModel,
    ModelAnnotation,
    ModelFacts,
)
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


CHECK = HashCheck(
    verdict=HashVerdict.MATCHES, source="SHA256SUMS", message="It matches.", checked_at=utc_now()
)


def test_what_is_known_of_files_is_kept_as_long_as_they_are_the_same(
    database: Database, make_model: MakeModel
) -> None:
    known = make_model(store="Ollama", store_names=("tiny:1b",), inodes=(2**63 - 1,), reader="1")
    (stored,) = database.models.save([known])
    database.models.remember_hash(stored.id, SHA, ("d" * 64, "e" * 64))
    database.models.remember_check(stored.id, CHECK)
    (again,) = database.models.save([found_again(known)])
    assert (again.store_names, again.inodes) == (("tiny:1b",), (2**63 - 1,))
    assert again.shard_sha256 == ("d" * 64, "e" * 64)
    assert again.hash_check == CHECK
    (changed,) = database.models.save([found_again(stored, modified_ns=1)])
    assert (changed.sha256, changed.shard_sha256, changed.hash_check) == (None, (), None)


def test_another_hash_makes_the_old_check_void(database: Database, make_model: MakeModel) -> None:
    (stored,) = database.models.save([make_model(sha256=SHA)])
    database.models.remember_check(stored.id, CHECK)
    database.models.remember_hash(stored.id, SHA)
    assert database.models.load_model(stored.id).hash_check == CHECK
    database.models.remember_hash(stored.id, "d" * 64)
    assert database.models.load_model(stored.id).hash_check is None


def test_a_moved_model_keeps_its_id_hash_and_check(
    database: Database, make_model: MakeModel
) -> None:
    (stored,) = database.models.save([make_model(sha256=SHA)])
    database.models.remember_check(stored.id, CHECK)
    elsewhere = make_model(id=new_id(), paths=("/elsewhere/tiny.gguf",))
    database.models.save([elsewhere])
    moved = database.models.move(stored.id, elsewhere)
    assert database.models.list_models() == (moved,)
    assert (moved.id, moved.path) == (stored.id, "/elsewhere/tiny.gguf")
    assert (moved.sha256, moved.hash_check) == (SHA, CHECK)
    with pytest.raises(UserError, match="no model"):
        database.models.move(new_id(), elsewhere)


def test_a_removed_model_that_moves_stays_removed(
    database: Database, make_model: MakeModel
) -> None:
    (stored,) = database.models.save([make_model()])
    database.models.remove([stored.id])
    database.models.move(stored.id, make_model(paths=("/elsewhere/tiny.gguf",)))
    assert database.models.list_models() == ()
    assert [m.path for m in database.models.list_removed()] == ["/elsewhere/tiny.gguf"]


def test_what_people_say_of_a_model_survives_scans_hashes_and_moves(
    database: Database, make_model: MakeModel
) -> None:
    said = ModelAnnotation(tags=("baseline",), note="From the vendor's USB stick.")
    (stored,) = database.models.save([make_model()])
    assert database.models.list_annotations() == {}
    database.models.annotate([stored.id], said)
    database.models.save([found_again(stored, modified_ns=7)])
    database.models.remember_hash(stored.id, SHA)
    database.models.move(stored.id, make_model(paths=("/elsewhere/tiny.gguf",)))
    assert database.models.list_annotations() == {stored.id: said}
    database.models.remove([stored.id])
    assert database.models.list_annotations() == {}
    database.models.restore([stored.id])
    assert database.models.list_annotations() == {stored.id: said}


def test_a_file_name_that_is_no_unicode_is_refused_in_words(
    database: Database, make_model: MakeModel
) -> None:
    with pytest.raises(UserError, match="file name is not valid Unicode"):
        database.models.save([make_model(paths=("/models/gr\udcfcn.gguf",))])
