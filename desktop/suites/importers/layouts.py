"""The forms in which benchmarks are published: text to rows, and rows to text again."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from desktop.domain.base import JsonValue
from desktop.errors import UserError
from desktop.suites.importers.rows import Row, is_plain

MOST_ROWS = 1_000_000
_MOST_CELL = 1_000_000
# What is counted in a JSON document, whose lines tell nothing.
QUESTION = "question"

Values = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Layout:
    """One form of files: how it is recognised, read and written.

    `suffixes` are those of its files. `write` returns texts by file name; a name that is empty
    may be chosen by people, others carry what the file itself doesn't say.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str], list[Row]]
    write: Callable[[Sequence[Values]], dict[str, str]]


def parse_json(text: str, place: str) -> JsonValue:
    """Return a JSON value; raises `UserError` that begins with `place`."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise UserError(f"{place}: it is nested too deeply.") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise UserError(
            f"{place}: it is not JSON ({reason}).", remedy="Take the file as it was published."
        ) from None
    if not is_plain(value):
        raise UserError(f"{place}: it has characters or numbers that can't be kept.")
    return value


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _lines(path: Path, text: str) -> list[tuple[int, str]]:
    # Not splitlines: it also breaks at characters that texts in JSON contain.
    found = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(found) > MOST_ROWS:
        raise UserError(f"{path} has more than {MOST_ROWS:,} lines.", remedy="Import a part of it.")
    return found


def _read_json_lines(path: Path, text: str) -> list[Row]:
    rows = []
    for number, line in _lines(path, text):
        place = f"{path}, line {number}"
        value = parse_json(line, place)
        if not isinstance(value, dict):
            raise UserError(f"{place}: each line must be a JSON object with keys and values.")
        rows.append(Row(value, path, number))
    return rows


def _write_json_lines(rows: Sequence[Values]) -> dict[str, str]:
    return {"": "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)}


JSON_LINES = Layout("jsonl", (".jsonl", ".ndjson"), _read_json_lines, _write_json_lines)


def _read_json_list(path: Path, text: str) -> list[Row]:
    value = parse_json(text, str(path))
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UserError(f"{path}: it must be a list of JSON objects.")
    return [Row(item, path, number, unit=QUESTION) for number, item in enumerate(value, start=1)]


def _write_json_list(rows: Sequence[Values]) -> dict[str, str]:
    return {"": json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"}


JSON_LIST = Layout("json", (".json",), _read_json_list, _write_json_list)


def read_cells(path: Path, text: str, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """Return the lines of a table with their numbers; blank ones are left out."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}, line {line}: it is binary, not a table.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells = []
    before = 0
    previous = csv.field_size_limit(_MOST_CELL)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append((before + 1, row))
            before = reader.line_num
            if len(cells) > MOST_ROWS:
                raise UserError(f"{path} has more than {MOST_ROWS:,} rows.")
    except csv.Error as error:
        raise UserError(
            f"{path}, line {before + 1}: it is not a table ({error}).",
            remedy="Take the file as it was published.",
        ) from None
    finally:
        csv.field_size_limit(previous)
    return cells


def format_cells(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    """Return a table as text."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _read_headed_table(path: Path, text: str) -> list[Row]:
    cells = read_cells(path, text)
    if not cells:
        return []
    (_, header), *lines = cells
    names = [name.strip() for name in header]
    if len(set(names)) != len(names):
        raise UserError(f"{path}, line 1: a column's name is there twice.")
    rows = []
    for number, line in lines:
        if len(line) != len(names):
            raise UserError(
                f"{path}, line {number}: it has {len(line)} columns, and the header {len(names)}."
            )
        rows.append(Row(dict(zip(names, line, strict=True)), path, number))
    return rows


def _write_headed_table(rows: Sequence[Values]) -> dict[str, str]:
    names = list(rows[0])
    return {"": format_cells([names, *([str(row[n]) for n in names] for row in rows)])}


HEADED_TABLE = Layout("csv", (".csv",), _read_headed_table, _write_headed_table)


def table(name: str, suffix: str, columns: Sequence[str], delimiter: str = ",") -> Layout:
    """Return the layout of a table without a header, whose columns are known."""

    def read(path: Path, text: str) -> list[Row]:
        return read_columns(path, text, columns, delimiter)

    def write(rows: Sequence[Values]) -> dict[str, str]:
        return {"": format_cells([[str(row[c]) for c in columns] for row in rows], delimiter)}

    return Layout(name, (suffix,), read, write)


def read_columns(path: Path, text: str, columns: Sequence[str], delimiter: str) -> list[Row]:
    """Return the rows of a table without a header; raises `UserError` for other columns."""
    rows = []
    for number, line in read_cells(path, text, delimiter):
        if len(line) != len(columns):
            wanted = f"{len(columns)} columns ({', '.join(columns)})"
            raise UserError(f"{path}, line {number}: {wanted} are needed, and it has {len(line)}.")
        rows.append(Row(dict(zip(columns, line, strict=True)), path, number))
    return rows
