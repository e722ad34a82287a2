"""One question of a benchmark's file: values that strangers wrote, asked for by key and type."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from desktop.domain.base import JsonValue
from desktop.errors import UserError
from desktop.suites.findings import nearest

_MOST_TOLD = 40
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one question, and where they stand.

    `inside` names the keys that lead to a nested part, for messages. What is asked for and is
    not there, or is something else, raises `UserError` with file, line and key.
    """

    values: Mapping[str, JsonValue]
    path: Path
    line: int
    inside: tuple[str, ...] = field(default=())
    unit: str = "line"

    @property
    def place(self) -> str:
        """File and line, as messages begin; a JSON document has questions instead of lines."""
        return f"{self.path}, {self.unit} {self.line}"

    def problem(self, message: str, *, remedy: str = "") -> UserError:
        """Return the error that says what is wrong at this place."""
        return UserError(
            f"{self.place}: {message}.",
            remedy=remedy or "Take the file as its authors publish it, or correct the line.",
        )

    def wrong(self, key: str, wanted: str) -> UserError:
        """Return the error for a value that is not `wanted`."""
        return self.problem(f'"{self._name(key)}" must be {wanted}, not {_show(self.values[key])}')

    def __contains__(self, key: str) -> bool:
        """Whether there is a value of that name; JSON's null is none."""
        return self.values.get(key) is not None

    def _name(self, key: str) -> str:
        return ".".join((*self.inside, key))

    def value(self, key: str) -> JsonValue:
        """Return a value of any type."""
        if key not in self:
            near = nearest(key, [str(name) for name in self.values])
            raise self.problem(f'"{self._name(key)}" is missing{near}'.rstrip("?."))
        return self.values[key]

    def first_of(self, *keys: str) -> str:
        """Return the first of the keys that is there; the last if none is."""
        return next((key for key in keys if key in self), keys[-1])

    def text(self, key: str, *, blank: bool = False) -> str:
        """Return a text; an empty one only with `blank`."""
        value = self.value(key)
        if not isinstance(value, str) or not (value.strip() or blank):
            raise self.wrong(key, "a text")
        return value

    def word(self, key: str) -> str:
        """Return a short text; a whole number counts as one, since ids are often numbers."""
        value = self.value(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key).strip()

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number within limits, also one that was written as a text."""
        value = self.value(key)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value.strip()[:9])
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, f"a whole number from {least} to {most}")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; 1 and 0 count as such."""
        value = self.value(key)
        if value in (0, 1) and isinstance(value, bool | int):
            return bool(value)
        raise self.wrong(key, "true or false")

    def texts(
        self, key: str, *, least: int = 1, most: int = 1000, blank: bool = False
    ) -> tuple[str, ...]:
        """Return a list of texts, none of them blank unless that is allowed."""
        value = self.value(key)
        good = isinstance(value, list) and all(
            isinstance(v, str) and (blank or v.strip()) for v in value
        )
        if not good or not least <= len(value) <= most:
            count = f"{least}" if least == most else f"at least {least}"
            raise self.wrong(key, f"a list of {count} texts")
        return tuple(value)

    def part(self, key: str) -> "Row":
        """Return a nested part with keys of its own."""
        value = self.value(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "keys with values")
        return replace(self, values=value, inside=(*self.inside, key))

    def parts(self, key: str) -> tuple["Row", ...]:
        """Return a list of nested parts."""
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of keys with values")
        return tuple(replace(self, values=item, inside=(*self.inside, key)) for item in value)


def canonical(values: JsonValue) -> str:
    """Return values as text that is the same on every machine and in every version of Python."""
    return json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def content_key(values: JsonValue) -> str:
    """Return ten hexadecimal digits that stand for a row's content, whatever its place."""
    return hashlib.sha256(canonical(values).encode()).hexdigest()[:10]


def is_plain(value: JsonValue) -> bool:
    """Whether a value can be kept: no infinities, no lone surrogates, no number above 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, str):
        return value.isascii() or _SURROGATE.search(value) is None
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    return True


def _show(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
