"""A JSON Schema at one place, taken apart into plain alternatives.

`$ref`, `allOf`, `anyOf` and `oneOf` are resolved here, so that what is left says only what one
value must look like. Two demands on the same value are merged keyword by keyword; where that
can't be done exactly the schema is refused, never loosened.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from desktop.domain.base import JsonValue
from desktop.inference.json_schema_problem import SchemaProblem

Keywords: TypeAlias = dict[str, JsonValue]
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
# Say something about a schema and nothing about a value.
ANNOTATIONS = frozenset(
    {"$schema", "$comment", "$defs", "definitions", "$anchor", "title", "description", "default"}
    | {"examples", "deprecated", "readOnly", "writeOnly"}
    | {"contentMediaType", "contentEncoding", "contentSchema"}
)
_OBJECT_COUNTS = ("minProperties", "maxProperties")
_ARRAY_COUNTS = ("minItems", "maxItems")
_STRING_COUNTS = ("minLength", "maxLength")
_ABOUT = {
    "object": ("properties", "required", "additionalProperties", *_OBJECT_COUNTS),
    "array": ("items", "prefixItems", "additionalItems", "uniqueItems", *_ARRAY_COUNTS),
    "string": ("pattern", "format", *_STRING_COUNTS),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_KNOWN = frozenset(itertools.chain(["type", "enum", "const"], *_ABOUT.values()))
_COMPOSING = frozenset(["$ref", "allOf", "anyOf", "oneOf"])
_GREATEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LEAST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_MOST_ALTERNATIVES = 200
_MOST_REFERENCES = 50
_MOST_EXPANSIONS = 20_000


class Schema:
    """A whole schema document, whose parts refer to one another."""

    def __init__(self, document: JsonValue) -> None:
        """Take the document as it was read."""
        self._document = document
        self._expansions = 0

    def alternatives(self, schema: JsonValue, path: str) -> list[Keywords]:
        """Return what a value may look like here; an empty list if nothing satisfies the schema.

        Each alternative has `types`, a list, and besides only keywords about those.
        """
        found: list[Keywords] = []
        for keywords in self._expand(schema, path, ()):
            types = _types_of(keywords)
            rest = {key: value for key, value in keywords.items() if key != "type"}
            if types:
                found.append({"types": types, **rest})
        return found

    def _expand(self, schema: JsonValue, path: str, refs: tuple[str, ...]) -> list[Keywords]:
        self._expansions += 1
        if self._expansions > _MOST_EXPANSIONS:
            raise SchemaProblem(path, "its references lead to too much, again and again")
        if schema is True or schema is False:
            return [{}] if schema else []
        if not isinstance(schema, dict):
            raise SchemaProblem(path, "a schema must be keys with values, or true or false")
        _check_keywords(schema, path)
        own = {k: v for k, v in schema.items() if k in _KNOWN}
        parts = [[_read_keywords(own, path)]]
        if "$ref" in schema:
            parts.append(self._follow(schema["$ref"], path, refs))
        for position, part in enumerate(_list_of(schema, "allOf", path)):
            parts.append(self._expand(part, f"{path}/allOf/{position}", refs))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                choices = [
                    self._expand(part, f"{path}/{keyword}/{position}", refs)
                    for position, part in enumerate(_list_of(schema, keyword, path))
                ]
                if keyword == "oneOf":
                    _check_disjoint([_merge_all([parts[0], c], path) for c in choices], path)
                parts.append(list(itertools.chain(*choices)))
        return _merge_all(parts, path)

    def _follow(self, reference: JsonValue, path: str, refs: tuple[str, ...]) -> list[Keywords]:
        target = self._resolve(reference, path)
        if reference in refs:
            raise SchemaProblem(path, f'"$ref": "{reference}" leads back to itself without a value')
        if len(refs) >= _MOST_REFERENCES:
            raise SchemaProblem(path, f"more than {_MOST_REFERENCES} references follow one another")
        return self._expand(target, str(reference), (*refs, str(reference)))

    def _resolve(self, reference: JsonValue, path: str) -> JsonValue:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            shown = json.dumps(reference, ensure_ascii=False)[:80]
            message = f'"$ref": {shown} is not in this schema; only "#" and "#/…" can be followed'
            raise SchemaProblem(path, message)
        node = self._document
        for step in reference.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                raise SchemaProblem(path, f'"$ref": "{reference}" refers to nothing')
        return node


def same_value(first: JsonValue, second: JsonValue) -> bool:
    """Whether two values are equal as JSON, where true is not 1 but 1.0 is."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same_value(first[k], second[k]) for k in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same_value, first, second))
    return bool(first == second)


