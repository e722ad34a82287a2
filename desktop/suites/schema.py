"""The published JSON Schema of suite files, made from what reader and scorers declare.

`resources/schemas/suite.schema.json` is `format_schema()`, for editors and other programs; a
test holds the two together. What no schema can say (ids that occur twice, a choice that is not
among its labels, patterns that don't compile) only the reader finds.
"""

import json

from desktop.domain.base import JsonValue
from desktop.domain.suite import Role
from desktop.scoring.kind import JSON_TYPES, TAKES, CheckKind, Shape
from desktop.scoring.registry import KINDS
from desktop.suites.constraints import CONSTRAINT_KEYS
from desktop.suites.fields import IDENTIFIER, MOST_TOKENS
from desktop.suites.reader import DIFFICULTIES, FORMAT_VERSION, VERSION_KEY

_Schema = dict[str, JsonValue]
# A number or truth value where a text is wanted is taken as it is written.
_TEXT: _Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_ANY_TEXT: _Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
_TEXTS: _Schema = {"anyOf": [_ANY_TEXT, {"type": "array", "minItems": 1, "items": _ANY_TEXT}]}
_IDENTIFIER: _Schema = {"type": ["string", "number", "boolean"], "pattern": f"^{IDENTIFIER}$"}
_TOKENS: _Schema = {"type": "integer", "minimum": 1, "maximum": MOST_TOKENS}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_CHECK: _Schema = {"$ref": "#/$defs/check"}
_GRAMMAR = (
    "A grammar in llama.cpp's notation (GBNF) that answers are held to while they are written:"
    " they begin with its rule root and end where it ends. Thinking is not held to it."
)
_JSON_SCHEMA = (
    "A JSON Schema that answers are held to while they are written, instead of a grammar."
    " Properties come in the order named here, and no others without additionalProperties. What a"
    " grammar can't express (not, contains, uniqueItems, patternProperties …) is refused."
)
_BOTH_CONSTRAINTS: _Schema = {"required": list(CONSTRAINT_KEYS)}
_SHAPES: dict[Shape, _Schema] = {
    Shape.TEXT: _ANY_TEXT,
    Shape.TEXTS: _TEXTS,
    Shape.NUMBER: {"type": "number"},
    Shape.FLAG: {"type": "boolean"},
    Shape.TRUE: {"const": True},
    Shape.RANGE: {
        "anyOf": [
            _COUNT,
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {"min": _COUNT, "max": _COUNT},
            },
        ]
    },
    Shape.FIELDS: {"type": "object"},
    Shape.TYPES: {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"enum": list(JSON_TYPES)},
    },
    Shape.ALIASES: {"type": "object", "additionalProperties": _TEXTS},
    Shape.TAKE: {"enum": list(TAKES)},
    Shape.CHECK: _CHECK,
    Shape.CHECKS: {"type": "array", "minItems": 1, "items": _CHECK},
}


def _object(required: list[str], properties: _Schema) -> _Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def _check_schema(kind: CheckKind) -> _Schema:
    properties = {kind.name: _SHAPES[kind.expects]}
    properties |= {name: _SHAPES[shape] for name, shape in kind.options.items()}
    properties["weight"] = {"type": "number", "minimum": 0}
    return _object([kind.name, *kind.required], properties)


def _case_schema(shared: _Schema) -> _Schema:
    message = _object(
        ["role", "content"], {"role": {"enum": [role.value for role in Role]}, "content": _TEXT}
    )
    properties: _Schema = {
        "id": _IDENTIFIER,
        "title": _TEXT,
        "prompt": _TEXT,
        "messages": {"type": "array", "minItems": 1, "items": message},
        "checks": {"type": "array", "minItems": 1, "items": _CHECK},
        "examples": _object([], {"pass": _TEXT, "fail": _TEXT}),
        **shared,
    }
    one_of = [{"required": ["prompt"]}, {"required": ["messages"]}]
    return {**_object(["id", "checks"], properties), "oneOf": one_of, "not": _BOTH_CONSTRAINTS}


def build_schema() -> _Schema:
    """Return the JSON Schema (draft 2020-12) of a suite file."""
    shared: _Schema = {
        "max_tokens": _TOKENS,
        "stop": _TEXTS,
        "tags": _TEXTS,
        "language": _TEXT,
        "difficulty": {"enum": list(DIFFICULTIES)},
        "grammar": {**_TEXT, "description": _GRAMMAR},
        "json_schema": {"type": ["object", "boolean"], "description": _JSON_SCHEMA},
    }
    texts = ("title", "version", "description", "license", "language", "system_prompt")
    properties: _Schema = {
        VERSION_KEY: {"const": FORMAT_VERSION},
        "id": _IDENTIFIER,
        **dict.fromkeys(texts, _TEXT),
        "defaults": {**_object([], shared), "not": _BOTH_CONSTRAINTS},
        "cases": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/case"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Touchstone suite",
        **_object([VERSION_KEY, "id", "title", "version", "cases"], properties),
        "$defs": {
            "case": _case_schema(shared),
            "check": {"anyOf": [_check_schema(kind) for kind in KINDS.values()]},
        },
    }


def format_schema() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"
