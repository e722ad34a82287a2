"""Writing suites in our own format, such that reading gives the same suite again."""

import os
import re
from pathlib import Path

import yaml

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Check, Role, Suite
from desktop.errors import EnvironmentFault
from desktop.suites.reader import FORMAT_VERSION, VERSION_KEY

_WRONGLY_PLAIN = re.compile(r"[-+]?\.?\d.*|[-+]?0[0-9].*")


class _Dumper(yaml.SafeDumper):
    """Writes block texts for several lines, and nothing as an alias."""

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
    text = format_suite(suite)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"The suite could not be written to {path}: {error.strerror or error}.",
            remedy="Choose a folder that can be written to.",
        ) from None


def format_suite(suite: Suite) -> str:
    """Return a suite as the text of a file."""
    document: dict[str, JsonValue] = {
        VERSION_KEY: FORMAT_VERSION,
        "id": suite.id,
        "title": suite.title,
        "version": suite.version,
        "description": suite.description,
        "license": suite.license,
        "system_prompt": suite.system_prompt,
        "cases": [_case(case) for case in suite.cases],
    }
    return yaml.dump(
        _without_empty(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96
    )


def _without_empty(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in document.items() if value not in (None, "", [], ())}


def _case(case: Case) -> dict[str, JsonValue]:
    messages = [{"role": m.role.value, "content": m.content} for m in case.messages]
    alone = len(messages) == 1 and case.messages[0].role is Role.USER
    return _without_empty(
        {
            "id": case.id,
            "title": case.title if case.title != case.id else None,
            "prompt": case.messages[0].content if alone else None,
            "messages": None if alone else messages,
            "tags": list(case.tags),
            "language": case.language if case.language != "en" else None,
            "difficulty": case.difficulty,
            "max_tokens": case.max_tokens,
            "stop": list(case.stop),
            "grammar": case.grammar,
            "json_schema": case.json_schema,
            "checks": [_check(check) for check in case.checks],
            "examples": _without_empty({"pass": case.passing_example, "fail": case.failing_example})
            or None,
        }
    )


def _check(check: Check) -> dict[str, JsonValue]:
    weight = {} if check.weight == 1 else {"weight": check.weight}
    return {check.kind: check.expected, **check.options, **weight}
