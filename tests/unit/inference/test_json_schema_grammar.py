"""Every text that a schema's grammar matches is JSON that satisfies the schema."""

import json
from pathlib import Path

import jsonschema
import pytest

from desktop.domain.base import JsonValue
from desktop.inference.json_schema_grammar import make_json_grammar
from desktop.inference.json_schema_problem import SchemaProblem
from tests.gbnf_matcher import Derivation, Matcher

_SUITE = (
    Path(__file__).resolve().parents[3].parent
    / "shared"
    / "data"
    / "json-schema-suite"
    / "cases.jsonl"
)
_KIND_A = {"properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind"]}
_KIND_B = {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}
_LIST = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "v": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["v", "next"],
        }
    },
    "$ref": "#/$defs/node",
}
_EXPRESSIBLE: list[JsonValue] = [
    True,
    {"type": ["boolean", "null"]},
    {"type": "integer", "minimum": 0, "maximum": 10},
    {"type": "integer", "minimum": -15, "maximum": 1234},
    {"type": "integer", "exclusiveMinimum": 99, "maximum": 1000},
    {"type": "integer", "minimum": 17},
    {"type": "integer", "maximum": -17},
    {"type": "integer", "minimum": -3.5, "exclusiveMaximum": 3},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "minimum": 0.25, "maximum": 0.75},
    {"type": "number", "minimum": -1.5, "maximum": 2.25},
    {"type": "number", "exclusiveMinimum": -1.5, "exclusiveMaximum": -0.25},
    {"type": "number", "minimum": 3.07},
    {"type": "number", "exclusiveMaximum": 0},
    {"type": "number", "minimum": 5, "maximum": 5},
    {"type": "number", "minimum": 9.95, "maximum": 120.05},
    {"type": "number", "exclusiveMinimum": 0.12, "maximum": 0.1234},
    {"type": "string"},
    {"type": "string", "minLength": 2, "maxLength": 5},
    {"type": "string", "maxLength": 0},
    {"type": "string", "pattern": r"^[a-z]{2,3}-\d+$"},
    {"type": "string", "pattern": r'^(a|b"|\\)+$'},
    {"type": "string", "pattern": r"[\s\S]x."},
    {"type": "string", "pattern": "^a|b$"},
    {"type": "string", "pattern": r"^\w+@\S+\.\D{2}$"},
    {"type": "string", "pattern": r"^[\x00-\x1f]{1,4}?[^\u0041-z]*$"},
    *({"type": "string", "format": name} for name in ("date", "ipv4", "ipv6", "email", "uuid")),
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
    {"type": "array", "prefixItems": [{"const": 1}, {"type": "string"}], "items": False},
    {"type": "array", "prefixItems": [True, {"const": 2}, {"type": "null"}], "minItems": 2},
    {"type": "array", "maxItems": 1, "uniqueItems": True},
    {"type": "object"},
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": False},
        "required": ["b"],
    },
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "ab": {"type": "string"}, "": {"const": None}},
        "additionalProperties": {"type": "boolean"},
        "required": ["ab", "zz"],
    },
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"properties": {'q"\n\\': {"const": 'x"\n'}}, "required": ['q"\n\\']},
    _LIST,
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}},
            {"properties": {"a": {"maximum": 5}, "b": {"enum": [1, "x", {"k": [1, 2]}]}}},
            {"required": ["a", "b"]},
        ]
    },
    {
        "properties": {"a": {"type": "integer"}},
        "additionalProperties": False,
        "allOf": [{"properties": {"b": {"type": "string"}}}],
    },
    {"type": ["string", "null"], "minLength": 1},
    {"enum": [1, "a", None, True, [1, {"x": 2}], {}, []]},
    {"type": "object", "oneOf": [_KIND_A, _KIND_B]},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "minLength": 1}]},
]


