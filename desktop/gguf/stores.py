"""Where other programs keep the models that they fetched, on Linux, macOS and Windows.

The places are the programs' own: LM Studio (`~/.lmstudio-home-pointer`, `downloadsFolder` of its
settings), Ollama's FAQ (`OLLAMA_MODELS`), huggingface_hub's environment variables, Jan's and
GPT4All's settings pages, and llama.cpp's `fs_get_cache_directory` and `hf-cache.cpp`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Generic, TypeVar

import msgspec

from desktop.domain.base import Value
from desktop.errors import UserError
from desktop.gguf.source import read_small

_SETTINGS_LIMIT_BYTES = 1 << 20

AnyPath = TypeVar("AnyPath", bound=PurePath)


class StoreKind(StrEnum):
    """A program that keeps models."""

    LM_STUDIO = "lm_studio"
    OLLAMA = "ollama"
    HUGGING_FACE = "hugging_face"
    JAN = "jan"
    GPT4ALL = "gpt4all"
    LLAMA_CPP = "llama_cpp"

    @property
    def label(self) -> str:
        """The name for the screen."""
        return _LABELS[self]


_LABELS = {
    StoreKind.LM_STUDIO: "LM Studio",
    StoreKind.OLLAMA: "Ollama",
    StoreKind.HUGGING_FACE: "Hugging Face cache",
    StoreKind.JAN: "Jan",
    StoreKind.GPT4ALL: "GPT4All",
    StoreKind.LLAMA_CPP: "llama.cpp cache",
}


class Store(Value, frozen=True, kw_only=True):
    """A folder in which a program keeps models."""

    kind: StoreKind
    folder: Path


def find_stores(
    system: str = sys.platform,
    home: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Store, ...]:
    """Return the stores that exist on this machine, each folder once.

    Settings of LM Studio and Jan that name another folder are followed; what is broken in them
    is passed over, since it is theirs to complain of.
    """
    home = _find_home() if home is None else home
    if home is None:
        return ()
    places = (
        *list_places(system, home, environment),
        *_follow_settings(system, home, environment),
    )
    stores = []
    seen: set[str] = set()
    for kind, folder in places:
        try:
            real = os.path.realpath(folder)
            exists = folder.is_absolute() and folder.is_dir()
        except (OSError, ValueError):
            continue
        if exists and real not in seen:
            seen.add(real)
            stores.append(Store(kind=kind, folder=folder))
    return tuple(stores)


def list_places(
    system: str, home: AnyPath, environment: Mapping[str, str]
) -> tuple[tuple[StoreKind, AnyPath], ...]:
    """Return where each program would keep models, whether it is installed or not.

    `system` is `sys.platform`'s word: `win32`, `darwin`, anything else is Linux. Nothing is read.
    """
    folders = _Folders(system, home, environment)
    return tuple(
        (kind, folder)
        for kind, found in (
            (StoreKind.LM_STUDIO, _list_lm_studio(folders)),
            (StoreKind.OLLAMA, _list_ollama(folders)),
            (StoreKind.HUGGING_FACE, _list_hugging_face(folders)),
            (StoreKind.JAN, _list_jan(folders)),
            (StoreKind.GPT4ALL, _list_gpt4all(folders)),
            (StoreKind.LLAMA_CPP, _list_llama_cpp(folders)),
        )
        for folder in found
    )


class _Folders(Generic[AnyPath]):
    """The folders that a system gives a user's programs."""

    def __init__(self, system: str, home: AnyPath, environment: Mapping[str, str]) -> None:
        self.system = system
        self.home = home
        self._environment = environment

    def named(self, *variables: str) -> AnyPath | None:
        """Return the folder that the first set variable names; `~` is the home."""
        for variable in variables:
            text = self._environment.get(variable, "").strip().strip('"')
            if text == "~" or text.startswith(("~/", "~\\")):
                return self.home / text[2:]
            if text:
                return type(self.home)(text)
        return None

    @property
    def cache(self) -> AnyPath:
        """Return `~/.cache` or what stands in for it, the same on all systems."""
        return self.named("XDG_CACHE_HOME") or self.home / ".cache"

    @property
    def data(self) -> AnyPath:
        """Return the folder of a program's data that follows its user."""
        if self.system == "win32":
            return self.named("APPDATA") or self.home / "AppData" / "Roaming"
        if self.system == "darwin":
            return self.home / "Library" / "Application Support"
        return self.named("XDG_DATA_HOME") or self.home / ".local" / "share"

    @property
    def local_data(self) -> AnyPath:
        """Return the folder of data that stays on this machine."""
        if self.system == "win32":
            return self.named("LOCALAPPDATA") or self.home / "AppData" / "Local"
        return self.data


