"""Reading one check of a case: its kind is a key, its options stand beside it.

Which kinds there are and what they take is declared by the scorers alone.
"""

from collections.abc import Callable

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check
from desktop.scoring.kind import JSON_TYPES, TAKES, CheckKind, Shape
from desktop.scoring.registry import KINDS, parse_check
from desktop.suites.fields import Fields, as_number, as_text, as_texts
from desktop.suites.findings import Findings, nearest
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, is_finite, to_value

_WANTED = {
    Shape.TEXT: "a text",
    Shape.TEXTS: "a text or a list of texts",
    Shape.NUMBER: "a number",
    Shape.FLAG: "true or false",
    Shape.TRUE: "true",
    Shape.RANGE: "a whole number, or min and max",
    Shape.COUNT: "a whole number, 1 or more",
    Shape.SHARE: "a number from 0 to 1",
    Shape.SCHEMA: "a JSON Schema: keys with values, or true",
    Shape.FIELDS: "paths with their expected values",
    Shape.TYPES: f"paths with a type each, one of {', '.join(JSON_TYPES)}",
    Shape.ALIASES: "texts with a text or a list of texts each",
    Shape.TAKE: f"one of {', '.join(TAKES)}",
}


def read_check(node: Node, where: str, findings: Findings) -> Check | None:
    """Return a check, or `None` after noting what is wrong with it."""
    value = _read(node, where, findings)
    return None if value is None else parse_check(value)


def _read(node: Node, where: str, findings: Findings) -> dict[str, JsonValue] | None:
    kind = _kind_of(node, where, findings)
    if kind is None:
        return None
    place = f'check "{kind.name}" of {where}'
    known = (kind.name, "weight", *kind.options)
    before = findings.count
    fields = Fields(node, place, known, findings)
    fields.require(*kind.required)
    value: dict[str, JsonValue] = {}
    for name, shape in {kind.name: kind.expects, **kind.options}.items():
        argument = fields.node(name)
        if argument is None:
            continue
        if shape in {Shape.CHECK, Shape.CHECKS}:
            read = _read_inner(argument, shape, place, findings)
        else:
            read = read_argument(shape, argument)
        if read is None:
            if shape in _WANTED:
                fields.wrong(name, _WANTED[shape])
            continue
        value[name] = read
    weight = fields.node("weight")
    if weight is not None:
        value["weight"] = _read_weight(weight, fields)
    if findings.count > before:
        return None
    fault = kind.find_fault(parse_check(value))
    if fault:
        findings.add(node.line, f"{fault}, in {place}")
        return None
    return value


def read_argument(shape: Shape, node: Node) -> JsonValue:
    """Return an argument of any shape but a check, `None` for what is not of that shape."""
    return _READERS[shape](node)


def _kind_of(node: Node, where: str, findings: Findings) -> CheckKind | None:
    if not isinstance(node, Mapping):
        findings.add(node.line, f'a check of {where} must be a kind with a value: "equals: yes"')
        return None
    keys = [key.text for key, _ in node.pairs]
    kinds = [key for key in keys if key in KINDS]
    if len(kinds) == 1:
        return KINDS[kinds[0]]
    if kinds:
        findings.add(
            node.line,
            f"a check of {where} has the kinds {' and '.join(kinds)}; give each its own entry",
        )
        return None
    options = {name for kind in KINDS.values() for name in kind.options} | {"weight"}
    strange = [key for key in keys if key not in options]
    if strange:
        line = next(key.line for key, _ in node.pairs if key.text == strange[0])
        hint = nearest(strange[0], KINDS)
        findings.add(line, f'unknown kind of check "{strange[0]}" in {where}{hint}')
    else:
        findings.add(node.line, f"a check of {where} needs a kind, one of {', '.join(KINDS)}")
    return None


def _read_inner(node: Node, shape: Shape, where: str, findings: Findings) -> JsonValue:
    if shape is Shape.CHECK:
        return _read_part(node, where, findings)
    if not isinstance(node, Items) or not node.nodes:
        findings.add(node.line, f"{where} needs a list of checks")
        return None
    inner = [_read_part(item, where, findings) for item in node.nodes]
    return None if None in inner else inner


def _read_part(node: Node, where: str, findings: Findings) -> dict[str, JsonValue] | None:
    value = _read(node, where, findings)
    waits = [name for name in value or () if name in KINDS and KINDS[name].decided_elsewhere]
    if waits:
        findings.add(node.line, f'"{waits[0]}" stands by itself, not within {where}')
        return None
    return value


def _read_weight(node: Node, fields: Fields) -> float:
    weight = as_number(node)
    if weight is None or weight < 0:
        fields.wrong("weight", "a number, 0 or more")
        return 1.0
    return float(weight)


def _flag(node: Node) -> JsonValue:
    value = to_value(node)
    return value if isinstance(value, bool) else None


def _true(node: Node) -> JsonValue:
    return True if to_value(node) is True else None


def _texts(node: Node) -> JsonValue:
    found = as_texts(node)
    if found is None:
        return None
    return list(found) if isinstance(node, Items) else found[0]


def _range(node: Node) -> JsonValue:
    value = to_value(node)
    numbers = list(value.values()) if isinstance(value, dict) else [value]
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
    named = not isinstance(value, dict) or (value.keys() <= {"min", "max"} and bool(value))
    return value if whole and named else None


def _count(node: Node) -> JsonValue:
    value = to_value(node)
    return value if isinstance(value, int) and value is not True and value > 0 else None


def _share(node: Node) -> JsonValue:
    value = as_number(node)
    return value if value is not None and 0 <= value <= 1 else None


def _schema(node: Node) -> JsonValue:
    value = to_value(node)
    return value if isinstance(value, dict | bool) and is_finite(value) else None


def _fields(node: Node) -> JsonValue:
    value = to_value(node) if isinstance(node, Mapping) else None
    return value if is_finite(value) else None


def _types(node: Node) -> JsonValue:
    value = to_value(node)
    right = isinstance(value, dict) and value and all(v in JSON_TYPES for v in value.values())
    return value if right else None


def _aliases(node: Node) -> JsonValue:
    if not isinstance(node, Mapping):
        return None
    value = {key.text: _texts(item) for key, item in node.pairs}
    return None if None in value.values() else value


def _take(node: Node) -> JsonValue:
    return node.text if isinstance(node, Scalar) and node.text in TAKES else None


_READERS: dict[Shape, Callable[[Node], JsonValue]] = {
    Shape.TEXT: as_text,
    Shape.TEXTS: _texts,
    Shape.NUMBER: as_number,
    Shape.FLAG: _flag,
    Shape.TRUE: _true,
    Shape.RANGE: _range,
    Shape.COUNT: _count,
    Shape.SHARE: _share,
    Shape.SCHEMA: _schema,
    Shape.FIELDS: _fields,
    Shape.TYPES: _types,
    Shape.ALIASES: _aliases,
    Shape.TAKE: _take,
}
