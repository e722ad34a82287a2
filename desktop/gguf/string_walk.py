"""Stepping over a long array of strings without building them, many at a time.

A string is its length in eight bytes and then its text. Seven zero bytes beside a small number
are, in a vocabulary, almost always such a length; numpy finds all of them in a block at once.
Nothing is believed on that evidence: a string counts only if it begins exactly where the string
before it ends, so what is stepped over is what a step-by-step reading would step over. Where the
chain breaks (empty strings, texts with zero bytes, texts of 256 bytes and more) one string is
read by itself.
"""

import struct
from typing import NamedTuple

import numpy as np

from desktop.gguf.source import MARKS_LIMIT

BLOCK_BYTES = 1 << 18  # what is made of a block on the way stays in the processor's cache
_PREFIX_BYTES = 8
_ZEROS = 7
_MARK_LENGTHS = (3, 64)
_ENCLOSED = ((ord("<"), ord(">")), (ord("["), ord("]")))
_OPENINGS = tuple(left for left, _ in _ENCLOSED)
_OPENS = np.isin(np.arange(256), _OPENINGS)
_LOWEST_BIT = np.array([(n & -n).bit_length() - 1 for n in range(256)], dtype=np.int64)
# Below so many strings for each look at the chain, plain stepping is faster.
_WORTHWHILE = 24
_TRIAL_LOOKS = 64
# What things cost, in steps of about a microsecond: a block, a look (and each mark one step), and
# how many of others one step is enough for.
_BLOCK_STEPS, _LOOK_STEPS = 50, 5
_BYTES_A_STEP, _FOUND_A_STEP, _STRINGS_A_STEP, _MARKED_A_STEP = 4_000, 200, 5, 3


class Walked(NamedTuple):
    """How many strings were stepped over, their bytes, and the steps that it took.

    Steps are counted, not measured: about a microsecond each on a processor of 2023.
    """

    strings: int
    size_bytes: int
    steps: int


def walk_block(
    stretch: bytearray | memoryview, count: int, *, big_endian: bool, marks: set[bytes] | None
) -> Walked:
    """Step over up to `count` strings that lie whole in the stretch's first 256 KiB.

    `marks` collects texts that stand in angle or square brackets, as control tokens do, up to
    `MARKS_LIMIT`.
    """
    if marks is not None and len(marks) >= MARKS_LIMIT:
        marks = None
    view = memoryview(stretch)[:BLOCK_BYTES]
    raw = np.frombuffer(view, dtype=np.uint8)
    starts, ends = _find_candidates(raw, big_endian=big_endian)
    # The last string of every unbroken chain.
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) if len(starts) else starts
    form = struct.Struct(">Q" if big_endian else "<Q")
    at, done, looks, stepped = 0, 0, 0, 0
    chains: list[tuple[int, int]] = []
    while done < count and at + _PREFIX_BYTES <= len(raw):
        looks += 1
        if looks > _TRIAL_LOOKS and done < looks * _WORTHWHILE:
            more, at = _step(view, form, at, count - done, marks)
            done, stepped = done + more, more
            break
        first = int(np.searchsorted(starts, at))
        if first < len(starts) and starts[first] == at:
            broken = int(np.searchsorted(breaks, first))
            last = int(breaks[broken]) if broken < len(breaks) else len(starts) - 1
            last = min(last, first + count - done - 1)
            if ends[last] > len(raw):
                last -= 1  # only the last of a chain can reach beyond the block
            if last >= first:
                chains.append((first, last + 1))
                done += last + 1 - first
                at = int(ends[last])
                continue
        more, at = _step(view, form, at, 1, marks)
        if not more:
            break
        done += more
    steps = _BLOCK_STEPS + len(raw) // _BYTES_A_STEP + len(starts) // _FOUND_A_STEP
    steps += looks * _LOOK_STEPS
    steps += stepped // (_STRINGS_A_STEP if marks is None else _MARKED_A_STEP)
    if marks is not None and chains:
        chosen = np.concatenate([np.arange(first, after) for first, after in chains])
        steps += _collect(raw, starts[chosen], ends[chosen], marks)
    return Walked(done, at, steps)


def _find_candidates(
    raw: np.ndarray[tuple[int], np.dtype[np.uint8]], *, big_endian: bool
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return where strings of less than 256 bytes may begin, and where each would end."""
    runs = _find_zero_runs(raw)
    if big_endian:
        starts = runs[: np.searchsorted(runs, len(raw) - _ZEROS)]
        lengths = raw.take(starts + _ZEROS, mode="clip")
    else:
        starts = runs[np.searchsorted(runs, 1) :]
        starts -= 1
        lengths = raw.take(starts, mode="clip")
    ends = starts + lengths
    ends += _PREFIX_BYTES
    return starts, ends


def _find_zero_runs(
    raw: np.ndarray[tuple[int], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where seven zero bytes in a row begin, one place of every eight at most.

    A byte becomes a bit, so that 64 are looked at together. Lengths are at least eight bytes
    apart, so that none is lost but by zeros within texts, which the chain notices.
    """
    bits = np.packbits(raw == 0, bitorder="little")
    words = np.zeros(-(-len(bits) // 8), dtype="<u8")
    words.view(np.uint8)[: len(bits)] = bits
    for further in (1, 2, 3):  # runs of two, of four, of seven
        beyond = words >> np.uint64(further)
        beyond[:-1] |= words[1:] << np.uint64(64 - further)
        words &= beyond
    groups = words.view(np.uint8)
    found = np.flatnonzero(groups != 0)
    lowest = _LOWEST_BIT.take(groups.take(found, mode="clip"), mode="clip")
    positions: np.ndarray[tuple[int], np.dtype[np.int64]] = (found << 3) + lowest
    return positions


def _step(
    view: memoryview, form: struct.Struct, at: int, count: int, marks: set[bytes] | None
) -> tuple[int, int]:
    """Step over `count` strings one by one, no further than the view reaches."""
    size, unpack = len(view), form.unpack_from
    for done in range(count):
        start = at + _PREFIX_BYTES
        if start > size:
            return done, at
        end: int = start + unpack(view, at)[0]
        if end > size:
            return done, at
        if marks is not None and start < end and view[start] in _OPENINGS:
            _add_mark(bytes(view[start:end]), marks)
        at = end
    return count, at


def _add_mark(text: bytes, marks: set[bytes]) -> None:
    is_short = _MARK_LENGTHS[0] <= len(text) <= _MARK_LENGTHS[1]
    if is_short and (text[0], text[-1]) in _ENCLOSED and len(marks) < MARKS_LIMIT:
        marks.add(text)


def _collect(
    raw: np.ndarray[tuple[int], np.dtype[np.uint8]],
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    ends: np.ndarray[tuple[int], np.dtype[np.int64]],
    marks: set[bytes],
) -> int:
    """Add the marks among these strings; return how many strings began like one."""
    texts = starts + _PREFIX_BYTES
    # Clipped, because an empty text at the very end has no first byte.
    opened = np.flatnonzero(_OPENS.take(raw.take(texts, mode="clip"), mode="clip"))
    texts, ends = texts[opened], ends[opened]
    fitting = (ends - texts >= _MARK_LENGTHS[0]) & (ends - texts <= _MARK_LENGTHS[1])
    view = raw.data
    for text, end in zip(texts[fitting].tolist(), ends[fitting].tolist(), strict=True):
        _add_mark(bytes(view[text:end]), marks)
    return len(opened)
