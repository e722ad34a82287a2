"""A configuration's prompts: texts or conversations, with the variables still in them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Message, Role
from desktop.suites.promptfoo.files import PREFIX, ProjectFiles, is_yaml, parse_tree
from desktop.suites.promptfoo.notices import Notices
from desktop.suites.promptfoo.template import Renderer, TemplateProblem
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, to_value

_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_SUFFIXES = (".txt", ".json", ".yaml", ".yml", ".md", ".j2", ".csv", ".jsonl")
_ROLES = {**{role.value: role for role in Role}, "developer": Role.SYSTEM, "model": Role.ASSISTANT}


class PromptTemplate(Value, frozen=True, kw_only=True):
    """One prompt as written; `names` are what tests may call it by."""

    text: str
    line: int
    source: Path
    names: tuple[str, ...] = ()


class UnusablePrompt(Exception):
    """A prompt can't be asked; `message` says why."""

    def __init__(self, message: str) -> None:
        """Keep the end of the sentence."""
        super().__init__(message)
        self.message = message


class PromptReader:
    """Reads the prompts of one configuration."""

    def __init__(self, config: Path, files: ProjectFiles, notices: Notices) -> None:
        """Take the configuration that names them."""
        self._config = config
        self._files = files
        self._notices = notices

    def read(self, node: Node) -> Iterator[PromptTemplate]:
        """Yield all prompts of the key `prompts`."""
        for entry in node.nodes if isinstance(node, Items) else (node,):
            if isinstance(entry, Mapping) and not _keys(entry) & {"raw", "id", "label", "file"}:
                # The older form: files or texts, each with its name.
                for key, value in entry.pairs:
                    label = value.text if isinstance(value, Scalar) else ""
                    yield from self._read_text(key.text, key.line, (label,))
            elif isinstance(entry, Scalar):
                yield from self._read_text(entry.text, entry.line, ())
            elif isinstance(entry, Mapping):
                yield from self._read_entry(entry)
            else:
                self._note(entry.line, "a prompt is a list, and is left out")

    def _note(self, line: int, message: str) -> None:
        self._notices.add(line, message, self._config)

    def _read_entry(self, entry: Mapping) -> Iterator[PromptTemplate]:
        values = {key.text: value for key, value in entry.pairs}
        names = tuple(
            value.text
            for key in ("label", "id", "display")
            if isinstance(value := values.get(key), Scalar)
        )
        for key in ("config", "function"):
            if key in values:
                self._note(values[key].line, f'"{key}" of a prompt is not used')
        chosen = next((values[key] for key in ("raw", "file", "id") if key in values), None)
        if not isinstance(chosen, Scalar):
            self._note(entry.line, "a prompt has no text, and is left out")
        elif "raw" in values and not chosen.text.startswith(PREFIX):
            yield self._make(chosen.text, chosen.line, names)
        else:
            yield from self._read_text(chosen.text, chosen.line, names)

    def _make(self, text: str, line: int, names: tuple[str, ...]) -> PromptTemplate:
        return PromptTemplate(text=text, line=line, source=self._config, names=names)

    def _read_text(self, text: str, line: int, names: tuple[str, ...]) -> Iterator[PromptTemplate]:
        is_path = "\n" not in text and "{{" not in text and text.lower().endswith(_SUFFIXES)
        if text.startswith(PREFIX) or is_path:
            for file in self._files.find(text, line, self._config):
                if not file.is_code:
                    yield from self._read_file(file.path, (*names, text, file.path.name))
        elif "://" in text[:20] and " " not in text:
            self._note(line, f"{text} is a remote prompt, which is not fetched")
        else:
            yield self._make(text, line, (*names, text))

    def _read_file(self, path: Path, names: tuple[str, ...]) -> Iterator[PromptTemplate]:
        content = self._files.text(path)
        if path.suffix == ".jsonl":
            parts = content.splitlines()
        elif is_yaml(path):
            parts = [json.dumps(to_value(parse_tree(path, content)), ensure_ascii=False)]
        elif path.suffix == ".json":
            parts = [content]
        else:
            parts = _SEPARATOR.split(content)
        for part in parts:
            if part.strip():
                yield PromptTemplate(text=part.strip(), line=1, source=path, names=names)


def fill_prompt(prompt: PromptTemplate, renderer: Renderer) -> tuple[Message, ...]:
    """Return a prompt's conversation with its variables filled in; raises `UnusablePrompt`."""
    try:
        written = _as_conversation(prompt.text)
        if written is not None:
            return _messages([_fill(part, renderer) for part in written])
        text = renderer.render(prompt.text)
    except TemplateProblem as problem:
        raise UnusablePrompt(problem.message) from None
    filled = _as_conversation(text) if "role" in text else None
    if filled is not None:
        return _messages(filled)
    return _messages([{"role": "user", "content": text}])


def _keys(node: Mapping) -> set[str]:
    return {key.text for key, _ in node.pairs}


def _as_conversation(text: str) -> list[JsonValue] | None:
    """Return the messages of a prompt that is written as JSON."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    shaped = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
    return value if shaped and all("role" in v for v in value) else None


def _fill(part: JsonValue, renderer: Renderer) -> JsonValue:
    if isinstance(part, str):
        return renderer.render(part)
    if isinstance(part, dict):
        return {key: _fill(value, renderer) for key, value in part.items()}
    return [_fill(value, renderer) for value in part] if isinstance(part, list) else part


def _messages(parts: list[JsonValue]) -> tuple[Message, ...]:
    messages: list[Message] = []
    for part in parts:
        content = part.get("content")
        if isinstance(content, list):
            content = _join_parts(content)
        role = _ROLES.get(str(part.get("role")))
        if role is None:
            raise UnusablePrompt(f'a message has the role "{str(part.get("role"))[:40]}"')
        if not isinstance(content, str) or not content.strip():
            raise UnusablePrompt("a message is empty or no text")
        messages.append(Message(role=role, content=content))
    if messages[-1].role is not Role.USER:
        raise UnusablePrompt("its last message is not the user's")
    if any(message.role is Role.SYSTEM for message in messages[1:]):
        raise UnusablePrompt("a system message does not come first")
    return tuple(messages)


def _join_parts(parts: list[JsonValue]) -> str:
    texts = []
    for part in parts:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise UnusablePrompt("a message has parts that are no text, such as pictures")
        texts.append(str(part.get("text", "")))
    return "\n".join(texts)
