"""Cases by the ten thousand: the plain ones read quickly, all others as carefully as ever.

The lines of a large file are split at its cases. What `plain_yaml` can read and what is right
becomes a case here; at the first doubt the case's lines go to the careful reader, which alone
says what is wrong. A test holds both to the same cases.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Check, Continuation, Message, Metric, Role
from desktop.scoring.kind import Shape
from desktop.scoring.registry import KINDS
from desktop.suites.cases import DIFFICULTIES, MOST_WEIGHT, Attachable, Defaults
from desktop.suites.checks import read_argument
from desktop.suites.fields import IDENTIFIER, MOST_TOKENS
from desktop.suites.likelihood import ALONE
from desktop.suites.plain_yaml import (
    Bare,
    NotPlain,
    Value,
    is_plain_text,
    parse_entry,
    to_builtin,
    to_node,
)
from desktop.suites.yaml_tree import is_finite

# Smaller files are read carefully in no time.
FEWEST_CASES = 200
_CASES = re.compile(r"^cases: *(?:#.*)?\n", re.MULTILINE)
_NEXT_KEY = re.compile(r"^[^\s#-]", re.MULTILINE)
_FIRST = re.compile(r"(?: *(?:#.*)?\n)*( *)- ")
_IDENTIFIER = re.compile(IDENTIFIER)
_KEYS = frozenset(
    {
        *("id", "title", "prompt", "checks", "tags", "language", "difficulty", "max_tokens"),
        *("stop", "examples", "weight", "group", "messages", "metric", "context"),
        *("continuations", "few_shot", "documents", "source_row"),
    }
)
_WRITTEN_KEYS = frozenset({"prompt", "messages", "checks", "examples"})
_CONTINUATION_KEYS = frozenset({"context", "text", "correct"})
_FALSE = Bare("false", False)
_ROLES = {role.value: role for role in Role}
_METRICS = {metric.value: metric for metric in Metric}
_EXAMPLES = frozenset({"pass", "fail"})


class Entry(NamedTuple):
    """The lines of one case, and the line in the file on which it begins."""

    text: str
    line: int


class SplitFile(NamedTuple):
    """A suite file taken apart: all but its cases, and its cases' lines.

    In the head, blank lines stand for the cases, so that its lines keep their numbers.
    """

    head: str
    entries: tuple[Entry, ...]
    indent: int


def split_cases(text: str) -> SplitFile | None:
    """Return a large file's head and cases; `None` for one that must be read as a whole."""
    text = text.replace("\r\n", "\n")
    keys = list(_CASES.finditer(text))
    if len(keys) != 1 or not is_plain_text(text):
        return None
    begins = keys[0].end()
    following = _NEXT_KEY.search(text, begins)
    ends = following.start() if following else len(text)
    first = _FIRST.match(text, begins, ends)
    if first is None:
        return None
    indent = len(first[1])
    # A line that is part of no entry: what that means is for the careful reader to say.
    stray = re.compile(rf"^(?! {{{indent}}}- )(?! {{{indent + 1}}}) *[^\s#]", re.MULTILINE)
    if stray.search(text, begins, ends):
        return None
    entry = re.compile(rf"^ {{{indent}}}- ", re.MULTILINE)
    starts = [found.start() for found in entry.finditer(text, begins, ends)]
    if len(starts) < FEWEST_CASES:
        return None
    line = text.count("\n", 0, starts[0]) + 1
    entries = []
    for start, end in zip(starts, [*starts[1:], ends], strict=True):
        entries.append(Entry(text[start:end], line))
        line += text.count("\n", start, end)
    blank = "\n" * text.count("\n", keys[0].start(), ends)
    return SplitFile(text[: keys[0].start()] + blank + text[ends:], tuple(entries), indent)


