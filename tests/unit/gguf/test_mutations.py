"""Thousands of broken headers: each gives a sentence or a correct reading, in bounded memory.

`TOUCHSTONE_MUTATIONS` in the environment makes it longer, for as many mutations as it says.
"""

import contextlib
import io
import os
import random
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from desktop.errors import UserError
from desktop.gguf import header as header_module
from desktop.gguf.facts import check_complete, describe
from desktop.gguf.header import read_header
from desktop.gguf.oddities import find_oddities
from tests.unit.gguf.plain_reader import PlainReader

WriteModel = Callable[..., Path]

MUTATIONS = int(os.environ.get("TOUCHSTONE_MUTATIONS", "6000"))
PATH = Path("mutated.gguf")
NUMBERS = (
    0,
    1,
    7,
    8,
    9,
    255,
    256,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63,
    2**64 - 1,
)
# Of a file of so many bytes: its content, what is kept of it as objects, and a little for itself.
MEMORY_FACTOR, MEMORY_BASE = 24, 1 << 20


class CountedStream(io.BytesIO):
    """A file that counts what is read from it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.bytes_read = 0

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        count = super().readinto(buffer)
        self.bytes_read += count
        return count


def enrich(writer: gguf.GGUFWriter) -> None:
    writer.add_expert_count(4)
    writer.add_expert_used_count(2)
    writer.add_array("llama.attention.sliding_window_pattern", [1, 0, 1])
    writer.add_array("general.languages", ["en", "de"])
    writer.add_string("general.base_model.0.name", "Other")
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_bos_token_id(1)


@pytest.fixture
def originals(write_model: WriteModel) -> list[bytes]:
    small = write_model("small.gguf", edit=enrich).read_bytes()
    turned = write_model("turned.gguf", edit=enrich, endianess=gguf.GGUFEndian.BIG).read_bytes()
    large = write_model("large.gguf", vocabulary=4_200, layers=1).read_bytes()
    older = small[:4] + struct.pack("<I", 2) + small[8:]
    return [small, turned, older, small, turned, large]


def header_end(content: bytes) -> int:
    return max(64, content.find(b"blk.0.attn_norm") + 200)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Break a file in one to three places of its header."""
    broken = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        end = min(header_end(content), len(broken) - 16)
        if end < 32:
            break
        at = chance.randrange(end)
        deed = chance.randrange(8)
        order = ">" if content[7] else "<"
        if deed == 0:
            broken[at] ^= 1 << chance.randrange(8)
        elif deed == 1:
            del broken[at:]
        elif deed == 2:
            broken[at : at + 8] = struct.pack(f"{order}Q", chance.choice(NUMBERS))
        elif deed == 3:
            broken[at : at + 4] = struct.pack(f"{order}I", chance.choice((*range(14), 2**31)))
        elif deed == 4:
            del broken[at : at + chance.randrange(1, 40)]
        elif deed == 5:
            start = chance.randrange(end)
            broken[at:at] = content[start : start + chance.randrange(1, 200)]
        elif deed == 6:  # counts of tensors and keys
            count = 8 + 8 * chance.randrange(2)
            broken[count : count + 8] = struct.pack(f"{order}Q", chance.choice(NUMBERS))
        else:  # arrays in arrays, as deep as there is room
            nest = struct.pack(f"{order}IQ", 9, 1) * chance.randrange(1, 40)
            broken[at : at + len(nest)] = nest
    return bytes(broken)


def read_mutated(content: bytes, opened: list[CountedStream]) -> str:
    """Read a file as the finder does; return the refusal, or nothing if it was read correctly."""
    opened.append(CountedStream(content))
    refusal: UserError | None = None
    try:
        header = read_header(PATH)
        check_complete(PATH, header)
        facts = describe(PATH, (header,))
    except UserError as error:
        refusal = error
    if refusal is not None:
        assert refusal.message.startswith(str(PATH))
        assert "\n" not in refusal.message
        assert refusal.remedy
        return refusal.message
    scalars, arrays = PlainReader(content).read()
    assert header.lengths == {key: len(items) for key, items in arrays.items()}
    plain = {key: value for key, value in header.values.items() if key not in arrays}
    assert repr(plain) == repr(scalars)  # as text, because NaN equals nothing
    for warning in find_oddities((header,), facts):
        assert warning.message.isprintable()
        assert warning.message.endswith((".", ")"))
    return ""


def test_mutations_give_a_sentence_or_a_correct_reading(
    originals: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[CountedStream] = []
    monkeypatch.setattr(header_module, "open_model", lambda _: opened[-1])
    for original in originals:
        assert read_mutated(original, opened) == ""
    chance = random.Random(20_251)  # noqa: S311 - a seeded choice, no secret
    refused = 0
    for number in range(MUTATIONS):
        content = mutate(originals[number % len(originals)], chance)
        try:
            refused += bool(read_mutated(content, opened))
        except Exception as error:
            error.add_note(f"mutation {number} of {MUTATIONS}")
            raise
        assert opened[-1].bytes_read <= len(content)
        opened.clear()
    assert MUTATIONS * 0.3 < refused < MUTATIONS * 0.99


def test_mutations_need_no_more_memory_than_their_bytes_explain(
    originals: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[CountedStream] = []
    monkeypatch.setattr(header_module, "open_model", lambda _: opened[-1])
    chance = random.Random(7)  # noqa: S311 - a seeded choice, no secret
    tracemalloc.start()
    try:
        for number in range(MUTATIONS // 20):
            content = mutate(originals[number % len(originals)], chance)
            opened.append(CountedStream(content))
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with contextlib.suppress(UserError):
                read_header(PATH)
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak < MEMORY_BASE + MEMORY_FACTOR * len(content)
            opened.clear()
    finally:
        tracemalloc.stop()


def test_metadata_that_would_fill_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays just short enough to be kept, as many as fit: 8 bytes in the file for 40 in memory."""
    array = struct.pack("<IIQ", 9, 0, 4_096) + bytes(4_096)
    keys = [struct.pack("<Q", 5) + b"k%04d" % n + array for n in range(1_000)]
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys)
    monkeypatch.setattr(header_module, "open_model", lambda _: CountedStream(content))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="so many small parts"):
            read_header(PATH)
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


def test_a_very_long_text_is_stepped_over_and_told_by_its_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = b"x" * (header_module.TEXT_LIMIT_BYTES + 1)
    pairs = [
        struct.pack("<Q", 4) + b"long" + struct.pack("<IQ", 8, len(text)) + text,
        struct.pack("<Q", 5) + b"after" + struct.pack("<II", 4, 7),
    ]
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)
    monkeypatch.setattr(header_module, "open_model", lambda _: CountedStream(content))
    header = read_header(PATH)
    assert header.values == {"after": 7}
    assert header.lengths == {"long": len(text)}
