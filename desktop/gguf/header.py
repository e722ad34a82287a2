"""Reading the header of a GGUF file: metadata and the list of tensors, never the weights.

Written for hostile files. Every length and count is checked against the bytes that the file has
before it is believed, and against the limits below; what llama.cpp would refuse is refused with
a sentence. Long arrays (a vocabulary has some hundred thousand strings) are walked and counted,
never built. The file is read, not mapped: a file cut short under a mapping ends the process.
"""

import io
import struct
from pathlib import Path
from typing import NamedTuple, TypeAlias

from desktop.domain.base import Value
from desktop.errors import UserError
from desktop.gguf.source import MAGIC, open_model, read_failure, refuse_foreign
from desktop.gguf.tensor_types import TENSOR_TYPES

# Several times what the largest models published have, and little enough that no file can make
# the reader need 100 MB: the header of Gemma 4 (262,144 words, 514,906 merges) takes 16 MB.
HEADER_LIMIT_BYTES = 64 * 1024 * 1024
KEY_LIMIT = 16_384
TENSOR_LIMIT = 32_768
STRINGS_LIMIT = 2_000_000  # of all arrays together
KEPT_ELEMENTS = 4_096  # arrays up to this length are kept, longer ones only counted
TEXT_LIMIT_BYTES = 1 << 20  # longer texts (a whole tokenizer.json) are stepped over
# What one header may cost to read, in steps of about a microsecond on a processor of 2023: twice
# what the largest known vocabulary takes, with its tensors. A file within all other limits could
# otherwise still be made to take half a second.
STEPS_LIMIT = 40_000
_PAIR_STEPS, _TENSOR_STEPS, _TEXT_STEPS = 4, 8, 2
_KEPT_BYTES_A_STEP = 600
NAME_LIMIT = 64  # ggml keeps tensor names in 64 bytes, with the end mark
DIMENSION_LIMIT = 4
SUPPORTED_VERSIONS = (2, 3)

Scalar: TypeAlias = int | float | bool | str
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_FORMATS[12] = "d"
_ELEMENT_LIMIT = 2**63 - 1
_DAMAGED = "Copy or download the file again and compare its checksum with the publisher's."
_STRETCH_BYTES = 1 << 19
# What Python needs at most for a number in a tuple, a text, and a character of it.
_NUMBER_BYTES, _TEXT_BYTES, _CHARACTER_BYTES = 40, 80, 4
VOCABULARY_KEY = "tokenizer.ggml.tokens"


class TensorInfo(NamedTuple):
    """One tensor as the header lists it. `offset` counts from the start of the tensor data."""

    name: str
    shape: tuple[int, ...]
    type_number: int
    offset: int
    elements: int
    size_bytes: int

    @property
    def type_name(self) -> str:
        """The name that ggml gives the type, such as `Q4_K`."""
        return TENSOR_TYPES[self.type_number].name


class GgufHeader(Value, frozen=True, kw_only=True):
    """A header, read and checked.

    `values` holds scalars, and arrays up to 4,096 elements as tuples; `lengths` has the length
    of every array, and of texts over 1 MB in bytes. `data_offset` is where tensor data begins,
    `data_end` where it must end. `marks` are the words of the vocabulary that stand in brackets,
    as control tokens do.
    """

    version: int
    big_endian: bool
    values: dict[str, Scalar | tuple[Scalar, ...]]
    lengths: dict[str, int]
    marks: frozenset[str] = frozenset()
    tensors: tuple[TensorInfo, ...]
    data_offset: int
    data_end: int
    file_bytes: int

    @property
    def missing_bytes(self) -> int:
        """How many bytes of tensor data lie beyond the end of the file."""
        return max(0, self.data_end - self.file_bytes)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors, padding between them excluded."""
        return sum(tensor.size_bytes for tensor in self.tensors)

    def text(self, key: str) -> str:
        """Return a string value, empty if it is missing or no string."""
        value = self.values.get(key)
        return value.strip() if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """Return a whole number, `None` if it is missing or something else."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def numbers(self, key: str) -> tuple[int, ...]:
        """Return a whole number or an array of them as a tuple, empty if there is none."""
        value = self.values.get(key)
        items = value if isinstance(value, tuple) else (value,)
        if all(isinstance(item, int) and not isinstance(item, bool) for item in items):
            return tuple(int(item) for item in items if item is not None)
        return ()