class QuickReader:
    """Makes cases of plain entries; raises `NotPlain` at any doubt."""

    def __init__(
        self,
        defaults: Defaults,
        language: str,
        *,
        attachable: Attachable,
        fill: bool,
        indent: int,
    ) -> None:
        """Take what holds for every case."""
        self._defaults = defaults
        self._language = defaults.language or language
        self._attachable = attachable
        self._fill = fill
        self._indent = indent

    def read(self, text: str) -> Case:
        """Return the case of one entry."""
        defaults = self._defaults
        if (self._fill and "{{" in text) or defaults.templates:
            raise NotPlain
        values = parse_entry(text, self._indent)
        if not isinstance(values, dict) or not values.keys() <= _KEYS or "id" not in values:
            raise NotPlain
        case_id = _text(values["id"])
        if _IDENTIFIER.fullmatch(case_id) is None:
            raise NotPlain
        by_likelihood = "continuations" in values
        passing, failing = _examples(values.get("examples"))
        get = values.get
        row = get("source_row")
        return Case(
            id=case_id,
            title=_text(values["title"]) if "title" in values else case_id,
            messages=() if by_likelihood else _messages(values),
            checks=() if by_likelihood else _checks(values),
            continuations=_continuations(values, defaults) if by_likelihood else (),
            metric=_metric(values, defaults) if by_likelihood else None,
            tags=_merge(defaults.tags, _texts(values["tags"]) if "tags" in values else ()),
            language=_text(values["language"]) if "language" in values else self._language,
            difficulty=_tier(get("difficulty"), defaults.difficulty),
            max_tokens=_tokens(get("max_tokens"), defaults.max_tokens),
            stop=_texts(values["stop"]) if "stop" in values else defaults.stop,
            grammar="" if by_likelihood else defaults.constraint.grammar,
            json_schema=None if by_likelihood else defaults.constraint.json_schema,
            passing_example=passing,
            failing_example=failing,
            few_shot=self._few_shot(get("few_shot")),
            documents=self._documents(get("documents")),
            weight=_weight(values["weight"]) if "weight" in values else defaults.weight,
            repeats=defaults.repeats,
            sampling=defaults.sampling,
            group=_text(values["group"]) if "group" in values else defaults.group,
            source_row=None if row is None else _row(row),
        )

    def _few_shot(self, value: "Value | None") -> str:
        if value is None:
            return self._defaults.few_shot
        name = _text(value)
        if name not in self._attachable.few_shot:
            raise NotPlain
        return name

    def _documents(self, value: "Value | None") -> tuple[str, ...]:
        if value is None:
            return self._defaults.documents
        names = _texts(value)
        if not all(name in self._attachable.documents for name in names):
            raise NotPlain
        return names


def _row(value: Value) -> JsonValue:
    row = to_builtin(value)
    if not is_finite(row):
        raise NotPlain
    return row


def _messages(values: dict[str, Value]) -> tuple[Message, ...]:
    if "prompt" in values:
        if "messages" in values:
            raise NotPlain
        return (Message(role=Role.USER, content=_text(values["prompt"])),)
    found = values.get("messages")
    if not isinstance(found, list) or not found:
        raise NotPlain
    messages: list[Message] = []
    for value in found:
        if not isinstance(value, dict) or value.keys() != {"role", "content"}:
            raise NotPlain
        role = _ROLES.get(_any_text(value["role"]))
        if role is None or (role is Role.SYSTEM and messages):
            raise NotPlain
        messages.append(Message(role=role, content=_text(value["content"])))
    if messages[-1].role is not Role.USER:
        raise NotPlain
    return tuple(messages)


def _checks(values: dict[str, Value]) -> tuple[Check, ...]:
    checks = values.get("checks")
    if not isinstance(checks, list) or not checks or "metric" in values or "context" in values:
        raise NotPlain
    return tuple([read_check(check) for check in checks])


def _metric(values: dict[str, Value], defaults: Defaults) -> Metric:
    metric = defaults.metric
    if "metric" in values:
        metric = _METRICS.get(_any_text(values["metric"]))
    if metric is None:
        raise NotPlain
    return metric


