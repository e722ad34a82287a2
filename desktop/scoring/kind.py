"""What a scorer declares of itself, so that reading, judging and the schema have one source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from desktop.domain.answer import Span
from desktop.domain.base import Value
from desktop.domain.suite import Check


class Shape(StrEnum):
    """The form that an argument of a check has in a suite file.

    `TEXT` takes numbers and truth values as they are written. `RANGE` is a whole number or a
    mapping of `min` and `max`, `COUNT` a whole number from 1, `SHARE` a number from 0 to 1.
    `FIELDS` maps paths into a JSON document to any value, `TYPES` maps such paths to names of JSON
    types, `ALIASES` a text to texts. `SCHEMA` is a JSON Schema.
    """

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    FLAG = "flag"
    TRUE = "true"
    RANGE = "range"
    COUNT = "count"
    SHARE = "share"
    SCHEMA = "schema"
    FIELDS = "fields"
    TYPES = "types"
    ALIASES = "aliases"
    TAKE = "take"
    CHECK = "check"
    CHECKS = "checks"


TAKES = ("last", "first", "only", "any")
MOST_CHARACTERS = 1_000_000
JSON_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


class ScorerFault(Exception):
    """A check could not be judged, through no fault of the answer; the sentence says why."""


class Waiting(Exception):
    """A check has no verdict yet: the sentence says who has to give one."""


class Verdict(Value, frozen=True, kw_only=True):
    """What a scorer says of an answer: `score` 0 to 1, and a sentence why.

    `agreed` tells whether a judge model said the same when asked the other way round, `None` of
    every other scorer. With `open` it came to no verdict, and the sentence says why.
    """

    passed: bool
    explanation: str
    score: float
    spans: tuple[Span, ...] = ()
    agreed: bool | None = None
    open: bool = False


def verdict(
    explanation: str,
    *,
    passed: bool,
    score: float | None = None,
    spans: tuple[Span, ...] = (),
) -> Verdict:
    """Return a verdict whose score is 1 or 0 unless a share is given."""
    share = float(passed) if score is None else score
    return Verdict(passed=passed, explanation=explanation, score=share, spans=spans)


def _finds_nothing_wrong(_check: Check) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind of check: its arguments, how it judges, and how it is told to people.

    `expects` is the shape of the main argument, `options` those of the others; `required` names
    options that must be there. `find_fault` returns a sentence about arguments that have the
    right shape and yet make no sense, or an empty text. A `raw` kind gets the answer unchanged,
    as its reference implementation does; others get it in Unicode's composed form (NFC). Answers
    longer than `most_characters` are not judged. `decided_elsewhere` tells that a person or a
    judge model decides: such a check stands by itself, never within another.
    """

    name: str
    expects: Shape
    judge: Callable[[str, Check], Verdict]
    describe: Callable[[Check], str]
    options: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    find_fault: Callable[[Check], str] = _finds_nothing_wrong
    raw: bool = False
    most_characters: int = MOST_CHARACTERS
    decided_elsewhere: bool = False


def flag(check: Check, name: str, *, default: bool = False) -> bool:
    """Return a yes-or-no option of a check."""
    return bool(check.options.get(name, default))


def texts(value: object) -> tuple[str, ...]:
    """Return an argument of the shape `TEXTS` as a tuple: one text, or several."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def share(check: Check, name: str, default: float) -> float:
    """Return an option of the shape `SHARE`."""
    return float(check.options.get(name, default))
