"""Files within every single limit of the reader, each made to cost it as much as it can.

Shared by `tests/unit/gguf/test_labour.py`, which counts the work, and by `model_files.py`, which
times it.
"""

import struct
from collections.abc import Callable, Mapping

_VOCABULARY = b"tokenizer.ggml.tokens"
_STRING, _BYTE, _BOOL, _ARRAY, _UINT32 = 8, 0, 7, 9, 4


def pack(*pairs: bytes, tensors: bytes = b"", count: int = 0) -> bytes:
    """Return a file of these pairs and tensors, without weights."""
    return b"GGUF" + struct.pack("<IQQ", 3, count, len(pairs)) + b"".join(pairs) + tensors


def pack_text(key: bytes, text: bytes) -> bytes:
    """Return a pair whose value is a text."""
    return _string(key) + struct.pack("<I", _STRING) + _string(text)


def pack_tensors(count: int) -> tuple[bytes, int]:
    """Return the descriptions of so many tensors of 32 bytes, and the bytes of their weights."""
    described = [
        _string(b"blk.%d.t.weight" % n) + struct.pack("<IQQIQ", 2, 8, 1, 0, 32 * n)
        for n in range(count)
    ]
    return b"".join(described), 32 * count


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _words(*texts: bytes, times: int, key: bytes = _VOCABULARY) -> bytes:
    head = _string(key) + struct.pack("<IIQ", _ARRAY, _STRING, len(texts) * times)
    return pack(_ARCHITECTURE, head + b"".join(map(_string, texts)) * times)


def _many_keys() -> bytes:
    return pack(*(_string(b"k%d" % n) + struct.pack("<II", _UINT32, 1) for n in range(16_000)))


def _many_tensors() -> bytes:
    tensors, weights_bytes = pack_tensors(32_000)
    return pack(_ARCHITECTURE, tensors=tensors, count=32_000) + bytes(weights_bytes + 32)


def _kept_numbers(kind: int) -> bytes:
    array = struct.pack("<IIQ", _ARRAY, kind, 4_096) + b"\1" * 4_096
    return pack(_ARCHITECTURE, *(_string(b"k%d" % n) + array for n in range(140)))


def _kept_words() -> bytes:
    array = struct.pack("<IIQ", _ARRAY, _STRING, 4_096) + _string(b"ab") * 4_096
    return pack(_ARCHITECTURE, *(_string(b"k%d" % n) + array for n in range(70)))


def _bad_text() -> bytes:
    text = b"\xff\xc3" * (1 << 19)
    return pack(_ARCHITECTURE, *(pack_text(b"k%d" % n, text) for n in range(5)))


def _many_templates() -> bytes:
    code = b"{{ x['" + b"a_" * 30_000
    key = b"tokenizer.chat_template.%d"
    return pack(_ARCHITECTURE, *(pack_text(key % n, code) for n in range(80)))


def _long_template(part: bytes) -> bytes:
    text = part * ((1 << 20) // len(part))
    return pack(_ARCHITECTURE, pack_text(b"tokenizer.chat_template", text))


_ARCHITECTURE = pack_text(b"general.architecture", b"llama")

LABORIOUS: Mapping[str, Callable[[], bytes]] = {
    "tensors": _many_tensors,
    "keys": _many_keys,
    "empty words": lambda: _words(b"", times=1_990_000),
    "words of one letter": lambda: _words(b"a", times=1_990_000),
    "words of 16 letters": lambda: _words(b"a" * 16, times=1_990_000),
    "marks": lambda: _words(*(b"<%d>" % n for n in range(1_000_000)), times=1),
    "one mark": lambda: _words(b"<a>", times=1_990_000),
    "breaks after 12": lambda: _words(*[b"w"] * 12, b"", times=150_000),
    "breaks after 23": lambda: _words(*[b"w"] * 23, b"", times=80_000),
    "breaks after 26": lambda: _words(*[b"w"] * 26, b"", times=73_000),
    "words of 256 letters": lambda: _words(b"a" * 256, times=200_000),
    "words of 250 letters": lambda: _words(b"a" * 250, times=240_000),
    "words of zeros": lambda: _words(b"\0" * 20, times=1_000_000),
    "long words of zeros": lambda: _words(b"\0" * 250, times=240_000),
    "kept numbers": lambda: _kept_numbers(_BYTE),
    "kept truth values": lambda: _kept_numbers(_BOOL),
    "kept words": _kept_words,
    "text that is none": _bad_text,
    "templates": _many_templates,
    "tags of a template": lambda: _long_template(b"{%"),
    "braces of a template": lambda: _long_template(b"{{ a "),
    "quotes of a template": lambda: _long_template(b"'\""),
}
