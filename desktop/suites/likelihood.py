"""Cases that likelihood decides: their continuations, and the metric that decides between them."""

from desktop.domain.suite import Continuation, Metric
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings
from desktop.suites.yaml_tree import Node

CONTINUATION_KEYS = ("context", "text", "correct")
# Their one continuation is asked about by itself.
ALONE = (Metric.GREEDY, Metric.PERPLEXITY)
# What makes no sense where nothing is written.
_WRITING_KEYS = ("prompt", "messages", "checks", "examples", "grammar", "json_schema")


def read_metric(fields: Fields) -> Metric | None:
    """Return the `metric` of a case or of the defaults."""
    return fields.choice("metric", {metric.value: metric for metric in Metric})


def read_continuations(
    fields: Fields, metric: Metric | None, findings: Findings
) -> tuple[Continuation, ...]:
    """Return a case's `continuations`; its own `context` holds for those that have none."""
    for key in _WRITING_KEYS:
        if key in fields:
            findings.add(
                fields.key_line(key),
                f'{fields.where} has "continuations", where likelihood decides and nothing is'
                f' written; "{key}" does not belong there',
            )
    context = fields.exact_text("context")
    found = tuple(
        _read_one(node, context, fields, findings) for node in fields.items("continuations")
    )
    if metric is None:
        findings.missing_key(fields.line, "metric", fields.where)
    elif found:
        _check_number(found, metric, fields, findings)
    return found


def _read_one(node: Node, context: str, parent: Fields, findings: Findings) -> Continuation:
    fields = Fields(node, f"a continuation of {parent.where}", CONTINUATION_KEYS, findings)
    fields.require("text")
    text = fields.exact_text("text")
    if not text and "text" in fields:
        fields.wrong("text", "a text")
    return Continuation(
        context=fields.exact_text("context") if "context" in fields else context,
        text=text,
        correct=fields.flag("correct") or False,
    )


def _check_number(
    found: tuple[Continuation, ...], metric: Metric, fields: Fields, findings: Findings
) -> None:
    line = fields.key_line("continuations")
    if metric in ALONE:
        if len(found) > 1:
            message = f'the metric {metric.value} takes one continuation, and "continuations" of'
            findings.add(line, f"{message} {fields.where} has {len(found)}")
        return
    correct = sum(continuation.correct for continuation in found)
    if not 0 < correct < len(found):
        findings.add(
            line,
            f'"continuations" of {fields.where} need one with "correct: true" and one without:'
            f" the metric {metric.value} decides between them",
        )
