"""Vocabularies are stepped over at once exactly as one by one."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from desktop.gguf.header import read_header
from desktop.gguf.source import MARKS_LIMIT
from desktop.gguf.string_walk import walk_block
from tests.unit.gguf.plain_reader import PlainReader

WriteModel = Callable[..., Path]


def pack(texts: list[bytes], order: str = "<") -> bytearray:
    return bytearray(b"".join(struct.pack(f"{order}Q", len(t)) + t for t in texts))


def is_mark(text: bytes) -> bool:
    return 3 <= len(text) <= 64 and (text[:1] + text[-1:]) in (b"<>", b"[]")


def walk_all(buffer: bytearray, count: int, *, big_endian: bool) -> tuple[int, int, set[bytes]]:
    marks: set[bytes] = set()
    at = done = 0
    while done < count:
        stretch = memoryview(buffer)[at:]
        walked = walk_block(stretch, count - done, big_endian=big_endian, marks=marks)
        if not walked.strings:
            break
        done += walked.strings
        at += walked.size_bytes
    return done, at, marks


# Texts that look like the lengths of texts, and lengths that do not look like it.
TRICKY = [
    b"",
    b"\0",
    b"\0" * 7,
    b"\0" * 9,
    b"\x05" + b"\0" * 7,
    b"a" * 255,
    b"a" * 256,
    b"b" * 300,
    struct.pack("<Q", 3) + b"abc",
    b"\0\0\0\x07",
    b"<|im_end|>",
    b"word",
]


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_any_texts_are_stepped_over_as_one_by_one(seed: int, big_endian: bool) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded choice, no secret
    texts = chance.choices([*TRICKY, *(b"w%d" % n for n in range(40 * (seed % 3)))], k=700)
    buffer = pack(texts, ">" if big_endian else "<")
    done, at, marks = walk_all(buffer, len(texts), big_endian=big_endian)
    assert (done, at) == (len(texts), len(buffer))
    assert marks == {text for text in texts if is_mark(text)}


@pytest.mark.parametrize("big_endian", [False, True])
def test_no_more_strings_are_taken_than_asked_for(big_endian: bool) -> None:
    texts = [b"w%d" % n for n in range(500)]
    buffer = pack(texts, ">" if big_endian else "<")
    end = len(pack(texts[:123]))
    walked = walk_block(buffer, 123, big_endian=big_endian, marks=None)
    assert (walked.strings, walked.size_bytes) == (123, end)


def test_strings_that_reach_beyond_the_buffer_are_left() -> None:
    texts = [b"one", b"two", b"three"]
    buffer = pack(texts)
    for missing in range(1, 13):
        walked = walk_block(buffer[:-missing], 3, big_endian=False, marks=None)
        assert (walked.strings, walked.size_bytes) == (2, len(pack(texts[:2])))


def test_an_empty_text_at_the_very_end_is_no_mark() -> None:
    """Where its first byte would be, there is nothing; the byte before it is a bracket."""
    texts = [b"w%d" % n for n in range(100)] + [b"<" * 60, b""]
    done, _, marks = walk_all(pack(texts), len(texts), big_endian=False)
    assert (done, marks) == (102, set())


def test_marks_beyond_their_limit_are_not_kept() -> None:
    texts = [b"<%d>" % n for n in range(MARKS_LIMIT + 500)]
    _, _, marks = walk_all(pack(texts), len(texts), big_endian=False)
    assert len(marks) == MARKS_LIMIT


def test_words_in_brackets_are_collected() -> None:
    texts = [b"<|im_start|>", b"<s>", b"[INST]", b"plain", b"<open", b"<>", b"<" + b"x" * 80 + b">"]
    texts += [b"w%d" % n for n in range(100)]
    _, _, marks = walk_all(pack(texts), len(texts), big_endian=False)
    assert marks == {text for text in texts if is_mark(text)} == set(texts[:3])


def test_every_vocabulary_is_read_as_by_the_plain_reader(shared_data: Path) -> None:
    files = sorted((shared_data / "gguf-vocab").glob("*.gguf"))
    assert len(files) >= 13
    for path in files:
        header = read_header(path)
        reader = PlainReader(path.read_bytes())
        scalars, arrays = reader.read()
        assert header.lengths == {key: len(items) for key, items in arrays.items()}
        assert {k: v for k, v in header.values.items() if k not in arrays} == scalars
        assert header.data_offset == reader.at
        words = arrays["tokenizer.ggml.tokens"]
        assert header.marks == {word.decode() for word in words if is_mark(word)}


@pytest.mark.parametrize("endianess", list(gguf.GGUFEndian))
def test_long_vocabularies_in_both_byte_orders(
    write_model: WriteModel, endianess: gguf.GGUFEndian
) -> None:
    path = write_model(vocabulary=9_000, endianess=endianess)
    header = read_header(path)
    assert header.lengths["tokenizer.ggml.tokens"] == 9_000
    assert "tokenizer.ggml.tokens" not in header.values
    assert len(header.tensors) == 4
    assert header.missing_bytes == 0
