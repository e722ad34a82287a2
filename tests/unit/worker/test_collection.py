"""The library follows the disk: files that come, move, change and go; hashes that are checked."""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from desktop import paths
from desktop.domain.base import new_id
from desktop.domain.language_model import FoundFile, HashVerdict, LanguageModel
from desktop.errors import Cancelled, UserError
from desktop.gguf import finder, suppliers
from desktop.gguf.finder import Find
from desktop.storage.database import Database
from desktop.storage.model_store import ModelStore
from desktop.worker import collection
from desktop.worker.collection import (
    check_hash,
    fingerprint,
    list_alike,
    refresh,
    unite_copies,
)
from desktop.worker.library import scan_stores
from tests.unit.worker.test_library import write_model

OWN_REGISTER = """\
format: touchstone-suppliers
version: 1
date: "2026-01-31"
licenses: {}
families:
  - family: Ours
    supplier: We
    country: Utopia
    names: [ours*]
    carriers: [llama]
    source: https://example.org/ours
    date: "2026-01-31"
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ModelStore]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened.models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models"
    made.mkdir()
    return made


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_are_told_before_models_and_models_with_their_ids(
    shelf: ModelStore, folder: Path
) -> None:
    write_model(folder / "one.gguf")
    write_model(folder / "two.gguf", seed=1)
    (folder / "bad.gguf").write_bytes(b"GGUF")
    told: list[Find] = []
    change = refresh(shelf, [folder], on_find=told.extend)
    assert [f.name for f in told[:3] if isinstance(f, FoundFile)] == [
        "bad.gguf",
        "one.gguf",
        "two.gguf",
    ]
    models = [find for find in told if isinstance(find, LanguageModel)]
    assert {model.id for model in models} == set(change.added)
    assert change.models == tuple(models)
    assert [Path(problem.path).name for problem in change.problems] == ["bad.gguf"]


def test_known_files_are_neither_opened_nor_stored_again(
    shelf: ModelStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(folder / "one.gguf")
    write_model(folder / "two-00001-of-00001.gguf", seed=1)
    first = refresh(shelf, [folder])
    assert len(first.added) == 2
    monkeypatch.setattr(finder, "read_header", lambda _: 1 / 0)
    monkeypatch.setattr(shelf, "save", lambda _: 1 / 0)
    told: list[Find] = []
    again = refresh(shelf, [folder], on_find=told.extend)
    assert again == msgspec.structs.replace(first, added=())
    assert [f for f in told if isinstance(f, LanguageModel)] == list(again.models)


def test_what_an_older_reader_read_is_read_again(
    shelf: ModelStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(folder / "one.gguf")
    monkeypatch.setattr(finder, "reader_version", lambda: "older")
    first = refresh(shelf, [folder])
    monkeypatch.undo()
    again = refresh(shelf, [folder])
    assert [m.reader for m in again.models] == [finder.reader_version()]
    assert (again.models[0].id, again.added, again.changed) == (first.added[0], (), ())


def test_an_edited_register_of_suppliers_is_heard_at_the_next_start(
    shelf: ModelStore, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)

    def start_and_refresh() -> LanguageModel:
        suppliers.register_version.cache_clear()
        suppliers.load_register.cache_clear()
        return refresh(shelf, [folder]).models[0]

    write_model(folder / "one.gguf", name="Ours 7B")
    try:
        assert start_and_refresh().facts.supplier is None
        (tmp_path / "suppliers.yaml").write_text(OWN_REGISTER, encoding="utf-8")
        told = start_and_refresh()
        assert told.facts.supplier is not None
        assert (told.facts.supplier.supplier, told.facts.family) == ("We", "Ours")
        assert told == start_and_refresh()
    finally:
        suppliers.register_version.cache_clear()
        suppliers.load_register.cache_clear()


def test_what_a_database_of_an_older_version_holds_is_read_anew_and_kept(
    shelf: ModelStore, folder: Path, tmp_path: Path
) -> None:
    """Its facts have none of the fields that came later, and it says of no reader."""
    path = write_model(folder / "one.gguf")
    first = refresh(shelf, [folder]).models[0]
    shelf.remember_hash(first.id, digest_of(path))
    with closing(sqlite3.connect(tmp_path / "test.sqlite")) as connection, connection:
        ((document,),) = connection.execute("SELECT facts FROM models").fetchall()
        older = ("name", "architecture", "kind", "parameters", "file_bytes", "gguf_version")
        kept = {key: value for key, value in json.loads(document).items() if key in older}
        connection.execute("UPDATE models SET facts = ?, origin = '{}'", [json.dumps(kept)])
    assert shelf.list_models()[0].facts.layers is None
    change = refresh(shelf, [folder])
    assert change.models[0].facts == first.facts
    assert (change.models[0].id, change.models[0].sha256) == (first.id, digest_of(path))
    assert (change.added, change.changed) == ((), ())
    assert shelf.list_models()[0].facts == first.facts


def test_a_renamed_file_keeps_its_entry_and_hash(shelf: ModelStore, folder: Path) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    hashed = fingerprint(model, shelf)
    (folder / "deeper").mkdir()
    path.rename(folder / "deeper" / "new name.gguf")
    change = refresh(shelf, [folder])
    assert change.moved == (model.id,)
    assert (change.added, change.gone) == ((), ())
    (moved,) = change.models
    assert moved.path == str(folder / "deeper" / "new name.gguf")
    assert (moved.id, moved.sha256) == (model.id, hashed.sha256)


def test_a_file_that_moved_to_another_disk_keeps_its_entry_once_hashed(
    shelf: ModelStore, folder: Path, tmp_path: Path
) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    hashed = fingerprint(model, shelf)
    other = tmp_path / "other disk"
    other.mkdir()
    shutil.copyfile(path, other / "one.gguf")  # another number and time, as on another disk
    path.unlink()
    change = refresh(shelf, [folder, other])
    assert change.gone == (model.id,)
    (new,) = (found for found in change.models if found.id in change.added)
    moved = fingerprint(new, shelf)
    assert (moved.id, moved.path) == (model.id, str(other / "one.gguf"))
    assert [m.id for m in shelf.list_models()] == [model.id]
    assert moved.sha256 == hashed.sha256


def test_a_changed_file_is_told_and_its_hash_asked_anew(shelf: ModelStore, folder: Path) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    old = fingerprint(model, shelf)
    write_model(path, seed=7)
    os.utime(path, ns=(0, model.modified_ns + 10**9))
    change = refresh(shelf, [folder])
    assert change.changed == (model.id,)
    (changed,) = change.models
    assert changed.sha256 is None
    assert fingerprint(changed, shelf).sha256 == digest_of(path)
    assert old.sha256 != digest_of(path)


def test_a_file_that_went_is_told_and_what_was_taken_out_stays_out(
    shelf: ModelStore, folder: Path
) -> None:
    write_model(folder / "one.gguf").unlink()
    write_model(folder / "two.gguf", seed=1)
    write_model(folder / "three.gguf", seed=2)
    change = refresh(shelf, [folder])
    two = next(m for m in change.models if m.path.endswith("two.gguf"))
    three = next(m for m in change.models if m.path.endswith("three.gguf"))
    shelf.remove([two.id])
    Path(three.path).unlink()
    told: list[Find] = []
    change = refresh(shelf, [folder], on_find=told.extend)
    assert change.gone == (three.id,)
    assert [model.id for model in change.models] == [three.id]
    assert told == []


def test_what_was_taken_out_stays_out_when_it_is_renamed(shelf: ModelStore, folder: Path) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    shelf.remove([model.id])
    path.rename(folder / "two.gguf")
    change = refresh(shelf, [folder])
    assert (change.models, change.added, change.moved) == ((), (), ())
    shelf.restore([model.id])
    assert [found.path for found in refresh(shelf, [folder]).models] == [str(folder / "two.gguf")]


def test_single_files_are_looked_at_too(shelf: ModelStore, tmp_path: Path) -> None:
    path = write_model(tmp_path / "alone.bin")
    (model,) = refresh(shelf, [path]).models
    write_model(path, seed=3)
    os.utime(path, ns=(0, model.modified_ns + 10**9))
    assert refresh(shelf, []).changed == (model.id,)


def test_a_search_can_be_cancelled_and_keeps_what_it_told(
    shelf: ModelStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_BATCH", 2)
    for number in range(6):
        write_model(folder / f"{number}.gguf", seed=number)
    told: list[Find] = []

    def has_two() -> bool:
        return sum(isinstance(find, LanguageModel) for find in told) >= 2

    with pytest.raises(Cancelled):
        refresh(shelf, [folder], on_find=told.extend, is_cancelled=has_two)
    kept = {model.id for model in shelf.list_models()}
    assert kept == {find.id for find in told if isinstance(find, LanguageModel)}
    assert 2 <= len(kept) < 6


def test_a_cancel_ends_the_walk_through_thousands_of_files(shelf: ModelStore, folder: Path) -> None:
    for number in range(3_000):
        (folder / f"{number}.txt").touch()
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(Cancelled):
        refresh(shelf, [folder], is_cancelled=is_cancelled)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_nothing_but_regular_files_is_opened(shelf: ModelStore, folder: Path) -> None:
    os.mkfifo(folder / "pipe.gguf")
    (folder / "device.gguf").symlink_to("/dev/zero")
    (folder / "loop.gguf").symlink_to(folder / "loop.gguf")
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    write_model(folder / "good.gguf")
    change = refresh(shelf, [folder])
    assert [Path(model.path).name for model in change.models] == ["good.gguf"]
    messages = sorted(problem.message for problem in change.problems)
    assert len(messages) == 3
    for said in ("is a device", "leads back to itself", "is a pipe"):
        assert any(said in message for message in messages)


def test_the_same_content_in_two_places_is_one_model(shelf: ModelStore, folder: Path) -> None:
    first = write_model(folder / "one.gguf")
    refresh(shelf, [folder])
    shutil.copyfile(first, folder / "copy.gguf")
    change = refresh(shelf, [folder])
    assert len(change.models) == 2  # nobody can know yet
    for model in change.models:
        fingerprint(model, shelf)
    (united,) = unite_copies(shelf.list_models())
    assert (united.path, united.copies) == (str(first), (str(folder / "copy.gguf"),))
    everything = {model.id for model in shelf.list_models()}
    assert set(list_alike(shelf.list_models(), [united.id])) == everything
    # Without the first, the copy speaks for both.
    first.unlink()
    (left,) = refresh(shelf, [folder]).models
    assert left.path == str(folder / "copy.gguf")


def test_two_names_of_one_file_are_one_model_before_any_hash(
    shelf: ModelStore, folder: Path, tmp_path: Path
) -> None:
    first = write_model(folder / "one.gguf")
    refresh(shelf, [folder])
    os.link(first, tmp_path / "hard.gguf")
    refresh(shelf, [tmp_path / "hard.gguf"])
    (united,) = unite_copies(shelf.list_models())
    assert united.copies == (str(tmp_path / "hard.gguf"),)


def test_copies_that_meet_by_hash_and_by_file_are_one(shelf: ModelStore, folder: Path) -> None:
    model = refresh(shelf, [write_model(folder / "one.gguf")]).models[0]

    def other(name: str, inode: int, sha256: str | None) -> LanguageModel:
        return msgspec.structs.replace(
            model, id=new_id(), paths=(name,), inodes=(inode,), sha256=sha256
        )

    a, b = other("/a", 1, "c" * 64), other("/b", 2, None)
    both = other("/both", 2, "c" * 64)
    (united,) = unite_copies([a, b, both])
    assert set(united.copies) == {"/a", "/b", "/both"} - {united.path}
    assert united.sha256 == "c" * 64


def test_a_hash_is_computed_once_with_progress(
    shelf: ModelStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    told: list[tuple[int, int]] = []
    hashed = fingerprint(model, shelf, on_progress=lambda *each: told.append(each))
    assert hashed.sha256 == digest_of(path)
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    monkeypatch.setattr(collection, "hash_files", lambda *_, **__: 1 / 0)
    assert fingerprint(hashed, shelf) == hashed
    assert fingerprint(model, shelf).sha256 == hashed.sha256


def test_hashes_are_checked_against_lists_and_typed_text(shelf: ModelStore, folder: Path) -> None:
    path = write_model(folder / "one.gguf")
    (model,) = refresh(shelf, [folder]).models
    with pytest.raises(UserError, match="64 hexadecimal digits"):
        check_hash(model, "abc", shelf)
    assert shelf.list_models()[0].sha256 is None  # nothing was hashed for that
    assert check_hash(model, "", shelf).verdict is HashVerdict.NOT_LISTED
    (folder / "SHA256SUMS").write_text(f"{digest_of(path)}  one.gguf\n")
    assert check_hash(model, "", shelf).verdict is HashVerdict.MATCHES
    assert check_hash(model, "0" * 64, shelf).verdict is HashVerdict.DIFFERS
    kept = shelf.list_models()[0].hash_check
    assert kept is not None
    assert (kept.expected, kept.actual) == ("0" * 64, digest_of(path))


def test_shards_are_checked_each_by_its_own_entry(shelf: ModelStore, folder: Path) -> None:
    paths = write_shards(folder)
    (model,) = refresh(shelf, [folder]).models
    assert model.facts.file_bytes == sum(path.stat().st_size for path in paths)
    (folder / "SHA256SUMS").write_text(
        "".join(f"{digest_of(path)}  {path.name}\n" for path in paths)
    )
    assert check_hash(model, "", shelf).verdict is HashVerdict.MATCHES
    (stored,) = shelf.list_models()
    assert stored.shard_sha256 == tuple(digest_of(path) for path in paths)


def write_shards(folder: Path) -> Sequence[Path]:
    import gguf  # noqa: PLC0415 - here alone
    import numpy as np  # noqa: PLC0415

    paths = []
    for number in range(2):
        path = folder / f"big-0000{number + 1}-of-00002.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        writer.add_tensor(f"blk.{number}.x", np.full((32,), number, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        paths.append(path)
    return paths


def test_stores_are_scanned_without_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    for variable in ("HF_HUB_CACHE", "HF_HOME", "LLAMA_CACHE", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    write_model(tmp_path / "cache" / "ada_tiny.gguf")
    found = scan_stores()
    assert [store.store for store in found.stores if store.folder.startswith(str(tmp_path))] == [
        "llama.cpp cache"
    ]
    own = [model for model in found.models if model.path.startswith(str(tmp_path))]
    assert [model.store for model in own] == ["llama.cpp cache"]
