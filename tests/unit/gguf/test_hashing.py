"""The SHA-256 of a model, its progress and its cancelling."""

import hashlib
from pathlib import Path

import pytest

from desktop.errors import Cancelled, UserError
from desktop.gguf import hashing
from desktop.gguf.hashing import hash_model


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_one_file_is_hashed_as_sha256sum_does(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    path = write(tmp_path / "a", content)
    assert hash_model([path]) == hashlib.sha256(content).hexdigest()


def test_shards_are_hashed_by_their_digests(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, name.encode()) for name in ("a", "b")]
    digests = [hashlib.sha256(name).hexdigest() for name in (b"a", b"b")]
    assert hash_model(paths) == hashlib.sha256("\n".join(digests).encode()).hexdigest()
    assert hash_model(paths) != hash_model(paths[::-1])


def test_progress_counts_over_all_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_CHUNK_BYTES", 10)
    paths = [write(tmp_path / "a", b"x" * 25), write(tmp_path / "b", b"y" * 5)]
    told: list[tuple[int, int]] = []
    hash_model(paths, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 30), (20, 30), (25, 30), (30, 30)]


def test_cancel_takes_effect_between_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_CHUNK_BYTES", 10)
    path = write(tmp_path / "a", b"x" * 100)
    told: list[int] = []
    with pytest.raises(Cancelled):
        hash_model(
            [path],
            on_progress=lambda done, _: told.append(done),
            is_cancelled=lambda: len(told) == 3,
        )
    assert told == [10, 20, 30]


def test_a_file_that_changes_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_CHUNK_BYTES", 10)
    path = write(tmp_path / "a", b"x" * 20)

    def grow(done: int, _: int) -> None:
        if done == 10:
            path.write_bytes(b"z" * 40)

    with pytest.raises(UserError, match="changed while it was read"):
        hash_model([path], on_progress=grow)


def test_what_can_not_be_hashed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        hash_model([tmp_path / "absent"])
    with pytest.raises(ValueError, match="at least one"):
        hash_model([])
