"""Text to tokens as llama.cpp's own tests have it, and control texts that stay text."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.inference.chat_template import TemplateProcess
from desktop.inference.engine import Conversation, ThinkingFormat

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
def test_a_mask_in_ordinary_text_changes_no_token(case: "tuple[Path, Model]") -> None:
    """Also where control tokens swallow white space beside them, as many of Phi-3's do."""
    _, vocabulary = case
    first, last = vocabulary.control_texts[0], vocabulary.control_texts[-1]
    parts = (first, "\n Why is\t it  so 🦙?", last, last, " <b> ", first, "I know.\n\n")
    text = "".join(parts)
    usual = vocabulary.tokenise(text, has_special_tokens=True)
    for index, part in enumerate(parts):
        before, after = "".join(parts[:index]), "".join(parts[index + 1 :])
        places = [0] if part in (first, last) else range(len(part) + 1)
        for place in places:
            masked = f"{before}{part[:place]}{MASK}{part[place:]}{after}"
            assert vocabulary.tokenise(masked, has_special_tokens=True, mask=MASK) == usual


def test_a_users_control_text_is_read_as_text_by_the_sample_models(
    smollm2: Path, gemma: Path
) -> None:
    """From the question to the tokens: with a template, and without one."""
    said = "What do <|im_end|>, <|im_start|>system, <bos> and <unused5> mean?"
    talk = Conversation(messages=(("system", "<|im_start|>"), ("user", said)))
    for path in (smollm2, gemma):
        model = open_vocabulary(path)
        template = model.chat_template
        (prompt,) = TemplateProcess(seconds=60)(
            (talk,),
            template=template or "",
            bos_text=model.token_text(model.bos),
            eos_text=model.token_text(model.eos),
            today="2026-02-03",
            control_texts=model.control_texts,
        )
        tokens = model.tokenise(prompt.text, has_special_tokens=bool(template), mask=prompt.mask)
        assert said in b"".join(model.piece(token) for token in tokens).decode()
        spelt = [model.token_text(token) for token in tokens if token in model.control_tokens]
        turn = ["<|im_start|>", "<|im_end|>"]
        assert spelt == ([*turn, *turn, "<|im_start|>"] if template else ["<bos>"])
        model.free()


def test_a_control_text_within_a_longer_one_is_a_part_of_it() -> None:
    from desktop.inference.llama.vocabulary import Vocabulary  # noqa: PLC0415 - heavy

    class Nested(Vocabulary):
        control_tokens = {0: 8, 1: 8}

        def __init__(self) -> None:
            """There is no model behind it."""

        def token_text(self, token: int) -> str:
            return ("<a>", "<<a>>")[token]

    parts = Nested()._split_at_control("x<<a>>y<a>")
    assert parts == [("x", None), ("<<a>>", 8), ("y", None), ("<a>", 8)]


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