def _continuations(values: dict[str, Value], defaults: Defaults) -> tuple[Continuation, ...]:
    found = values["continuations"]
    if not isinstance(found, list) or not found or values.keys() & _WRITTEN_KEYS:
        raise NotPlain
    shared = _exact(values["context"]) if "context" in values else ""
    continuations = []
    correct = 0
    for value in found:
        if not isinstance(value, dict) or not value.keys() <= _CONTINUATION_KEYS:
            raise NotPlain
        flag = value.get("correct", _FALSE)
        if not isinstance(flag, Bare) or not isinstance(flag.value, bool) or "text" not in value:
            raise NotPlain
        correct += flag.value
        continuations.append(
            Continuation(
                context=_exact(value["context"]) if "context" in value else shared,
                text=_any_text(value["text"]),
                correct=flag.value,
            )
        )
    alone = _metric(values, defaults) in ALONE
    if (len(found) > 1) if alone else not 0 < correct < len(found):
        raise NotPlain
    return tuple(continuations)


def read_check(value: Value) -> Check:
    """Return a check that is right beyond doubt; raises `NotPlain`."""
    if not isinstance(value, dict):
        raise NotPlain
    kinds = [key for key in value if key in KINDS]
    if len(kinds) != 1:
        raise NotPlain
    kind = KINDS[kinds[0]]
    weight = 1.0
    expected: JsonValue = None
    options: dict[str, JsonValue] = {}
    for key, argument in value.items():
        if key == kind.name:
            expected = _argument(kind.expects, argument)
        elif key == "weight":
            weight = _weight(argument)
        elif key in kind.options:
            options[key] = _argument(kind.options[key], argument)
        else:
            raise NotPlain
    if kind.required and not all(key in options for key in kind.required):
        raise NotPlain
    check = Check(kind=kind.name, expected=expected, options=options, weight=weight)
    if kind.find_fault(check):
        raise NotPlain
    return check


def _argument(shape: Shape, value: Value) -> JsonValue:
    if shape is Shape.TEXT or shape is Shape.TEXTS:
        if isinstance(value, str):
            if value:
                return value
        elif shape is Shape.TEXTS and isinstance(value, list) and value:
            return [_any_text(item) for item in value]
        elif isinstance(value, Bare) and value.value is not None:
            return value.text
        raise NotPlain
    if shape is Shape.CHECK or shape is Shape.CHECKS:
        raise NotPlain
    read = read_argument(shape, to_node(value, 0))
    if read is None:
        raise NotPlain
    return read


def _exact(value: Value) -> str:
    return value if isinstance(value, str) else _any_text(value)


def _any_text(value: Value) -> str:
    if isinstance(value, str):
        if value:
            return value
    elif isinstance(value, Bare) and value.value is not None:
        return value.text
    raise NotPlain


def _text(value: Value) -> str:
    text = _any_text(value)
    if not text.strip():
        raise NotPlain
    return text


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, list):
        if not value:
            raise NotPlain
        return tuple([_any_text(item) for item in value])
    return (_any_text(value),)


@lru_cache(maxsize=1024)
def _merge(shared: tuple[str, ...], own: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*shared, *own)))


def _tier(value: "Value | None", usual: str) -> str:
    if value is None:
        return usual
    if isinstance(value, str) and value in DIFFICULTIES:
        return value
    raise NotPlain


def _tokens(value: "Value | None", usual: int | None) -> int | None:
    if value is None:
        return usual
    if isinstance(value, Bare) and type(value.value) is int and 1 <= value.value <= MOST_TOKENS:
        return value.value
    raise NotPlain


def _weight(value: Value) -> float:
    if isinstance(value, Bare) and type(value.value) in {int, float}:
        number = float(value.value)
        if 0 <= number <= MOST_WEIGHT:
            return number
    raise NotPlain


def _examples(value: "Value | None") -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if not isinstance(value, dict) or not value.keys() <= _EXAMPLES:
        raise NotPlain
    passing, failing = value.get("pass"), value.get("fail")
    return _text(passing) if passing is not None else None, (
        _text(failing) if failing is not None else None
    )
