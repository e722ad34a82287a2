"""Stepping over a long array of strings without building them, many at a time.

A string is its length in eight bytes and then its text. Seven zero bytes beside a small number
are, in a vocabulary, almost always such a length; numpy finds all of them in a block at once.
Nothing is believed on that evidence: a string counts only if it begins exactly where the string
before it ends, so what is stepped over is what a step-by-step reading would step over. Where the
chain breaks (empty strings, texts with zero bytes, texts of 256 bytes and more) one string is
read by itself.
"""

import struct

import numpy as np

from desktop.gguf.source import MARKS_LIMIT

_BLOCK_BYTES = 1 << 18  # what is made of a block on the way stays in the processor's cache
_PREFIX_BYTES = 8
_ZEROS = 7
_MANTISSA_BITS, _EXPONENT_BIAS = 52, 1023  # of a 64-bit floating-point number
_MARK_LENGTHS = (3, 64)
_ENCLOSED = ((ord("<"), ord(">")), (ord("["), ord("]")))
# Below so many strings for each look at the chain, plain stepping is faster.
_WORTHWHILE = 12
_TRIAL_LOOKS = 64


def walk_block(
    buffer: bytearray, position: int, count: int, *, big_endian: bool, marks: set[bytes] | None
) -> tuple[int, int]:
    """Step over up to `count` strings that lie whole in the buffer's next 256 KiB.

    Returns how many were stepped over, and the position behind them. `marks` collects texts that
    stand in angle or square brackets, as control tokens do, up to `MARKS_LIMIT`. The work is
    bounded by the buffer's length whatever is in it.
    """
    size = min(len(buffer) - position, _BLOCK_BYTES)
    raw = np.frombuffer(buffer, dtype=np.uint8, count=size, offset=position)
    starts, ends = _find_candidates(raw, big_endian=big_endian)
    # The last string of every unbroken chain.
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) if len(starts) else starts
    form = struct.Struct(">Q" if big_endian else "<Q")
    at, done, looks = 0, 0, 0
    while done < count and at + _PREFIX_BYTES <= len(raw):
        looks += 1
        if looks > _TRIAL_LOOKS and done < looks * _WORTHWHILE:
            more, at = _step(raw.data, form, at, count - done)
            done += more
            break
        first = int(np.searchsorted(starts, at))
        if first < len(starts) and starts[first] == at:
            broken = int(np.searchsorted(breaks, first))
            last = int(breaks[broken]) if broken < len(breaks) else len(starts) - 1
            last = min(last, first + count - done - 1)
            if ends[last] > len(raw):
                last -= 1  # only the last of a chain can reach beyond the block
            if last >= first:
                if marks is not None:
                    _collect(raw, starts[first : last + 1], ends[first : last + 1], marks)
                done += last + 1 - first
                at = int(ends[last])
                continue
        more, at = _step(raw.data, form, at, 1)
        if not more:
            break
        done += more
    return done, position + at


def _find_candidates(
    raw: np.ndarray[tuple[int], np.dtype[np.uint8]], *, big_endian: bool
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return where strings of less than 256 bytes may begin, and where each would end."""
    zero = raw == 0
    pairs = zero[:-1] & zero[1:]
    fours = pairs[:-2] & pairs[2:]
    sevens = fours[:-3] & fours[3:]
    runs = _find_set(sevens)
    if big_endian:
        starts = runs[runs + _ZEROS < len(raw)]
        lengths = raw[starts + _ZEROS]
    else:
        starts = runs[runs > 0] - 1
        lengths = raw[starts]
    return starts, starts + lengths + _PREFIX_BYTES


def _find_set(
    flags: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where flags are set, one of every eight at most; a third of `flatnonzero`'s time.

    Eight flags make one number, whose highest bit tells which is set. Lengths are at least eight
    bytes apart, so that none is lost but by zeros within texts, which the chain notices.
    """
    groups = flags[: len(flags) // 8 * 8].view("<u8")
    found = np.flatnonzero(groups != 0)
    exponents = (groups[found].astype(np.float64).view(np.int64) >> _MANTISSA_BITS) - _EXPONENT_BIAS
    positions: np.ndarray[tuple[int], np.dtype[np.int64]] = (found << 3) + (exponents >> 3)
    return positions


def _step(view: memoryview, form: struct.Struct, at: int, count: int) -> tuple[int, int]:
    """Step over `count` strings one by one, no further than the view reaches."""
    size, unpack = len(view), form.unpack_from
    for done in range(count):
        if at + _PREFIX_BYTES > size:
            return done, at
        end: int = at + _PREFIX_BYTES + unpack(view, at)[0]
        if end > size:
            return done, at
        at = end
    return count, at


def _collect(
    raw: np.ndarray[tuple[int], np.dtype[np.uint8]],
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    ends: np.ndarray[tuple[int], np.dtype[np.int64]],
    marks: set[bytes],
) -> None:
    texts = starts + _PREFIX_BYTES
    lengths = ends - texts
    fitting = (lengths >= _MARK_LENGTHS[0]) & (lengths <= _MARK_LENGTHS[1])
    texts, ends = texts[fitting], ends[fitting]
    opening, closing = raw[texts], raw[ends - 1]
    enclosed = np.zeros(len(texts), dtype=bool)
    for left, right in _ENCLOSED:
        enclosed |= (opening == left) & (closing == right)
    view = raw.data
    for text, end in zip(texts[enclosed].tolist(), ends[enclosed].tolist(), strict=True):
        if len(marks) >= MARKS_LIMIT:
            return
        marks.add(bytes(view[text:end]))
