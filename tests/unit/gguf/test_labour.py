"""Headers made to be laborious are given up soon: work is counted here, not timed.

What is counted is every call that the interpreter makes, which the reader's own account of its
steps has no part in. `benchmarks/model_files.py` times the same files.
"""

import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from laborious_files import LABORIOUS, pack, pack_tensors, pack_text

from desktop.errors import UserError
from desktop.gguf import header as header_module
from desktop.gguf.header import read_header
from tests.unit.gguf.test_mutations import CountedStream

# The reader's limit of 40,000 steps of a microsecond, at five or six calls in each.
MOST_CALLS = 220_000


def count_calls(work: Callable[[], object]) -> int:
    """Return how many functions, built-in ones included, are called on the way."""
    calls = 0

    def count(_frame: object, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def read_or_refuse(content: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, str]:
    """Return calls made, bytes read and the refusal, empty if there was none."""
    stream = CountedStream(content)
    monkeypatch.setattr(header_module, "open_model", lambda _: stream)
    refusal = ""

    def read() -> None:
        nonlocal refusal
        try:
            read_header(Path("hostile.gguf"))
        except UserError as error:
            refusal = error.message

    return count_calls(read), stream.bytes_read, refusal


@pytest.mark.parametrize("name", LABORIOUS)
def test_no_header_takes_much_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = LABORIOUS[name]()
    calls, bytes_read, refusal = read_or_refuse(content, monkeypatch)
    assert calls < MOST_CALLS
    assert bytes_read <= len(content)
    assert "\n" not in refusal


def test_a_laborious_header_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, refusal = read_or_refuse(LABORIOUS["empty words"](), monkeypatch)
    assert refusal.startswith("hostile.gguf has a header of so many small parts")


def test_known_sizes_stay_far_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many words, merges and tensors as the largest models have, twice over."""
    words: Sequence[bytes] = [b"word %d" % number for number in range(520_000)]
    merges = [b"w%d o" % number for number in range(1_000_000)]
    tensors, weights_bytes = pack_tensors(2_000)
    content = pack(
        pack_text(b"general.architecture", b"llama"),
        *(
            struct.pack("<Q", len(key))
            + key
            + struct.pack("<IIQ", 9, 8, len(texts))
            + b"".join(struct.pack("<Q", len(text)) + text for text in texts)
            for key, texts in ((b"tokenizer.ggml.tokens", words), (b"x.merges", merges))
        ),
        tensors=tensors,
        count=2_000,
    )
    _, _, refusal = read_or_refuse(content + bytes(weights_bytes + 32), monkeypatch)
    assert refusal == ""
