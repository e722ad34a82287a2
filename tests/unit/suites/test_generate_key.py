"""Cases that a suite asks generators for: made when it is read, kept when it is written."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Generated
from desktop.errors import UserError
from desktop.suites import generating
from desktop.suites.generators.generator import Generator
from desktop.suites.generators.registry import GENERATORS
from desktop.suites.reader import read_suite
from desktop.suites.writer import write_suite

HEAD = 'touchstone_suite: 1\nid: s\ntitle: t\nversion: "1"\n'
ASKED = f"""{HEAD}defaults: {{tags: [made], repeats: 2}}
generate:
  - {{generator: arithmetic, seed: 7, count: 3}}
  - {{generator: arithmetic, seed: 7, count: 2, prefix: again-}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_cases_are_made_and_recorded(tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path, ASKED))
    assert len(suite.cases) == 5
    assert all("made" in case.tags and case.repeats == 2 for case in suite.cases)
    assert suite.cases[3].id == f"again-{suite.cases[0].id}"
    assert suite.cases[3].messages == suite.cases[0].messages
    version = GENERATORS["arithmetic"].version
    assert suite.generated[0] == Generated(generator="arithmetic", version=version, seed=7, count=3)
    assert suite.generated[1].prefix == "again-"
    assert read_suite(tmp_path / "suite.yaml") == suite


def test_what_was_made_is_written_out(tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path, ASKED))
    write_suite(suite, tmp_path / "copy.yaml")
    text = (tmp_path / "copy.yaml").read_text(encoding="utf-8")
    assert "generate:" not in text
    again = read_suite(tmp_path / "copy.yaml")
    assert (again.cases, again.generated) == (suite.cases, suite.generated)


def test_other_cases_of_the_same_file_make_another_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, ASKED)
    before = read_suite(path).sha256
    make = Generator.make

    def make_otherwise(
        self: Generator, seed: int, count: int, options: Mapping[str, JsonValue], language: str
    ) -> tuple[Case, ...]:
        return make(self, seed + 1, count, options, language)

    monkeypatch.setattr(Generator, "make", make_otherwise)
    assert read_suite(path).sha256 != before


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("arithmetic, seed: 7, count: 3", "arithmatic, seed: 7, count: 3", 7, 'mean "arithmetic"'),
        ("seed: 7, count: 3", "count: 3", 7, '"seed"'),
        ("count: 3", "count: 0", 7, '"count"'),
        ("count: 3", "count: 3, version: 999999", 7, "makes other cases"),
        ("count: 3", "count: 3, options: {no: 1}", 7, "no"),
        (", prefix: again-", "", 8, 'give one of them a "prefix"'),
        ("prefix: again-", "prefix: 'a b'", 8, '"prefix"'),
        ("count: 3", "cuont: 3", 7, 'mean "count"'),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert ASKED.count(old) == 1
    with pytest.raises(UserError) as caught:
        read_suite(write(tmp_path, ASKED.replace(old, new)))
    told = caught.value.details.splitlines()
    assert any(f"line {line}: " in each and words in each for each in told), told


def test_a_suite_needs_cases_or_generators(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='needs the key "cases"'):
        read_suite(write(tmp_path, HEAD))


def test_more_than_can_be_made_is_refused_at_once(tmp_path: Path) -> None:
    text = ASKED.replace("count: 3", f"count: {generating.MOST_GENERATED + 1}")
    with pytest.raises(UserError, match="from 1 to"):
        read_suite(write(tmp_path, text))
