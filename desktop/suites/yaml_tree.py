"""YAML as a tree that knows its lines, for files that are not trusted.

The tree is built from parser events, one after another, so that neither deep nesting nor
aliases that multiply can exhaust the machine. Plain scalars follow YAML 1.2: only `true` and
`false` are truth values, so that `yes`, `no` and `on` stay the words that people ask models for.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml

from desktop.domain.base import JsonValue, Value

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_DEPTH = 40
_MOST_NODES = 2_000_000
# Only "this is a text" may be said of a value; all others are how objects get conjured up.
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
# Digits with a leading zero (a postcode, a form's number) stay texts.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,300})")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9]\d{0,300})(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][-+]?\d{1,3})?"
)


class YamlProblem(Exception):
    """The text is no YAML that we take; `line` counts from 1, 0 where there is none."""

    def __init__(self, message: str, line: int) -> None:
        """Keep the sentence's middle and the line apart."""
        super().__init__(message)
        self.message = message
        self.line = line


class Scalar(Value, frozen=True, kw_only=True):
    """One value as written. `plain` is false for quoted and block texts."""

    text: str
    plain: bool
    line: int

    @property
    def value(self) -> str | int | float | bool | None:
        """What it stands for in YAML 1.2."""
        words = {"": None, "~": None, "null": None, "true": True, "false": False}
        if not self.plain:
            return self.text
        if self.text.lower() in words:
            return words[self.text.lower()]
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _FLOAT.fullmatch(self.text) else self.text


class Items(Value, frozen=True, kw_only=True):
    """A list. `size` counts all values within, `depth` the levels."""

    nodes: tuple["Node", ...]
    line: int
    size: int
    depth: int


class Mapping(Value, frozen=True, kw_only=True):
    """Keys with their values, in order; no key occurs twice."""

    pairs: tuple[tuple[Scalar, "Node"], ...]
    line: int
    size: int
    depth: int


Node: TypeAlias = Scalar | Items | Mapping


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, *, is_mapping: bool, line: int, anchor: str | None) -> None:
        self.is_mapping = is_mapping
        self.line = line
        self.anchor = anchor
        self.nodes: list[Node] = []
        self.size = 1
        self.depth = 1


def to_value(node: Node) -> JsonValue:
    """Return a node as plain Python values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [to_value(item) for item in node.nodes]
    return {key.text: to_value(item) for key, item in node.pairs}


def is_finite(value: JsonValue) -> bool:
    """Whether all numbers in a value can be kept: 1e999 lies beyond them."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(is_finite(item) for item in value.values())
    return all(is_finite(item) for item in value) if isinstance(value, list) else True


def parse_yaml(text: str, first_line: int = 1) -> Node:
    """Return the tree of a text with one YAML document; raises `YamlProblem`.

    `first_line` is where the text begins in its file.
    """
    try:
        return _Builder(first_line).build(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = str(error.problem or error.context or "it can't be parsed")
        raise YamlProblem(_in_plain_words(message), mark.line + 1 if mark else 0) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 0
        raise YamlProblem("it has a control character, which YAML does not allow", line) from None


def _in_plain_words(message: str) -> str:
    if "'\\t'" in message or "cannot start any token" in message:
        return "a tab or another sign stands where YAML allows none; indent with spaces"
    if "could not find expected ':'" in message:
        return "a key is not followed by a colon"
    if "mapping values are not allowed" in message:
        return "a colon stands inside a text; put the text in quotes"
    return message


class _Builder:
    """Turns events into one tree."""

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node:
        documents = 0
        for event in events:
            mark = event.start_mark
            line = mark.line + self._first_line if mark else 0
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlProblem("a second document begins; one file holds one suite", line)
            elif isinstance(event, yaml.NodeEvent):
                self._take(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
        if self._root is None:
            raise YamlProblem("it is empty", 0)
        return self._root

    def _take(self, event: yaml.NodeEvent, line: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._add(self._resolve(str(event.anchor), line), line)
            return
        tag = getattr(event, "tag", None)
        if tag not in _TEXT_TAGS:
            raise YamlProblem(f"the tag {tag} is not allowed", line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in (None, "") and tag is None
            scalar = Scalar(text=event.value, plain=plain, line=line)
            self._remember(event.anchor, scalar)
            self._add(scalar, line)
            return
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(is_mapping=is_mapping, line=line, anchor=event.anchor))
        self._check_depth(0, line)

    def _check_depth(self, depth: int, line: int) -> None:
        if len(self._open) + depth > _MOST_DEPTH:
            raise YamlProblem(f"it is nested more than {_MOST_DEPTH} levels deep", line)

    def _resolve(self, anchor: str, line: int) -> Node:
        if anchor not in self._anchors:
            raise YamlProblem(f"*{anchor} refers to nothing; &{anchor} must come before it", line)
        node = self._anchors[anchor]
        if node is None:
            raise YamlProblem(f"*{anchor} refers to itself", line)
        return node

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _add(self, node: Node, line: int) -> None:
        size, depth = (1, 0) if isinstance(node, Scalar) else (node.size, node.depth)
        self._check_depth(depth, line)
        self._nodes += size
        if self._nodes > _MOST_NODES:
            raise YamlProblem(f"it has more than {_MOST_NODES:,} values, aliases included", line)
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        parent.nodes.append(node)
        parent.size += size
        parent.depth = max(parent.depth, depth + 1)

    def _close(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_mapping:
            pairs = _pairs(done.nodes)
            node = Mapping(pairs=pairs, line=done.line, size=done.size, depth=done.depth)
        else:
            members = tuple(done.nodes)
            node = Items(nodes=members, line=done.line, size=done.size, depth=done.depth)
        # Counted when its members were; only itself is new, an alias to it counts all again.
        self._nodes -= done.size - 1
        self._remember(done.anchor, node)
        self._add(node, done.line)


def _pairs(nodes: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
    pairs: list[tuple[Scalar, Node]] = []
    seen: dict[str, int] = {}
    for key, value in zip(nodes[::2], nodes[1::2], strict=True):
        if not isinstance(key, Scalar):
            raise YamlProblem("a list or mapping is used as a key", key.line)
        if key.text in seen:
            first = seen[key.text]
            raise YamlProblem(f'the key "{key.text}" is already on line {first}', key.line)
        seen[key.text] = key.line
        pairs.append((key, value))
    return tuple(pairs)


def as_tree(value: JsonValue, line: int) -> Node:
    """Return a plain value, such as a row of a table, as a tree that stands on one line."""
    if isinstance(value, dict):
        pairs = tuple(
            (Scalar(text=str(key), plain=False, line=line), as_tree(item, line))
            for key, item in value.items()
        )
        return Mapping(pairs=pairs, line=line, size=1, depth=1)
    if isinstance(value, list | tuple):
        nodes = tuple(as_tree(item, line) for item in value)
        return Items(nodes=nodes, line=line, size=1, depth=1)
    if isinstance(value, str):
        return Scalar(text=value, plain=False, line=line)
    return Scalar(text=json.dumps(value), plain=True, line=line)
