"""What a row of a benchmark becomes before few-shot examples are put in front of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop.domain.suite import Check, Continuation, Message, Metric
from desktop.suites.importers.layouts import Layout
from desktop.suites.importers.rows import Row

_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question in the prompt layout of its benchmark.

    `key` is the publisher's id, empty where there is none. `description` stands once before all
    examples; `prompt` and, after `delimiter`, `answer` are what a worked example shows. An item
    has `continuations` with a `metric`, or `checks`. `messages` replaces the one of the prompt.
    Items of one `shot_group` share their examples.
    """

    key: str
    title: str
    prompt: str
    answer: str
    delimiter: str = " "
    description: str = ""
    shot_group: str = ""
    continuations: tuple[Continuation, ...] = ()
    metric: Metric | None = None
    checks: tuple[Check, ...] = ()
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    language: str = "en"
    tags: tuple[str, ...] = ()
    group: str = ""


def continuations_of(
    context: str, choices: Sequence[str], gold: int, delimiter: str = " "
) -> tuple[Continuation, ...]:
    """Return the continuations of one context, as lm-evaluation-harness sends them."""
    return tuple(
        Continuation(context=context, text=f"{delimiter}{choice}", correct=place == gold)
        for place, choice in enumerate(choices)
    )


def shorten_title(text: str) -> str:
    """Return a question as one short line."""
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1].rstrip()}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A public benchmark: what it is, which files it takes, how a row becomes an item.

    `task` is its name in lm-evaluation-harness, whose layout it follows, empty where the harness
    has none; `shots` is how many examples the harness shows by default. `deviations` says in
    sentences where we differ. `parts` are words in files' names that tell its parts apart.
    `version` changes whenever other cases would be made.
    """

    name: str
    title: str
    source: str
    license: str
    citation: str
    layouts: tuple[Layout, ...]
    build: Callable[[Row], Item]
    headline: str
    task: str = ""
    shots: int = 0
    shot_delimiter: str = "\n\n"
    deviations: str = ""
    version: int = 1
    takes_shots: bool = True
    parts: tuple[str, ...] = ()
