"""A second, simple reader of GGUF metadata, to hold the fast one against.

It steps through the bytes one value after another and believes everything.
"""

import struct
from typing import Any

_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_FORMATS[12] = "d"
_STRING, _ARRAY = 8, 9


class PlainReader:
    """Reads keys with their values; arrays as their lengths, and the end of each array."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 4
        self.order = "<"
        if int.from_bytes(content[4:8], "little") & 0xFFFF == 0:
            self.order = ">"

    def take(self, form: str) -> Any:
        packed = struct.Struct(self.order + form)
        (value,) = packed.unpack_from(self.content, self.at)
        self.at += packed.size
        return value

    def string(self) -> bytes:
        length = self.take("Q")
        start, self.at = self.at, self.at + length
        assert self.at <= len(self.content)
        return self.content[start : self.at]

    def read(self) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """Return scalars and arrays by key."""
        self.take("I")
        self.take("Q")
        scalars: dict[str, Any] = {}
        arrays: dict[str, list[Any]] = {}
        for _ in range(self.take("Q")):
            key = self.string().decode("utf-8", "replace")
            kind = self.take("I")
            if kind == _ARRAY:
                element, length = self.take("I"), self.take("Q")
                if element == _STRING:
                    arrays[key] = [self.string() for _ in range(length)]
                else:
                    arrays[key] = [self.take(_FORMATS[element]) for _ in range(length)]
            elif kind == _STRING:
                scalars[key] = self.string().decode("utf-8", "replace")
            else:
                scalars[key] = self.take(_FORMATS[kind])
        return scalars, arrays
