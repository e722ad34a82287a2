"""What a case allows its answers to be at all: a grammar, or a JSON Schema.

Both are checked on reading. A mistake in one would otherwise show up in the middle of a run, as a
model that writes nonsense or as a case that can't be asked.
"""

import functools
import json

from desktop.domain.base import JsonValue, Value
from desktop.inference.grammar import find_grammar_problem
from desktop.inference.json_schema_grammar import make_json_grammar
from desktop.inference.json_schema_problem import SchemaProblem
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings
from desktop.suites.yaml_tree import to_value

CONSTRAINT_KEYS = ("grammar", "json_schema")
_KEPT = 64


class Constraint(Value, frozen=True, kw_only=True):
    """At most one of the two; see `Case`."""

    grammar: str = ""
    json_schema: JsonValue = None


def read_constraint(fields: Fields, findings: Findings) -> Constraint | None:
    """Return what a case or the defaults say, `None` if they say nothing."""
    if all(key in fields for key in CONSTRAINT_KEYS):
        message = f'{fields.where} has both "grammar" and "json_schema"; one of them is enough'
        findings.add(fields.key_line("grammar"), message)
        return None
    if "grammar" in fields:
        return _read_grammar(fields, findings)
    if "json_schema" in fields:
        return _read_schema(fields, findings)
    return None


def _read_grammar(fields: Fields, findings: Findings) -> Constraint | None:
    grammar = fields.text("grammar")
    problem = _find_grammar_problem(grammar) if grammar else ""
    if problem:
        message = f'"grammar" in {fields.where} can\'t be used; in its own {problem}'
        findings.add(fields.key_line("grammar"), message)
    return Constraint(grammar=grammar) if grammar else None


def _read_schema(fields: Fields, findings: Findings) -> Constraint | None:
    node = fields.node("json_schema")
    schema = to_value(node) if node is not None else None
    if not isinstance(schema, dict | bool):
        fields.wrong("json_schema", "a JSON Schema: keys with values, or true")
        return None
    problem = _find_schema_problem(json.dumps(schema))
    if problem:
        message = f'"json_schema" in {fields.where} can\'t be used; {problem}'
        findings.add(fields.key_line("json_schema"), message)
    return Constraint(json_schema=schema)


@functools.lru_cache(maxsize=_KEPT)
def _find_grammar_problem(grammar: str) -> str:
    """Remember the last ones: cases that are made by the thousand share theirs."""
    return find_grammar_problem(grammar)


@functools.lru_cache(maxsize=_KEPT)
def _find_schema_problem(schema: str) -> str:
    try:
        make_json_grammar(json.loads(schema))
    except SchemaProblem as problem:
        return problem.message
    return ""
