"""The SHA-256 of a model, its progress and its cancelling."""

import hashlib
import os
import random
from pathlib import Path

import pytest

from desktop.errors import Cancelled, UserError
from desktop.gguf import hashing, kept_hash
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


class Stop:
    """Cancels once so many bytes were hashed."""

    def __init__(self, at: int) -> None:
        self.at, self.done = at, 0
        self.told: list[int] = []

    def note(self, done: int, _: int) -> None:
        self.done = done
        self.told.append(done)

    def __call__(self) -> bool:
        return self.done >= self.at


@pytest.fixture
def bookmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not kept_hash.tell_library():
        pytest.skip("this Python's OpenSSL can't be asked")
    monkeypatch.setattr(hashing, "_CHUNK_BYTES", 1_000)
    return tmp_path / "hashes"


def begin_and_cancel(paths: list[Path], bookmarks: Path, at: int) -> None:
    stop = Stop(at)
    with pytest.raises(Cancelled):
        hashing.hash_files(paths, on_progress=stop.note, is_cancelled=stop, bookmarks=bookmarks)


def go_on(paths: list[Path], bookmarks: Path) -> tuple[tuple[str, ...], int]:
    """Return the hashes, and the bytes that the first step told: those before it are known."""
    stop = Stop(1 << 60)
    digests = hashing.hash_files(paths, on_progress=stop.note, bookmarks=bookmarks)
    return digests, stop.told[0]


@pytest.mark.parametrize("at", [1_000, 3_000, 7_777])
def test_a_cancelled_hash_goes_on_where_it_was(tmp_path: Path, bookmarks: Path, at: int) -> None:
    content = random.Random(1).randbytes(9_999)  # noqa: S311 - reproducible, not secret
    path = write(tmp_path / "a", content)
    begin_and_cancel([path], bookmarks, at)
    digests, first_step = go_on([path], bookmarks)
    assert digests == (hashlib.sha256(content).hexdigest(),)
    assert first_step == min(-(-at // 1_000) * 1_000 + 1_000, 9_999)
    assert list(bookmarks.iterdir()) == []


def test_of_a_split_model_whole_files_are_not_read_again(tmp_path: Path, bookmarks: Path) -> None:
    paths = [write(tmp_path / name, name.encode() * 5_000) for name in "abc"]
    begin_and_cancel(paths, bookmarks, 12_000)
    digests, first_step = go_on(paths, bookmarks)
    assert digests == tuple(hashlib.sha256(p.read_bytes()).hexdigest() for p in paths)
    assert first_step == 13_000


def test_a_bookmark_of_another_state_of_the_file_is_not_believed(
    tmp_path: Path, bookmarks: Path
) -> None:
    path = write(tmp_path / "a", b"x" * 9_000)
    begin_and_cancel([path], bookmarks, 5_000)
    write(path, b"y" * 9_000)
    os.utime(path, ns=(1, 1))
    digests, first_step = go_on([path], bookmarks)
    assert (digests[0], first_step) == (hashlib.sha256(b"y" * 9_000).hexdigest(), 1_000)


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_bookmark_is_not_believed(tmp_path: Path, bookmarks: Path, place: int) -> None:
    path = write(tmp_path / "a", b"x" * 9_000)
    begin_and_cancel([path], bookmarks, 5_000)
    (mark,) = bookmarks.iterdir()
    broken = bytearray(mark.read_bytes())
    broken[place] ^= 1
    mark.write_bytes(broken)
    digests, first_step = go_on([path], bookmarks)
    assert (digests[0], first_step) == (hashlib.sha256(b"x" * 9_000).hexdigest(), 1_000)


def test_bookmarks_are_set_on_the_way(
    tmp_path: Path, bookmarks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that crashes cancels nothing."""
    monkeypatch.setattr(hashing, "_BOOKMARK_EVERY_BYTES", 2_000)
    path = write(tmp_path / "a", b"x" * 9_000)
    seen: list[int] = []

    def look(_: int, __: int) -> None:
        mark = kept_hash.load_bookmark(bookmarks, path, path.stat())
        seen.append(mark.done_bytes if mark else 0)

    hashing.hash_files([path], on_progress=look, bookmarks=bookmarks)
    assert seen == [0, 2_000, 2_000, 4_000, 4_000, 6_000, 6_000, 8_000, 8_000]


def test_without_openssl_a_hash_begins_anew_and_is_right(
    tmp_path: Path, bookmarks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_hash, "_find_library", lambda: None)
    path = write(tmp_path / "a", b"x" * 9_000)
    begin_and_cancel([path], bookmarks, 5_000)
    digests, first_step = go_on([path], bookmarks)
    assert (digests[0], first_step) == (hashlib.sha256(b"x" * 9_000).hexdigest(), 1_000)


def test_a_folder_that_can_not_be_written_costs_only_the_bookmark(
    tmp_path: Path, bookmarks: Path
) -> None:
    write(bookmarks, b"a file in its place")
    path = write(tmp_path / "a", b"x" * 9_000)
    begin_and_cancel([path], bookmarks, 5_000)
    assert go_on([path], bookmarks)[0] == (hashlib.sha256(b"x" * 9_000).hexdigest(),)
