"""Which column of a table fills which part of a case, given or guessed by its name."""

import re
from collections.abc import Sequence

from desktop.domain.suite_import import ColumnMap
from desktop.errors import UserError
from desktop.suites.cases import CASE_KEYS
from desktop.suites.findings import with_nearest

# Beside the keys of a case: parts that a table has in columns of their own.
SYSTEM, EXPECTED, CHECK, CHOICES = "system", "expected", "check", "choices"
PASS, FAIL = "pass", "fail"
IGNORED = "ignore"
_KEYS = tuple(key for key in CASE_KEYS if key not in {"vars", "examples"})
FIELDS = (*_KEYS, SYSTEM, EXPECTED, CHECK, CHOICES, PASS, FAIL, IGNORED)
# Lists that a cell may write with semicolons.
SEPARATED = frozenset({"tags", "documents"})
_LISTS = frozenset({CHOICES, "tags", "documents", "stop", IGNORED})
# What columns are called in the wild, most telling first.
_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "case_id", "key", "uid", "question_id", "qid", "example_id", "task_id"),
    "prompt": (
        "prompt",
        "question",
        "input",
        "instruction",
        "query",
        "problem",
        "sentence",
        "text",
    ),
    EXPECTED: (
        *("expected", "expected_answer", "answer", "answers", "target", "ideal", "reference"),
        *("gold", "solution", "expected_output", "output", "completion", "response", "label"),
    ),
    "title": ("title", "name", "description"),
    SYSTEM: ("system", "system_prompt", "system_message"),
    "language": ("language", "lang", "locale"),
    "difficulty": ("difficulty", "level", "tier"),
    "group": ("group", "cluster", "passage_id", "document_id"),
    "tags": ("tags", "tag", "category", "subject", "topic", "type"),
    CHOICES: ("choices", "options"),
    CHECK: ("check", "check_kind"),
    PASS: ("pass", "passing_example"),
    FAIL: ("fail", "failing_example"),
}
_LETTERS = re.compile(r"(?:choice|option|answer)?[ _]?([a-h])")
_FEWEST_LETTERS = 2


def guess_mapping(columns: Sequence[str]) -> ColumnMap:
    """Return what columns most likely fill; those that nothing is known of are left out."""
    simple = {column: _simplify(column) for column in columns}
    mapping: ColumnMap = {}
    for field in FIELDS:
        for name in _NAMES.get(field, (field,)):
            found = next((c for c in columns if simple[c] == name and c not in mapping), None)
            if found is not None and field != IGNORED:
                mapping[found] = field
                break
    if CHOICES not in mapping.values():
        lettered = [c for c in columns if _LETTERS.fullmatch(simple[c]) and c not in mapping]
        if len(lettered) >= _FEWEST_LETTERS:
            mapping |= dict.fromkeys(lettered, CHOICES)
    if "messages" in mapping.values():
        mapping = {column: field for column, field in mapping.items() if field != "prompt"}
    return mapping


def check_mapping(mapping: ColumnMap, columns: Sequence[str]) -> None:
    """Raise `UserError` for columns that are not there and fields that a case has not."""
    filled: dict[str, str] = {}
    for column, field in mapping.items():
        if column not in columns:
            raise UserError(
                with_nearest(f'The table has no column "{column}"', column, columns),
                remedy="Name columns as the file does.",
            )
        if field not in FIELDS:
            raise UserError(
                with_nearest(f'A case has no "{field}"', field, FIELDS),
                remedy=f"A column may fill {', '.join(FIELDS)}.",
            )
        if field in filled and field not in _LISTS:
            raise UserError(
                f'Both "{filled[field]}" and "{column}" are to fill "{field}".',
                remedy="Choose one of them.",
            )
        filled[field] = column


def merge_mapping(given: ColumnMap, columns: Sequence[str]) -> ColumnMap:
    """Return the guess with what was given in its place."""
    check_mapping(given, columns)
    taken = set(given.values()) - _LISTS
    guessed = {
        column: field
        for column, field in guess_mapping(columns).items()
        if column not in given and field not in taken and field not in given.values()
    }
    merged = {**guessed, **given}
    if "prompt" in given.values():
        merged = {c: f for c, f in merged.items() if f != "messages" or c in given}
    return {column: field for column, field in merged.items() if field != IGNORED}


def _simplify(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
