"""A table's rows out of bytes whose encoding and delimiter nobody told us."""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue, Value
from desktop.errors import UserError
from desktop.suites.source import read_bytes

MOST_BYTES = 200_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 500
DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_CHARACTERS = 100_000
_LONGEST_CELL = 10_000_000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (b"\xfe\xff", "utf-16"))
# What is left when it is not UTF-8: the code page of Western Windows, which spreadsheets write.
_FALLBACK = "cp1252"
JSON_LINES = "jsonl"
CSV = "csv"


class Row(Value, frozen=True, kw_only=True):
    """One row: its values by column, and the line on which it begins."""

    values: dict[str, JsonValue]
    line: int


class Table(Value, frozen=True, kw_only=True):
    """A table as it was read, and how it was found to be written."""

    path: Path
    form: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str = ""
    is_encoding_guessed: bool = False


def read_table(path: Path, *, encoding: str = "", delimiter: str = "") -> Table:
    """Return a table's rows; raises `UserError` that names the line of what is wrong."""
    content = read_bytes(path, MOST_BYTES)
    text, found, guessed = _decode(path, content, encoding)
    if not text.strip():
        raise UserError(f"{path} is empty.", remedy="Choose a file that has rows.")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(
            f"{path}, line {line}: it holds bytes that are no text.",
            remedy="Choose a CSV or JSONL file, or name its encoding.",
        )
    if path.suffix.lower() in {".jsonl", ".ndjson"} or text.lstrip()[:1] in "{[":
        columns, rows = _read_json_lines(path, text)
        form, delimiter = JSON_LINES, ""
    else:
        delimiter = delimiter or _find_delimiter(path, text)
        columns, rows = _read_csv(path, text, delimiter)
        form = CSV
    return Table(
        path=path,
        form=form,
        columns=columns,
        rows=rows,
        encoding=found,
        delimiter=delimiter,
        is_encoding_guessed=guessed,
    )


def _decode(path: Path, content: bytes, encoding: str) -> tuple[str, str, bool]:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    name = encoding or marked or "utf-8"
    try:
        return content.decode(name), name.removesuffix("-sig"), False
    except LookupError:
        raise UserError(
            f'There is no encoding "{encoding}".', remedy="Name one such as utf-8 or cp1252."
        ) from None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = content.count(b"\n", 0, start) + 1
        if encoding or marked:
            raise UserError(
                f"{path}, line {line}: it is not {name.removesuffix('-sig').upper()} text.",
                remedy="Save the file with the encoding UTF-8, or name its encoding.",
            ) from None
    try:
        return content.decode(_FALLBACK), _FALLBACK, True
    except UnicodeDecodeError:
        raise UserError(
            f"{path}, line {line}: it is not UTF-8 text, and its encoding can't be told.",
            remedy="Save the file with the encoding UTF-8, or name its encoding.",
        ) from None


def _find_delimiter(path: Path, text: str) -> str:
    """Return the sign that splits the first rows into the same number of columns, most of all."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    head = text[:_SNIFFED_CHARACTERS]
    best, score = ",", (0, 0)
    for delimiter in DELIMITERS:
        lengths: list[int] = []
        try:
            for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
                lengths += [len(row)] if row else []
        except csv.Error:
            continue
        columns = lengths[0] if lengths else 1
        alike = Counter(lengths)[columns]
        if columns > 1 and (alike * 100 // len(lengths), columns) > score:
            best, score = delimiter, (alike * 100 // len(lengths), columns)
    return best


def _read_csv(path: Path, text: str, delimiter: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    if len(delimiter) != 1:
        raise UserError(f'The delimiter "{delimiter}" must be one sign.')
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    columns: tuple[str, ...] = ()
    begins = 1
    try:
        for values in reader:
            if columns and any(value.strip() for value in values):
                rows.append(_make_row(path, columns, values, begins))
                _check_number(path, rows)
            elif not columns and any(values):
                columns = _read_header(path, values, begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        said = str(error)
        reason = (
            "a quoted text is not closed" if "end of data" in said else f"it is no CSV ({said})"
        )
        raise UserError(
            f"{path}, line {begins}: {reason}.", remedy="Correct it and read the file again."
        ) from None
    if not rows:
        raise UserError(
            f"{path} has no rows.", remedy="Its first line names the columns; rows follow it."
        )
    return columns, tuple(rows)


def _read_header(path: Path, values: list[str], line: int) -> tuple[str, ...]:
    names = [value.strip() or f"column {place}" for place, value in enumerate(values, start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f'{path}, line {line}: two columns are called "{twice}".',
            remedy="Give each column a name of its own.",
        )
    if len(names) > MOST_COLUMNS:
        raise UserError(f"{path} has {len(names):,} columns, and {MOST_COLUMNS} are the most.")
    return tuple(names)


def _make_row(path: Path, columns: tuple[str, ...], values: list[str], line: int) -> Row:
    extra = [value for value in values[len(columns) :] if value.strip()]
    if extra:
        raise UserError(
            f"{path}, line {line}: the row has {len(values)} values for {len(columns)} columns.",
            remedy="Put values that hold the delimiter in quotes.",
        )
    cells = (value.replace("\r\n", "\n") if "\r" in value else value for value in values)
    return Row(values=dict(zip(columns, cells, strict=False)), line=line)


def _read_json_lines(path: Path, text: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Read an object a line, or one list of objects."""
    rows: list[Row] = []
    if text.lstrip().startswith("["):
        whole = _parse_json(path, text, 1)
        for item in whole if isinstance(whole, list) else []:
            rows.append(_as_row(path, item, 1))
            _check_number(path, rows)
    else:
        for line, content in enumerate(text.split("\n"), start=1):
            if content.strip():
                rows.append(_as_row(path, _parse_json(path, content, line), line))
                _check_number(path, rows)
    if not rows:
        raise UserError(f"{path} has no rows.", remedy="Write one JSON object a line.")
    columns = tuple(dict.fromkeys(name for row in rows for name in row.values))
    if len(columns) > MOST_COLUMNS:
        raise UserError(f"{path} has {len(columns):,} keys, and {MOST_COLUMNS} are the most.")
    return columns, tuple(rows)


def _parse_json(path: Path, content: str, line: int) -> JsonValue:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UserError(
            f"{path}, line {line}: it is no JSON ({error}).", remedy="Write one JSON object a line."
        ) from None


def _as_row(path: Path, value: JsonValue, line: int) -> Row:
    if not isinstance(value, dict):
        raise UserError(
            f"{path}, line {line}: it is no JSON object.", remedy="Write one JSON object a line."
        )
    return Row(values=value, line=line)


def _check_number(path: Path, rows: list[Row]) -> None:
    if len(rows) > MOST_ROWS:
        raise UserError(
            f"{path} has more than {MOST_ROWS:,} rows.", remedy="Split it into several files."
        )
