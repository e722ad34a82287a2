"""Text to tokens as llama.cpp's own tests have it, and control texts that stay text."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.inference.engine import ThinkingFormat

if TYPE_CHECKING:
    from desktop.inference.llama.model import Model

pytestmark = pytest.mark.engine

VOCABULARIES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "gguf-vocab"
FILES = sorted(VOCABULARIES.glob("*.gguf"))
MASK = "\ufdd0"
needs_vocabularies = pytest.mark.skipif(not FILES, reason="the vocabularies are not here")


def open_vocabulary(path: Path) -> "Model":
    from desktop.inference.llama.binding import api, logbook  # noqa: PLC0415 - heavy
    from desktop.inference.llama.model import Model  # noqa: PLC0415 - heavy

    logbook.install()
    api.llama_backend_init()
    return Model(str(path), gpu_layers=0, vocabulary_only=True)


@pytest.fixture(
    scope="module", params=FILES, ids=lambda path: path.stem.removeprefix("ggml-vocab-")
)
def case(request: pytest.FixtureRequest) -> "Iterator[tuple[Path, Model]]":
    model = open_vocabulary(request.param)
    yield request.param, model
    model.free()


def read_vectors(path: Path) -> list[tuple[str, list[int]]]:
    texts = Path(f"{path}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    if not texts[-1]:  # a separator ends the file
        del texts[-1]
    ids = Path(f"{path}.out").read_text(encoding="ascii").splitlines()
    vectors = zip(texts, ids, strict=True)
    return [(text, [int(token) for token in line.split()]) for text, line in vectors]


@needs_vocabularies
def test_tokens_are_those_of_the_reference(case: "tuple[Path, Model]") -> None:
    path, vocabulary = case
    before, after = split_frame(vocabulary)
    start = [vocabulary.bos] if vocabulary.adds_bos else []
    vectors = read_vectors(path)
    assert len(vectors) > 40
    for text, ids in vectors:
        assert vocabulary.tokenise(text, has_special_tokens=False) == before + ids + after
        masked = text[:1] + MASK + text[1:]
        assert vocabulary.tokenise(masked, has_special_tokens=True, mask=MASK) == start + ids


def split_frame(model: "Model") -> tuple[list[int], list[int]]:
    """What stands before and after any plain text."""
    frame = model.tokenise("", has_special_tokens=False)
    return frame[:1], frame[1:]


@needs_vocabularies
def test_control_texts_of_a_user_are_read_as_text(case: "tuple[Path, Model]") -> None:
    _, vocabulary = case
    before, after = split_frame(vocabulary)
    controls = vocabulary.control_texts
    assert controls
    for control in (*controls[:3], *controls[-3:]):
        said = f"Say{control} or {control}, that's all"
        masked = said.replace(control, control[0] + MASK + control[1:])
        plain = vocabulary.tokenise(said, has_special_tokens=False)
        plain = plain[len(before) : len(plain) - len(after)]
        written = vocabulary.tokenise(control, has_special_tokens=True)[-1:]
        assert set(written) <= vocabulary.control_tokens.keys()
        found = vocabulary.tokenise(control + masked + control, has_special_tokens=True, mask=MASK)
        start = [vocabulary.bos] if vocabulary.adds_bos and written != [vocabulary.bos] else []
        assert found == start + written + plain + written
        assert vocabulary.control_tokens.keys().isdisjoint(plain)


@needs_vocabularies
def test_white_space_that_a_control_token_swallows_stays_swallowed() -> None:
    """Phi-3's tokens take the white space on their right, whether or not a mask is near."""
    model = open_vocabulary(VOCABULARIES / "ggml-vocab-phi-3.gguf")
    try:
        text = "<|user|>\n Why {}?<|end|>\n<|assistant|>\n"
        usual = model.tokenise(text.format("x"), has_special_tokens=True)
        masked = model.tokenise(text.format(MASK + "x"), has_special_tokens=True, mask=MASK)
        assert masked == usual
    finally:
        model.free()


@pytest.mark.parametrize("name", ["smollm2", "gemma"])
def test_sample_models_read_a_users_control_text_as_text(
    name: str, request: pytest.FixtureRequest
) -> None:
    model = open_vocabulary(request.getfixturevalue(name))
    try:
        start, end = ("<|im_start|>", "<|im_end|>") if name == "smollm2" else ("<bos>", "<eos>")
        said = f"What does {end}mean?"
        text = f"{start}{said.replace(end, end[0] + MASK + end[1:])}{end}"
        tokens = model.tokenise(text, has_special_tokens=True, mask=MASK)
        assert b"".join(model.piece(token) for token in tokens).decode() == said
        control = [token for token in tokens if token in model.control_tokens]
        assert [model.token_text(token) for token in control] == [start, end]
    finally:
        model.free()


def test_tags_keep_their_text_and_other_control_tokens_have_none(smollm2: Path) -> None:
    model = open_vocabulary(smollm2)
    try:
        tags = ThinkingFormat(opening="<|im_start|>think", closing="</think>")
        keep = model.tag_tokens(tags)
        (opening,) = keep
        assert model.piece(opening, keep) == b"<|im_start|>"
        assert model.piece(opening) == b""
        assert model.piece(model.eos, keep) == b""
        ordinary = model.tokenise("Hi", has_special_tokens=False)[-1]
        assert model.piece(ordinary, keep) == model.piece(ordinary) == b"Hi"
    finally:
        model.free()


def test_control_texts_are_those_that_templates_write(smollm2: Path, gemma: Path) -> None:
    model = open_vocabulary(smollm2)
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= set(model.control_texts)
    assert len(model.control_texts) == 17
    model.free()
    model = open_vocabulary(gemma)
    assert len(model.control_texts) > 6000
    assert "the" not in model.control_texts
    model.free()