def type_of(value: JsonValue) -> str:
    """Return the JSON type of a value; whole numbers are integers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list | dict):
        return "array" if isinstance(value, list) else "object"
    return "integer" if float(value).is_integer() else "number"


def _check_keywords(schema: Keywords, path: str) -> None:
    for keyword in schema:
        if keyword == "$id" and path == "#":
            continue
        if keyword not in _KNOWN | _COMPOSING | ANNOTATIONS:
            raise SchemaProblem(path, f'a grammar can\'t express "{keyword}"')


def _list_of(schema: Keywords, keyword: str, path: str) -> list[JsonValue]:
    value = schema.get(keyword, [])
    if keyword in schema and (not isinstance(value, list) or not value):
        raise SchemaProblem(path, f'"{keyword}" must be a list of schemas')
    return list(value)


def _read_keywords(own: Keywords, path: str) -> Keywords:
    """Check the kinds of values, and bring both spellings of tuples and of const into one."""
    for keyword, value in own.items():
        wanted = _KINDS.get(keyword)
        if wanted is not None and not wanted[0](value):
            raise SchemaProblem(path, f'"{keyword}" must be {wanted[1]}')
    found = dict(own)
    if "const" in found:
        constant = found.pop("const")
        listed = found.get("enum", [constant])
        found["enum"] = [value for value in listed if same_value(value, constant)]
    if isinstance(found.get("items"), list):
        found["prefixItems"] = found.pop("items")
        if "additionalItems" in found:
            found["items"] = found.pop("additionalItems")
    found.pop("additionalItems", None)  # without a list of items it says nothing
    if found.get("uniqueItems") is False:
        del found["uniqueItems"]
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"]]
    return found


def _is_count(value: JsonValue) -> bool:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool) and value >= 0


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300  # noqa: PLR2004 - no infinity


def _is_type(value: JsonValue) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _is_names(value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_Kind: TypeAlias = tuple[Callable[[Any], bool], str]
_COUNT: _Kind = (_is_count, "a whole number, 0 or more")
_NUMBER: _Kind = (_is_number, "a number")
_KINDS: dict[str, _Kind] = {
    **dict.fromkeys((*_OBJECT_COUNTS, *_ARRAY_COUNTS, *_STRING_COUNTS), _COUNT),
    **dict.fromkeys(_ABOUT["number"], _NUMBER),
    "type": (_is_type, f"one of {', '.join(TYPES)}, or a list of them"),
    "enum": (lambda value: isinstance(value, list), "a list of values"),
    "required": (_is_names, "a list of names"),
    "properties": (lambda value: isinstance(value, dict), "names with schemas"),
    "prefixItems": (lambda value: isinstance(value, list), "a list of schemas"),
    "pattern": (lambda value: isinstance(value, str), "a text"),
    "format": (lambda value: isinstance(value, str), "a text"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
}


def _types_of(keywords: Keywords) -> list[str]:
    """Return the types asked for; without `type`, those that the keywords are about."""
    if "type" in keywords:
        wanted = list(dict.fromkeys(keywords["type"]))
        return [t for t in wanted if not (t == "integer" and "number" in wanted)]
    if "enum" in keywords:
        return [t for t in TYPES if t != "integer"]
    about = [kind for kind, words in _ABOUT.items() if any(w in keywords for w in words)]
    return about or [t for t in TYPES if t != "integer"]


def _merge_all(parts: list[list[Keywords]], path: str) -> list[Keywords]:
    merged: list[Keywords] = [{}]
    for part in parts:
        pairs = itertools.product(merged, part)
        merged = [found for a, b in pairs if (found := _merge(a, b, path)) is not None]
        if len(merged) > _MOST_ALTERNATIVES:
            message = f"its choices multiply to more than {_MOST_ALTERNATIVES}"
            raise SchemaProblem(path, message)
    return merged


def _merge(first: Keywords, second: Keywords, path: str) -> Keywords | None:
    """Return both demands as one, `None` where no value meets both."""
    if not first or not second:
        return first or second
    merged = {**first, **second}
    for keyword in first.keys() & second.keys():
        a, b = first[keyword], second[keyword]
        if keyword in _GREATEST or keyword in _LEAST:
            merged[keyword] = max(a, b) if keyword in _GREATEST else min(a, b)
        elif keyword == "required":
            merged[keyword] = list(dict.fromkeys([*a, *b]))
        elif keyword == "enum":
            merged[keyword] = [value for value in a if any(same_value(value, o) for o in b)]
        elif keyword == "type":
            merged[keyword] = _common_types(a, b)
        elif keyword in ("properties", "additionalProperties", "items", "prefixItems"):
            continue
        elif a != b:
            raise SchemaProblem(path, f'two different "{keyword}" can\'t hold at once in a grammar')
    _merge_properties(first, second, merged)
    _merge_items(first, second, merged)
    impossible = merged.get("type", True) == [] or merged.get("enum", True) == []
    return None if impossible else merged


def _common_types(first: list[str], second: list[str]) -> list[str]:
    common = [name for name in first if name in second]
    if "integer" not in common:
        for one, other in ((first, second), (second, first)):
            if "integer" in one and "number" in other:
                common.append("integer")
    return common


def _merge_properties(first: Keywords, second: Keywords, merged: Keywords) -> None:
    """Join properties: what one side does not name, its `additionalProperties` rule."""
    sides = (first, second)
    if not any("properties" in side or "additionalProperties" in side for side in sides):
        return
    names = dict.fromkeys(itertools.chain(*(side.get("properties", {}) for side in sides)))
    merged["properties"] = {
        name: _both(
            side.get("properties", {}).get(name, side.get("additionalProperties", True))
            for side in sides
        )
        for name in names
    }
    given = [side["additionalProperties"] for side in sides if "additionalProperties" in side]
    if given:
        merged["additionalProperties"] = _both(given)


def _merge_items(first: Keywords, second: Keywords, merged: Keywords) -> None:
    sides = (first, second)
    length = max(len(side.get("prefixItems", [])) for side in sides)
    if length:
        merged["prefixItems"] = [
            _both(
                side["prefixItems"][index]
                if index < len(side.get("prefixItems", []))
                else side.get("items", True)
                for side in sides
            )
            for index in range(length)
        ]
    given = [side["items"] for side in sides if "items" in side]
    if given:
        merged["items"] = _both(given)


def _both(schemas: "Iterator[JsonValue] | list[JsonValue]") -> JsonValue:
    """Return one schema for two; equal ones and those that demand nothing are left out."""
    kept: list[JsonValue] = []
    for schema in schemas:
        parts = schema["allOf"] if isinstance(schema, dict) and [*schema] == ["allOf"] else [schema]
        kept += [p for p in parts if p is not True and not any(same_value(p, k) for k in kept)]
    if len(kept) == 1:
        return kept[0]
    return {"allOf": kept} if kept else True


def _check_disjoint(choices: list[list[Keywords]], path: str) -> None:
    """Refuse a `oneOf` unless no value can fit two of its choices."""
    for (i, first), (j, second) in itertools.combinations(enumerate(choices), 2):
        for a, b in itertools.product(first, second):
            if not _are_disjoint(a, b):
                message = (
                    f'choices {i + 1} and {j + 1} of "oneOf" may both fit one value, which a'
                    ' grammar can\'t rule out; use "anyOf" if that may be'
                )
                raise SchemaProblem(path, message)


def _are_disjoint(first: Keywords, second: Keywords) -> bool:
    if "type" in first and "type" in second and not _common_types(first["type"], second["type"]):
        return True
    if "enum" in first and "enum" in second:
        return not any(same_value(a, b) for a in first["enum"] for b in second["enum"])
    for one, other in ((first, second), (second, first)):
        if "enum" in one and "type" in other:
            types = {type_of(value) for value in one["enum"]}
            if not _common_types(sorted(types), other["type"]):
                return True
    both_objects = first.get("type") == second.get("type") == ["object"]
    return both_objects and (_told_apart(first, second) or _told_apart(second, first))


def _told_apart(first: Keywords, second: Keywords) -> bool:
    """Whether a property that every value of `first` has keeps it from fitting `second`."""
    for name in first.get("required", []):
        other = second.get("properties", {}).get(name, second.get("additionalProperties", True))
        if other is False:
            return True
        own = first.get("properties", {}).get(name, True)
        values = [_values_of(schema) for schema in (own, other)]
        if values[0] is not None and values[1] is not None:
            pairs = itertools.product(values[0], values[1])
            if not any(same_value(a, b) for a, b in pairs):
                return True
    return False


def _values_of(schema: JsonValue) -> list[JsonValue] | None:
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    listed = schema.get("enum")
    return listed if isinstance(listed, list) else None
