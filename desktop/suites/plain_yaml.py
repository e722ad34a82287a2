"""A quick reader of the plain part of YAML in which nearly all cases are written.

It takes block mappings and lists with texts on one line or several, and flow collections on one
line. Whatever else it meets, and whatever it is not sure of, it leaves to `yaml_tree` by raising
`NotPlain`; it never finds fault itself. A test holds the two to the same values.
"""

import re
import string
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec

from desktop.domain.base import JsonValue
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, YamlProblem, parse_yaml


class NotPlain(Exception):
    """The text has something that is left to the careful reader."""


class Bare(NamedTuple):
    """A number, truth value or nothing, with the text that stands for it."""

    text: str
    value: JsonValue


Value: TypeAlias = "str | Bare | list[Value] | dict[str, Value]"

# What the careful reader refuses, or takes for an end of line.
_STRANGE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff\t]")
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):(?: +(.*))?")
_KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LETTERS = frozenset(string.ascii_letters)
# Texts that need no quotes: they begin with no sign that means something.
_BEGINS = re.compile(r"[^\s\[\]{}&*!|>'\"%@`#,?:~-]|-[0-9.A-Za-z]")
_BARE_BEGINS = frozenset("0123456789+-.tTfFnN")
_NO_ENTRY = frozenset(("", " "))
_MARKED = frozenset("|'\"[{")
_LITERALS = frozenset(("|", "|-"))
_BLANK, _END = 1_000_000, -1
_MAY_BE_BARE = re.compile(r"[-+.]?\d|true$|false$|null$", re.IGNORECASE)
_ESCAPED = re.compile(r'\\(?![nt"\\])')


def is_plain_text(text: str) -> bool:
    """Whether a file has only signs that both readers take for the same."""
    return _STRANGE.search(text) is None


def parse_entry(text: str, indent: int) -> Value:
    """Return the one entry of a list, written from `- ` at `indent` on; raises `NotPlain`."""
    lines = text.split("\n")
    # Headings of what follows; any other comment may be part of a text.
    while lines and (not lines[-1].strip() or _is_heading(lines[-1], indent)):
        lines.pop()
    if "#" in text and any(line.lstrip().startswith("#") for line in lines):
        raise NotPlain
    lines[0] = " " * indent + "  " + lines[0][indent + 2 :]
    value, end = _Parser(lines).value_at(0)
    if end != len(lines):
        raise NotPlain
    return value


def _is_heading(line: str, indent: int) -> bool:
    return line.lstrip().startswith("#") and _indent(line) <= indent


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _means_more(text: str) -> bool:
    """Whether a text without quotes holds a key or a comment."""
    return ": " in text or " #" in text or text[-1:] == ":"


@lru_cache(maxsize=1024)
def _is_key(text: str) -> bool:
    return _KEY_NAME.fullmatch(text) is not None


