"""A text's figures, with the scripted engine; and files that are none."""

from pathlib import Path

import pytest

from desktop.errors import EngineFault, UserError
from desktop.inference.scripted import ScriptedEngine
from desktop.worker.text_measuring import TextRequest, measure_text, read_text

TEXT = "one two three four five " * 100


def test_parts_make_one_figure_and_each_is_told() -> None:
    told: list[tuple[int, int]] = []
    request = TextRequest(text=TEXT, context_tokens=64)
    found = measure_text(
        ScriptedEngine, "a.gguf", request, tell=lambda done, every: told.append((done, every))
    )
    assert told == [(n, 7) for n in range(1, 8)]
    assert (found.chunks, found.figures.tokens) == (7, 7 * 31)
    assert found.figures.perplexity is not None
    assert found.figures.perplexity > 1
    assert found.figures.words == found.figures.tokens
    assert found.divergence is None


def test_a_model_is_no_way_from_itself_and_some_from_another() -> None:
    request = TextRequest(text=TEXT, context_tokens=64)
    same = measure_text(ScriptedEngine, "a.gguf", request, "a.gguf").divergence
    assert same is not None
    assert (same.mean, same.same_top, same.perplexity_ratio) == (0.0, 1.0, 1.0)
    other = measure_text(ScriptedEngine, "a.gguf", request, "b.gguf").divergence
    assert other is not None
    assert other.mean > 0


def test_what_cannot_be_compared_is_told() -> None:
    short = TextRequest(text="a b " * 8, context_tokens=8)
    with pytest.raises(EngineFault, match="Only 6 tokens"):
        measure_text(ScriptedEngine, "a.gguf", short, "b.gguf")
    strided = TextRequest(text=TEXT, context_tokens=64, stride=8)
    with pytest.raises(EngineFault, match="without a stride"):
        measure_text(ScriptedEngine, "a.gguf", strided, "b.gguf")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no text file"), (b"abc\xff", "byte 4 is none"), (b" \n", "has no text")],
)
def test_files_that_are_no_text_are_refused(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_text(path)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(40_000_000)
    with pytest.raises(UserError, match="larger than 34 MB"):
        read_text(path)


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("a\r\n€\n\n".encode())
    assert read_text(path) == "a\r\n€\n"
