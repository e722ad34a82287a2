"""Folders with everything in them that is no model: searched to their end, told in sentences."""

import os
import re
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from desktop.domain.language_model import FoundFile
from desktop.gguf import walk
from desktop.gguf.finder import find_models, stream_models

WriteModel = Callable[..., Path]
NEEDS_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


@NEEDS_POSIX
def test_what_is_no_regular_file_is_named_as_what_it_is_and_never_opened(
    write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_model("good.gguf")
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "device.gguf").symlink_to(os.devnull)
    (tmp_path / "circle.gguf").symlink_to(tmp_path / "circle.gguf")
    (tmp_path / "dangling.gguf").symlink_to(tmp_path / "gone")
    (tmp_path / "folder.gguf").mkdir()
    monkeypatch.chdir(tmp_path)  # a socket's name may have some hundred bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.gguf")
        opened: list[str] = []
        real_open = os.open

        def note(path: str, *rest: int) -> int:
            opened.append(str(path))
            return real_open(path, *rest)

        monkeypatch.setattr(os, "open", note)
        models, problems = find_models([tmp_path])
    assert [model.path for model in models] == [str(good)]
    assert [path for path in opened if path.endswith(".gguf")] == [str(good)]
    told = {Path(problem.path).name: problem.message for problem in problems}
    assert told.keys() == {
        "pipe.gguf",
        "device.gguf",
        "circle.gguf",
        "dangling.gguf",
        "socket.gguf",
    }
    for name, words in (
        ("pipe.gguf", "is a pipe, not a regular file"),
        ("device.gguf", "is a device"),
        ("socket.gguf", "is a socket"),
        ("circle.gguf", "leads back to itself"),
        ("dangling.gguf", "a link to a file that is not there"),
    ):
        assert words in told[name]
        assert re.fullmatch(r"[^\n]+\.", told[name])


@pytest.mark.parametrize("reason", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
def test_a_folder_that_refuses_to_be_listed_hides_no_other(
    write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: OSError
) -> None:
    """As for root and on every system: the refusal itself is made here."""
    locked = tmp_path / "a locked one"
    locked.mkdir()
    (tmp_path / "open").mkdir()
    good = write_model("open/good.gguf")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == locked:
            raise reason
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    models, problems = find_models([tmp_path])
    assert [model.path for model in models] == [str(good)]
    (problem,) = problems
    assert problem.path == str(locked)
    assert problem.message == f"The folder {locked} can't be listed: {reason.strerror}."


class Entry:
    """An entry of a folder that exists in this test only."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.path = name, str(folder / name)

    def is_dir(self) -> bool:
        return False


class Listing(list[Entry]):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def test_a_hundred_thousand_other_files_cost_one_listing_and_no_look_at_any(
    write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_model("good.gguf")
    entries = Listing(Entry(tmp_path, f"{number}.safetensors") for number in range(100_000))
    entries.append(Entry(tmp_path, good.name))
    monkeypatch.setattr(os, "scandir", lambda _: entries)
    looked: list[str] = []
    real_look = walk._look

    def look(path: Path) -> object:
        looked.append(path.name)
        return real_look(path)

    monkeypatch.setattr(walk, "_look", look)
    finds = list(stream_models([tmp_path]))
    assert [Path(find.path).name for find in finds if isinstance(find, FoundFile)] == ["good.gguf"]
    assert [name for name in looked if name != tmp_path.name] == ["good.gguf"]


def test_a_hundred_thousand_names_of_models_are_cut_off_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "0.gguf"
    empty.touch()
    entries = Listing(Entry(tmp_path, f"{number}.gguf") for number in range(100_000))
    monkeypatch.setattr(os, "scandir", lambda _: entries)
    found = walk.Walk()
    assert len(list(found.add(tmp_path))) == walk.MODELS_LIMIT
    (problem,) = found.problems
    assert "has more than 500,000 files or 10,000 models; the rest was left out" in problem.message


@NEEDS_POSIX
def test_a_file_that_turns_into_a_pipe_before_it_is_opened_holds_nothing_up(
    write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = write_model("victim.gguf")
    real_open = os.open

    def swap(path: str, flags: int, *rest: int) -> int:
        if Path(path) == victim and not stat.S_ISFIFO(victim.stat().st_mode):
            victim.unlink()
            os.mkfifo(victim)
        return real_open(path, flags, *rest)

    monkeypatch.setattr(os, "open", swap)
    models, problems = find_models([tmp_path])
    assert models == ()
    assert [problem.message for problem in problems] == [
        f"{victim} is not a regular file. Choose a file in the GGUF format."
    ]
