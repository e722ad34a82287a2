"""JSON Schema as a grammar, so that a model can write nothing else.

Every text that the grammar matches is JSON that satisfies the schema. The converse is kept where
JSON has one way to write a value; narrower than the schema are, on purpose: properties come in
the order in which the schema names them, and no others without `additionalProperties`; a schema
that names no type means those that its keywords are about; numbers have at most 16 digits before
and after the point; formats allow their usual forms. What can't be expressed is refused with the
place in the schema, and nothing is left out without a word.
"""

import json
import math
from decimal import Decimal

from desktop.domain.base import JsonValue
from desktop.inference.grammar import find_grammar_problem
from desktop.inference.grammar_reading import MOST_REPETITIONS
from desktop.inference.json_schema_merge import Keywords, Schema, type_of
from desktop.inference.json_schema_problem import SchemaProblem
from desktop.inference.json_text_grammar import (
    BASE_RULES,
    FORMATS,
    Bounds,
    choose,
    integers_within,
    numbers_within,
    quote,
)
from desktop.inference.regex_grammar import PatternProblem, make_pattern_grammar

MOST_DEPTH = 40
MOST_CHARACTERS = 100_000
MOST_RULES = 3_000
_MOST_DIGITS = 40
_LONGEST_NAME = 100
_LONGEST_PATTERN = 1_000
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def make_json_grammar(schema: JsonValue) -> str:
    """Return GBNF for the JSON texts that satisfy a schema; raises `SchemaProblem`."""
    try:
        text = json.dumps(schema, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise SchemaProblem("#", "it is no JSON, or nested too deep") from None
    if len(text) > MOST_CHARACTERS or _depth(text) > 2 * MOST_DEPTH:
        message = f"it is longer than {MOST_CHARACTERS:,} characters or nested too deep"
        raise SchemaProblem("#", message)
    writer = _Writer(Schema(schema))
    start = writer.write(schema, "#", 0)
    if start is None:
        raise SchemaProblem("#", "no value can satisfy it")
    rules = {"root": start, **writer.rules, **BASE_RULES}
    grammar = "".join(f"{name} ::= {rule}\n" for name, rule in rules.items())
    problem = find_grammar_problem(grammar)
    if problem:
        said = problem.partition(": ")[2]
        raise SchemaProblem("#", f"the grammar that it comes to can't be used: {said}")
    return grammar


def _depth(text: str) -> int:
    """Return how deep brackets are nested at most; those inside strings may count too."""
    depth = deepest = 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Writes a rule for every place of a schema. `None` stands for what no value satisfies."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._places: dict[str, str | None] = {}
        self._names: dict[str, str] = {}
        self.rules: dict[str, str] = {}

    def write(self, schema: JsonValue, path: str, depth: int) -> str | None:
        """Return the name of the rule for a value here."""
        key = json.dumps(schema, sort_keys=False)
        if key in self._places:
            return self._places[key]
        if depth > MOST_DEPTH or len(self._places) > MOST_RULES:
            raise SchemaProblem(path, f"it is nested more than {MOST_DEPTH} deep, or too large")
        name = f"v{len(self._places) + 1}"
        self._places[key] = name
        found = [
            expression
            for keywords in self._schema.alternatives(schema, path)
            for expression in self._write_alternative(keywords, path, depth)
        ]
        if not found:
            self._places[key] = None
            return None
        self.rules[name] = " | ".join(dict.fromkeys(found))
        return name

    def _write_alternative(self, keywords: Keywords, path: str, depth: int) -> list[str]:
        types = keywords["types"]
        if "enum" in keywords:
            beside = sorted(keywords.keys() - {"types", "enum"})
            if beside:
                raise SchemaProblem(path, f'"{beside[0]}" beside "enum" or "const"')
            return [_write_value(v) for v in keywords["enum"] if _has_type(v, types)]
        found: list[str | None] = []
        for kind in types:
            if kind == "object":
                found.append(self._write_object(keywords, path, depth))
            elif kind == "array":
                found.append(self._write_array(keywords, path, depth))
            elif kind == "string":
                found.append(self._write_string(keywords, path))
            elif kind in ("integer", "number"):
                found.append(_write_number(keywords, path, kind))
            else:
                found.append(kind)
        return [expression for expression in found if expression]

    def _rule(self, expression: str) -> str:
        """Return the name of a rule for an expression, the same one for the same expression."""
        if expression not in self._names:
            self._names[expression] = f"p{len(self._names) + 1}"
            self.rules[self._names[expression]] = expression
        return self._names[expression]

    def _write_object(self, keywords: Keywords, path: str, depth: int) -> str | None:
        required = keywords.get("required", [])
        others = keywords.get("additionalProperties")
        properties = dict(keywords.get("properties", {}))
        if not properties and not required and others is None and "properties" not in keywords:
            _refuse_counts(keywords, path)
            return "object"
        for name in required:
            properties.setdefault(name, True if others is None else others)
        members: list[tuple[str, bool]] = []
        for name, schema in properties.items():
            value = self.write(schema, f"{path}/properties/{name}", depth + 1)
            if value is not None:
                members.append((f"{_write_name(name)} {value}", name in required))
            elif name in required:
                return None
        more = None
        if others is not None:
            value = self.write(others, f"{path}/additionalProperties", depth + 1)
            if any(len(name) > _LONGEST_NAME for name in properties):
                message = f"a name of more than {_LONGEST_NAME} characters beside other properties"
                raise SchemaProblem(path, message)
            more = value and f'{self._other_names([*properties])} ":" ws {value}'
        _check_counts(keywords, path, len(members), sum(m[1] for m in members), bool(more))
        return self._join_members(members, more)

    def _join_members(self, members: list[tuple[str, bool]], more: str | None) -> str:
        """Write members with commas between those that are there."""
        rest = f'( "," ws {more} )*' if more else ""
        rests = [rest]
        for member, needed in reversed(members):
            part = f'"," ws {member}' if needed else f'( "," ws {member} )?'
            rest = f"{part} {self._rule(rest)}" if rest else part
            rests.insert(0, rest)
        found: list[str] = []
        for (member, needed), following in zip(members, rests[1:], strict=True):
            found.append(f"{member} {self._rule(following)}" if following else member)
            if needed:
                break
        all_optional = not any(needed for _, needed in members)
        if all_optional and more:
            found.append(f'{more} ( "," ws {more} )*')
        if not found:
            return '"{" ws "}"'
        body = choose(found)
        return f'"{{" ws ( {body} ws )? "}}"' if all_optional else f'"{{" ws {body} ws "}}"'

    def _other_names(self, names: list[str]) -> str:
        """Return a rule for any name but these; one with an escape could be one in disguise."""
        return self._rule(rf'"\"" {self._other_tail(tuple(names))} "\""')

    def _other_tail(self, names: tuple[str, ...]) -> str:
        firsts = dict.fromkeys(name[0] for name in names if name)
        signs = "".join(f"\\U{ord(sign):08X}" for sign in firsts)
        found = [rf'[^"\\\x00-\x1F{signs}] plain*']
        for sign in firsts:
            tails = tuple(name[1:] for name in names if name.startswith(sign))
            if sign not in '"\\' and sign >= " ":
                found.append(f"{quote(sign)} {self._other_tail(tails)}")
        found += [] if "" in names else ['""']
        return self._rule(" | ".join(found))

    def _write_array(self, keywords: Keywords, path: str, depth: int) -> str | None:
        least, most = keywords.get("minItems", 0), keywords.get("maxItems", math.inf)
        _check_repetition(keywords, ("minItems", "maxItems"), path)
        if keywords.get("uniqueItems") and most > 1:
            raise SchemaProblem(path, 'a grammar can\'t express "uniqueItems"')
        first: list[str] = []
        for index, schema in enumerate(keywords.get("prefixItems", [])):
            item = self.write(schema, f"{path}/prefixItems/{index}", depth + 1)
            if item is None or index >= most:
                most = min(most, index)
                break
            first.append(item)
        item = self.write(keywords.get("items", True), f"{path}/items", depth + 1)
        if item is None:
            most = min(most, len(first))
        if least > most:
            return None
        tail = ""
        if most > len(first):
            few, many = max(0, least - len(first)), most - len(first)
            if not first:
                first, few, many = [str(item)], max(0, few - 1), many - 1
            tail = f'( "," ws {item} ){_times(few, many)}' if many else ""
        for index in range(len(first) - 1, 0, -1):
            following = f'"," ws {first[index]} {self._rule(tail) if tail else ""}'.strip()
            tail = following if index < least else f"( {following} )?"
        if not first:
            return '"[" ws "]"'
        body = f"{first[0]} {self._rule(tail)}" if tail else first[0]
        return f'"[" ws {body} ws "]"' if least else f'"[" ws ( {body} ws )? "]"'

    def _write_string(self, keywords: Keywords, path: str) -> str:
        given: list[str] = [word for word in ("pattern", "format") if word in keywords]
        given += [word for word in ("minLength", "maxLength") if word in keywords][:1]
        if len(given) > 1:
            raise SchemaProblem(path, f'"{given[0]}" and "{given[1]}" at once')
        _check_repetition(keywords, ("minLength", "maxLength"), path)
        if "pattern" in keywords:
            return rf'"\"" {self._rule(_write_pattern(keywords["pattern"], path))} "\""'
        if "format" in keywords:
            name = keywords["format"]
            if name not in FORMATS:
                known = ", ".join(FORMATS)
                raise SchemaProblem(path, f'the format "{name}"; a grammar can express {known}')
            return rf'"\"" {self._rule(FORMATS[name])} "\""'
        if not given:
            return "string"
        least, most = keywords.get("minLength", 0), keywords.get("maxLength", math.inf)
        if least > most:
            return ""
        return self._rule(rf'"\"" char{_times(least, most)} "\""') if most else r'"\"\""'


def _has_type(value: JsonValue, types: list[str]) -> bool:
    kind = type_of(value)
    return kind in types or (kind == "integer" and "number" in types)


def _write_value(value: JsonValue) -> str:
    """Return an expression for one value, white space free where JSON has it free."""
    comma = ' "," ws '
    if isinstance(value, dict) and value:
        pairs = (f"{_write_name(name)} {_write_value(inner)}" for name, inner in value.items())
        return f'"{{" ws {comma.join(pairs)} ws "}}"'
    if isinstance(value, list) and value:
        return f'"[" ws {comma.join(_write_value(item) for item in value)} ws "]"'
    if isinstance(value, dict | list):
        return '"{" ws "}"' if isinstance(value, dict) else '"[" ws "]"'
    return quote(json.dumps(value, ensure_ascii=False))


def _write_name(name: str) -> str:
    return f'{quote(json.dumps(name, ensure_ascii=False))} ":" ws'


def _write_number(keywords: Keywords, path: str, kind: str) -> str | None:
    given = {word: Decimal(str(keywords[word])) for word in _BOUNDS if word in keywords}
    if not given:
        return kind
    for word, bound in given.items():
        if len(format(bound, "f")) > _MOST_DIGITS:
            raise SchemaProblem(path, f'"{word}" has more than {_MOST_DIGITS} digits')
    low = max((given[w] for w in ("minimum", "exclusiveMinimum") if w in given), default=None)
    high = min((given[w] for w in ("maximum", "exclusiveMaximum") if w in given), default=None)
    bounds = Bounds(
        low=low,
        high=high,
        without_low=low is not None and given.get("exclusiveMinimum") == low,
        without_high=high is not None and given.get("exclusiveMaximum") == high,
    )
    if kind == "number":
        return numbers_within(bounds) or None
    first = None if low is None else math.floor(low) + 1 if bounds.without_low else math.ceil(low)
    last = (
        None if high is None else math.ceil(high) - 1 if bounds.without_high else math.floor(high)
    )
    return integers_within(first, last) or None


def _write_pattern(pattern: str, path: str) -> str:
    if len(pattern) > _LONGEST_PATTERN:
        raise SchemaProblem(path, f'"pattern" is longer than {_LONGEST_PATTERN:,} characters')
    shown = pattern if len(pattern) <= 60 else f"{pattern[:59]}…"  # noqa: PLR2004 - enough to know it by
    try:
        expression = make_pattern_grammar(pattern)
    except PatternProblem as problem:
        raise SchemaProblem(path, f'the pattern "{shown}" has {problem}') from None
    problem_text = find_grammar_problem(
        f"root ::= {expression}\nplain ::= {BASE_RULES['plain']}\nchar ::= {BASE_RULES['char']}\n"
    )
    if problem_text:
        said = problem_text.partition(": ")[2]
        raise SchemaProblem(path, f'the pattern "{shown}" comes to no usable grammar: {said}')
    return expression


def _times(least: float, most: float) -> str:
    if most == math.inf:
        return {0: "*", 1: "+"}.get(int(least), f"{{{int(least)},}}")
    return f"{{{int(least)},{int(most)}}}"


def _check_repetition(keywords: Keywords, words: tuple[str, str], path: str) -> None:
    for word in words:
        if keywords.get(word, 0) > MOST_REPETITIONS:
            raise SchemaProblem(path, f'"{word}" is more than {MOST_REPETITIONS:,}')


def _refuse_counts(keywords: Keywords, path: str) -> None:
    for word in ("minProperties", "maxProperties"):
        if word in keywords and (keywords[word] or word == "maxProperties"):
            raise SchemaProblem(path, f'a grammar can\'t express "{word}" for any properties')


def _check_counts(
    keywords: Keywords, path: str, named: int, required: int, has_others: bool
) -> None:
    """Refuse counts of properties unless they hold by themselves."""
    if keywords.get("minProperties", 0) > required:
        message = '"minProperties" beyond the required ones, which a grammar can\'t count'
        raise SchemaProblem(path, message)
    most = keywords.get("maxProperties", math.inf)
    if most < named or (has_others and most < math.inf):
        message = '"maxProperties" below the number of properties, which a grammar can\'t count'
        raise SchemaProblem(path, message)
