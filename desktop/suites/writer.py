"""Writing suites in our own format, such that reading gives the same suite again."""

import os
import re
from pathlib import Path

import msgspec
import yaml

from desktop.domain.base import JsonValue
from desktop.domain.suite import (
    Case,
    Check,
    Document,
    FewShot,
    Generated,
    Message,
    Role,
    Suite,
)
from desktop.errors import EnvironmentFault
from desktop.suites.reader import FORMAT_VERSION, VERSION_KEY
from desktop.suites.variables import has_variables

_EMPTY: tuple[JsonValue, ...] = (None, "", [], ())
_WRONGLY_PLAIN = re.compile(r"[-+]?\.?\d.*|[-+]?0[0-9].*")


class _Dumper(yaml.CSafeDumper):
    """Writes block texts for several lines, and nothing as an alias.

    libyaml's emitter: an imported benchmark has 10,000 cases, and Python's takes half a minute.
    """

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    readable = "\n" in text and not re.search(r"[ \t]\n|\A[\s]|\r|\x85|\u2028|\u2029", text)
    style = "|" if readable else None
    if not readable and (text == "" or _WRONGLY_PLAIN.fullmatch(text)):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write_suite(suite: Suite, path: Path) -> None:
    """Write a suite file as a whole or not at all; raises `EnvironmentFault`."""
    write_text(path, format_suite(suite))


def write_text(path: Path, text: str) -> None:
    """Write a file of a suite as a whole or not at all; raises `EnvironmentFault`."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"The suite could not be written to {path}: {error.strerror or error}.",
            remedy="Choose a folder that can be written to.",
        ) from None


def format_suite(suite: Suite) -> str:
    """Return a suite as the text of a file."""
    return yaml.dump(
        describe_suite(suite), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )


def describe_suite(suite: Suite) -> dict[str, JsonValue]:
    """Return a suite as its file has it, keys that say nothing left out.

    Generated cases are written out, with the record of how they were made: the file stays the
    same suite when generators change.
    """
    cases = [describe_case(case) for case in suite.cases]
    has_literal_braces = any(has_variables(case) for case in cases)
    return _without_empty(
        {
            VERSION_KEY: FORMAT_VERSION,
            "id": suite.id,
            "title": suite.title,
            "version": suite.version,
            "description": suite.description,
            "license": suite.license,
            "system_prompt": suite.system_prompt,
            "fill_variables": False if has_literal_braces else None,
            "documents": [_document(document) for document in suite.documents],
            "few_shot": [_few_shot(examples) for examples in suite.few_shot],
            "generated": [_generated(record) for record in suite.generated],
            "imported": msgspec.to_builtins(suite.imported) if suite.imported else None,
            "cases": cases,
        }
    )


def _without_empty(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in document.items() if value not in _EMPTY}


def describe_case(case: Case) -> dict[str, JsonValue]:
    """Return a case as its file has it."""
    messages = [_message(message) for message in case.messages]
    alone = len(messages) == 1 and case.messages[0].role is Role.USER
    return _without_empty(
        {
            "id": case.id,
            "title": case.title if case.title != case.id else None,
            "prompt": case.messages[0].content if alone else None,
            "messages": None if alone else messages,
            **_continuations(case),
            "documents": list(case.documents),
            "few_shot": case.few_shot,
            "tags": list(case.tags),
            "language": case.language if case.language != "en" else None,
            "difficulty": case.difficulty,
            "group": case.group,
            "weight": case.weight if case.weight != 1 else None,
            "repeats": case.repeats,
            "sampling": msgspec.to_builtins(case.sampling) if case.sampling else None,
            "max_tokens": case.max_tokens,
            "stop": list(case.stop),
            "grammar": case.grammar,
            "json_schema": case.json_schema,
            "checks": [_check(check) for check in case.checks],
            "examples": _without_empty({"pass": case.passing_example, "fail": case.failing_example})
            or None,
            "source_row": case.source_row,
        }
    )


def _message(message: Message) -> dict[str, JsonValue]:
    return {"role": message.role.value, "content": message.content}


def _continuations(case: Case) -> dict[str, JsonValue]:
    contexts = {continuation.context for continuation in case.continuations}
    shared = contexts.pop() if len(contexts) == 1 else ""
    return {
        "metric": case.metric.value if case.metric else None,
        "context": shared,
        "continuations": [
            {
                **({"context": c.context} if c.context != shared else {}),
                "text": c.text,
                **({"correct": True} if c.correct else {}),
            }
            for c in case.continuations
        ],
    }


def _document(document: Document) -> dict[str, JsonValue]:
    return _without_empty({"id": document.id, "title": document.title, "text": document.text})


def _few_shot(examples: FewShot) -> dict[str, JsonValue]:
    messages = [_message(message) for message in examples.messages]
    return _without_empty({"id": examples.id, "messages": messages, "text": examples.text})


def _generated(record: Generated) -> dict[str, JsonValue]:
    described = msgspec.to_builtins(record)
    return {
        key: value
        for key, value in described.items()
        if value not in _EMPTY and value != {} and (key, value) != ("language", "en")
    }


def _check(check: Check) -> dict[str, JsonValue]:
    weight = {} if check.weight == 1 else {"weight": check.weight}
    return {check.kind: check.expected, **check.options, **weight}
