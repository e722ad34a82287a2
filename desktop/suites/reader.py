"""Reading suite files of our own format, version 1, and finding those that ship with us.

A suite file is YAML; `resources/schemas/suite.schema.json` describes it. Its defaults hold for
every case: a case's own value replaces them, its tags are added to them. A case may hold its
answers to a `grammar` (GBNF) or to a `json_schema`; see `constraints`. Files come from strangers:
whatever is wrong ends in a `UserError` that names file, line and key.
"""

import hashlib
import os
import stat
from pathlib import Path

from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.paths import resources_folder
from desktop.suites.checks import read_check
from desktop.suites.constraints import CONSTRAINT_KEYS, Constraint, read_constraint
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings
from desktop.suites.yaml_tree import Node, Scalar, YamlProblem, parse_yaml

FORMAT_VERSION = 1
VERSION_KEY = "touchstone_suite"
DIFFICULTIES = ("easy", "medium", "hard")
MOST_BYTES = 50_000_000

SUITE_KEYS = (
    VERSION_KEY,
    "id",
    "title",
    "version",
    "description",
    "license",
    "language",
    "system_prompt",
    "defaults",
    "cases",
)
DEFAULT_KEYS = ("max_tokens", "stop", "tags", "language", "difficulty", *CONSTRAINT_KEYS)
CASE_KEYS = (
    "id",
    "title",
    "prompt",
    "messages",
    "tags",
    "language",
    "difficulty",
    "max_tokens",
    "stop",
    *CONSTRAINT_KEYS,
    "checks",
    "examples",
)
MESSAGE_KEYS = ("role", "content")
EXAMPLE_KEYS = ("pass", "fail")


def list_bundled_suites() -> tuple[Path, ...]:
    """Return the suite files that ship with the program, by name."""
    return tuple(sorted((resources_folder() / "suites").glob("*.yaml")))


def read_suite(path: Path) -> Suite:
    """Return the suite of a file; raises `UserError` that names what is wrong, and where."""
    content = _read_bytes(path)
    findings = Findings(path)
    root = _parse(path, content, findings)
    fields = Fields(root, "the suite", SUITE_KEYS, findings)
    _check_version(fields, path, findings)
    fields.require("id", "title", "version", "cases")
    cases = _read_cases(fields, findings)
    suite = Suite(
        id=fields.identifier("id"),
        title=fields.text("title"),
        version=fields.text("version"),
        cases=cases,
        description=fields.text("description"),
        license=fields.text("license"),
        system_prompt=fields.text("system_prompt") or None,
        sha256=hashlib.sha256(content).hexdigest(),
        path=str(path.absolute()),
        bundled=path.resolve().parent == (resources_folder() / "suites").resolve(),
    )
    if findings.count:
        raise findings.error()
    return suite


def _read_bytes(path: Path) -> bytes:
    choose = "Choose a suite file that exists; `touchstone suites` lists the bundled ones."
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise UserError(f"{path} is a folder, not a suite file.", remedy="Choose a file in it.")
        if not stat.S_ISREG(kind):
            raise UserError(f"{path} is no ordinary file.", remedy="Choose a suite file.")
        # Between the look and the opening a pipe may take the file's place: never wait for it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"There is no file {path}.", remedy=choose) from None
    except PermissionError:
        raise UserError(
            f"{path} may not be read by this user.", remedy="Change its permissions."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentFault(f"{path} could not be read: {reason}.") from None
    if len(content) > MOST_BYTES:
        raise UserError(
            f"{path} is larger than {MOST_BYTES // 1_000_000} MB.",
            remedy="Split the suite into several files.",
        )
    return content


def _parse(path: Path, content: bytes, findings: Findings) -> Node:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: it is not UTF-8 text.",
            remedy="Save the file with the encoding UTF-8.",
        ) from None
    try:
        root = parse_yaml(text)
    except YamlProblem as problem:
        findings.add(problem.line, problem.message)
        raise findings.error() from None
    if isinstance(root, Scalar) and root.value is None:
        raise UserError(f"{path} is empty.", remedy="A suite needs an id, a title and cases.")
    return root


def _check_version(fields: Fields, path: Path, findings: Findings) -> None:
    node = fields.node(VERSION_KEY)
    if node is None:
        message = f'it is no Touchstone suite: the key "{VERSION_KEY}: {FORMAT_VERSION}" is missing'
        findings.add(fields.line, message)
        return
    version = node.value if isinstance(node, Scalar) else None
    if version == FORMAT_VERSION and not isinstance(version, bool):
        return
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UserError(
            f"{path}, line {node.line}: the suite has format version {version}, and this program"
            f" reads version {FORMAT_VERSION}.",
            remedy="Read it with a newer Touchstone.",
        )
    fields.wrong(VERSION_KEY, f"{FORMAT_VERSION}")


