"""Reading one value of a suite file: of the wanted kind, or a finding that says where it isn't."""

import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from typing import TypeVar

from desktop.domain.base import JsonValue
from desktop.suites.findings import Findings, nearest
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, is_finite, to_value

_Choice = TypeVar("_Choice", bound=str)
IDENTIFIER = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}"
MOST_TOKENS = 1_000_000


class Fields:
    """The keys of one mapping. `where` names it in findings: `case "refund-3"`.

    Every getter returns a value that can be used, also after a finding: reading goes on.
    """

    def __init__(self, node: Node, where: str, known: Sequence[str], findings: Findings) -> None:
        """Take a mapping apart and note keys that do not belong."""
        self.where = where
        self.line = node.line
        self._findings = findings
        self._nodes: dict[str, Node] = {}
        self._keys: dict[str, int] = {}
        if not isinstance(node, Mapping):
            findings.add(node.line, f"{where} must be keys with values, not {_name(node)}")
            return
        for key, value in node.pairs:
            if key.text in known:
                self._nodes[key.text] = value
                self._keys[key.text] = key.line
            else:
                findings.unknown_key(key.line, key.text, where, known)

    def __contains__(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._nodes

    def node(self, key: str) -> Node | None:
        """Return the value of a key as a node."""
        return self._nodes.get(key)

    def key_line(self, key: str) -> int:
        """Return the line of a key, or that of the mapping."""
        return self._keys.get(key, self.line)

    def require(self, *keys: str) -> None:
        """Note those keys that are missing."""
        for key in keys:
            if key not in self._nodes:
                self._findings.missing_key(self.line, key, self.where)

    def wrong(self, key: str, wanted: str) -> None:
        """Note that the value of a key is not what is wanted."""
        node = self._nodes[key]
        found = f"{_name(node)}"
        self._findings.add(node.line, f'"{key}" in {self.where} must be {wanted}, not {found}')

    def text(self, key: str, default: str = "") -> str:
        """Return a text; numbers and truth values are taken as they are written."""
        node = self._nodes.get(key)
        if node is None:
            return default
        text = as_text(node)
        if text is None or not text.strip():
            self.wrong(key, "a text")
            return default
        return text

    def identifier(self, key: str) -> str:
        """Return an id: letters, digits and . _ : / - without spaces."""
        text = self.text(key)
        if text and not re.fullmatch(IDENTIFIER, text):
            message = f'"{key}" in {self.where} must be letters, digits and . _ : / - only'
            self._findings.add(self._nodes[key].line, message)
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """Return one text or a list of texts as a tuple."""
        node = self._nodes.get(key)
        if node is None:
            return ()
        found = as_texts(node)
        if found is None:
            self.wrong(key, "a text or a list of texts")
        return found or ()

    def tokens(self, key: str) -> int | None:
        """Return a positive whole number of tokens."""
        return self.whole(key, 1, MOST_TOKENS)

    def whole(self, key: str, least: int, most: int) -> int | None:
        """Return a whole number within limits, `None` where the key is missing or wrong."""
        node = self._nodes.get(key)
        if node is None:
            return None
        value = to_value(node)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(key, f"a whole number from {least:,} to {most:,}")
            return None
        return value

    def number(self, key: str, least: float, most: float) -> float | None:
        """Return a number within limits, `None` where the key is missing or wrong."""
        node = self._nodes.get(key)
        if node is None:
            return None
        value = as_number(node)
        if value is None or not least <= value <= most:
            self.wrong(key, f"a number from {least:g} to {most:g}")
            return None
        return float(value)

    def flag(self, key: str) -> bool | None:
        """Return true or false, `None` where the key is missing or wrong."""
        node = self._nodes.get(key)
        if node is None:
            return None
        value = to_value(node)
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
            return None
        return value

    def exact_text(self, key: str) -> str:
        """Return a text that may be empty or blank: a context that begins with nothing."""
        node = self._nodes.get(key)
        text = as_text(node) if node is not None else ""
        if text is None:
            self.wrong(key, "a text")
        return text or ""

    def options(self, key: str) -> dict[str, JsonValue]:
        """Return keys with values of any kind as a dictionary."""
        node = self._nodes.get(key)
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.wrong(key, "keys with values")
            return {}
        found = {name.text: to_value(value) for name, value in node.pairs}
        if not is_finite(found):
            self.wrong(key, "keys with values, without infinite numbers")
        return found

    def choice(self, key: str, allowed: MappingOf[str, _Choice]) -> _Choice | None:
        """Return one of a few words."""
        node = self._nodes.get(key)
        if node is None:
            return None
        text = as_text(node) or ""
        if text not in allowed:
            known = nearest(text, allowed)
            message = f'"{key}" in {self.where} must be one of {", ".join(allowed)}'
            self._findings.add(node.line, f"{message}{known if 'mean' in known else ''}")
            return None
        return allowed[text]

    def items(self, key: str) -> tuple[Node, ...]:
        """Return the members of a list that has at least one."""
        node = self._nodes.get(key)
        if node is None:
            return ()
        if not isinstance(node, Items) or not node.nodes:
            self.wrong(key, "a list with at least one entry")
            return ()
        return node.nodes


def as_text(node: Node) -> str | None:
    """Return a scalar as written, or `None` for what is no text, number or truth value."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    return node.text


def as_texts(node: Node) -> tuple[str, ...] | None:
    """Return one text or several, none of them empty; `None` for anything else."""
    nodes = node.nodes if isinstance(node, Items) else (node,)
    found = tuple(text for text in (as_text(item) for item in nodes) if text)
    return found if found and len(found) == len(nodes) else None


def as_number(node: Node) -> int | float | None:
    """Return a finite number."""
    value: JsonValue = to_value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < 1e300 else None  # noqa: PLR2004 - a float's own infinity lies close


def _name(node: Node) -> str:
    if isinstance(node, Items):
        return "a list" if node.nodes else "an empty list"
    if isinstance(node, Mapping):
        return "keys with values"
    value = node.value
    if value is None or value == "":
        return "nothing"
    kind = "true or false" if isinstance(value, bool) else "number"
    kind = "text" if isinstance(value, str) else kind
    shown = node.text if len(node.text) <= 40 else node.text[:39] + "…"  # noqa: PLR2004 - enough to recognise it
    return f'the {kind} "{" ".join(shown.split())}"'
