"""Large suites are read another way than small ones, and come to the same."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.suites import quick_cases
from desktop.suites.plain_yaml import NotPlain, is_plain_text, parse_entry, to_plain
from desktop.suites.quick_cases import split_cases
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.writer import format_suite
from desktop.suites.yaml_tree import Items, YamlProblem, parse_yaml

MANY = int(os.environ.get("TOUCHSTONE_FUZZ_EXAMPLES", "150"))
HEAD = 'touchstone_suite: 1\nid: s\ntitle: t\nversion: "1"\n'

_PIECES = st.sampled_from(
    [
        *("a", "b:", "key: value", " ", "  ", "\n", "\n\n", "'", '"', "''", "#", " # x", "- ", "-"),
        *("|", "|-\n", ">", "{", "}", "[", "]", ",", "&a ", "*a", "!", "?", "%", "@", "`", "\\n"),
        *("1", "1.50", "true", "null", "~", "é", "\u2028", "\t", "\r\n", "...", "---", ": ", "😀"),
        *("\n    ", "\n      ", "\n  k: ", "\n  k:\n", "\n    - x", "\n  - y: z", "\\u0041"),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=10).map("".join)
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["k", "l", "pass"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def careful(text: str) -> Any:
    tree = parse_yaml(text)
    assert isinstance(tree, Items)
    assert len(tree.nodes) == 1
    return to_plain(tree.nodes[0])


def compare(text: str, indent: int = 0) -> bool:
    """Whether the quick reader takes the entry; it must then be what the careful one reads."""
    if not is_plain_text(text):
        return False
    try:
        quick = parse_entry(text, indent)
    except NotPlain:
        return False
    assert quick == careful(text), text
    return True


@settings(max_examples=MANY, deadline=None)
@given(value=st.dictionaries(st.sampled_from(["id", "prompt", "k"]), _VALUES, min_size=1))
@pytest.mark.parametrize("style", [None, "'", '"', "|"])
def test_what_yaml_writes_is_read_the_same(style: str | None, value: object) -> None:
    text = yaml.dump([value], default_style=style, allow_unicode=True, width=30)
    try:
        compare(text)
    except YamlProblem:
        pytest.fail(f"taken, though it is no YAML of ours: {text}")


@settings(max_examples=MANY, deadline=None)
@given(pieces=st.lists(_PIECES, max_size=12))
@example(pieces=["a", "\n", "  b"])
@example(pieces=["''", "\n    ", "''"])
@example(pieces=["'", "a", "\n    ", "#", "'"])
@example(pieces=["|-\n", "    a", "\n\n", "  # x"])
def test_any_lines_are_read_the_same_or_left_alone(pieces: list[str]) -> None:
    text = "- id: " + "".join(pieces) + "\n  prompt: x\n"
    try:
        compare(text)
    except (YamlProblem, AssertionError):
        with pytest.raises(NotPlain):
            parse_entry(text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "- id: a\n  prompt: |-\n    Two\n\n    lines\n  tags: [x, 'y']\n",
        "- id: a\n  prompt: 'It''s folded\n    here\n\n    and there'\n  n: 1.50\n",
        '- {"id": "a", "checks": [{"equals": "\\"x\\""}], "n": 5}\n',
        "- id: a\n  checks:\n  - contains: plain text, with it's\n  - not:\n      regex: a+\n",
        '- id: "a b"\n  v: "tab\\tnew\\n"\n  w: -5\n  x: +1.5\n  y: 007\n\n# the next group\n',
    ],
)
def test_plain_entries_are_read_quickly(text: str) -> None:
    assert compare(text)


def read_both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Suite, Suite]:
    monkeypatch.setattr(quick_cases, "FEWEST_CASES", 1)
    assert split_cases(path.read_text(encoding="utf-8")) is not None
    quick = read_suite(path)
    monkeypatch.setattr(quick_cases, "FEWEST_CASES", 10**9)
    return quick, read_suite(path)


@pytest.mark.parametrize("path", list_bundled_suites(), ids=lambda path: path.stem)
def test_bundled_suites_are_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "\ncases:" not in path.read_text(encoding="utf-8"):
        pytest.skip("has no cases of its own")
    quick, slow = read_both(path, monkeypatch)
    assert quick == slow


def many_cases(count: int) -> str:
    return "".join(
        f"- id: c{n}\n  prompt: How many {n}?\n  checks:\n  - number: {n}\n" for n in range(count)
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("- number: 250", "- numbr: 250", 1009, 'did you mean "number"'),
        ("- number: 250", "- number: many", 1009, "must be a number"),
        ("id: c250", "id: c249", 1006, 'id "c249" is already on line 1002'),
        ("prompt: How many 250?", "prompt: 'How many", 1007, ""),
        ("prompt: How many 250?", "prompt: How many {{x}}?", 1007, '"x"'),
        ("id: c250", "id: !!python/object:os.system x", 1006, "tag"),
        ("id: c250", "id: *gone", 1006, "refers to nothing"),
        ("- number: 399", "- number: 399\nextra: 1", 1606, 'unknown key "extra"'),
    ],
)
def test_mistakes_in_large_files_keep_their_lines(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    text = f"{HEAD}cases:\n{many_cases(400)}"
    assert text.count(f"{old}\n") == 1
    path = tmp_path / "suite.yaml"
    path.write_text(text.replace(f"{old}\n", f"{new}\n"), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_suite(path)
    told = [each for each in caught.value.details.splitlines() if words in each]
    assert told
    assert words == "" or any(f"line {line}: " in each for each in told)


def test_large_files_of_every_order_and_ending(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    deeper = many_cases(300).replace("\n", "\n  ").rstrip(" ")
    expected = None
    for text in (
        f"{HEAD}cases:\n{many_cases(300)}",
        f"cases:\n{many_cases(300)}{HEAD}",
        f"\ufeff{HEAD}cases: # here\n\n# first\n{many_cases(300)}".replace("\n", "\r\n"),
        f"{HEAD}cases:\n  {deeper}",
    ):
        assert split_cases(text.removeprefix("\ufeff")) is not None
        path.write_bytes(text.encode())
        cases = read_suite(path).cases
        assert expected in (None, cases)
        expected = cases
    assert expected is not None
    assert len(expected) == 300


def test_what_we_write_at_length_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"{HEAD}cases:\n{many_cases(3000)}", encoding="utf-8")
    suite = read_suite(path)
    path.write_text(format_suite(suite), encoding="utf-8")
    assert split_cases(path.read_text(encoding="utf-8")) is not None
    assert read_suite(path).cases == suite.cases
