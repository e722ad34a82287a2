"""Finding a JSON document in an answer: alone, in a code fence, or in the middle of prose."""

import json
from collections.abc import Iterator
from typing import NoReturn

import regex

from desktop.domain.answer import Span
from desktop.domain.base import JsonValue, Value

_FENCED = regex.compile(r"(?:```|~~~)[\w+-]*[ \t]*\n?(.*?)(?:```|~~~|\Z)", regex.DOTALL)
_MOST_STARTS = 200


class Found(Value, frozen=True, kw_only=True):
    """A JSON document and where in the answer it lies. `alone` has nothing but fences around."""

    document: JsonValue
    span: Span
    alone: bool


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _refuse_twice(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key occurs twice")
    return made


_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant, object_pairs_hook=_refuse_twice, strict=True
)


def _decode_at(text: str, start: int) -> tuple[JsonValue, int] | None:
    try:
        document, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return document, end


def _whole(text: str, start: int, end: int) -> Found | None:
    while start < end and text[start].isspace():
        start += 1
    decoded = _decode_at(text, start) if start < end else None
    if decoded is None or text[decoded[1] : end].strip():
        return None
    return Found(document=decoded[0], span=Span(start=start, end=decoded[1]), alone=True)


def _inside(text: str) -> Iterator[Found]:
    position = 0
    for _ in range(_MOST_STARTS):
        start = min((i for i in (text.find(s, position) for s in "{[") if i >= 0), default=-1)
        if start < 0:
            return
        decoded = _decode_at(text, start)
        position = start + 1
        if decoded is not None:
            position = decoded[1]
            yield Found(document=decoded[0], span=Span(start=start, end=position), alone=False)


def find_json(text: str) -> Found | None:
    """Return the JSON document of an answer: all of it, or a fence's content, or inside prose.

    In prose the first object is preferred to the first array, which may be a footnote's [1].
    """
    whole = _whole(text, 0, len(text))
    if whole is not None:
        return whole
    for fence in _FENCED.finditer(text):
        content = _whole(text, fence.start(1), fence.end(1))
        if content is not None:
            around = text[: fence.start()] + text[fence.end() :]
            return Found(
                document=content.document, span=content.span, alone=not around.strip("` \n\t")
            )
    found = list(_inside(text))
    objects = [item for item in found if isinstance(item.document, dict)]
    return next(iter(objects or found), None)
