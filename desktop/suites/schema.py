"""The published JSON Schema of suite files, made from what reader and scorers declare.

`resources/schemas/suite.schema.json` is `format_schema()`, for editors and other programs; a
test holds the two together. What no schema can say (ids that occur twice, a choice that is not
among its labels, patterns that don't compile) only the reader finds.
"""

import itertools
import json

from desktop.domain.base import JsonValue
from desktop.domain.suite import Metric, Role
from desktop.scoring.kind import JSON_TYPES, TAKES, CheckKind, Shape
from desktop.scoring.registry import KINDS
from desktop.suites.cases import DIFFICULTIES, MOST_REPEATS, MOST_WEIGHT, SAMPLING_LIMITS
from desktop.suites.constraints import CONSTRAINT_KEYS
from desktop.suites.fields import IDENTIFIER, MOST_TOKENS
from desktop.suites.generating import MOST_GENERATED, MOST_SEED
from desktop.suites.reader import FORMAT_VERSION, VERSION_KEY
from desktop.suites.variables import VARIABLE_NAME

_Schema = dict[str, JsonValue]
# A number or truth value where a text is wanted is taken as it is written.
_TEXT: _Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_ANY_TEXT: _Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
_TEXTS: _Schema = {"anyOf": [_ANY_TEXT, {"type": "array", "minItems": 1, "items": _ANY_TEXT}]}
_IDENTIFIER: _Schema = {"type": ["string", "number", "boolean"], "pattern": f"^{IDENTIFIER}$"}
_TOKENS: _Schema = {"type": "integer", "minimum": 1, "maximum": MOST_TOKENS}
# A text that may be empty or blank.
_EXACT_TEXT: _Schema = {"type": ["string", "number", "boolean"]}
_FLAG: _Schema = {"type": "boolean"}
# Stands alone where no text is wanted, and gives way to its value.
_VARIABLE: _Schema = {"type": "string", "pattern": r"^\{\{[^{}]*\}\}$"}
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
_VARS = (
    "Variables: {{name}} in a case's title, prompt, messages, contexts, continuations, checks and"
    " examples gives way to its value. A case's own replace those of the defaults."
)
_FILL = "With false, {{name}} in cases means itself, and there are no variables."
_GENERATE = "Cases to be made by seeded generators whenever the file is read."
_GENERATED = "How cases that stand in the file were once made by seeded generators."
_IMPORTED = "Which files an importer made the cases of, and how; written by the importer."
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
    Shape.COUNT: {"type": "integer", "minimum": 1},
    Shape.SHARE: {"type": "number", "minimum": 0, "maximum": 1},
    Shape.SCHEMA: {"type": ["object", "boolean"]},
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
    arguments = {kind.name: kind.expects, **kind.options}
    properties = {name: _argument(shape) for name, shape in arguments.items()}
    properties["weight"] = {"type": "number", "minimum": 0}
    return _object([kind.name, *kind.required], properties)


def _argument(shape: Shape) -> _Schema:
    schema = _SHAPES[shape]
    if shape in {Shape.TEXT, Shape.TEXTS, Shape.CHECK, Shape.CHECKS}:
        return schema
    return {"anyOf": [schema, _VARIABLE]}


def _messages_schema() -> _Schema:
    roles: _Schema = {"enum": [role.value for role in Role]}
    message = _object(["role", "content"], {"role": roles, "content": _TEXT})
    return {"type": "array", "minItems": 1, "items": message}


def _shared_schema() -> _Schema:
    """Describe what defaults and cases have in common."""
    limits = {
        key: {
            "type": "integer" if key in {"top_k", "seed"} else "number",
            "minimum": least,
            "maximum": most,
        }
        for key, (least, most) in SAMPLING_LIMITS.items()
    }
    return {
        "prompt": _TEXT,
        "messages": _messages_schema(),
        "checks": {"type": "array", "minItems": 1, "items": _CHECK},
        "vars": {
            "type": "object",
            "propertyNames": {"pattern": f"^{VARIABLE_NAME}$"},
            "description": _VARS,
        },
        "max_tokens": _TOKENS,
        "stop": _TEXTS,
        "tags": _TEXTS,
        "language": _TEXT,
        "difficulty": {"enum": list(DIFFICULTIES)},
        "grammar": {**_TEXT, "description": _GRAMMAR},
        "json_schema": {"type": ["object", "boolean"], "description": _JSON_SCHEMA},
        "metric": {"enum": [metric.value for metric in Metric]},
        "few_shot": _TEXT,
        "documents": _TEXTS,
        "weight": {"type": "number", "minimum": 0, "maximum": MOST_WEIGHT},
        "repeats": {"type": "integer", "minimum": 1, "maximum": MOST_REPEATS},
        "sampling": _object([], limits),
        "group": _TEXT,
    }


