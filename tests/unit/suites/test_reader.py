"""Reading suite files: what is taken, and the one sentence for whatever is not."""

import os
import time
from pathlib import Path

import pytest

from desktop.domain.suite import Check, Message, Role
from desktop.errors import UserError
from desktop.suites import reader
from desktop.suites.reader import read_suite

SMALL = """\
touchstone_suite: 1
id: small
title: A small suite
version: 1.0
language: de
system_prompt: Be brief.
defaults:
  max_tokens: 30
  stop: [END]
  tags: [all]
  difficulty: easy
cases:
  - id: one
    prompt: Say yes.
    checks:
      - equals: yes
  - id: two
    title: The second
    messages:
      - {role: system, content: Be long.}
      - {role: user, content: Hello}
    tags: [second]
    language: en
    difficulty: hard
    max_tokens: 5
    stop: STOP
    checks:
      - number: 1280.50
        tolerance: 0.01
        weight: 2
      - any_of:
          - contains: 007
          - not: {contains_any: [a, 1]}
    examples: {pass: "1", fail: "2"}
"""


@pytest.fixture
def write(tmp_path: Path) -> "Writer":
    return Writer(tmp_path / "suite.yaml")


class Writer:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str | bytes) -> Path:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.path

    def problem(self, text: str | bytes) -> UserError:
        with pytest.raises(UserError) as caught:
            read_suite(self(text))
        assert caught.value.message.startswith(str(self.path))
        assert "\n" not in caught.value.message
        assert caught.value.exit_code == 2
        return caught.value


def test_a_suite_is_read_with_its_defaults(write: Writer) -> None:
    suite = read_suite(write(SMALL))
    assert (suite.id, suite.title, suite.version) == ("small", "A small suite", "1.0")
    assert suite.system_prompt == "Be brief."
    assert len(suite.sha256) == 64
    assert not suite.bundled
    one, two = suite.cases
    assert one.messages == (Message(role=Role.USER, content="Say yes."),)
    assert one.checks == (Check(kind="equals", expected="yes"),)
    assert (one.title, one.max_tokens, one.stop, one.tags) == ("one", 30, ("END",), ("all",))
    assert (one.language, one.difficulty) == ("de", "easy")
    assert (two.language, two.difficulty, two.max_tokens) == ("en", "hard", 5)
    assert (two.stop, two.tags) == (("STOP",), ("all", "second"))
    assert [message.role for message in two.messages] == [Role.SYSTEM, Role.USER]
    assert (two.passing_example, two.failing_example) == ("1", "2")


def test_checks_keep_what_the_file_says(write: Writer) -> None:
    number, any_of = read_suite(write(SMALL)).cases[1].checks
    assert number == Check(kind="number", expected=1280.5, options={"tolerance": 0.01}, weight=2.0)
    assert any_of.expected == [{"contains": "007"}, {"not": {"contains_any": ["a", "1"]}}]


