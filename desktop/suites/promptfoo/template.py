"""The part of nunjucks that names values and changes texts; nothing here can run code.

`{{ name }}`, `{{ name.key[0] }}` and a chain of simple filters are filled in, comments and
`{% raw %}` understood. Any other tag, filter or expression raises `TemplateProblem`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from desktop.domain.base import JsonValue

MOST_CHARACTERS = 5_000_000
_MOST_DEPTH = 8
_OPENING = re.compile(r"\{[{%#]")
_CLOSINGS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_RAW = re.compile(r"\s*raw\s*")
_END_OF_RAW = re.compile(r"\{%-?\s{0,100}endraw\s{0,100}-?%\}")
_PATH = re.compile(r"\s*([A-Za-z_$][\w$]*)((?:\.[\w$]+|\[\s*(?:\d+|'[^']*'|\"[^\"]*\")\s*\])*)\s*")
_STEP = re.compile(r"\.([\w$]+)|\[\s*(?:(\d+)|'([^']*)'|\"([^\"]*)\")\s*\]")
_FILTER = re.compile(r"\s*\|\s*(\w+)\s*(?:\(((?:\"[^\"]*\"|'[^']*'|[^()\"'])*)\))?\s*")
_ARGUMENT = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|(-?\d+(?:\.\d+)?)|(true|false))\s*(?:,|$)")
_LITERAL = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)')\s*")


class TemplateProblem(Exception):
    """A template asks for what we don't do; `message` says what."""

    def __init__(self, message: str) -> None:
        """Keep the end of the sentence."""
        super().__init__(message)
        self.message = message


class Renderer:
    """Fills templates in; `missing` gathers names that no variable has, which become nothing."""

    def __init__(self, variables: Mapping[str, JsonValue]) -> None:
        """Take the variables of one test, whose values may hold further ones."""
        self._variables = variables
        self._filled: dict[str, str] = {}
        self._depth = 0
        self.missing: set[str] = set()

    def render(self, template: str) -> str:
        """Return a template filled in; raises `TemplateProblem`."""
        parts: list[str] = []
        size = end = 0
        for start, stop, part in self._replacements(template):
            parts += (template[end:start], part)
            end = stop
            size += len(part)
            if size > MOST_CHARACTERS:
                raise TemplateProblem("it grows beyond 5 million characters when it is filled in")
        return "".join((*parts, template[end:]))

    def _replacements(self, template: str) -> Iterator[tuple[int, int, str]]:
        """Yield what stands from where to where, and what it gives way to."""
        position = 0
        while (opening := _OPENING.search(template, position)) is not None:
            start = opening.start()
            close = template.find(_CLOSINGS[opening[0]], start + 2)
            if close < 0:
                return
            position = close + 2
            inside = template[start + 2 : close]
            if inside.startswith("-") or inside.endswith("-"):
                raise TemplateProblem("removing white space with - in braces is not supported")
            if opening[0] == "{#":
                yield start, position, ""
            elif opening[0] == "{{":
                yield start, position, self._evaluate(inside)
            elif _RAW.fullmatch(inside) and (ended := _END_OF_RAW.search(template, position)):
                yield start, ended.end(), template[position : ended.start()]
                position = ended.end()
            else:
                shown = " ".join(inside.split())[:60]
                raise TemplateProblem(f"the template tag {{% {shown} %}} is not supported")

    def _evaluate(self, expression: str) -> str:
        value, end = self._start(expression)
        while end < len(expression):
            found = _FILTER.match(expression, end)
            if found is None:
                shown = " ".join(expression.split())[:60]
                raise TemplateProblem(f"the expression {{{{ {shown} }}}} is not supported")
            value = _apply(found[1], value, _read_arguments(found[2] or ""))
            end = found.end()
        return as_text(value)

    def _start(self, expression: str) -> tuple[JsonValue, int]:
        literal = _LITERAL.match(expression)
        if literal is not None:
            return literal[1] if literal[1] is not None else literal[2], literal.end()
        path = _PATH.match(expression)
        if path is None:
            shown = " ".join(expression.split())[:60]
            raise TemplateProblem(f"the expression {{{{ {shown} }}}} is not supported")
        if path[1] == "env":
            raise TemplateProblem("environment variables are not read")
        return self._look_up(path[1], path[2]), path.end()

    def _look_up(self, name: str, steps: str) -> JsonValue:
        if name not in self._variables:
            self.missing.add(name)
            return None
        value = self._variables[name]
        if isinstance(value, str):
            value = self._fill_value(name, value)
        for step in _STEP.finditer(steps):
            key = next(part for part in step.groups() if part is not None)
            if isinstance(value, list) and key.isdigit():
                value = value[int(key)] if int(key) < len(value) else None
            elif isinstance(value, dict):
                value = value.get(key)
            elif key == "length" and isinstance(value, str | list):
                value = len(value)
            else:
                value = None
            if value is None:
                self.missing.add(f"{name}{steps}")
                return None
        return value

    def _fill_value(self, name: str, value: str) -> str:
        """Variables may hold variables; each is filled in once, so that none can multiply."""
        if not _OPENING.search(value):
            return value
        if name not in self._filled:
            if self._depth >= _MOST_DEPTH:
                raise TemplateProblem(f'the variable "{name}" holds variables too deep or itself')
            self._depth += 1
            try:
                self._filled[name] = self.render(value)
            finally:
                self._depth -= 1
        return self._filled[name]


