"""The PDF: what a reader finds in it, that it is accessible, and that nothing breaks it."""

import errno
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

from desktop.domain.base import utc_now
from desktop.domain.comparison import Comparison
from desktop.errors import EnvironmentFault, UserError
from desktop.reports.comparison import compare_runs
from desktop.reports.pdf import render_pdf, write_pdf
from desktop.reports.records import RunRecord
from tests.unit.reports.sample_runs import (
    START,
    make_model,
    make_probe,
    make_record,
    make_suite,
)

HOSTILE = {
    "markup": '#panic("x") $ x^ ] [ = Heading\n#import "@preview/cetz:0.1.0" */ // \\ <label> @ref',
    "json": '"}]} \\u0000 \\" {{ }}',
    "control": "a\x00b\x07c\x1b[31md\x9be\ufeff\r\nf\vg",
    "reordering": "\u202etxt.exe\u2066 hidden \u2069",
    "right to left": "مرحبا بالعالم שלום",
    "emoji": "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽",
    "chinese": "中文回答 日本語 한국어",
    "private": "\ue000 \U000f0000 \U0001ffff",
    "piled marks": "a" + "\u0301" * 500,
    "long": "x" * 100_000,
    "lines": "\n" * 5000 + "end",
    "separators": "a\u2028b\u2029c",
}


def two_models() -> Comparison:
    return compare_runs(
        [
            make_record("SmolLM2-135M", "+" * 14 + "-" * 22),
            make_record("gemma-3-270m", "+" * 3 + "-" * 11 + "+" * 5 + "-" * 14 + "!.."),
            make_probe("SmolLM2-135M", 194),
            make_probe("gemma-3-270m", 110, memory_bytes=1_700_000_000),
        ],
        created_at=START,
    )


def read(comparison: Comparison, tmp_path: Path) -> PdfReader:
    path = tmp_path / "report.pdf"
    write_pdf(comparison, path)
    return PdfReader(path)


def text_of(page: Any) -> str:
    return " ".join(str(page.extract_text()).replace("\N{NO-BREAK SPACE}", " ").split())


def whole_text(reader: PdfReader) -> str:
    return " ".join(text_of(page) for page in reader.pages)


def test_page_one_answers_the_question(tmp_path: Path) -> None:
    page = text_of(read(two_models(), tmp_path).pages[0])
    for fact in (
        "Starter suite, two models",
        "SmolLM2-135M and gemma-3-270m can't be told apart with 33 cases",
        "1.8 times as fast (194 against 110 tokens per second)",
        "39%",
        "correct, 14 of 36 (likely 25% to 55%)",
        "400 MB",
        "1.7 GB",
        "Q4_K_M",
        "apache-2.0",
        "What this does not say",
        "1 answer of gemma-3-270m ended in an error",
        "AMD EPYC 7B13 (2 cores, 24.0 GB, no GPU), with llama.cpp 0.3.36",
        "21 November 2026",
        "1 / ",
    ):
        assert fact in page


def test_the_evidence_follows(tmp_path: Path) -> None:
    comparison = two_models()
    text = whole_text(read(comparison, tmp_path))
    for fact in (
        "How sure?",
        "chance alone would split",
        "194 ± 2.17",
        "Quality by kind of case",
        "arithmetic",
        "Question number 35",
        "Answer to case-003: right.",
        "The expected number is missing.",
        "A good answer",
        "greedy (temperature 0)",
        "run-SmolLM2-135M-0",
        comparison.models[0].model.sha256 or "",
        comparison.suites[0].sha256,
    ):
        assert fact in text


def test_it_is_tagged_titled_and_bookmarked(tmp_path: Path) -> None:
    reader = read(two_models(), tmp_path)
    root: Any = reader.trailer["/Root"]
    assert "/StructTreeRoot" in root
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata
    assert reader.metadata.title == "Starter suite, two models"
    bookmarks = [str(item["/Title"]) for item in reader.outline if isinstance(item, dict)]
    assert {"How sure?", "Speed", "Every case", "What was run"} <= set(bookmarks)
    declared = root["/Metadata"].get_data().decode()
    assert "pdfuaid" in declared
    assert "<pdfaid:part>2</pdfaid:part>" in declared


def test_the_same_comparison_gives_the_same_bytes() -> None:
    assert render_pdf(two_models()) == render_pdf(two_models())


def test_marks_are_read_without_color(tmp_path: Path) -> None:
    text = whole_text(read(two_models(), tmp_path))
    assert "Question number 2 arithmetic ✓ ✓" in text
    assert "Question number 20 extraction ✗ ✗" in text
    assert "Question number 33 classification ✗ !" in text
    assert "Question number 35 extraction ✗ –" in text  # noqa: RUF001 - an en dash