def _read_cases(fields: Fields, findings: Findings) -> tuple[Case, ...]:
    defaults_node = fields.node("defaults")
    defaults = None
    if defaults_node is not None:
        defaults = _Defaults(Fields(defaults_node, '"defaults"', DEFAULT_KEYS, findings), findings)
    language = fields.text("language", "en")
    cases: list[Case] = []
    lines: dict[str, int] = {}
    for position, node in enumerate(fields.items("cases"), start=1):
        case = _CaseReader(node, position, findings).read(
            defaults or _Defaults(None, findings), language
        )
        if case.id and case.id in lines:
            findings.add(node.line, f'case id "{case.id}" is already on line {lines[case.id]}')
        lines.setdefault(case.id, node.line)
        cases.append(case)
    return tuple(cases)


class _Defaults:
    """What holds for every case that says nothing else."""

    def __init__(self, fields: Fields | None, findings: Findings) -> None:
        self.max_tokens = fields.tokens("max_tokens") if fields else None
        self.stop = fields.texts("stop") if fields else ()
        self.tags = fields.texts("tags") if fields else ()
        self.language = fields.text("language") if fields else ""
        self.difficulty = _read_difficulty(fields) if fields else ""
        self.constraint = (read_constraint(fields, findings) if fields else None) or Constraint()


def _read_difficulty(fields: Fields) -> str:
    return fields.choice("difficulty", {word: word for word in DIFFICULTIES}) or ""


class _CaseReader:
    """Reads one case; `position` names it until its id is known."""

    def __init__(self, node: Node, position: int, findings: Findings) -> None:
        self._findings = findings
        self._fields = Fields(node, _name_case(node, position), CASE_KEYS, findings)

    def read(self, defaults: _Defaults, language: str) -> Case:
        fields = self._fields
        fields.require("id", "checks")
        case_id = fields.identifier("id")
        passing, failing = self._examples()
        constraint = read_constraint(fields, self._findings) or defaults.constraint
        return Case(
            id=case_id,
            title=fields.text("title", case_id),
            messages=self._messages(),
            checks=self._checks(),
            tags=tuple(dict.fromkeys((*defaults.tags, *fields.texts("tags")))),
            language=fields.text("language", defaults.language or language),
            difficulty=_read_difficulty(fields) or defaults.difficulty,
            max_tokens=fields.tokens("max_tokens") or defaults.max_tokens,
            stop=fields.texts("stop") or defaults.stop,
            grammar=constraint.grammar,
            json_schema=constraint.json_schema,
            passing_example=passing,
            failing_example=failing,
        )

    def _messages(self) -> tuple[Message, ...]:
        fields = self._fields
        if "prompt" in fields and "messages" in fields:
            message = f'{fields.where} has both "prompt" and "messages"; one of them is enough'
            self._findings.add(fields.line, message)
            return ()
        if "prompt" not in fields and "messages" not in fields:
            self._findings.missing_key(fields.line, 'prompt" or "messages', fields.where)
            return ()
        if "prompt" in fields:
            return (Message(role=Role.USER, content=fields.text("prompt")),)
        messages = tuple(self._message(node) for node in fields.items("messages"))
        last_is_user = bool(messages) and messages[-1].role is Role.USER
        system_later = any(message.role is Role.SYSTEM for message in messages[1:])
        if messages and not last_is_user:
            line = fields.key_line("messages")
            self._findings.add(line, f'"messages" of {fields.where} must end with the role user')
        if system_later:
            line = fields.key_line("messages")
            self._findings.add(
                line, f"the role system comes first in {fields.where}, or not at all"
            )
        return messages

    def _message(self, node: Node) -> Message:
        fields = Fields(node, f"a message of {self._fields.where}", MESSAGE_KEYS, self._findings)
        fields.require(*MESSAGE_KEYS)
        role = fields.choice("role", {role.value: role for role in Role})
        return Message(role=role or Role.USER, content=fields.text("content"))

    def _checks(self) -> tuple[Check, ...]:
        where = self._fields.where
        nodes = self._fields.items("checks")
        found = (read_check(node, where, self._findings) for node in nodes)
        return tuple(check for check in found if check is not None)

    def _examples(self) -> tuple[str | None, str | None]:
        node = self._fields.node("examples")
        if node is None:
            return None, None
        where = f'"examples" of {self._fields.where}'
        fields = Fields(node, where, EXAMPLE_KEYS, self._findings)
        return fields.text("pass") or None, fields.text("fail") or None


def _name_case(node: Node, position: int) -> str:
    if not isinstance(node, Scalar):
        for key, value in getattr(node, "pairs", ()):
            if key.text == "id" and isinstance(value, Scalar) and value.text:
                return f'case "{value.text[:60]}"'
    return f"case {position}"
