"""Variables of cases: `{{name}}` gives way to what `vars` say, when a suite is read.

There is nothing else between the braces: no filters, no expressions, nothing that could run. A
value is put in as it is; braces within it mean nothing.
"""

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf

from desktop.domain.base import JsonValue
from desktop.suites.findings import Findings, nearest
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar

VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_BRACES = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(rf"\s*({VARIABLE_NAME})\s*")
# What is never filled in: names, and languages of their own in which braces have a meaning.
_LITERAL_KEYS = frozenset({"id", "vars", "grammar", "json_schema", "source_row"})
# How many names are told before a hint becomes a list to search through.
_MOST_NAMED = 12


def has_braces(text: str) -> bool:
    """Whether a text holds what reading would take for a variable."""
    return "{{" in text and _BRACES.search(text) is not None


def has_variables(case: MappingOf[str, JsonValue]) -> bool:
    """Whether reading would take something in a written case for a variable."""
    return any(
        has_braces(text)
        for key, value in case.items()
        if key not in _LITERAL_KEYS
        for text in _list_texts(value)
    )


def _list_texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _list_texts(inner)


def read_variables(parent: Node, where: str, findings: Findings) -> dict[str, Node]:
    """Return `vars` of a case or of the defaults: names with their values."""
    pairs = parent.pairs if isinstance(parent, Mapping) else ()
    node = next((value for key, value in pairs if key.text == "vars"), None)
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        findings.add(node.line, f'"vars" in {where} must be names with values')
        return {}
    for key, _ in node.pairs:
        if not re.fullmatch(VARIABLE_NAME, key.text):
            findings.add(
                key.line,
                f'the variable "{key.text}" in {where} must begin with a letter and have'
                " only letters, digits and _",
            )
    return {key.text: value for key, value in node.pairs}


class Filler:
    """Fills the variables of one case in; `where` names the case in findings."""

    def __init__(self, variables: MappingOf[str, Node], where: str, findings: Findings) -> None:
        """Take the variables there are."""
        self._variables = variables
        self._where = where
        self._findings = findings

    def fill_case(self, case: Mapping) -> Mapping:
        """Return a case with its variables filled in, itself if it has none."""
        pairs = tuple(
            (key, value if key.text in _LITERAL_KEYS else self._fill(value, key.text))
            for key, value in case.pairs
        )
        if all(new[1] is old[1] for new, old in zip(pairs, case.pairs, strict=True)):
            return case
        return Mapping(pairs=pairs, line=case.line, size=case.size, depth=case.depth)

    def _fill(self, node: Node, key: str) -> Node:
        if isinstance(node, Scalar):
            return self._fill_text(node, key) if "{{" in node.text else node
        if isinstance(node, Items):
            nodes = tuple(self._fill(item, key) for item in node.nodes)
            if all(new is old for new, old in zip(nodes, node.nodes, strict=True)):
                return node
            return Items(nodes=nodes, line=node.line, size=node.size, depth=node.depth)
        pairs = tuple((name, self._fill(value, key)) for name, value in node.pairs)
        if all(new[1] is old[1] for new, old in zip(pairs, node.pairs, strict=True)):
            return node
        return Mapping(pairs=pairs, line=node.line, size=node.size, depth=node.depth)

    def _fill_text(self, scalar: Scalar, key: str) -> Node:
        alone = _BRACES.fullmatch(scalar.text)
        if alone is not None:
            # Nothing stands beside it: the value keeps its kind, be it a number or a list.
            value = self._find(alone[1], scalar, key)
            return scalar if value is None else value
        parts: list[str] = []
        end = 0
        for found in _BRACES.finditer(scalar.text):
            value = self._find(found[1], scalar, key)
            if value is not None and not isinstance(value, Scalar):
                name = found[1].strip()
                message = f'the variable "{name}" in "{key}" of {self._where} is no single text'
                self._findings.add(scalar.line, message)
            parts.append(scalar.text[end : found.start()])
            parts.append(value.text if isinstance(value, Scalar) else found[0])
            end = found.end()
        parts.append(scalar.text[end:])
        plain = scalar.plain and not end
        return Scalar(text="".join(parts), plain=plain, line=scalar.line)

    def _find(self, inside: str, scalar: Scalar, key: str) -> Node | None:
        place = f'"{key}" of {self._where}'
        name = _NAME.fullmatch(inside)
        if name is None:
            shown = " ".join(inside.split())[:40]
            self._findings.add(
                scalar.line, f'"{{{{{shown}}}}}" in {place} is no variable: only a name {_OR_PLAIN}'
            )
            return None
        value = self._variables.get(name[1])
        if value is None:
            hint = nearest(name[1], self._variables) if self._variables else ""
            if "mean" not in hint and len(self._variables) > _MOST_NAMED:
                hint = ""
            missing = f'the variable "{name[1]}" in {place} is not given under "vars"'
            self._findings.add(scalar.line, f"{missing}{hint}" if hint else f"{missing}; {_PLAIN}")
        return value


_PLAIN = 'write "fill_variables: false" at the top of the file if the braces mean themselves'
_OR_PLAIN = f"may stand there; {_PLAIN}"
