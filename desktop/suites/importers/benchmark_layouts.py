"""Forms of files that one benchmark's authors use and nobody else."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from desktop.domain.base import JsonValue
from desktop.errors import UserError
from desktop.suites.importers.layouts import (
    QUESTION,
    Layout,
    Values,
    format_cells,
    parse_json,
    read_columns,
    table,
)
from desktop.suites.importers.rows import Row

_MMLU_NAME = re.compile(r"(?P<subject>[a-z][a-z_]*)_(?P<split>test|dev|val)")
_MMLU_COLUMNS = ("question", "A", "B", "C", "D", "answer")
_MGSM_NAME = re.compile(r"mgsm_(?P<lang>[a-z]{2})")
_XQUAD_NAME = re.compile(r"xquad\.(?P<lang>[a-z]{2})")
_HEADING = re.compile(r"(?m)^ = [^=\n][^\n]* = \n")
_HELLASWAG_ENDINGS = 4


def _read_mmlu(path: Path, text: str) -> list[Row]:
    name = _MMLU_NAME.fullmatch(path.stem)
    if name is None:
        raise UserError(
            f"{path}: the name must say the subject, such as anatomy_test.csv.",
            remedy="Keep the names that the authors gave.",
        )
    return [
        Row({"subject": name["subject"], **row.values}, path, row.line)
        for row in read_columns(path, text, _MMLU_COLUMNS, ",")
    ]


def _write_mmlu(rows: Sequence[Values]) -> dict[str, str]:
    return {
        f"{subject}_test.csv": format_cells([[str(r[c]) for c in _MMLU_COLUMNS] for r in found])
        for subject, found in _by(rows, "subject").items()
    }


MMLU_TABLE = Layout("mmlu-csv", (".csv",), _read_mmlu, _write_mmlu)


def _read_mgsm(path: Path, text: str) -> list[Row]:
    lang = _language(path, _MGSM_NAME, "mgsm_de.tsv")
    rows = []
    # No quoting here: a quotation mark is a character like any other.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        question, tab, answer = line.rstrip("\r").partition("\t")
        if not tab or "\t" in answer:
            raise UserError(f"{path}, line {number}: question, tab and answer are needed.")
        rows.append(Row({"lang": lang, "question": question, "answer": answer}, path, number))
    return rows


def _write_mgsm(rows: Sequence[Values]) -> dict[str, str]:
    return {
        f"mgsm_{lang}.tsv": "".join(f"{row['question']}\t{row['answer']}\n" for row in found)
        for lang, found in _by(rows, "lang").items()
    }


MGSM_TABLE = Layout("mgsm-tsv", (".tsv",), _read_mgsm, _write_mgsm)

WINOGRANDE_TABLE = table(
    "llama.cpp-csv", ".csv", ("index", "sentence", "option1", "option2", "answer")
)


def _read_hellaswag(path: Path, text: str) -> list[Row]:
    """Read llama.cpp's text: a context, the number of the right ending, the endings."""
    lines = text.removesuffix("\n").split("\n")
    size = 2 + _HELLASWAG_ENDINGS
    if len(lines) % size:
        raise UserError(
            f"{path}, line {len(lines)}: it ends within a question; each has {size} lines."
        )
    return [
        Row(
            {"ctx": lines[at], "label": lines[at + 1], "endings": lines[at + 2 : at + size]},
            path,
            at + 1,
        )
        for at in range(0, len(lines), size)
    ]


def _write_hellaswag(rows: Sequence[Values]) -> dict[str, str]:
    lines = [line for row in rows for line in (row["ctx"], row["label"], *row["endings"])]
    return {"": "".join(f"{line}\n" for line in lines)}


HELLASWAG_TEXT = Layout("llama.cpp-txt", (".txt",), _read_hellaswag, _write_hellaswag)


def _read_squad(path: Path, text: str) -> list[Row]:
    return _flatten_squad(path, text, {})


