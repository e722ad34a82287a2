"""Hypothesis makes GGUF files of any content, whole and broken, and reads them.

Whole ones are read as by the plain reader; of broken ones each gives a sentence or a correct
reading. Small here; `make fuzz` goes on for as many examples as it is told, and keeps what it
found in .hypothesis, from where the next run begins.
"""

import os
import struct
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.gguf import header as header_module
from desktop.gguf import string_walk
from desktop.gguf.tensor_types import TENSOR_TYPES
from tests.unit.gguf.test_mutations import CountedStream, read_mutated

EXAMPLES = int(os.environ.get("TOUCHSTONE_FUZZ_EXAMPLES", "150"))
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_FORMATS[12] = "d"
_STRING, _ARRAY = 8, 9
# What the reader asks for, so that facts and warnings are made of what the fuzzer thinks of.
_KEYS = (
    "general.name",
    "general.type",
    "general.license",
    "general.alignment",
    "general.base_model.count",
    "llama.block_count",
    "llama.context_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.rope.scaling.factor",
    "llama.expert_count",
    "tokenizer.chat_template",
    "tokenizer.chat_template.rag",
    "tokenizer.ggml.eos_token_id",
    "split.count",
)
LIMITS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Damage(NamedTuple):
    """What is done to a file: so many bytes from here on are replaced by others."""

    at: int
    removed: int
    put: bytes


def texts(most: int = 300) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=most) | st.text(max_size=most // 3).map(str.encode)


@st.composite
def values(draw: st.DrawFn, order: str) -> bytes:
    """Return a value with its type in front."""
    kind = draw(st.sampled_from([*_FORMATS, _STRING, _STRING, _ARRAY, _ARRAY]))
    if kind == _STRING:
        return struct.pack(f"{order}I", kind) + pack_text(order, draw(texts()))
    if kind != _ARRAY:
        return struct.pack(f"{order}I", kind) + draw(scalars(order, kind))
    element = draw(st.sampled_from([*_FORMATS, _STRING, _STRING]))
    if element == _STRING:
        items = [pack_text(order, text) for text in draw(st.lists(texts(60), max_size=40))]
    else:
        items = draw(st.lists(scalars(order, element), max_size=40))
    # Few things are long by themselves; a list said over and over is.
    times = draw(st.sampled_from([1, 1, 1, 200]))
    count = struct.pack(f"{order}IIQ", kind, element, len(items) * times)
    return count + b"".join(items) * times


def scalars(order: str, kind: int) -> st.SearchStrategy[bytes]:
    size = struct.calcsize(f"{order}{_FORMATS[kind]}")
    if _FORMATS[kind] == "?":
        return st.booleans().map(lambda value: struct.pack("?", value))
    return st.binary(min_size=size, max_size=size)


def pack_text(order: str, text: bytes) -> bytes:
    return struct.pack(f"{order}Q", len(text)) + text


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Return a whole file: keys with values of any kind, tensors one behind another, no weights."""
    order = draw(st.sampled_from("<<<>"))
    keys = draw(st.lists(st.sampled_from(_KEYS) | st.text("abc.", min_size=1), unique=True))
    keys = [key for key in keys if key not in ("general.alignment", "tokenizer.ggml.tokens")]
    pairs = [pack_text(order, key.encode()) + draw(values(order)) for key in keys]
    pairs.append(
        pack_text(order, b"general.architecture")
        + struct.pack(f"{order}I", _STRING)
        + pack_text(order, draw(st.sampled_from([b"llama", b"gemma3", b"clip", b"odd"])))
    )
    words = draw(st.lists(texts(20), max_size=30)) * draw(st.sampled_from([1, 300]))
    pairs.append(
        pack_text(order, b"tokenizer.ggml.tokens")
        + struct.pack(f"{order}IIQ", _ARRAY, _STRING, len(words))
        + b"".join(pack_text(order, word) for word in words)
    )
    tensors, data_bytes = [], 0
    names = draw(st.lists(st.text("blk.0_w", max_size=20), unique=True, max_size=6))
    for name in names:
        kind, form = draw(st.sampled_from(sorted(TENSOR_TYPES.items())))
        shape = [form.block_elements, *draw(st.lists(st.integers(0, 3), max_size=3))]
        elements = 1
        for extent in shape:
            elements *= extent
        tensors.append(
            pack_text(order, name.encode())
            + struct.pack(f"{order}I{len(shape)}QIQ", len(shape), *shape, kind, data_bytes)
        )
        data_bytes += -(-(elements // form.block_elements * form.block_bytes) // 32) * 32
    version = draw(st.sampled_from([2, 3]))
    start = b"GGUF" + struct.pack(f"{order}IQQ", version, len(tensors), len(pairs))
    return start + b"".join(pairs) + b"".join(tensors) + bytes(data_bytes + 32)


def damages() -> st.SearchStrategy[list[Damage]]:
    numbers = st.sampled_from([0, 1, 8, 9, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1])
    put = st.binary(max_size=12) | numbers.map(lambda number: struct.pack("<Q", number))
    return st.lists(
        st.builds(Damage, st.integers(0, 1 << 16), st.integers(0, 64), put), min_size=1, max_size=4
    )


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], str]:
    """Return what reads a file, checks a reading and returns the refusal."""
    opened: list[CountedStream] = []
    monkeypatch.setattr(header_module, "open_model", lambda _: opened[-1])

    def read_content(content: bytes) -> str:
        opened.clear()
        refusal = read_mutated(content, opened)
        assert opened[0].bytes_read <= len(content)
        return refusal

    return read_content


@LIMITS
@given(content=files())
def test_whole_files_are_read_as_by_the_plain_reader(
    read: Callable[[bytes], str], content: bytes
) -> None:
    assert read(content) == ""


@LIMITS
@given(content=files(), done=damages(), length=st.none() | st.integers(0, 1 << 14))
def test_broken_files_give_a_sentence_or_a_correct_reading(
    read: Callable[[bytes], str], content: bytes, done: list[Damage], length: int | None
) -> None:
    broken = bytearray(content)
    for at, removed, put in done:
        start = at % len(broken) if broken else 0
        broken[start : start + removed] = put
    read(bytes(broken[:length]))


@LIMITS
@given(content=files(), block=st.integers(64, 4_096))
def test_where_blocks_end_changes_nothing(
    read: Callable[[bytes], str], content: bytes, block: int
) -> None:
    """Long arrays are walked by blocks, and the buffer slides over the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(string_walk, "BLOCK_BYTES", block)
        patch.setattr(header_module, "_STRETCH_BYTES", block)
        patch.setattr(header_module, "STEPS_LIMIT", 10**9)  # blocks have a price each
        assert read(content) == ""
