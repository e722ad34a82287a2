"""`json_schema`: the answer is a JSON document that a JSON Schema allows.

Judged by the package jsonschema under the draft that the schema's `$schema` names, 2020-12 without
one; `format` is a remark there and is not checked. The document may stand in a code fence or in
prose; with `alone` nothing but a fence may be around it. Nothing is ever fetched: a `$ref` leads
into the schema itself or to a published meta-schema. Patterns run against the clock, in the
package `regex`.
"""

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check
from desktop.scoring.json_text import find_json
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, verdict
from desktop.scoring.plain_text import quote


def find_errors(document: JsonValue, schema: JsonValue) -> list[str]:
    """Return in sentences what a schema has against a document, the first few."""
    from desktop.scoring import schema_validation  # noqa: PLC0415 - see there

    return schema_validation.find_errors(document, schema)


def _judge(text: str, check: Check) -> Verdict:
    found = find_json(text)
    if found is None:
        return verdict(f"Expected JSON; found none in {quote(text, 60)}.", passed=False)
    if flag(check, "alone") and not found.alone:
        said = "There is text around the JSON, and none is wanted."
        return verdict(said, passed=False, spans=(found.span,))
    errors = find_errors(found.document, check.expected)
    if errors:
        said = f"The answer is JSON, but not as its schema wants. {'; '.join(errors)}."
        return verdict(said, passed=False, spans=(found.span,))
    return verdict("The answer is JSON as its schema wants.", passed=True, spans=(found.span,))


def _find_fault(check: Check) -> str:
    from desktop.scoring import schema_validation  # noqa: PLC0415 - see there

    fault = schema_validation.find_schema_fault(check.expected)
    return f"json_schema is no JSON Schema: {fault}" if fault else ""


KIND = CheckKind(
    name="json_schema",
    expects=Shape.SCHEMA,
    judge=_judge,
    describe=lambda _check: "is JSON as its schema wants",
    options={"alone": Shape.FLAG},
    find_fault=_find_fault,
    most_characters=200_000,
)
