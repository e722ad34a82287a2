"""The library's operations, as window and command line ask for them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest

from desktop import app
from desktop.domain.language_model import FoundFile, HashVerdict, ModelAnnotation
from desktop.domain.settings import CacheType, EngineOptions
from desktop.errors import EnvironmentFault, UserError
from desktop.gguf.finder import Find
from desktop.gguf.stores import Store, find_stores
from desktop.inference.scripted import ScriptedEngine
from desktop.paths import resource
from desktop.settings.store import SettingsStore
from desktop.storage.database import Database
from desktop.worker.library import MemoryAccountant
from desktop.worker.local_operations import LocalOperations
from tests.unit.worker.test_library import write_model

VARIABLES = (
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HOME",
    "LLAMA_CACHE",
    "OLLAMA_MODELS",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home of our own, with a model in LM Studio's store."""
    home = tmp_path / "home"
    monkeypatch.setattr(Path, "home", lambda: home)

    def find_own() -> tuple[Store, ...]:
        """Leave out what the machine that runs the tests has for all its users."""
        return tuple(store for store in find_stores() if store.folder.is_relative_to(home))

    for module in ("library", "local_operations"):
        monkeypatch.setattr(f"desktop.worker.{module}.find_stores", find_own)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "touchstone"))
    folder = home / ".lmstudio" / "models" / "ada" / "Tiny-GGUF"
    folder.mkdir(parents=True)
    write_model(folder / "tiny.gguf")
    return home


@pytest.fixture
def operations(home: Path, tmp_path: Path) -> Iterator[LocalOperations]:
    del home
    memory = MemoryAccountant(ScriptedEngine, lambda: 10**12)
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield LocalOperations(opened, SettingsStore(tmp_path / "settings.json"), memory)


def test_stores_and_folders_are_found_and_listed(
    operations: LocalOperations, home: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    write_model(own / "own.gguf", seed=1)
    options = operations.load_options()
    operations.save_options(msgspec.structs.replace(options, model_folders=(str(own),)))
    (store, *_) = operations.list_stores()
    assert (store.store, store.folder) == ("LM Studio", str(home / ".lmstudio" / "models"))
    told: list[Find] = []
    change = operations.refresh(told.extend)
    assert isinstance(told[0], FoundFile)
    assert {model.store for model in change.models} == {"LM Studio", ""}
    assert operations.list_models() == change.models


def test_adding_a_stores_file_by_hand_keeps_its_name_there(
    operations: LocalOperations, home: Path
) -> None:
    (model,) = operations.refresh().models
    (added,) = operations.add_paths([home]).models
    assert (added.id, added.store_names) == (model.id, ("ada/Tiny-GGUF",))


def test_copies_are_taken_out_and_put_back_together(
    operations: LocalOperations, home: Path, tmp_path: Path
) -> None:
    (model,) = operations.refresh().models
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(model.path, copy)
    operations.add_paths([copy])
    for each in operations.list_models():
        operations.check_hash(each)
    (united,) = operations.list_models()
    assert united.copies == (str(copy),)
    operations.remove_models([united.id])
    assert operations.list_models() == ()
    assert operations.refresh().models == ()
    operations.restore_models([united.id])
    assert operations.list_models() == (united,)
    assert home.exists()


def test_a_typed_hash_is_checked_and_kept(operations: LocalOperations) -> None:
    (model,) = operations.refresh().models
    assert operations.check_hash(model, "f" * 64).verdict is HashVerdict.DIFFERS
    (kept,) = operations.list_models()
    assert kept.sha256 is not None
    assert kept.hash_check is not None
    assert operations.check_hash(kept, kept.sha256).verdict is HashVerdict.MATCHES
    with pytest.raises(UserError, match="64 hexadecimal digits"):
        operations.check_hash(kept, "nonsense")


def test_tags_given_to_copies_apart_are_all_kept_once_they_prove_to_be_one(
    operations: LocalOperations, home: Path
) -> None:
    folder = home / ".lmstudio" / "models" / "ada"
    (first,) = operations.refresh().models
    shutil.copyfile(first.path, folder / "copy.gguf")
    second = next(m for m in operations.refresh().models if m.id != first.id)
    operations.annotate_models(
        {
            first.id: ModelAnnotation(tags=("baseline",)),
            second.id: ModelAnnotation(tags=("board",), note="The copy."),
        }
    )
    for model in (first, second):
        operations.check_hash(model)  # which hashes it
    (united,) = operations.list_models()
    kept = operations.list_annotations()[united.id]
    assert sorted(kept.tags) == ["baseline", "board"]
    assert kept.note == "The copy."
    operations.annotate_models({united.id: ModelAnnotation()})
    assert operations.list_annotations() == {}


def test_whether_a_model_fits_here_is_answered_without_a_reserve(
    operations: LocalOperations,
) -> None:
    (model,) = operations.refresh().models
    here = operations.find_this_machine()
    plain = operations.check_capacity(model, here, 64, 1)
    assert here.memory_bytes == 10**12
    assert plain.reserve_bytes == 0
    small = EngineOptions(key_cache_type=CacheType.Q8_0, value_cache_type=CacheType.Q8_0)
    quantised = operations.check_capacity(model, here, 64, 1, small)
    assert quantised.need.kv_cache_bytes < plain.need.kv_cache_bytes
    (bought, *_) = operations.list_machines()
    assert operations.check_capacity(model, bought, 64, 1).reserve_bytes > 0


def test_a_library_that_another_copy_is_writing_is_only_shown(
    operations: LocalOperations, home: Path, tmp_path: Path
) -> None:
    (model,) = operations.refresh().models
    write_model(home / ".lmstudio" / "models" / "new.gguf", seed=4)
    memory = MemoryAccountant(ScriptedEngine, lambda: 10**12)
    with Database.open(tmp_path / "test.sqlite", read_only=True) as reading:
        second = LocalOperations(reading, SettingsStore(tmp_path / "settings.json"), memory)
        assert second.refresh().models == (model,)
        with pytest.raises(EnvironmentFault, match="reading only"):
            second.check_hash(model, "f" * 64)


def test_scan_without_a_path_lists_the_stores(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["scan", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = json.loads(resource("schemas", "scan.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert document["stores"][0] == {
        "store": "LM Studio",
        "folder": str(home / ".lmstudio" / "models"),
    }
    assert document["models"][0]["store_names"] == ["ada/Tiny-GGUF"]
    assert app.run(["scan"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("LM Studio: ")
    assert "tiny.gguf" in words


def test_a_machine_without_stores_is_told_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(home)
    assert app.run(["scan"]) == 0
    assert "touchstone scan PATH" in capsys.readouterr().out
