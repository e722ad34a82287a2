"""Suites as tables: JSONL with a whole case a line, or CSV with a column for each part.

Read again with the guessed mapping, both give the same cases. What belongs to the suite and not
to a case has no place in a table, and is named.
"""

import csv
import io
import json

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Suite
from desktop.suites.tables.columns import CHECK, EXPECTED, SEPARATED, SYSTEM
from desktop.suites.tables.source import CSV, JSON_LINES
from desktop.suites.writer import describe_case

FORMATS = (CSV, JSON_LINES)
_MARK = "\ufeff"
# Kinds whose whole check fits a cell, as the reader of tables would make it again.
_SIMPLE = frozenset({"equals", "contains", "number", "regex", "starts_with", "ends_with", "gsm8k"})
_LOST = (
    ("documents", "documents"),
    ("few_shot", "worked examples"),
    ("system_prompt", "the system prompt"),
    ("generated", "the record of generators"),
    ("imported", "the record of the import"),
)


def format_table(suite: Suite, form: str) -> str:
    """Return a suite's cases as the text of a CSV or JSONL file."""
    if form == JSON_LINES:
        lines = (json.dumps(_flatten_examples(case), ensure_ascii=False) for case in suite.cases)
        return "\n".join(lines) + "\n"
    rows = [_as_row(case) for case in suite.cases]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    # Without the mark, spreadsheets take UTF-8 for a code page.
    return _MARK + file.getvalue()


def list_lost(suite: Suite) -> tuple[str, ...]:
    """Return what of a suite no table can hold, in words."""
    return tuple(words for name, words in _LOST if getattr(suite, name))


def _flatten_examples(case: Case) -> dict[str, JsonValue]:
    document = describe_case(case)
    examples = document.pop("examples", {})
    return {**document, **examples}


def _as_row(case: Case) -> dict[str, str]:
    document = _flatten_examples(case)
    messages = document.get("messages")
    if messages and [m["role"] for m in messages] == ["system", "user"]:
        del document["messages"]
        document |= {SYSTEM: messages[0]["content"], "prompt": messages[1]["content"]}
    checks = document.get("checks") or []
    if len(checks) == 1 and len(checks[0]) == 1:
        ((kind, expected),) = checks[0].items()
        if kind in _SIMPLE and _fits_cell(kind, expected):
            del document["checks"]
            document |= {EXPECTED: expected, CHECK: kind}
    return {key: _as_cell(key, value) for key, value in document.items()}


def _fits_cell(kind: str, expected: JsonValue) -> bool:
    if kind == "number":
        return isinstance(expected, int | float) and "e" not in json.dumps(expected)
    return isinstance(expected, str) and expected.strip()[:1] not in "[{"


def _as_cell(key: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    simple = key in SEPARATED and all(
        isinstance(v, str) and v == v.strip() and v and ";" not in v and v[:1] not in "[{"
        for v in value
    )
    return "; ".join(value) if simple else json.dumps(value, ensure_ascii=False)