def as_text(value: JsonValue) -> str:
    """Return a value as promptfoo puts it into a text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _read_arguments(text: str) -> list[JsonValue]:
    arguments: list[JsonValue] = []
    end = 0
    while end < len(text.rstrip()):
        found = _ARGUMENT.match(text, end)
        if found is None:
            raise TemplateProblem(f"the filter's argument {text.strip()[:40]} is not supported")
        double, single, number, word = found.groups()
        if number is not None:
            arguments.append(float(number) if "." in number else int(number))
        elif word is not None:
            arguments.append(word == "true")
        else:
            arguments.append(double if double is not None else single)
        end = found.end()
    return arguments


def _apply(name: str, value: JsonValue, arguments: list[JsonValue]) -> JsonValue:
    try:
        change = _FILTERS[name]
    except KeyError:
        raise TemplateProblem(f'the filter "{name}" is not supported') from None
    try:
        return change(value, *arguments)
    except (TypeError, ValueError, IndexError):
        raise TemplateProblem(f'the filter "{name}" can\'t be used like this') from None


def _replace(value: JsonValue, old: str, new: str) -> str:
    return as_text(value).replace(old, new)


def _join(value: JsonValue, separator: str = "") -> str:
    items = value if isinstance(value, list) else [value]
    return separator.join(as_text(item) for item in items)


def _default(value: JsonValue, other: JsonValue, falsy: bool = False) -> JsonValue:
    return other if value is None or (falsy and not value) else value


def _first(value: JsonValue) -> JsonValue:
    return value[0] if value else None


def _last(value: JsonValue) -> JsonValue:
    return value[-1] if value else None


def _dump(value: JsonValue, indent: int | None = None) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)


_FILTERS: Mapping[str, Callable[..., JsonValue]] = {
    "capitalize": lambda value: as_text(value).capitalize(),
    "d": _default,
    "default": _default,
    "dump": _dump,
    "first": _first,
    "join": _join,
    "last": _last,
    "length": lambda value: len(value) if isinstance(value, str | list | dict) else 0,
    "lower": lambda value: as_text(value).lower(),
    "nl2br": lambda value: as_text(value).replace("\n", "<br />\n"),
    "replace": _replace,
    "safe": lambda value: value,
    "string": as_text,
    "title": lambda value: " ".join(word.capitalize() for word in as_text(value).split(" ")),
    "trim": lambda value: as_text(value).strip(),
    "upper": lambda value: as_text(value).upper(),
}
