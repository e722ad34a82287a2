"""Finding models in folders: shards, links, circles, and what is wrong with what is there."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import gguf
import msgspec
import pytest

from desktop.domain.language_model import FoundFile
from desktop.errors import Cancelled, UserError
from desktop.gguf import walk
from desktop.gguf.finder import find_models, read_model, stream_models

WriteModel = Callable[..., Path]


def write_shards(write_model: WriteModel, count: int = 3, name: str = "big") -> list[Path]:
    shards = []
    for number in range(count):

        def edit(writer: gguf.GGUFWriter, number: int = number) -> None:
            writer.add_uint16("split.no", number)
            writer.add_uint16("split.count", count)

        shard = f"{name}-{number + 1:05}-of-{count:05}.gguf"
        shards.append(write_model(shard, edit=edit, layers=1))
    return shards


def test_files_and_folders_below(write_model: WriteModel, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    write_model("a/b/deep.GGUF")
    write_model("top.gguf")
    (tmp_path / "notes.txt").write_text("not looked at")
    models, problems = find_models([tmp_path])
    assert {Path(model.path).name for model in models} == {"deep.GGUF", "top.gguf"}
    assert problems == ()
    assert len({model.id for model in models}) == 2
    first = models[0]
    assert Path(first.path).is_absolute()
    assert first.modified_ns == Path(first.path).stat().st_mtime_ns
    assert first.sha256 is None


def test_a_bad_file_does_not_hide_the_good_ones(write_model: WriteModel, tmp_path: Path) -> None:
    good = write_model()
    bad = tmp_path / "bad.gguf"
    bad.write_text("<html>Log in</html>")
    models, problems = find_models([tmp_path])
    assert [model.path for model in models] == [str(good)]
    assert [problem.path for problem in problems] == [str(bad)]
    assert "web page" in problems[0].message


def test_a_folder_without_models_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("nothing here")
    models, problems = find_models([tmp_path])
    assert models == ()
    assert problems[0].path == str(tmp_path)
    assert "no GGUF files" in problems[0].message


def test_a_missing_file_is_a_problem_with_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    models, problems = find_models([Path("absent.gguf")])
    assert models == ()
    assert problems[0].path == str(tmp_path / "absent.gguf")


def test_shards_are_one_model(write_model: WriteModel, tmp_path: Path) -> None:
    shards = write_shards(write_model)
    models, problems = find_models([tmp_path, shards[1]])
    assert problems == ()
    assert [model.paths for model in models] == [tuple(str(shard) for shard in shards)]
    facts = models[0].facts
    assert facts.parameters == 3 * (32 * 32 + 32)
    assert facts.file_bytes == sum(shard.stat().st_size for shard in shards)
    assert models[0].modified_ns == max(shard.stat().st_mtime_ns for shard in shards)
    assert read_model(shards[2]).paths == models[0].paths


def test_a_missing_shard_is_named(write_model: WriteModel, tmp_path: Path) -> None:
    shards = write_shards(write_model)
    shards[1].unlink()
    models, problems = find_models([tmp_path])
    assert models == ()
    assert len(problems) == 1
    assert "lacks 1 of its 3 files: big-00002-of-00003.gguf" in problems[0].message


def test_renamed_shards_are_noticed(write_model: WriteModel, tmp_path: Path) -> None:
    shards = write_shards(write_model)
    alone = tmp_path / "alone.gguf"
    shutil.copy(shards[0], alone)
    with pytest.raises(UserError, match="one of 3 files"):
        read_model(alone)
    shards[0].rename(tmp_path / "kept")
    shards[1].rename(shards[0])
    (tmp_path / "kept").rename(shards[1])
    with pytest.raises(UserError, match="says that it is part 2, not part 1"):
        read_model(shards[0])
    odd = write_model("odd-00005-of-00003.gguf")
    with pytest.raises(UserError, match="can't be part 00005 of 00003"):
        read_model(odd)


def test_two_split_models_in_one_folder_are_two(write_model: WriteModel, tmp_path: Path) -> None:
    """Told apart by their stems, and by their counts where the stems are alike."""
    sets = [
        write_shards(write_model, 3, "big"),
        write_shards(write_model, 2, "bigger"),
        write_shards(write_model, 2, "big"),
    ]
    order = [shard for shards in sets for shard in shards][::-1]
    models, problems = find_models([*order, tmp_path])
    assert problems == ()
    assert {model.paths for model in models} == {tuple(map(str, shards)) for shards in sets}
    announced = [find for find in stream_models([tmp_path]) if isinstance(find, FoundFile)]
    assert sorted(find.file_bytes for find in announced) == sorted(
        sum(shard.stat().st_size for shard in shards) for shards in sets
    )


def test_shards_of_another_count_are_no_shards_of_this_model(write_model: WriteModel) -> None:
    shards = write_shards(write_model, 3)
    stray = write_shards(write_model, 4, "other")[1]
    stray.replace(shards[1])
    with pytest.raises(UserError, match=r"big-00002-of-00003.gguf is one of 4 files of a model"):
        read_model(shards[0])


def test_one_file_under_two_names_is_one_model(write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model()
    (tmp_path / "link.gguf").symlink_to(model)
    os.link(model, tmp_path / "hard.gguf")
    models, problems = find_models([tmp_path, model])
    assert len(models) == 1
    assert problems == ()


def test_links_in_a_download_cache_keep_their_readable_names(
    write_model: WriteModel, tmp_path: Path
) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshots").mkdir()
    blob = write_model().rename(tmp_path / "blobs" / "0a1b2c")
    link = tmp_path / "snapshots" / "readable.gguf"
    link.symlink_to(blob)
    models, _ = find_models([tmp_path])
    assert [model.path for model in models] == [str(link)]


def test_folders_that_lead_in_circles(write_model: WriteModel, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    write_model("inner/one.gguf")
    (inner / "up").symlink_to(tmp_path, target_is_directory=True)
    (inner / "self").symlink_to(inner / "self")
    models, problems = find_models([tmp_path, inner, tmp_path])
    assert len(models) == 1
    assert problems == ()


def test_limits_are_told(
    write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write_model(f"{number}.gguf")
    monkeypatch.setattr(walk, "MODELS_LIMIT", 2)
    models, problems = find_models([tmp_path])
    assert len(models) == 2
    assert "the rest was left out" in problems[0].message


def test_too_deep_folders_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    monkeypatch.setattr(walk, "DEPTH_LIMIT", 1)
    _, problems = find_models([tmp_path])
    assert "too deep" in problems[0].message


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_locked_folder_is_a_problem(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    _, problems = find_models([tmp_path])
    locked.chmod(0o700)
    assert "can't be listed" in problems[0].message


def test_progress_is_told_and_can_cancel(write_model: WriteModel, tmp_path: Path) -> None:
    write_model("a.gguf")
    write_model("b.gguf")
    told: list[tuple[int, str]] = []
    find_models([tmp_path], on_progress=lambda done, path: told.append((done, path.name)))
    assert told == [(0, "a.gguf"), (1, "b.gguf")]

    def stop(_: int, __: Path) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        find_models([tmp_path], on_progress=stop)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes as names")
def test_names_that_are_no_text_are_told_readably(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/caf\xe9.gguf")).write_bytes(b"GGUF")
    Path(os.fsdecode(folder + b"/d\xe9pot")).mkdir()
    models, problems = find_models([tmp_path])
    assert models == ()
    assert [problem.path for problem in problems] == [str(tmp_path / "caf?.gguf")]
    assert "bytes that are no text" in problems[0].message
    msgspec.json.encode(problems)