def _flatten_squad(path: Path, text: str, more: Mapping[str, JsonValue]) -> list[Row]:
    """Return one row a question; the number of the question stands for its line."""
    document = Row(_object(path, text), path, 1, unit="document")
    rows: list[Row] = []
    for article in document.parts("data"):
        title = article.text("title", blank=True) if "title" in article else ""
        for paragraph in article.parts("paragraphs"):
            context = paragraph.text("context")
            for question in paragraph.parts("qas"):
                values = {**more, "title": title, "context": context, **question.values}
                rows.append(Row(values, path, len(rows) + 1, unit=QUESTION))
    return rows


def _object(path: Path, text: str) -> dict[str, JsonValue]:
    value = parse_json(text, str(path))
    if not isinstance(value, dict):
        raise UserError(f"{path}: it must be a JSON object with the key data.")
    return value


def _nest_squad(rows: Sequence[Values]) -> str:
    data = []
    for title, article in groupby(rows, key=lambda row: row["title"]):
        paragraphs = []
        for context, questions in groupby(article, key=lambda row: row["context"]):
            qas = [
                {k: v for k, v in row.items() if k not in ("lang", "title", "context")}
                for row in questions
            ]
            paragraphs.append({"context": context, "qas": qas})
        data.append({"title": title, "paragraphs": paragraphs})
    return json.dumps({"version": "1.1", "data": data}, ensure_ascii=False) + "\n"


SQUAD_JSON = Layout("squad-json", (".json",), _read_squad, lambda rows: {"": _nest_squad(rows)})


def _read_xquad(path: Path, text: str) -> list[Row]:
    return _flatten_squad(path, text, {"lang": _language(path, _XQUAD_NAME, "xquad.de.json")})


def _write_xquad(rows: Sequence[Values]) -> dict[str, str]:
    return {f"xquad.{lang}.json": _nest_squad(found) for lang, found in _by(rows, "lang").items()}


XQUAD_JSON = Layout("xquad-json", (".json",), _read_xquad, _write_xquad)


def _read_trivia(path: Path, text: str) -> list[Row]:
    document = Row(_object(path, text), path, 1, unit="document")
    return [
        Row(part.values, path, number, unit=QUESTION)
        for number, part in enumerate(document.parts("Data"), 1)
    ]


def _write_trivia(rows: Sequence[Values]) -> dict[str, str]:
    return {"": json.dumps({"Data": list(rows)}, ensure_ascii=False, indent=1) + "\n"}


TRIVIA_JSON = Layout("triviaqa-json", (".json",), _read_trivia, _write_trivia)


def _read_wikitext(path: Path, text: str) -> list[Row]:
    """Cut the raw text at the headings of articles, as the document-level copies of it are cut."""
    starts = [match.start() for match in _HEADING.finditer(text)]
    if not starts:
        raise UserError(
            f"{path}: no line is the heading of an article, such as “ = Tatwine = ”.",
            remedy="Take the raw file, wiki.test.raw.",
        )
    starts[0] = 0  # what comes before the first heading is kept with it
    rows = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line = text.count("\n", 0, start) + 1
        rows.append(Row({"page": text[start:end]}, path, line))
    return rows


def _write_wikitext(rows: Sequence[Values]) -> dict[str, str]:
    return {"": "".join(str(row["page"]) for row in rows)}


WIKITEXT_RAW = Layout("raw", (".raw", ".txt", ".tokens"), _read_wikitext, _write_wikitext)


def _language(path: Path, pattern: re.Pattern[str], example: str) -> str:
    name = pattern.fullmatch(path.stem)
    if name is None:
        raise UserError(
            f"{path}: the name must say the language, such as {example}.",
            remedy="Keep the names that the authors gave.",
        )
    return name["lang"]


def _by(rows: Sequence[Values], key: str) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = {}
    for row in rows:
        found.setdefault(str(row[key]), []).append(row)
    return found