@pytest.mark.parametrize("schema", _EXPRESSIBLE, ids=lambda schema: json.dumps(schema)[:60])
def test_whatever_the_grammar_allows_satisfies_the_schema(schema: JsonValue) -> None:
    """`jsonschema` judges texts that are derived from the grammar by chance."""
    checker = jsonschema.FormatChecker()
    judge = jsonschema.Draft202012Validator(schema, format_checker=checker)
    writer = Derivation(make_json_grammar(schema), seed=7)
    texts = [writer.write() for _ in range(60)]
    wrong = [text for text in texts if not judge.is_valid(json.loads(text))]
    assert wrong == []


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (True, [None, True, -1.5e10, 'é"\\\n', [[], {}], {"a": {"b": [1]}}]),
        ({"type": "integer", "minimum": -12, "maximum": 105}, [-12, -9, 0, 7, 99, 100, 105]),
        ({"type": "number", "minimum": 0, "maximum": 1}, [0, 0.5, 0.001, 1, 1.0]),
        ({"type": "number", "minimum": 0.25, "maximum": 0.75}, [0.25, 0.3, 0.5, 0.74, 0.75]),
        ({"type": "number", "minimum": -2.5}, [-2.5, -2.49, -1, 0, 3, 99.75]),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab", "é😀x"]),
        ({"type": "string", "pattern": "b+$"}, ["b", "aabbb", '"b']),
        ({"type": "string", "format": "date-time"}, ["2024-02-28T23:59:59Z"]),
        (
            {"properties": {"a": {"const": 1}, "b": {}, "c": {}}, "required": ["b"]},
            [{"b": 1}, {"a": 1, "b": 2}, {"b": 1, "c": []}, {"a": 1, "b": 2, "c": 3}],
        ),
        (
            {"properties": {"a": {}, "b": {}}, "additionalProperties": {"type": "null"}},
            [{}, {"a": 1}, {"b": 1}, {"x": None}, {"b": 1, "y": None, "z": None}, {"ab": None}],
        ),
        ({"prefixItems": [{"const": 1}, {"const": 2}]}, [[], [1], [1, 2], [1, 2, 3, 4]]),
        ({"items": [{"const": 1}], "additionalItems": {"const": 2}}, [[], [1], [1, 2, 2]]),
        (_LIST, [{"v": 1, "next": {"v": 2, "next": None}}]),
    ],
)
def test_values_that_satisfy_it_can_be_written_in_every_usual_way(
    schema: JsonValue, values: list[JsonValue]
) -> None:
    matcher = Matcher(make_json_grammar(schema))
    for value in values:
        for style in ({"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4}):
            assert matcher.matches(json.dumps(value, ensure_ascii=False, **style)), value


def test_order_white_space_and_digits_are_bounded() -> None:
    """A model that falls into a rut must not be able to go on for ever."""
    matcher = Matcher(make_json_grammar({"properties": {"a": {}, "b": {}}}))
    assert not matcher.matches('{"b": 1, "a": 2}')
    assert not matcher.matches('{  "a": 1}')
    assert not matcher.matches('{"a": 1.' + "8" * 17 + "}")
    assert not matcher.matches(' {"a": 1}')


@pytest.mark.parametrize(
    ("schema", "place", "words"),
    [
        ({"type": "strng"}, "#", '"type" must be one of object'),
        ({"properties": {"a": {"items": 3}}}, "#/properties/a/items", "keys with values"),
        ({"properties": {"a": {"requird": []}}}, "#/properties/a", '"requird"'),
        ({"type": "array", "uniqueItems": True}, "#", '"uniqueItems"'),
        ({"items": {"not": {}}}, "#/items", '"not"'),
        ({"anyOf": [{}, {"patternProperties": {}}]}, "#/anyOf/1", '"patternProperties"'),
        ({"type": "integer", "multipleOf": 3}, "#", '"multipleOf"'),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "#", "may both fit one value"),
        ({"$ref": "other.json#/a"}, "#", "is not in this schema"),
        ({"$ref": "#/$defs/a"}, "#", "refers to nothing"),
        ({"$ref": "#"}, "#", "leads back to itself"),
        ({"anyOf": [{"$ref": "#"}, {}]}, "#/anyOf/0", "leads back to itself"),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "#", "never comes to an end"),
        ({"type": "string", "format": "iri"}, "#", 'the format "iri"'),
        ({"type": "string", "pattern": "(?=a)b"}, "#", "looking ahead"),
        ({"type": "string", "pattern": r"(a)\1"}, "#", r'"\1"'),
        ({"type": "string", "pattern": "(a?)*"}, "#", "can be empty"),
        ({"type": "string", "pattern": "a", "minLength": 3}, "#", "at once"),
        ({"type": "string", "maxLength": 2001}, "#", '"maxLength" is more than 2,000'),
        ({"minProperties": 1, "properties": {"a": {}}}, "#", '"minProperties"'),
        ({"type": "object", "maxProperties": 0}, "#", '"maxProperties"'),
        ({"enum": ["a"], "minLength": 3}, "#", '"minLength" beside "enum"'),
        ({"enum": []}, "#", "no value can satisfy it"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "#", "no value can satisfy it"),
        ({"properties": {"a": False}, "required": ["a"]}, "#", "no value can satisfy it"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "#", "no value can satisfy it"),
        ({"minimum": "3"}, "#", '"minimum" must be a number'),
        ({"const": float("nan")}, "#", "no JSON"),
        ("text", "#", "keys with values, or true or false"),
    ],
)  # fmt: skip
def test_what_a_grammar_cannot_express_is_refused_with_its_place(
    schema: JsonValue, place: str, words: str
) -> None:
    with pytest.raises(SchemaProblem) as caught:
        make_json_grammar(schema)
    assert caught.value.path == place
    assert words in caught.value.message