def test_thinking_that_was_cut_off_has_a_mark_and_words_of_its_own(tmp_path: Path) -> None:
    comparison = compare_runs([make_record("A", "~-+"), make_record("B", "+-+")])
    text = whole_text(read(comparison, tmp_path))
    assert "Question number 0 extraction ✓ ■" in text
    assert "■ cut off by a limit, not passed" in text
    assert "■ cut off The model was cut off in the middle of its thinking" in text
    assert "4,096 tokens of thinking, not shown." in text
    assert "(an empty answer)" not in text
    assert "Thinking 1,365 tokens an answer on average" in text
    assert "Longest thinking 4,096 tokens" in text
    assert "■" not in whole_text(read(two_models(), tmp_path))
    assert "hinking" not in whole_text(read(two_models(), tmp_path))


def test_length_is_bounded(tmp_path: Path) -> None:
    assert len(read(two_models(), tmp_path).pages) <= 8
    chance = random.Random(3)  # noqa: S311 - invented answers
    records: list[RunRecord] = []
    for place in range(8):
        marks = "".join(chance.choice("+-") for _ in range(200))
        record = make_record(f"Model-{place}", marks, suite=make_suite(200))
        long = tuple(
            msgspec.structs.replace(answer, text="Some words of an answer. " * 4000)
            for answer in record.answers
        )
        records += [msgspec.structs.replace(record, answers=long), make_probe(f"Model-{place}", 50)]
    reader = read(compare_runs(records), tmp_path)
    assert len(reader.pages) <= 60
    assert "the first 80 of" in whole_text(reader)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_only_ever_text(kind: str, tmp_path: Path) -> None:
    text = HOSTILE[kind]
    suite = make_suite(2)
    case = msgspec.structs.replace(
        suite.cases[0],
        title=f"Title {text}",
        tags=(text[:60] or "tag",),
        messages=(msgspec.structs.replace(suite.cases[0].messages[0], content=text),),
    )
    suite = msgspec.structs.replace(suite, cases=(case, *suite.cases[1:]))
    model = make_model("A", license=text[:500], organization=text[:500], base_model=text[:500])
    facts = msgspec.structs.replace(model.facts, name=text[:500])
    model = msgspec.structs.replace(model, facts=facts)
    record = make_record("A", "+-", suite=suite, model=model, problem=text[:2000])
    answers = tuple(msgspec.structs.replace(answer, text=text) for answer in record.answers)
    record = msgspec.structs.replace(record, answers=answers)
    comparison = compare_runs([record, make_record("B", "-+", suite=suite)])
    reader = read(comparison, tmp_path)
    assert len(reader.pages) <= 8
    assert "can't be told apart" in text_of(reader.pages[0])


def test_markup_in_an_answer_is_printed_as_it_is(tmp_path: Path) -> None:
    record = make_record("A", "-")
    answer = msgspec.structs.replace(record.answers[0], text="*bold* #sys.inputs $x$ _it_")
    text = whole_text(
        read(compare_runs([msgspec.structs.replace(record, answers=(answer,))]), tmp_path)
    )
    assert "*bold* #sys.inputs $x$ _it_" in text


@pytest.mark.parametrize(
    "records",
    [
        [make_record("Only", "+-+")],
        [make_probe("A", 31.2), make_probe("B", 30.9, valid=False)],
        [make_record("A", "...")],
        [make_record("A", "+-", keep_suite=False, machine=None, engine=None)],
        [make_record(f"M{place}", "+-") for place in range(30)],
    ],
    ids=["one model", "probes only", "nothing answered", "nothing known", "thirty models"],
)
def test_sparse_and_crowded_comparisons_print(records: list[RunRecord], tmp_path: Path) -> None:
    comparison = compare_runs(records)
    headline = comparison.headline.replace("\N{NO-BREAK SPACE}", " ")
    assert headline[:20] in text_of(read(comparison, tmp_path).pages[0])


def test_an_empty_comparison_prints(tmp_path: Path) -> None:
    empty = Comparison(
        title="Self-check", created_at=utc_now(), models=(), cases=(), pairs=(), headline="Fine."
    )
    assert "Fine." in text_of(read(empty, tmp_path).pages[0])


# Writing


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        write_pdf(two_models(), tmp_path / "nowhere" / "report.pdf")
    with pytest.raises(UserError, match="is a folder"):
        write_pdf(two_models(), tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "could not")],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"the old report")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(EnvironmentFault, match=words) as raised:
        write_pdf(two_models(), path)
    assert raised.value.exit_code == 3
    assert path.read_bytes() == b"the old report"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    target = tmp_path / "real.pdf"
    target.write_bytes(b"old")
    link = tmp_path / "link.pdf"
    link.symlink_to(target)
    write_pdf(two_models(), link)
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"%PDF")