def test_the_hash_is_that_of_the_bytes(write: Writer) -> None:
    first = read_suite(write(SMALL)).sha256
    assert read_suite(write(SMALL)).sha256 == first
    assert read_suite(write(SMALL + "# a comment\n")).sha256 != first
    assert read_suite(write(b"\xef\xbb\xbf" + SMALL.encode())).cases  # a byte order mark is fine


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("title: A small", "titel: A small", 3, ('"titel"', 'did you mean "title"')),
        (
            "    max_tokens: 5",
            "    max_token: 5",
            25,
            ('"max_token"', 'case "two"', '"max_tokens"'),
        ),
        ("  max_tokens: 30", "  max_tokens: many", 8, ('"max_tokens"', "whole number", '"many"')),
        ("  max_tokens: 30", "  max_tokens: 0", 8, ('"max_tokens"', "from 1")),
        ("version: 1.0\n", "", 1, ('needs the key "version"',)),
        ("id: two", "id: one", 17, ('"one" is already on line 13',)),
        ("id: two", "id: t w o", 17, ('"id"', "letters")),
        ("equals: yes", "equal: yes", 16, ('"equal"', 'did you mean "equals"')),
        ("equals: yes", "equals: []", 16, ('"equals"', "a text or a list")),
        ("equals: yes", "equals: {a: b}", 16, ('"equals"', "not keys with values")),
        ("number: 1280.50", "number: 1,280.50", 28, ('"number"', "must be a number")),
        ("tolerance: 0.01", "tolerence: 0.01", 29, ('"tolerence"', 'did you mean "tolerance"')),
        ("tolerance: 0.01", "tolerance: -1", 28, ("tolerance must not be negative",)),
        ("weight: 2", "weight: -2", 30, ('"weight"', "0 or more")),
        ("contains: 007", "regex: '('", 32, ("not a valid pattern",)),
        ("not: {contains_any", "not: {contain_any", 33, ('"contain_any"', '"contains_any"')),
        ("role: user", "role: human", 21, ('"role"', "system, user, assistant")),
        ("role: user", "role: assistant", 19, ("must end with the role user",)),
        ("difficulty: hard", "difficulty: harder", 24, ('did you mean "hard"',)),
        ("prompt: Say yes.", "prompt: Say: yes.", 14, ("quotes",)),
        ("prompt: Say yes.", "prompt:", 14, ('"prompt"', "must be a text, not nothing")),
        ("    prompt: Say yes.\n", "", 13, ('needs the key "prompt" or "messages"',)),
        ("title: A small", "title: &a A small", 0, ()),
        ("title: A small suite", "title: *b", 3, ("*b refers to nothing",)),
        ("title: A small suite", "title: !!python/object:os.system x", 3, ("tag",)),
        ("title: A small suite", "title: x\nid: again", 4, ('"id" is already on line 2',)),
        ("  tags: [all]", "\ttags: [all]", 10, ("",)),
        ("touchstone_suite: 1", "touchstone_suite: 2", 1, ("format version 2",)),
        ("touchstone_suite: 1", "touchstone_suite: one", 1, ('"touchstone_suite"', "must be 1")),
        ("touchstone_suite: 1\n", "", 1, ("no Touchstone suite",)),
    ],
)
def test_each_mistake_is_told_with_its_line(
    write: Writer, old: str, new: str, line: int, words: tuple[str, ...]
) -> None:
    assert SMALL.count(old) == 1
    text = SMALL.replace(old, new)
    if not line:
        assert read_suite(write(text)).title == "A small suite"
        return
    problem = write.problem(text)
    assert f", line {line}: " in problem.message
    for word in words:
        assert word in problem.message


def test_all_problems_are_in_the_details(write: Writer) -> None:
    problem = write.problem(SMALL.replace("title:", "titel:").replace("equals:", "equal:"))
    lines = problem.details.splitlines()
    assert len(lines) >= 3
    assert lines[0] == problem.message
    assert any("equal" in line and "line 16" in line for line in lines)
    assert "further problem" in problem.remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"---\n...\n", "empty"),
        (b"just words", "keys with values"),
        (b"- a\n- b", "keys with values"),
        (b"touchstone_suite: 1\nid: \xff\xfe", "line 2: it is not UTF-8"),
        (b"\x00\x00\x00\x00", "control character"),
        (b"GGUF\x03\x00\x00\x00", "control character"),
        (b"id: a\n---\nid: b\n", "second document"),
        (b'id: "open', "line 1"),
        (b"id: [a", "line"),
        (b"? [a, b]\n: c\n", "used as a key"),
        (b"a: &x [*x]\n", "refers to itself"),
    ],
)
def test_what_is_no_suite_gets_a_sentence(write: Writer, text: bytes, words: str) -> None:
    assert words in write.problem(text).message


def test_nesting_is_limited(write: Writer) -> None:
    assert "levels deep" in write.problem("a: " + "[" * 100_000).message
    chained = "a0: &a0 [x]\n" + "".join(
        f"a{i}: &a{i} [[[[[[[[[*a{i - 1}]]]]]]]]]\n" for i in range(1, 300)
    )
    assert "levels deep" in write.problem(chained).message


def test_aliases_that_multiply_are_refused_quickly(write: Writer) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    begun = time.monotonic()
    assert "aliases included" in write.problem(bomb).message
    assert time.monotonic() - begun < 5


def test_a_file_that_is_too_large_is_refused(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_BYTES", 1000)
    assert "larger than" in write.problem(SMALL * 10).message


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    for path, word in [
        (tmp_path / "no.yaml", "There is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "no.yaml", "There is no file"),
    ]:
        with pytest.raises(UserError, match=word) as caught:
            read_suite(path)
        assert str(path) in caught.value.message
        assert caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    with pytest.raises(UserError, match="no ordinary file"):
        read_suite(path)
