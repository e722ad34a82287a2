"""Documents held to JSON Schemas by the package jsonschema; nothing is ever fetched.

Apart from `json_schema`, because the package takes a fifth of a second to import, which only the
first such check has to wait for.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import regex
from jsonschema import validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from desktop.domain.base import JsonValue
from desktop.scoring.clock import SECONDS_A_CASE, pattern_time
from desktop.scoring.kind import ScorerFault
from desktop.scoring.plain_text import shorten

_MOST_TOLD = 3
_Errors = Iterator[ValidationError]


def _matches(pattern: str, text: str) -> bool:
    try:
        with pattern_time() as seconds:
            return regex.search(pattern, text, timeout=seconds) is not None
    except TimeoutError:
        raise ScorerFault(
            f"The pattern {shorten(pattern)} of the schema took longer than {SECONDS_A_CASE:g} s."
        ) from None


def _pattern(_validator: Any, wanted: str, said: object, _schema: Any) -> _Errors:
    if isinstance(said, str) and not _matches(wanted, said):
        yield ValidationError(f"{shorten(repr(said), 60)} does not match {wanted!r}")


def _pattern_properties(
    validator: Any, wanted: Mapping[str, Any], said: object, _schema: Any
) -> _Errors:
    if not isinstance(said, dict):
        return
    for pattern, subschema in wanted.items():
        for key, value in said.items():
            if _matches(pattern, key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, wanted: Any, said: object, schema: Mapping[str, Any]
) -> _Errors:
    if not isinstance(said, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    further = [
        key for key in said if key not in known and not any(_matches(p, key) for p in patterns)
    ]
    if isinstance(wanted, dict):
        for key in further:
            yield from validator.descend(said[key], wanted, path=key)
    elif not wanted and further:
        told = ", ".join(shorten(repr(key), 40) for key in further[:_MOST_TOLD])
        yield ValidationError(f"{told} was not asked for")


def _unique_items(_validator: Any, wanted: bool, said: object, _schema: Any) -> _Errors:
    if not wanted or not isinstance(said, list):
        return
    seen = {_canonical(item) for item in said}
    if len(seen) < len(said):
        yield ValidationError(f"{shorten(repr(said), 60)} has an item twice")


def _canonical(item: JsonValue) -> str:
    """Return a text that is the same for equal items: 1 and 1.0 are, 1 and true are not."""
    if isinstance(item, dict):
        pairs = sorted((json.dumps(key), _canonical(value)) for key, value in item.items())
        return "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"
    if isinstance(item, list):
        return "[" + ",".join(map(_canonical, item)) + "]"
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    return json.dumps(item)


_OURS = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}


@lru_cache(maxsize=256)
def _make_validator(schema_text: str) -> Any:
    """Return a validator; raises `SchemaError` for what is no schema."""
    schema = json.loads(schema_text)
    known = validators.validator_for(schema, default=validators.Draft202012Validator)
    known.check_schema(schema)
    ours: Any = validators.extend(known, _OURS)  # type: ignore[no-untyped-call]
    return ours(schema, registry=REGISTRY)


def find_errors(document: JsonValue, schema: JsonValue) -> list[str]:
    """Return in sentences what a schema has against a document, the first few."""
    try:
        errors = _make_validator(json.dumps(schema, sort_keys=True)).iter_errors(document)
        return [
            f"{shorten(error.json_path, 60)}: {shorten(error.message, 160)}"
            for error in itertools.islice(errors, _MOST_TOLD)
        ]
    except Unresolvable as error:
        raise ScorerFault(
            f"The schema refers to what is not in it: {shorten(str(error))}"
        ) from None
    except regex.error as error:
        raise ScorerFault(f"A pattern of the schema is not valid: {error}") from None


def find_schema_fault(schema: JsonValue) -> str:
    """Return what keeps a document from being a JSON Schema, empty if nothing does."""
    try:
        _make_validator(json.dumps(schema, sort_keys=True))
    except SchemaError as error:
        return f"{error.json_path}: {shorten(error.message)}"
    return ""
