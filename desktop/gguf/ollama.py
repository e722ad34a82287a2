"""Ollama's store: files named by their digest, and manifests that say what people call them.

`manifests/<host>/<namespace>/<model>/<tag>` is a JSON text that lists layers; the weights are
`blobs/sha256-<digest>`. Anybody may have written it: a digest that is none, or a name that
leads out of the store, is never followed.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from desktop.domain.base import Value
from desktop.domain.language_model import FileProblem
from desktop.errors import UserError
from desktop.gguf.source import check_regular, read_small, spell

MANIFEST_LIMIT_BYTES = 1 << 20
MANIFESTS_LIMIT = 10_000

_DEPTH = 4  # host, namespace, model, tag
_HOST = "registry.ollama.ai"
_NAMESPACE = "library"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_MODEL = "application/vnd.ollama.image.model"
_COMPANIONS = {
    "application/vnd.ollama.image.projector": "projector",
    "application/vnd.ollama.image.adapter": "adapter",
}


class NamedFile(Value, frozen=True, kw_only=True):
    """A model file and what its store calls it, best known name first."""

    path: Path
    names: tuple[str, ...]


class _Layer(Value, frozen=True, kw_only=True):
    media_type: str = msgspec.field(name="mediaType", default="")
    digest: str = ""


class _Manifest(Value, frozen=True, kw_only=True):
    layers: tuple[_Layer, ...] = ()


def read_ollama(
    folder: Path, *, is_cancelled: Callable[[], bool] = lambda: False
) -> tuple[tuple[NamedFile, ...], tuple[FileProblem, ...]]:
    """Return the model files of a store with their names, each once, and what is broken.

    Models whose weights are no GGUF are listed too: they say so when they are read.
    """
    names: dict[Path, list[str]] = {}
    problems: list[FileProblem] = []
    for manifest, parts in _list_manifests(folder / "manifests", problems, is_cancelled):
        try:
            for blob, name in _read_manifest(folder, manifest, _spell_name(parts)):
                names.setdefault(blob, []).append(name)
        except UserError as error:
            problems.append(FileProblem(path=spell(manifest), message=str(error)))
    files = [
        NamedFile(path=path, names=tuple(sorted(set(called), key=lambda n: (len(n), n))))
        for path, called in names.items()
    ]
    return tuple(sorted(files, key=lambda file: file.names)), tuple(problems)


def _list_manifests(
    root: Path, problems: list[FileProblem], is_cancelled: Callable[[], bool]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    count = 0
    while waiting and not is_cancelled():
        folder, parts = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"The folder {spell(folder)} can't be listed: {reason}."
            problems.append(FileProblem(path=spell(folder), message=message))
            continue
        for entry in entries:
            inner = (*parts, entry.name)
            # Links are not followed: Ollama makes none, and they may lead in circles.
            if entry.is_dir(follow_symlinks=False):
                if len(inner) < _DEPTH:
                    waiting.append((Path(entry.path), inner))
            elif len(inner) == _DEPTH and not entry.name.startswith("."):
                count += 1
                if count > MANIFESTS_LIMIT:
                    message = f"{spell(root)} has more than {MANIFESTS_LIMIT:,} models; the rest "
                    message += "was left out."
                    problems.append(FileProblem(path=spell(root), message=message))
                    return
                yield Path(entry.path), inner


def _read_manifest(folder: Path, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    try:
        manifest = msgspec.json.decode(read_small(path, MANIFEST_LIMIT_BYTES), type=_Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UserError(
            f"{path} is no manifest of Ollama: {error}.", remedy=f"Pull {name} again."
        ) from None
    for layer in manifest.layers:
        companion = _COMPANIONS.get(layer.media_type)
        if layer.media_type != _MODEL and companion is None:
            continue
        match = _DIGEST.fullmatch(layer.digest)
        if match is None:
            raise UserError(
                f"{path} names no file by its SHA-256 but {layer.digest[:80]!r}.",
                remedy=f"Pull {name} again.",
            )
        yield (
            _find_blob(folder / "blobs", match[1], name),
            f"{name} ({companion})" if companion else name,
        )


def _find_blob(folder: Path, digest: str, name: str) -> Path:
    """Return the file of a digest; the colon is how versions before 0.1.30 wrote it."""
    for blob in (folder / f"sha256-{digest}", folder / f"sha256:{digest}"):
        if blob.exists():
            check_regular(blob)
            return blob
    raise UserError(
        f"{name} lacks its file sha256-{digest[:12]}… in {folder}.", remedy="Pull it again."
    )


def _spell_name(parts: tuple[str, ...]) -> str:
    """Return the name as Ollama lists it: the usual host and namespace are left out."""
    host, namespace, model, tag = (
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in spell(Path(part)))
        for part in parts
    )
    prefix = "" if host == _HOST else f"{host}/"
    if prefix or namespace != _NAMESPACE:
        prefix += f"{namespace}/"
    return f"{prefix}{model}:{tag}"