class _Parser:
    """Reads lines from the top; every method returns a value and the line after it."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        # A sentinel ends every loop; blank lines have no indent of their own.
        self._indents = [
            len(line) - len(text) if (text := line.lstrip(" ")) else _BLANK for line in lines
        ]
        self._indents.append(_END)

    def value_at(self, at: int) -> tuple[Value, int]:
        line, indent = self._lines[at], self._indents[at]
        if line.startswith("- ", indent):
            return self._list(at, indent)
        if line[indent] in "[{":
            return self._scalar(line[indent:], at, indent - 1)
        if _KEY.match(line, indent) is None:
            return self._scalar(line[indent:], at, indent - 1)
        return self._mapping(at, indent)

    def _mapping(self, at: int, indent: int) -> tuple[dict[str, Value], int]:
        lines, indents = self._lines, self._indents
        found: dict[str, Value] = {}
        while True:
            begins = indents[at]
            if begins == indent:
                key, _, text = lines[at][indent:].partition(":")
                if key in found or not _is_key(key) or (text and text[0] != " "):
                    raise NotPlain
                text = text.lstrip(" ")
                if text:
                    found[key], at = self._scalar(text, at, indent)
                else:
                    found[key], at = self._below(at + 1, indent)
            elif begins == _BLANK:
                at += 1
            elif begins < indent:
                return found, at
            else:
                raise NotPlain

    def _below(self, at: int, indent: int) -> tuple[Value, int]:
        while self._indents[at] == _BLANK:
            at += 1
        begins = self._indents[at]
        if begins > indent or (begins == indent and self._lines[at].startswith("- ", begins)):
            return self.value_at(at)
        raise NotPlain

    def _list(self, at: int, indent: int) -> tuple[list[Value], int]:
        lines, indents = self._lines, self._indents
        found: list[Value] = []
        while True:
            begins = indents[at]
            if begins == indent and lines[at].startswith("- ", indent):
                rest = lines[at][indent + 2 :]
                if rest[:1] in _NO_ENTRY or rest.startswith("- "):
                    raise NotPlain
                if _KEY.fullmatch(rest):
                    lines[at] = " " * (indent + 2) + rest
                    indents[at] = indent + 2
                    mapping, at = self._mapping(at, indent + 2)
                    found.append(mapping)
                else:
                    scalar, at = self._scalar(rest, at, indent)
                    found.append(scalar)
            elif begins == _BLANK:
                at += 1
            elif begins <= indent:
                return found, at
            else:
                raise NotPlain

    def _scalar(self, text: str, at: int, indent: int) -> tuple[Value, int]:
        first = text[0]
        if first in _MARKED:
            return self._marked(text, at, indent)
        if first not in _LETTERS and _BEGINS.match(text) is None:
            raise NotPlain
        end = at + 1
        while self._indents[end] == _BLANK:
            end += 1
        if self._indents[end] <= indent:
            whole = text.rstrip(" ")
            if _means_more(whole):
                raise NotPlain
        else:
            parts, end = self._continued(text, at, indent)
            if any(_means_more(part) or part[:1] == "#" for part in parts):
                raise NotPlain
            whole = _fold(parts)
        if first in _BARE_BEGINS and _MAY_BE_BARE.match(whole):
            value = Scalar(text=whole, plain=True, line=0).value
            if not isinstance(value, str):
                return Bare(whole, value), end
        return whole, end

    def _marked(self, text: str, at: int, indent: int) -> tuple[Value, int]:
        """Read what begins with a sign: a quoted or a block text, or a collection in brackets."""
        if text[0] == "|":
            return self._literal(text.rstrip(), at + 1, indent)
        if text[0] in "'\"":
            return self._quoted(text, at, indent)
        parts, end = self._continued(text, at, indent)
        if len(parts) > 1:
            raise NotPlain
        return parse_flow(parts[0]), end

    def _continued(self, text: str, at: int, indent: int) -> tuple[list[str], int]:
        """Return a text with the deeper lines that follow it, each without blanks at its ends."""
        parts = [text.strip(" ")]
        end = at + 1
        blank = 0
        while True:
            begins = self._indents[end + blank]
            if begins == _BLANK:
                blank += 1
            elif begins <= indent:
                return parts, end + blank
            else:
                parts += [""] * blank
                parts.append(self._lines[end + blank].strip(" "))
                end += blank + 1
                blank = 0

    def _quoted(self, text: str, at: int, indent: int) -> tuple[str, int]:
        quote = text[0]
        parts, end = self._continued(text, at, indent)
        last = parts[-1]
        if len(parts) == 1 and len(last) == 1:
            raise NotPlain
        if last[-1] != quote:
            raise NotPlain
        parts[0] = parts[0][1:]
        parts[-1] = parts[-1][:-1]
        if len(parts) > 1 and (parts[0] != parts[0].rstrip(" ") or not parts[0] or not parts[-1]):
            raise NotPlain
        inside = "".join(parts)
        if quote == "'":
            if "'" in inside and any("'" in part.replace("''", "") for part in parts):
                raise NotPlain
            return _fold(parts).replace("''", "'"), end
        if '"' in inside or "\\" in inside:
            return self._escaped(parts), end
        return _fold(parts), end

    def _escaped(self, parts: list[str]) -> str:
        if len(parts) > 1 or _ESCAPED.search(parts[0].replace("\\\\", "")):
            raise NotPlain
        try:
            return msgspec.json.decode(f'"{parts[0]}"', type=str)
        except msgspec.DecodeError:
            raise NotPlain from None

    def _literal(self, header: str, at: int, indent: int) -> tuple[str, int]:
        lines, indents = self._lines, self._indents
        deep = indents[at]
        if header not in _LITERALS or deep == _BLANK or deep <= indent:
            raise NotPlain
        texts: list[str] = []
        while True:
            begins = indents[at]
            if begins == _BLANK:
                if len(lines[at]) > deep:
                    raise NotPlain
                texts.append("")
            elif begins >= deep:
                texts.append(lines[at][deep:])
            elif begins > indent:
                raise NotPlain
            else:
                break
            at += 1
        while not texts[-1]:
            texts.pop()
        return "\n".join(texts) + ("\n" if header == "|" else ""), at


def _fold(parts: list[str]) -> str:
    """Join lines as YAML does: one break is a blank, each further one an empty line."""
    if len(parts) == 1:
        return parts[0]
    joined = [parts[0]]
    breaks = 0
    for part in parts[1:]:
        if not part:
            breaks += 1
            continue
        joined.append("\n" * breaks or " ")
        joined.append(part)
        breaks = 0
    return "".join(joined)


def parse_flow(text: str) -> Value:
    """Return a list or mapping in brackets; raises `NotPlain`."""
    found = _parse_json(text) if '"' in text else None
    return _parse_flow(text) if found is None else found


def _parse_json(text: str) -> "Value | None":
    """Read a flow collection that is JSON; `None` where YAML might take it otherwise."""
    if "\\u" in text or "\\/" in text or "-0" in text:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    counted = _Count()
    converted = _from_json(value, counted)
    # Of keys that occur twice JSON keeps one: then there are more colons than keys.
    return converted if counted.exact and text.count('":') == counted.keys else None


class _Count:
    def __init__(self) -> None:
        self.keys = 0
        self.exact = True


def _from_json(value: JsonValue, counted: _Count) -> Value:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        counted.keys += len(value)
        return {key: _from_json(item, counted) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_json(item, counted) for item in value]
    if isinstance(value, float):
        counted.exact = False
    text = "null" if value is None else str(value).lower()
    return Bare(text, value)


@lru_cache(maxsize=4096)
def _parse_flow(text: str) -> Value:
    """Remember the last ones: the same tags and limits stand in case after case."""
    if "&" in text or "*" in text or "!" in text:
        raise NotPlain
    try:
        return to_plain(parse_yaml(text))
    except YamlProblem:
        raise NotPlain from None


def to_plain(node: Node) -> Value:
    """Return a careful reader's tree as this reader would give it."""
    if isinstance(node, Scalar):
        value = node.value
        return node.text if isinstance(value, str) else Bare(node.text, value)
    if isinstance(node, Items):
        return [to_plain(item) for item in node.nodes]
    return {key.text: to_plain(item) for key, item in node.pairs}


def to_node(value: Value, line: int) -> Node:
    """Return what this reader gave as the careful reader's tree, all of it on one line."""
    if isinstance(value, Bare):
        return Scalar(text=value.text, plain=True, line=line)
    if isinstance(value, str):
        return Scalar(text=value, plain=False, line=line)
    if isinstance(value, list):
        nodes = tuple(to_node(item, line) for item in value)
        return Items(nodes=nodes, line=line, size=1, depth=1)
    pairs = tuple(
        (Scalar(text=key, plain=False, line=line), to_node(item, line))
        for key, item in value.items()
    )
    return Mapping(pairs=pairs, line=line, size=1, depth=1)


def to_builtin(value: Value) -> JsonValue:
    """Return what this reader gave as plain Python values."""
    if isinstance(value, Bare):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [to_builtin(item) for item in value]
    return {key: to_builtin(item) for key, item in value.items()}
