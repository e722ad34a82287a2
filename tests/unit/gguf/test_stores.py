"""Other programs' stores are found where their programs put them, on all three systems."""

import json
import os
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from desktop.domain.language_model import FileProblem, FoundFile, LanguageModel
from desktop.gguf.finder import stream_models
from desktop.gguf.ollama import MANIFEST_LIMIT_BYTES, read_ollama
from desktop.gguf.stores import Store, StoreKind, find_stores, list_places
from tests.unit.gguf.conftest import WriteModel

DIGEST = "ab" * 32
MODEL_LAYER = "application/vnd.ollama.image.model"


def places(system: str, home: Any, **environment: str) -> dict[StoreKind, list[str]]:
    found: dict[StoreKind, list[str]] = {}
    for kind, folder in list_places(system, home, environment):
        found.setdefault(kind, []).append(str(folder))
    return found


def test_places_on_linux() -> None:
    found = places("linux", PurePosixPath("/home/ada"))
    assert found[StoreKind.LM_STUDIO][0] == "/home/ada/.lmstudio/models"
    assert "/home/ada/.ollama/models" in found[StoreKind.OLLAMA]
    assert "/usr/share/ollama/.ollama/models" in found[StoreKind.OLLAMA]
    assert found[StoreKind.HUGGING_FACE] == ["/home/ada/.cache/huggingface/hub"]
    assert "/home/ada/.local/share/Jan/data/llamacpp/models" in found[StoreKind.JAN]
    assert found[StoreKind.GPT4ALL][0] == "/home/ada/.local/share/nomic.ai/GPT4All"
    assert found[StoreKind.LLAMA_CPP] == ["/home/ada/.cache/llama.cpp"]


def test_places_on_macos() -> None:
    found = places("darwin", PurePosixPath("/Users/ada"))
    support = "/Users/ada/Library/Application Support"
    assert found[StoreKind.OLLAMA] == ["/Users/ada/.ollama/models"]
    assert found[StoreKind.HUGGING_FACE] == ["/Users/ada/.cache/huggingface/hub"]
    assert f"{support}/Jan/data/llamacpp/models" in found[StoreKind.JAN]
    assert found[StoreKind.GPT4ALL][0] == f"{support}/nomic.ai/GPT4All"
    assert found[StoreKind.LLAMA_CPP] == ["/Users/ada/Library/Caches/llama.cpp"]


def test_places_on_windows() -> None:
    home = PureWindowsPath(r"C:\Users\ada")
    found = places("win32", home, LOCALAPPDATA=r"D:\Local", APPDATA=r"D:\Roaming")
    assert found[StoreKind.LM_STUDIO][0] == r"C:\Users\ada\.lmstudio\models"
    assert found[StoreKind.OLLAMA] == [r"C:\Users\ada\.ollama\models"]
    assert found[StoreKind.HUGGING_FACE] == [r"C:\Users\ada\.cache\huggingface\hub"]
    assert r"D:\Roaming\Jan\data\llamacpp\models" in found[StoreKind.JAN]
    assert found[StoreKind.GPT4ALL][0] == r"D:\Local\nomic.ai\GPT4All"
    assert found[StoreKind.LLAMA_CPP] == [r"D:\Local\llama.cpp"]
    bare = places("win32", home)
    assert bare[StoreKind.LLAMA_CPP] == [r"C:\Users\ada\AppData\Local\llama.cpp"]


@pytest.mark.parametrize(
    ("variables", "kind", "folder"),
    [
        ({"OLLAMA_MODELS": "/big/ollama"}, StoreKind.OLLAMA, "/big/ollama"),
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, StoreKind.HUGGING_FACE, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/c"}, StoreKind.HUGGING_FACE, "/c"),
        ({"HF_HOME": "~/hf"}, StoreKind.HUGGING_FACE, "/home/ada/hf/hub"),
        ({"XDG_CACHE_HOME": "/x"}, StoreKind.HUGGING_FACE, "/x/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/x"}, StoreKind.LLAMA_CPP, "/x/llama.cpp"),
        ({"LLAMA_CACHE": "/l", "XDG_CACHE_HOME": "/x"}, StoreKind.LLAMA_CPP, "/l"),
        ({"XDG_DATA_HOME": "/d"}, StoreKind.GPT4ALL, "/d/nomic.ai/GPT4All"),
        ({"XDG_DATA_HOME": "/d"}, StoreKind.JAN, "/d/Jan/data/llamacpp/models"),
    ],
)
def test_variables_move_stores(variables: dict[str, str], kind: StoreKind, folder: str) -> None:
    assert places("linux", PurePosixPath("/home/ada"), **variables)[kind][0] == folder


