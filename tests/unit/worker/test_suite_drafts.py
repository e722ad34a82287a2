"""Suites that are being changed: copies, checks of texts, saving, drafts."""

from pathlib import Path

import pytest

from desktop.errors import UserError
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.worker.suite_drafts import (
    MOST_EDITED_BYTES,
    check_text,
    duplicate_suite,
    keep_draft,
    keep_suite,
    open_text,
    own_suites_folder,
    save_text,
)

GOOD = """touchstone_suite: 1
id: mine
title: Mine
version: "1"
cases:
  - id: sky
    prompt: What colour is the sky?
    checks:
      - contains: blue
    examples:
      pass: It is blue.
      fail: It is green.
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_good_text_has_its_cases_counted() -> None:
    check = check_text(Path("mine.yaml"), GOOD)
    assert (check.cases, check.errors, check.findings, check.examples_tried) == (1, 0, (), True)


def test_every_problem_has_its_line() -> None:
    text = GOOD.replace("contains:", "contain:").replace("title:", "titel:")
    found = {finding.line: finding.message for finding in check_text(Path("m.yaml"), text).findings}
    assert 'did you mean "title"' in found[3]
    assert 'did you mean "contains"' in found[9]


def test_text_that_is_no_yaml_is_told_with_its_line() -> None:
    check = check_text(Path("mine.yaml"), GOOD.replace("title: Mine", "title: [Mine"))
    assert check.errors == 1
    assert check.findings[0].line in {3, 4}
    assert "mine.yaml" not in check.findings[0].message


def test_a_newer_format_is_told_without_repeating_the_place() -> None:
    check = check_text(
        Path("mine.yaml"), GOOD.replace("touchstone_suite: 1", "touchstone_suite: 9")
    )
    assert check.findings[0].line == 1
    assert check.findings[0].message.startswith("the suite has format version 9")


def test_an_example_that_contradicts_its_checks_is_a_warning_at_its_case() -> None:
    check = check_text(Path("mine.yaml"), GOOD.replace("It is blue.", "It is red."))
    assert check.errors == 0
    assert [(f.line, f.is_warning) for f in check.findings] == [(6, True)]
    assert "does not pass" in check.findings[0].message


def test_half_a_character_is_told_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    broken = GOOD.replace("Mine", "Mine \ud83d")
    assert check_text(path, broken).errors == 1
    with pytest.raises(UserError, match="half a character"):
        save_text(open_text(path), broken)
    assert path.read_text(encoding="utf-8") == GOOD


@pytest.mark.parametrize("path", list_bundled_suites(), ids=lambda path: path.stem)
def test_a_copy_of_a_bundled_suite_asks_the_same_under_another_name(path: Path) -> None:
    suite = read_suite(path)
    made = duplicate_suite(suite, 'Its "copy": mine', {suite.id})
    copy = read_suite(made)
    assert made.parent == own_suites_folder()
    assert (copy.id, copy.title) == (f"{suite.id}-copy", 'Its "copy": mine')
    assert (copy.cases, copy.documents) == (suite.cases, suite.documents)
    assert not copy.bundled


def test_a_copy_keeps_the_comments_and_never_takes_a_name_twice() -> None:
    starter = read_suite(list_bundled_suites()[0])
    first = duplicate_suite(starter, "One", {"starter"})
    second = duplicate_suite(read_suite(first), "Two", {"starter", "starter-copy"})
    assert "# The starter suite: short everyday tasks" in first.read_text(encoding="utf-8")
    assert read_suite(second).id == "starter-copy-2"


def test_saving_keeps_the_line_ends_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    opened = open_text(path)
    assert "\r" not in opened.text
    save_text(opened, opened.text.replace("sky?", "sea?"))
    assert path.read_bytes() == GOOD.replace("sky?", "sea?").replace("\n", "\r\n").encode()


def test_a_change_of_another_program_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    opened = open_text(path)
    path.write_text(GOOD + "# theirs\n", encoding="utf-8")
    with pytest.raises(UserError, match="changed by another program"):
        save_text(opened, GOOD + "# ours\n")
    assert path.read_text(encoding="utf-8").endswith("# theirs\n")
    saved = save_text(opened, GOOD + "# ours\n", replace_changed=True)
    assert path.read_text(encoding="utf-8").endswith("# ours\n")
    save_text(saved, GOOD)  # the first saving is no change of another
    assert path.read_text(encoding="utf-8") == GOOD


def test_a_draft_comes_back_once_and_goes_with_saving(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, encoding="utf-8")
    keep_draft(path, GOOD + "# not saved\n")
    opened = open_text(path)
    assert opened.draft.endswith("# not saved\n")
    assert opened.text == GOOD
    save_text(opened, opened.draft)
    assert open_text(path).draft == ""
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["mine.yaml"]


def test_a_file_too_large_to_be_changed_here_says_so(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("#" * (MOST_EDITED_BYTES + 1), encoding="utf-8")
    with pytest.raises(UserError, match="too large to be changed here"):
        open_text(path)


def test_imported_suites_of_one_name_are_both_kept() -> None:
    starter = read_suite(list_bundled_suites()[0])
    assert [keep_suite(starter).name for _ in range(2)] == ["starter.yaml", "starter-2.yaml"]
