"""Whatever a file of a suite holds, reading it gives a suite or a sentence, and runs nothing.

Small here; `make fuzz` goes on for as many examples as it is told.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.domain.suite import Suite
from desktop.domain.suite_import import TableOptions
from desktop.errors import UserError
from desktop.suites import quick_cases
from desktop.suites.promptfoo.config import read_promptfoo
from desktop.suites.reader import read_suite
from desktop.suites.tables.reading import import_table, preview_table
from desktop.suites.writer import write_suite

EXAMPLES = int(os.environ.get("TOUCHSTONE_FUZZ_EXAMPLES", "100"))

SUITE = """\
touchstone_suite: 1
id: s
title: T
version: "1"
documents: [{id: d, text: D}]
few_shot: [{id: f, text: F}]
defaults: {vars: {a: b}, tags: [x], metric: acc}
generate: [{generator: arithmetic, seed: 1, count: 2}]
cases:
  - id: a
    prompt: Say {{a}}.
    sampling: {temperature: 0.5}
    documents: [d]
    checks:
      - any_of: [{equals: yes}, {not: {regex: 'a+'}}]
      - {number: 5, tolerance: 0.5, weight: 2}
  - id: b
    context: The
    few_shot: f
    continuations: [{text: ' x', correct: true}, {text: ' y'}]
"""
CONFIG = """\
prompts: ['Say {{a | upper}} {{b[0].c}}', {raw: x, label: y}]
providers: [openai:x]
defaultTest: {assert: [{type: icontains, value: '{{a}}'}], options: {prefix: '<'}}
evaluateOptions: {repeat: 2}
tests:
  - vars: {a: [1, 2], b: [{c: d}]}
    assert: [{type: is-json, value: {type: object}}, 'contains: x', {type: javascript, value: y}]
    threshold: 0.5
    metadata: {k: [v]}
scenarios: [{config: [{vars: {a: z}}], tests: [{vars: {b: q}}]}]
"""
TABLE = 'id,question,answer,A,B,tags\na,"x\ny",A,1,2,"t; u"\nb,z,B,3,4,\n'
LINES = '{"id": "a", "prompt": "p", "checks": [{"equals": "x"}]}\n{"prompt": "q", "answer": 5}\n'

_TOKENS = st.sampled_from(
    [
        *("", "\n", "  ", "-", ": ", "{", "}", "[", "]", ",", '"', "'", "|", ">", "#", "&a", "*a"),
        *("!!python/object/apply:os.system [x]", "<<: *a", "{{", "}}", "{%", "{{a}}", "null", "~"),
        *("true", "-1", "1e999", "9" * 40, "0x10", ".nan", "\t", "\r", "\x00", "\x85", "\ud7ff"),
        *("é", "\u2028", "id", "cases", "checks", "prompt", "regex", "(a+)+", "file:///etc/passwd"),
        *("$ref", "json_schema", "continuations", "perplexity", "\\ud800", "99999999999999999999"),
    ]
)


@st.composite
def broken(draw: st.DrawFn, text: str) -> bytes:
    """Return a text with pieces taken out, put in, doubled or turned into other bytes."""
    content = text
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        put = draw(st.one_of(_TOKENS, st.text(max_size=4)))
        again = content[start:end] * draw(st.integers(0, 2))
        content = content[:start] + put + again + content[end:]
    encoded = content.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(encoded)))
        encoded = encoded[:place] + draw(st.binary(max_size=6)) + encoded[place:]
    return encoded


def read_quickly(path: Path) -> Suite:
    """Read every case as those of large files are."""
    before, quick_cases.FEWEST_CASES = quick_cases.FEWEST_CASES, 1
    try:
        return read_suite(path)
    finally:
        quick_cases.FEWEST_CASES = before


def check_kept(suite: Suite, path: Path) -> None:
    """Hold a suite to what comes after reading: it is stored, written and read again."""
    assert msgspec.json.decode(msgspec.json.encode(suite), type=Suite) == suite
    write_suite(suite, path)
    assert read_suite(path).cases == suite.cases


def read_or_refuse(path: Path, read: Callable[[Path], Suite]) -> Suite | None:
    """Return a suite, or nothing after one sentence that names the file."""
    refused = ""
    try:
        return read(path)
    except UserError as error:
        refused = error.message
    assert str(path) in refused
    assert "\n" not in refused
    return None


READERS: dict[str, tuple[str, Callable[[Path], Suite]]] = {
    "suite.yaml": (SUITE, read_suite),
    "large.yaml": (SUITE, read_quickly),
    "promptfooconfig.yaml": (CONFIG, lambda path: read_promptfoo(path).suite),
    "table.csv": (TABLE, lambda path: import_table(path, TableOptions()).suite),
    "lines.jsonl": (LINES, lambda path: import_table(path, TableOptions()).suite),
}


@pytest.mark.parametrize("name", READERS)
def test_a_suite_or_a_sentence(name: str, tmp_path: Path) -> None:
    text, read = READERS[name]
    path = tmp_path / name

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(content=broken(text))
    def try_one(content: bytes) -> None:
        path.write_bytes(content)
        suite = read_or_refuse(path, read)
        if suite is not None and suite.cases:
            check_kept(suite, tmp_path / "again.yaml")

    try_one()


@settings(max_examples=EXAMPLES, deadline=None)
@given(content=st.one_of(st.binary(max_size=200), broken(TABLE)))
def test_previews_of_anything(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "preview.csv"
    path.write_bytes(content)
    try:
        preview = preview_table(path, TableOptions())
    except UserError:
        with pytest.raises(UserError, match=r"preview\.csv"):
            preview_table(path, TableOptions())
        return
    assert preview.problem or preview.cases


@settings(max_examples=EXAMPLES, deadline=None)
@given(content=broken(SUITE))
def test_both_ways_of_reading_agree(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "both.yaml"
    path.write_bytes(content)
    results: list[Suite | str] = []
    for read in (read_suite, read_quickly):
        try:
            results.append(read(path))
        except UserError:
            results.append("refused")
    assert results[0] == results[1]