def test_only_what_exists_is_a_store_and_each_folder_is_one(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / ".lmstudio" / "models").mkdir(parents=True)
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "llama.cpp").symlink_to(tmp_path / "hub", target_is_directory=True)
    environment = {"HF_HUB_CACHE": str(tmp_path / "hub"), "OLLAMA_MODELS": "relative"}
    stores = [
        store for store in find_stores("linux", tmp_path, environment) if is_below(store, tmp_path)
    ]
    assert [store.kind for store in stores] == [StoreKind.LM_STUDIO, StoreKind.HUGGING_FACE]
    assert [store.kind.label for store in stores] == ["LM Studio", "Hugging Face cache"]


def is_below(store: Store, folder: Path) -> bool:
    """Leave out what the machine that runs the tests has of its own."""
    return store.folder.is_relative_to(folder)


def test_folders_that_programs_were_told_in_their_settings(tmp_path: Path) -> None:
    for name in ("studio/models", "chosen", "moved/llamacpp/models", ".local/share/Jan"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{tmp_path / 'studio'}\n")
    write_json(tmp_path / "studio" / "settings.json", {"downloadsFolder": f"{tmp_path / 'chosen'}"})
    write_json(
        tmp_path / ".local/share/Jan/settings.json", {"data_folder": str(tmp_path / "moved")}
    )
    stores = [s.folder for s in find_stores("linux", tmp_path, {}) if is_below(s, tmp_path)]
    assert stores == [
        tmp_path / "studio" / "models",
        tmp_path / "chosen",
        tmp_path / "moved" / "llamacpp" / "models",
    ]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"downloadsFolder": 7}', "\0", "[" * 100_000])
def test_broken_settings_of_others_are_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio" / "settings.json").write_text(text)
    (tmp_path / ".lmstudio-home-pointer").write_bytes(b"\xff\0" + text.encode()[:100])
    assert [s for s in find_stores("linux", tmp_path, {}) if is_below(s, tmp_path)] == []


def write_json(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def add_to_ollama(root: Path, name: str, digest: str, *, media_type: str = MODEL_LAYER) -> Path:
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:" + "0" * 64},
        {"mediaType": media_type, "digest": f"sha256:{digest}", "size": 1},
    ]
    return write_json(root / "manifests" / name, {"schemaVersion": 2, "layers": layers})


