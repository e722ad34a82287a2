"""Suites of cases: what is asked, and what makes an answer good."""

from enum import StrEnum

from desktop.domain.base import JsonValue, Value


class Role(StrEnum):
    """Who speaks in a message, in the words that chat templates use."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Message(Value, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    content: str


class Check(Value, frozen=True, kw_only=True):
    """One demand on an answer.

    `kind` names the scorer (`equals`, `contains`, `json` …), `expected` is its main argument and
    `options` its others, both as the suite file has them.
    """

    kind: str
    expected: JsonValue = None
    options: dict[str, JsonValue] = {}
    weight: float = 1.0


class Case(Value, frozen=True, kw_only=True):
    """One question with its checks. It passes when every check passes.

    `messages` is the conversation without a system prompt unless the case brings its own.
    `max_tokens` limits the answer; `None` leaves it to the run's settings. At most one of
    `grammar` (GBNF) and `json_schema` (a JSON Schema document) constrains what can be written at
    all. `passing_example` and
    `failing_example` are answers that the checks must accept and refuse.
    """

    id: str
    title: str
    messages: tuple[Message, ...]
    checks: tuple[Check, ...]
    tags: tuple[str, ...] = ()
    language: str = "en"
    difficulty: str = ""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str = ""
    json_schema: JsonValue = None
    passing_example: str | None = None
    failing_example: str | None = None


class Suite(Value, frozen=True, kw_only=True):
    """A set of cases under one id and version.

    `sha256` is that of the file's bytes and tells versions apart even if their author did not.
    `path` is where it was read from, empty for one that came out of the database.
    """

    id: str
    title: str
    version: str
    cases: tuple[Case, ...]
    description: str = ""
    license: str = ""
    system_prompt: str | None = None
    sha256: str = ""
    path: str = ""
    bundled: bool = False