def _case_schema(shared: _Schema) -> _Schema:
    continuation: _Schema = {"context": _EXACT_TEXT, "text": _ANY_TEXT, "correct": _FLAG}
    properties: _Schema = {
        "id": _IDENTIFIER,
        "title": _TEXT,
        "context": _EXACT_TEXT,
        "continuations": {
            "type": "array",
            "minItems": 1,
            "items": _object(["text"], continuation),
        },
        "examples": _object([], {"pass": _TEXT, "fail": _TEXT}),
        "source_row": {"description": "What an imported case was made of."},
        **shared,
    }
    kinds = ("prompt", "messages", "continuations")
    several = [{"required": [one, other]} for one, other in itertools.combinations(kinds, 2)]
    no_checks = {"required": ["continuations", "checks"]}
    refused = {"anyOf": [_BOTH_CONSTRAINTS, *several, no_checks]}
    return {**_object(["id"], properties), "not": refused}


def _needed_without_default(defaults: list[str], needed: list[str]) -> _Schema:
    """Demand one of the keys of every case unless the defaults have it."""
    has_default: _Schema = {
        "required": ["defaults"],
        "properties": {"defaults": {"anyOf": [{"required": [key]} for key in defaults]}},
    }
    each: _Schema = {"anyOf": [{"required": [key]} for key in needed]}
    return {"if": has_default, "else": {"properties": {"cases": {"items": each}}}}


def _attachments_schema() -> _Schema:
    document = _object(["id", "text"], {"id": _IDENTIFIER, "title": _TEXT, "text": _TEXT})
    few_shot: _Schema = {"id": _IDENTIFIER, "messages": _messages_schema(), "text": _EXACT_TEXT}
    either: _Schema = {"anyOf": [{"required": ["messages"]}, {"required": ["text"]}]}
    entry: _Schema = {
        "generator": _TEXT,
        "version": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "seed": {"type": "integer", "minimum": 0, "maximum": MOST_SEED},
        "count": {"type": "integer", "minimum": 1, "maximum": MOST_GENERATED},
        "options": {"type": "object"},
        "language": _TEXT,
        "prefix": _IDENTIFIER,
    }
    needed = ["generator", "seed", "count"]
    return {
        "documents": _list(document),
        "few_shot": _list({**_object(["id"], few_shot), **either}),
        "generate": {**_list(_object(needed, entry)), "description": _GENERATE},
        "generated": {
            **_list(_object([*needed, "version"], entry)),
            "description": _GENERATED,
        },
        "imported": {"type": "object", "description": _IMPORTED},
    }


def _list(items: _Schema) -> _Schema:
    return {"type": "array", "minItems": 1, "items": items}


def build_schema() -> _Schema:
    """Return the JSON Schema (draft 2020-12) of a suite file."""
    shared = _shared_schema()
    texts = ("title", "version", "description", "license", "language", "system_prompt")
    both: _Schema = {"anyOf": [_BOTH_CONSTRAINTS, {"required": ["prompt", "messages"]}]}
    properties: _Schema = {
        VERSION_KEY: {"const": FORMAT_VERSION},
        "id": _IDENTIFIER,
        **dict.fromkeys(texts, _TEXT),
        "fill_variables": {**_FLAG, "description": _FILL},
        **_attachments_schema(),
        "defaults": {**_object([], shared), "not": both},
        "cases": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/case"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Touchstone suite",
        **_object([VERSION_KEY, "id", "title", "version"], properties),
        "anyOf": [{"required": ["cases"]}, {"required": ["generate"]}],
        "allOf": [
            _needed_without_default(
                ["prompt", "messages"], ["prompt", "messages", "continuations"]
            ),
            _needed_without_default(["checks"], ["checks", "continuations"]),
        ],
        "$defs": {
            "case": _case_schema(shared),
            "check": {"anyOf": [_check_schema(kind) for kind in KINDS.values()]},
        },
    }


def format_schema() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"