def test_models_of_ollama_have_their_names(write_model: WriteModel, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    blob = write_model(f"blobs/sha256-{DIGEST}", chat_template=None)
    add_to_ollama(tmp_path, "registry.ollama.ai/library/llama3.2/latest", DIGEST)
    add_to_ollama(tmp_path, "registry.ollama.ai/library/llama3.2/3b", DIGEST)
    add_to_ollama(tmp_path, "hf.co/ada/Tiny-GGUF/Q8_0", DIGEST)
    add_to_ollama(tmp_path, "registry.ollama.ai/ada/lost/1b", "cd" * 32)
    store = Store(kind=StoreKind.OLLAMA, folder=tmp_path)
    finds = list(stream_models([store, blob]))
    (found,) = [find for find in finds if isinstance(find, FoundFile)]
    (model,) = [find for find in finds if isinstance(find, LanguageModel)]
    (problem,) = [find for find in finds if isinstance(find, FileProblem)]
    assert (found.name, found.store) == ("llama3.2:3b", "Ollama")
    assert found.file_bytes == blob.stat().st_size
    assert (model.facts.name, model.facts.header_name) == ("llama3.2:3b", "Tiny")
    assert model.store_names == ("llama3.2:3b", "llama3.2:latest", "hf.co/ada/Tiny-GGUF:Q8_0")
    assert "ada/lost:1b lacks its file" in problem.message


def test_ollama_names_projectors_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    # The colon is how old versions wrote it.
    blob = tmp_path / "blobs" / f"{'sha256-' if os.name == 'nt' else 'sha256:'}{DIGEST}"
    blob.touch()
    media_type = "application/vnd.ollama.image.projector"
    add_to_ollama(tmp_path, "registry.ollama.ai/library/llava/7b", DIGEST, media_type=media_type)
    (file,), problems = read_ollama(tmp_path)
    assert (file.path, file.names, problems) == (blob, ("llava:7b (projector)",), ())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"layers": {"a": 1}}',
        b'{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../x"}]}',
        b'{"layers": [{"mediaType": "application/vnd.ollama.image.model"}]}',
        b'{"layers": [7]}',
        b" " * (MANIFEST_LIMIT_BYTES + 1),
    ],
)
def test_a_broken_manifest_is_one_sentence(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "bad"
    folder.mkdir(parents=True)
    (folder / "1b").write_bytes(text)
    (tmp_path / "blobs").mkdir()
    good = add_to_ollama(tmp_path, "registry.ollama.ai/library/good/1b", DIGEST)
    (tmp_path / "blobs" / f"sha256-{DIGEST}").touch()
    files, problems = read_ollama(tmp_path)
    assert [file.names for file in files] == [("good:1b",)]
    assert [problem.path for problem in problems] == [str(folder / "1b")]
    assert good.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_pipes_and_circles_in_ollama_hang_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "odd"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    (folder.parent / "circle").symlink_to(tmp_path / "manifests", target_is_directory=True)
    (tmp_path / "blobs").mkdir()
    os.mkfifo(tmp_path / "blobs" / f"sha256-{DIGEST}")
    add_to_ollama(tmp_path, "registry.ollama.ai/library/odd/blob", DIGEST)
    files, problems = read_ollama(tmp_path)
    assert files == ()
    assert sorted("is a pipe" in problem.message for problem in problems) == [True, True]


def test_an_ollama_without_models_is_no_problem(tmp_path: Path) -> None:
    assert read_ollama(tmp_path) == ((), ())


def test_the_hugging_face_cache_gives_each_file_once_by_its_readable_name(
    write_model: WriteModel, tmp_path: Path
) -> None:
    repository = tmp_path / "models--ada--Tiny-GGUF"
    (repository / "blobs").mkdir(parents=True)
    blob = write_model().rename(repository / "blobs" / DIGEST)
    for revision in ("1" * 40, "2" * 40):
        snapshot = repository / "snapshots" / revision
        snapshot.mkdir(parents=True)
        (snapshot / "Tiny-Q8_0.gguf").symlink_to(blob)
    (repository / "blobs" / (DIGEST + ".incomplete")).touch()
    data_set = tmp_path / "datasets--ada--much" / "snapshots"
    data_set.mkdir(parents=True)
    (data_set / "no model.gguf").touch()
    store = Store(kind=StoreKind.HUGGING_FACE, folder=tmp_path)
    found, model = stream_models([store, repository])
    assert isinstance(found, FoundFile)
    assert isinstance(model, LanguageModel)
    assert found.name == "Tiny-Q8_0.gguf"
    assert (model.store, model.store_names) == ("Hugging Face cache", ("ada/Tiny-GGUF",))
    assert model.path == str(repository / "snapshots" / ("1" * 40) / "Tiny-Q8_0.gguf")


def test_models_of_lm_studio_have_their_publisher(write_model: WriteModel, tmp_path: Path) -> None:
    (tmp_path / "ada" / "Tiny-GGUF").mkdir(parents=True)
    write_model("ada/Tiny-GGUF/Tiny-Q8_0.gguf")
    _, model = stream_models([Store(kind=StoreKind.LM_STUDIO, folder=tmp_path)])
    assert isinstance(model, LanguageModel)
    assert (model.store, model.store_names) == ("LM Studio", ("ada/Tiny-GGUF",))
    assert model.facts.name == "Tiny"


def test_an_empty_store_is_no_problem(tmp_path: Path) -> None:
    assert list(stream_models([Store(kind=StoreKind.GPT4ALL, folder=tmp_path)])) == []