def read_header(path: Path) -> GgufHeader:
    """Read and check a header.

    Raises `UserError` if the file can't be read, is no GGUF, is damaged or goes beyond a limit.
    A file whose tensor data is cut short is returned with `missing_bytes`: the header is whole.
    """
    try:
        with open_model(path) as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            return _Reader(path, stream, size).read()
    except OSError as error:
        raise read_failure(path, error) from None


class _Reader:
    """A position in the beginning of one file; reads more of it as it is needed."""

    def __init__(self, path: Path, stream: io.FileIO, size: int) -> None:
        self._path = path
        self._stream = stream
        self._size = size
        self._limit = min(size, HEADER_LIMIT_BYTES)
        # The stretch of the file around the position; what was passed makes room for the next.
        self._buffer = bytearray(min(size, _STRETCH_BYTES))
        self._stretch_start = self._stretch_end = 0
        self._position = 0
        self._order = "<"
        self._strings = 0
        self._steps = 0
        self._marks: set[bytes] = set()
        self._scalars: dict[int, struct.Struct] = {}
        self._u32 = self._u64 = struct.Struct("<I")
        self._tensor_forms: tuple[struct.Struct, ...] = ()  # extents, type and offset

    def read(self) -> GgufHeader:
        """Read everything up to the tensor data."""
        version = self._read_version()
        tensor_count = self._count(TENSOR_LIMIT, 8 + 4 + 4 + 8, "tensors")
        key_count = self._count(KEY_LIMIT, 8 + 4 + 1, "keys")
        values: dict[str, Scalar | tuple[Scalar, ...]] = {}
        lengths: dict[str, int] = {}
        for _ in range(key_count):
            self._read_pair(values, lengths)
        alignment = self._alignment(values)
        tensors, data_bytes = self._read_tensors(tensor_count, alignment)
        # Without tensors the end of the metadata is the end; llama.cpp asks for no padding there.
        start = _pad(self._position, alignment) if tensors else self._position
        return GgufHeader(
            version=version,
            big_endian=self._order == ">",
            values=values,
            lengths=lengths,
            marks=frozenset(mark.decode("utf-8", "replace") for mark in self._marks),
            tensors=tensors,
            data_offset=start,
            data_end=start + data_bytes,
            file_bytes=self._size,
        )

    def _read_version(self) -> int:
        beginning = self._peek(512)
        if not beginning.startswith(MAGIC):
            raise refuse_foreign(self._path, beginning)
        self._position = len(MAGIC)
        raw = self._take(4)
        version = int.from_bytes(raw, "little")
        if version & 0xFFFF == 0 and version:
            # The version is small, so a number with nothing in its low half is in the other order.
            self._order = ">"
            version = int.from_bytes(raw, "big")
        self._u32, self._u64 = struct.Struct(self._order + "I"), struct.Struct(self._order + "Q")
        self._scalars = {n: struct.Struct(self._order + f) for n, f in _FORMATS.items()}
        self._tensor_forms = tuple(
            struct.Struct(f"{self._order}{dimensions}QIQ")
            for dimensions in range(DIMENSION_LIMIT + 1)
        )
        if version == 1:
            raise UserError(
                f"{self._path} is in version 1 of GGUF, which llama.cpp no longer reads.",
                remedy="Get a newer file of this model, or convert it again.",
            )
        if version not in SUPPORTED_VERSIONS:
            raise UserError(
                f"{self._path} says it is GGUF version {version}; versions 2 and 3 can be read.",
                remedy="If the file is not damaged, a newer Touchstone is needed.",
            )
        return version

    def _read_pair(
        self, values: dict[str, Scalar | tuple[Scalar, ...]], lengths: dict[str, int]
    ) -> None:
        self._spend(_PAIR_STEPS)
        key = self._string()
        if not key:
            raise self._damaged("a key without a name")
        if key in values or key in lengths:
            raise self._damaged(f"the key {_quote(key)} twice")
        number = self._integer(self._u32)
        if number == _ARRAY:
            element = self._integer(self._u32)
            length = self._integer(self._u64)
            kept = self._array(key, element, length)
            lengths[key] = length
            if kept is not None:
                values[key] = kept
        elif number == _STRING:
            length = self._integer(self._u64)
            self._check_room(length, 1, "a text")
            if length > TEXT_LIMIT_BYTES:
                self._skip(length)
                lengths[key] = length
            else:
                values[key] = self._text(length)
        else:
            values[key] = self._scalar(key, number)

    def _scalar(self, key: str, number: int) -> Scalar:
        form = self._form(key, number)
        value: Scalar = form.unpack(self._take(form.size))[0]
        return value

    def _array(self, key: str, element: int, length: int) -> tuple[Scalar, ...] | None:
        if element == _STRING:
            return self._string_array(key, length)
        form = self._form(key, element)
        self._check_room(length, form.size, f"the array {_quote(key)}")
        if length > KEPT_ELEMENTS:
            self._skip(length * form.size)
            return None
        self._keep(length * _NUMBER_BYTES)
        raw = self._take(length * form.size)
        return struct.unpack(f"{self._order}{length}{form.format[-1]}", raw)

    def _string_array(self, key: str, length: int) -> tuple[Scalar, ...] | None:
        self._check_room(length, 8, f"the array {_quote(key)}")
        self._strings += length
        if self._strings > STRINGS_LIMIT:
            raise self._beyond_limit(f"{self._strings:,} strings", f"{STRINGS_LIMIT:,}")
        if length <= KEPT_ELEMENTS:
            self._spend(length * _TEXT_STEPS)
            return tuple(self._string() for _ in range(length))
        self._skip_strings(length, self._marks if key == VOCABULARY_KEY else None)
        return None

    def _skip_strings(self, count: int, marks: set[bytes] | None) -> None:
        """Step over strings without building them, a block at a time."""
        # Late, for it brings NumPy, which the window's first paint is not to wait for.
        from desktop.gguf.string_walk import BLOCK_BYTES, walk_block  # noqa: PLC0415 - as above

        while count:
            self._fill(min(self._position + BLOCK_BYTES, self._limit))
            start = self._position - self._stretch_start
            walked = walk_block(
                memoryview(self._buffer)[start : self._stretch_end - self._stretch_start],
                count,
                big_endian=self._order == ">",
                marks=marks,
            )
            self._position += walked.size_bytes
            self._spend(walked.steps)
            count -= walked.strings
            if count and not walked.strings:  # one string that is longer than what is in the buffer
                self._skip(self._integer(self._u64))
                count -= 1

    def _read_tensors(self, count: int, alignment: int) -> tuple[tuple[TensorInfo, ...], int]:
        tensors: list[TensorInfo] = []
        names: set[str] = set()
        expected = 0
        for _ in range(count):
            tensor = self._tensor()
            if tensor.name in names:
                raise self._damaged(f"the tensor {_quote(tensor.name)} twice")
            if tensor.offset != expected:
                raise self._damaged(f"the tensor {_quote(tensor.name)} in an impossible place")
            names.add(tensor.name)
            tensors.append(tensor)
            expected = _pad(expected + tensor.size_bytes, alignment)
        last = tensors[-1] if tensors else None
        return tuple(tensors), last.offset + last.size_bytes if last else 0

    def _tensor(self) -> TensorInfo:
        self._spend(_TENSOR_STEPS)
        length = self._integer(self._u64)
        if length >= NAME_LIMIT:
            raise self._damaged(f"a tensor's name of {length:,} bytes")
        name = self._take(length).decode("utf-8", "replace")
        dimensions = self._integer(self._u32)
        if dimensions > DIMENSION_LIMIT:
            raise self._damaged(f"a tensor {_quote(name)} of {dimensions:,} dimensions")
        form = self._tensor_forms[dimensions]
        *shape, number, offset = form.unpack(self._take(form.size))
        kind = TENSOR_TYPES.get(number)
        if kind is None:
            raise UserError(
                f"{self._path} stores the tensor {_quote(name)} in type {number}, "
                "which this version does not know.",
                remedy="Get another quantisation of this model, or a newer Touchstone.",
            )
        elements = 1
        for extent in shape:
            elements *= extent
        row = shape[0] if shape else 1
        if max((elements, *shape)) > _ELEMENT_LIMIT or row % kind.block_elements:
            raise self._damaged(f"a tensor {_quote(name)} of impossible shape {shape}")
        return TensorInfo(
            name=name,
            shape=tuple(shape),
            type_number=number,
            offset=offset,
            elements=elements,
            size_bytes=elements // kind.block_elements * kind.block_bytes,
        )

    def _alignment(self, values: dict[str, Scalar | tuple[Scalar, ...]]) -> int:
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or isinstance(alignment, bool) or alignment < 1:
            raise self._damaged("an alignment that is no number")
        if alignment & (alignment - 1):
            raise self._damaged(f"an alignment of {alignment:,}, which is no power of two")
        return alignment

    def _form(self, key: str, number: int) -> struct.Struct:
        form = self._scalars.get(number)
        if form is None:
            raise self._damaged(f"the key {_quote(key)} with a value of unknown type {number:,}")
        return form

    def _count(self, limit: int, smallest_bytes: int, noun: str) -> int:
        count = self._integer(self._u64)
        if count * smallest_bytes > self._size:
            raise self._damaged(f"{count:,} {noun}, more than fit in {self._size:,} bytes")
        if count > limit:
            raise self._beyond_limit(f"{count:,} {noun}", f"{limit:,}")
        return count

    def _string(self) -> str:
        length = self._integer(self._u64)
        self._check_room(length, 1, "a text")
        if length > TEXT_LIMIT_BYTES:
            raise self._beyond_limit(f"a text of {length:,} bytes", f"{TEXT_LIMIT_BYTES:,}")
        return self._text(length)

    def _text(self, length: int) -> str:
        self._keep(_TEXT_BYTES + length * _CHARACTER_BYTES)
        return self._take(length).decode("utf-8", "replace")

    def _keep(self, size_bytes: int) -> None:
        """Count what a value costs as Python objects; steps keep all of them below 24 MB."""
        self._spend(size_bytes // _KEPT_BYTES_A_STEP)

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > STEPS_LIMIT:
            raise UserError(
                f"{self._path} has a header of so many small parts that it takes twice as "
                "long to read as that of any known model; it was not read to its end.",
                remedy="If this is a real model, please report it.",
            )

    def _integer(self, form: struct.Struct) -> int:
        value: int = form.unpack(self._take(form.size))[0]
        return value

    def _take(self, count: int) -> bytes:
        end = self._position + count
        if end > self._stretch_end:
            self._fill(end)
        start = self._position - self._stretch_start
        self._position = end
        return bytes(self._buffer[start : start + count])

    def _skip(self, count: int) -> None:
        """Go on behind what is of no interest; it is not read."""
        self._check_end(self._position + count)
        self._position += count
        if self._position > self._stretch_end:
            self._stream.seek(self._position)
            self._stretch_start = self._stretch_end = self._position

    def _peek(self, count: int) -> bytes:
        self._fill(min(count, self._limit))
        return bytes(self._buffer[:count])

    def _check_room(self, count: int, each_bytes: int, noun: str) -> None:
        if count * each_bytes > self._size - self._position:
            raise self._damaged(f"{noun} of {count:,} elements, more than the file has bytes")

    def _check_end(self, end: int) -> None:
        if end > self._size:
            raise self._cut_short()
        if end > self._limit:
            raise self._beyond_limit(
                "a header of more", f"{HEADER_LIMIT_BYTES // 1024**2} MB before the weights"
            )

    def _fill(self, end: int) -> None:
        """Make sure that the stretch reaches from the position to `end`."""
        self._check_end(end)
        if end <= self._stretch_end:
            return
        start = self._position - self._stretch_start
        rest = self._buffer[start : self._stretch_end - self._stretch_start]
        if len(self._buffer) < end - self._position:
            self._buffer = bytearray(end - self._position)
        self._buffer[: len(rest)] = rest
        self._stretch_start, self._stretch_end = self._position, self._position + len(rest)
        free = memoryview(self._buffer)[len(rest) :]
        while self._stretch_end < end:
            count = self._stream.readinto(free[: self._limit - self._stretch_end])
            if not count:
                raise self._cut_short()
            self._stretch_end += count
            free = free[count:]

    def _cut_short(self) -> UserError:
        return UserError(
            f"{self._path} is cut short: it ends in the middle of its header, after "
            f"{self._size:,} bytes.",
            remedy="Copy or download the file again.",
        )

    def _damaged(self, what: str) -> UserError:
        return UserError(
            f"{self._path} is damaged: near byte {self._position:,} it has {what}.",
            remedy=_DAMAGED,
        )

    def _beyond_limit(self, what: str, limit: str) -> UserError:
        return UserError(
            f"{self._path} has {what}; Touchstone reads up to {limit}.",
            remedy="If this is a real model, please report it.",
        )


def _pad(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment


def _quote(name: str) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in name[:60])
    return f"“{printable}{'…' if len(name) > 60 else ''}”"  # noqa: PLR2004 - enough to recognise