def _list_lm_studio(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    yield folders.home / ".lmstudio" / "models"
    # Versions before 0.3.
    yield folders.home / ".cache" / "lm-studio" / "models"


def _list_ollama(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    named = folders.named("OLLAMA_MODELS")
    if named is not None:
        yield named
    yield folders.home / ".ollama" / "models"
    if folders.system not in ("win32", "darwin"):
        # The service of Linux runs as a user of its own, and some packages place it elsewhere.
        yield type(folders.home)("/usr/share/ollama/.ollama/models")
        yield type(folders.home)("/var/lib/ollama/models")


def _list_hugging_face(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    named = folders.named("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
    if named is None:
        home = folders.named("HF_HOME") or folders.cache / "huggingface"
        named = home / "hub"
    yield named


def _list_jan(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    homes = [folders.data / "Jan" / "data"]
    if folders.system not in ("win32", "darwin"):
        config = folders.named("XDG_CONFIG_HOME") or folders.home / ".config"
        homes.append(config / "Jan" / "data")
    homes.append(folders.home / "jan")  # versions before 0.5
    for home in homes:
        yield home / "llamacpp" / "models"
        yield home / "models"


def _list_gpt4all(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    yield folders.local_data / "nomic.ai" / "GPT4All"
    yield folders.home / ".cache" / "gpt4all"  # its Python package


def _list_llama_cpp(folders: _Folders[AnyPath]) -> Iterator[AnyPath]:
    named = folders.named("LLAMA_CACHE")
    if named is not None:
        yield named
    elif folders.system == "win32":
        yield folders.local_data / "llama.cpp"
    elif folders.system == "darwin":
        yield folders.home / "Library" / "Caches" / "llama.cpp"
    else:
        yield folders.cache / "llama.cpp"


def _follow_settings(
    system: str, home: Path, environment: Mapping[str, str]
) -> Iterator[tuple[StoreKind, Path]]:
    """Return the folders that LM Studio's and Jan's own settings name."""
    studio = home / ".lmstudio"
    pointer = _read_text(home / ".lmstudio-home-pointer").strip()
    if pointer and "\n" not in pointer:
        studio = Path(pointer)
        yield StoreKind.LM_STUDIO, studio / "models"
    chosen = _read_setting(studio / "settings.json", "downloadsFolder")
    if chosen:
        yield StoreKind.LM_STUDIO, Path(chosen)
    jan = _Folders(system, home, environment).data / "Jan" / "settings.json"
    chosen = _read_setting(jan, "data_folder")
    if chosen:
        yield StoreKind.JAN, Path(chosen) / "llamacpp" / "models"
        yield StoreKind.JAN, Path(chosen) / "models"


def _read_setting(path: Path, key: str) -> str:
    try:
        document = msgspec.json.decode(_read_text(path))
    except (msgspec.DecodeError, RecursionError):
        return ""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def _read_text(path: Path) -> str:
    try:
        return read_small(path, _SETTINGS_LIMIT_BYTES).decode("utf-8", "replace")
    except UserError:
        return ""


def _find_home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None
