"""Filling a context to a depth without reading anything, so that a trial can be short.

How long a step takes depends on how much stands before it, and on nothing that stands there. So
one token is read, and what the cache then holds of it is written as often as is wanted, in the
form in which llama.cpp saves and restores a sequence (`state_write` in llama-kv-cache.cpp of the
version that is bound). A cache of another form (recurrent models, positions in two dimensions)
is not filled.
"""

import ctypes
import struct
from collections.abc import Iterator

import numpy as np

from desktop.inference.llama.binding import api
from desktop.inference.llama.context import DECODED, Context

_COUNT = struct.Struct("<I")
_CELL = struct.Struct("<iIi")
_CELLS = np.dtype([("position", "<i4"), ("sequences", "<u4"), ("sequence", "<i4")])
_ROW = struct.Struct("<iQ")
_COLUMN = struct.Struct("<iII")
_FIRST = struct.Struct("<Ii")  # a mark of the form, and a sequence: nothing to repeat


class UnknownForm(Exception):
    """What llama.cpp saved is not what is known here."""


def fill(context: Context, depth: int, sequences: int, *, window: int = 0) -> bool:
    """Let each of the first `sequences` stand at `depth` tokens; whether that could be done.

    `window` is the model's sliding window in tokens, 0 for none. Needs an empty context, whose
    content makes no sense afterwards.
    """
    context.begin_batch()
    context.add([0], 0, 0, wants_next=True)
    if context.decode() != DECODED:
        return False
    context.wait()
    size = int(api.llama_state_seq_get_size(context.pointer, 0))
    buffer = (ctypes.c_uint8 * size)()
    if int(api.llama_state_seq_get_data(context.pointer, buffer, size, 0)) != size:
        return False
    try:
        repeated = b"".join(_repeat(_Reader(bytes(buffer)), depth, window))
    except UnknownForm:
        return False
    source = (ctypes.c_uint8 * len(repeated)).from_buffer_copy(repeated)
    if not int(api.llama_state_seq_set_data(context.pointer, source, len(repeated), 0)):
        return False
    for sequence in range(1, sequences):
        context.copy(0, sequence)
    return True


class _Reader:
    """Walks along what llama.cpp saved; raises `UnknownForm` at its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position == len(self._content)

    def take(self, count: int) -> bytes:
        taken = self._content[self.position : self.position + count]
        if len(taken) != count:
            raise UnknownForm
        self.position += count
        return taken

    def numbers(self, form: struct.Struct) -> tuple[int, ...]:
        return form.unpack(self.take(form.size))


def _repeat(saved: _Reader, depth: int, window: int) -> Iterator[bytes]:
    """Yield a saved sequence of one token as one of `depth` tokens."""
    yield saved.take(_FIRST.size)
    caches = 0
    while not saved.at_end:
        # Models with a sliding window have a second cache, in which only that much is kept.
        yield from _repeat_cache(saved, depth, min(depth, window) if caches and window else depth)
        caches += 1


def _repeat_cache(saved: _Reader, depth: int, count: int) -> Iterator[bytes]:
    streams = saved.take(_COUNT.size)
    yield streams
    for _ in range(*_COUNT.unpack(streams)):
        (cells,) = saved.numbers(_COUNT)
        if cells == 0:
            yield _COUNT.pack(0)
            continue
        if cells != 1 or saved.numbers(_CELL) != (0, 1, 0):
            raise UnknownForm
        yield _COUNT.pack(count)
        positions = np.zeros(count, _CELLS)
        positions["position"] = np.arange(depth - count, depth)
        positions["sequences"] = 1
        yield positions.tobytes()
        yield from _repeat_layers(saved, count)


def _repeat_layers(saved: _Reader, count: int) -> Iterator[bytes]:
    transposed, layers = saved.numbers(_COUNT)[0], saved.numbers(_COUNT)[0]
    if transposed not in (0, 1):
        raise UnknownForm
    yield _COUNT.pack(transposed) + _COUNT.pack(layers)
    for number in range(2 * layers):
        if transposed and number >= layers:
            kind, item, width = saved.numbers(_COLUMN)
            yield _COLUMN.pack(kind, item, width)
            values = np.frombuffer(saved.take(item * width), np.uint8).reshape(width, 1, item)
            yield np.broadcast_to(values, (width, count, item)).tobytes()
        else:
            kind, row = saved.numbers(_ROW)
            yield _ROW.pack(kind, row)
            yield saved.take(row) * count
