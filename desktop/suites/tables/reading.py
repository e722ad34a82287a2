"""Tables as suites: each row becomes a case as a suite file would have it, and is read as one.

So a row is held to the same rules as a case in YAML, and what is wrong is told with the row's
line.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Suite
from desktop.domain.suite_import import (
    ColumnMap,
    ImportPreview,
    Notice,
    SuiteImport,
    TableOptions,
)
from desktop.errors import UserError
from desktop.scoring.registry import KINDS
from desktop.suites.cases import Attachable, CaseReader, Defaults
from desktop.suites.findings import Findings, nearest, with_nearest
from desktop.suites.tables.columns import (
    CHECK,
    CHOICES,
    EXPECTED,
    FAIL,
    FIELDS,
    PASS,
    SEPARATED,
    SYSTEM,
    merge_mapping,
)
from desktop.suites.tables.source import CSV, Row, Table, read_table
from desktop.suites.yaml_tree import as_tree

SHOWN_ROWS = 20
MOST_CELL_SHOWN = 300
_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")
_NUMERIC_KEYS = frozenset({"weight", "repeats", "max_tokens"})
_STRUCTURED = frozenset(
    {
        *("messages", "checks", "sampling", "continuations", "json_schema", "source_row"),
        *("tags", "documents", "stop"),
    }
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BRACES = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def import_table(path: Path, options: TableOptions) -> SuiteImport:
    """Return the suite of a table; raises `UserError` with the line of what is wrong."""
    table = read_table(path, encoding=options.encoding, delimiter=options.delimiter)
    mapping = merge_mapping(options.mapping, table.columns)
    maker = _CaseMaker(table, mapping, options)
    cases = maker.make(table.rows)
    digest = hashlib.sha256(msgspec.json.encode(cases)).hexdigest()
    suite = Suite(
        id=options.id or _make_id(path),
        title=options.title or path.stem,
        version=digest[:8],
        cases=cases,
        license=options.license,
        sha256=digest,
        path=str(path.absolute()),
    )
    return SuiteImport(suite=suite, format=table.form, notices=_notice(table, mapping, options))


def preview_table(path: Path, options: TableOptions) -> ImportPreview:
    """Return what an import would give; mistakes of mapping come as its `problem`.

    Raises `UserError` only where the file itself can't be read.
    """
    table = read_table(path, encoding=options.encoding, delimiter=options.delimiter)
    cases: tuple[Case, ...] = ()
    mapping, problem = options.mapping, ""
    try:
        mapping = merge_mapping(options.mapping, table.columns)
        cases = _CaseMaker(table, mapping, options).make(table.rows[:SHOWN_ROWS])
    except UserError as error:
        problem = str(error)
    return ImportPreview(
        format=table.form,
        fields=FIELDS,
        columns=table.columns,
        rows=tuple(_show(row, table.columns) for row in table.rows[:SHOWN_ROWS]),
        mapping=mapping,
        encoding=table.encoding,
        delimiter=table.delimiter,
        total=len(table.rows),
        cases=cases,
        notices=_notice(table, mapping, options),
        problem=problem,
    )


class _CaseMaker:
    """Makes cases of rows."""

    def __init__(self, table: Table, mapping: ColumnMap, options: TableOptions) -> None:
        self._table = table
        self._columns = {
            field: [column for column, filled in mapping.items() if filled == field]
            for field in dict.fromkeys(mapping.values())
        }
        self._options = options
        self._findings = Findings(table.path)
        if not options.prompt and not self._columns.keys() & {
            "prompt",
            "messages",
            "continuations",
        }:
            raise UserError(
                f"No column of {table.path} fills the prompt.",
                remedy="Map one to it: --map question=prompt.",
            )
        if not self._columns.keys() & {EXPECTED, "checks", "continuations"}:
            raise UserError(
                f"No column of {table.path} says what is expected.",
                remedy="Map one to it: --map answer=expected.",
            )
        self._check = self._choose_check()

    def make(self, rows: Sequence[Row]) -> tuple[Case, ...]:
        findings = self._findings
        defaults = Defaults(None, findings, Attachable())
        language = self._options.language or "en"
        cases: list[Case] = []
        lines: dict[str, int] = {}
        for position, row in enumerate(rows, start=1):
            document = self._describe(row, position)
            node = as_tree(document, row.line)
            reader = CaseReader(
                node, position, findings, defaults=defaults, attachable=Attachable(), fill=False
            )
            case = reader.read(language)
            if case.id in lines:
                where = f'case id "{case.id}" is already on line {lines[case.id]}'
                findings.add(row.line, where)
            lines.setdefault(case.id, row.line)
            cases.append(case)
        if findings.count:
            raise findings.error()
        return tuple(cases)

    def _choose_check(self) -> str:
        kind = self._options.check
        if kind and kind not in KINDS:
            raise UserError(
                with_nearest(f'There is no kind of check "{kind}"', kind, KINDS),
                remedy="Name the kind that expected answers are for.",
            )
        if kind or EXPECTED not in self._columns:
            return kind
        if CHOICES in self._columns:
            return "choice"
        column = self._columns[EXPECTED][0]
        values = [row.values.get(column) for row in self._table.rows]
        given = [value for value in values if value not in (None, "")]
        return "number" if given and all(_is_number(value) for value in given) else "equals"

    def _describe(self, row: Row, position: int) -> dict[str, JsonValue]:
        """Return a row as a case of a suite file."""
        document: dict[str, JsonValue] = {}
        for field, columns in self._columns.items():
            if field not in {SYSTEM, EXPECTED, CHECK, CHOICES, PASS, FAIL}:
                value = self._read_field(field, columns, row)
                if value not in (None, "", []):
                    document[field] = value
        document["id"] = _slug(document.get("id")) or f"case-{position}"
        if self._options.prompt:
            document["prompt"] = self._fill_prompt(row)
        choices = self._choices(row)
        if choices and "prompt" in document:
            lettered = (
                f"{letter}. {text}" for letter, text in zip(_LETTERS, choices, strict=False)
            )
            document["prompt"] = "\n".join((str(document["prompt"]), *lettered))
        system = self._cell(SYSTEM, row)
        if system and "prompt" in document:
            question = {"role": "user", "content": document.pop("prompt")}
            document["messages"] = [{"role": "system", "content": str(system)}, question]
        if "checks" not in document and "continuations" not in document:
            check = self._read_check(row, choices)
            document |= {"checks": [check]} if check else {}
        examples = {key: value for key in (PASS, FAIL) if (value := self._cell(key, row))}
        return {**document, "examples": examples} if examples else document

    def _cell(self, field: str, row: Row) -> JsonValue:
        columns = self._columns.get(field)
        value = row.values.get(columns[0]) if columns else None
        return None if isinstance(value, str) and not value.strip() else value

    def _read_field(self, field: str, columns: Sequence[str], row: Row) -> JsonValue:
        values = [row.values.get(column) for column in columns]
        given = [value for value in values if value is not None and value != ""]
        if not given:
            return None
        if field in _STRUCTURED:
            read = [_parse_cell(value, field) for value in given]
            if len(read) == 1:
                return read[0]
            return [item for part in read for item in (part if isinstance(part, list) else [part])]
        if field in _NUMERIC_KEYS and isinstance(given[0], str):
            return _parse_number(given[0])
        return given[0]

    def _choices(self, row: Row) -> list[str]:
        choices: list[str] = []
        for column in self._columns.get(CHOICES, ()):
            value = row.values.get(column)
            if isinstance(value, str):
                parsed = _parse_cell(value, CHOICES)
                value = parsed if isinstance(parsed, list) else value.split("|")
            for item in value if isinstance(value, list) else [value]:
                choices += [str(item).strip()] if item not in (None, "") else []
        return choices[: len(_LETTERS)]

    def _read_check(self, row: Row, choices: Sequence[str]) -> dict[str, JsonValue] | None:
        expected = self._cell(EXPECTED, row)
        if expected is None:
            return None
        kind = str(self._cell(CHECK, row) or self._check)
        if kind == "choice" and choices:
            return self._read_choice(expected, choices)
        if isinstance(expected, str) and self._table.form == CSV:
            parsed = _parse_cell(expected, EXPECTED)
            expected = parsed if isinstance(parsed, list | dict) else expected
        shape = KINDS[kind].expects.value if kind in KINDS else ""
        if shape in {"number", "range", "flag", "true"} and isinstance(expected, str):
            expected = _parse_number(expected)
        if isinstance(expected, float | int) and shape in {"text", "texts"}:
            expected = str(expected)
        return {kind: expected}

    def _read_choice(self, expected: JsonValue, choices: Sequence[str]) -> dict[str, JsonValue]:
        labels = list(_LETTERS[: len(choices)])
        said = str(expected).strip()
        if isinstance(expected, int) and not isinstance(expected, bool):
            place = expected
        elif said.upper() in labels:
            place = labels.index(said.upper())
        elif said in choices:
            place = list(choices).index(said)
        else:
            place = int(said) if said.isdecimal() else len(choices)
        letter = labels[place] if 0 <= place < len(choices) else said
        return {"choice": letter, "labels": labels}

    def _fill_prompt(self, row: Row) -> str:
        def find(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self._table.columns:
                hint = nearest(name, self._table.columns)
                self._findings.add(0, f'the prompt names "{name}", which is no column{hint}')
            value = row.values.get(name)
            return "" if value is None else _as_text(value)

        return _BRACES.sub(find, self._options.prompt)


def _notice(table: Table, mapping: ColumnMap, options: TableOptions) -> tuple[Notice, ...]:
    told: list[str] = []
    if table.is_encoding_guessed:
        told.append(
            f"it is not UTF-8 and was read as {table.encoding}: look at letters with accents, and"
            " name its encoding if they are wrong"
        )
    named = set(_BRACES.findall(options.prompt))
    unused = [c for c in table.columns if c not in mapping and c not in named]
    if unused:
        names = ", ".join(f'"{column}"' for column in unused)
        verb = "is" if len(unused) == 1 else "are"
        noun = "column" if len(unused) == 1 else "columns"
        told.append(f"the {noun} {names} {verb} not used")
    return tuple(Notice(path=str(table.path), line=0, message=message) for message in told)


def _show(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    texts = (_as_text(row.values.get(column, "")) for column in columns)
    return tuple(t if len(t) <= MOST_CELL_SHOWN else t[: MOST_CELL_SHOWN - 1] + "…" for t in texts)


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parse_cell(value: JsonValue, field: str) -> JsonValue:
    """Return a cell that may be JSON, or a list with semicolons, as what it stands for."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text[:1] in "[{" or (field == "json_schema" and text in {"true", "false"}):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return value
    if field in SEPARATED:
        return [part.strip() for part in text.split(";") if part.strip()]
    return value


def _parse_number(text: str) -> JsonValue:
    value = text.strip()
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not _NUMBER.fullmatch(value):
        return text
    return float(value) if "." in value else int(value)


def _is_number(value: JsonValue) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _slug(value: JsonValue) -> str:
    if value is None:
        return ""
    text = re.sub(r"[^A-Za-z0-9._:/-]+", "-", _as_text(value).strip())
    return text.lstrip("-._:/")[:128].rstrip("-")


def _make_id(path: Path) -> str:
    return _slug(path.stem) or "table"