def test_texts_of_the_same_length_share_their_rules() -> None:
    """Each would take as many rules as it is long; a form has dozens of such fields."""
    fields = {f"f{n}": {"type": "string", "maxLength": 1000, "title": str(n)} for n in range(60)}
    assert Matcher(make_json_grammar({"properties": fields})).matches('{"f7": "abc"}')


def test_schemas_that_grow_without_end_are_refused() -> None:
    deep: JsonValue = {}
    for _ in range(60):
        deep = {"items": deep}
    wide = {"properties": {f"a{n}": {"maxLength": n} for n in range(1, 300)}}
    twice: dict[str, JsonValue] = {"d60": {}}
    for n in range(60):
        twice[f"d{n}"] = {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2}
    name: JsonValue = {"properties": {"n" * 5000: {}}, "additionalProperties": {}}
    choices = {"anyOf": [{"minLength": n} for n in range(20)]}
    references = {"$defs": twice, "$ref": "#/$defs/d0"}
    product = {"allOf": [choices, choices, choices]}
    long: JsonValue = {"title": "x" * 100_000}
    pattern: JsonValue = {"pattern": "a" * 5000}
    for schema in (deep, wide, references, name, product, long, pattern):
        with pytest.raises(SchemaProblem):
            make_json_grammar(schema)


@pytest.mark.skipif(not _SUITE.is_file(), reason="the schema suite is not there")
def test_the_official_suite_finds_no_grammar_that_lets_an_invalid_value_through() -> None:
    cases = [json.loads(line) for line in _SUITE.read_text(encoding="utf-8").splitlines()]
    grammars: dict[str, Matcher | None] = {}
    wrong: list[str] = []
    for case in cases:
        key = json.dumps(case["schema"])
        if key not in grammars:
            try:
                grammars[key] = Matcher(make_json_grammar(case["schema"]))
            except SchemaProblem:
                grammars[key] = None
        matcher = grammars[key]
        text = json.dumps(case["data"], ensure_ascii=False)
        if matcher is not None and not case["valid"] and matcher.matches(text):
            wrong.append(f"{key} {text}")
    assert wrong == []
    # The rest asks for what no grammar can hold: unevaluated…, dependent…, contains, remote $ref.
    assert sum(matcher is not None for matcher in grammars.values()) >= 50
