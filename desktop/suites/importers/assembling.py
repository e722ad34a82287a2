"""An item becomes a case, and items become the worked examples before cases."""

import re
from collections.abc import Mapping, Sequence

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, FewShot, Message, Role
from desktop.suites.importers.item import Benchmark, Item


def few_shot_id(benchmark: Benchmark, group: str) -> str:
    """Return the id under which cases of a group name their examples."""
    return re.sub(
        r"[^A-Za-z0-9._:/-]+", "-", f"{benchmark.name}-{group}" if group else benchmark.name
    )


def make_few_shot(benchmark: Benchmark, group: str, items: Sequence[Item]) -> FewShot:
    """Return the examples of a group: description once, then question and answer of each."""
    description = items[0].description
    messages: list[Message] = []
    for item in items:
        before = "" if messages else description
        messages.append(Message(role=Role.USER, content=f"{before}{item.prompt}"))
        messages.append(Message(role=Role.ASSISTANT, content=item.answer))
    shown = (f"{i.prompt}{i.delimiter}{i.answer}{benchmark.shot_delimiter}" for i in items)
    return FewShot(
        id=few_shot_id(benchmark, group),
        messages=tuple(messages),
        text=f"{description}{''.join(shown)}",
    )


def make_case(item: Item, case_id: str, row: Mapping[str, JsonValue], shown: str) -> Case:
    """Return the case of an item; without examples (`shown`) the description begins its prompt."""
    description = "" if shown else item.description
    asks = not item.continuations
    message = Message(role=Role.USER, content=f"{description}{item.prompt}")
    return Case(
        id=case_id,
        title=item.title,
        messages=(item.messages or (message,)) if asks else (),
        checks=item.checks,
        tags=item.tags,
        language=item.language,
        max_tokens=item.max_tokens,
        stop=item.stop,
        continuations=tuple(
            type(each)(context=f"{description}{each.context}", text=each.text, correct=each.correct)
            for each in item.continuations
        ),
        metric=item.metric,
        few_shot=shown,
        group=item.group,
        source_row=dict(row),
    )
