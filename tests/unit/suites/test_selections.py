"""Selections: the same cases every time, of every ability and tier, each larger than the last."""

from collections import Counter

import msgspec
import pytest

from desktop.errors import UserError
from desktop.suites.generators.generator import TIERS
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.selections import (
    count_cases,
    draw_cases,
    find_selection,
    list_selections,
    read_selection,
)

BUNDLED = {path.stem: read_suite(path) for path in list_bundled_suites()}


def count(name: str) -> int:
    return sum(len(suite.cases) for suite in read_selection(name))


def test_there_are_three_and_each_holds_more() -> None:
    assert [selection.id for selection in list_selections()] == ["short", "standard", "full"]
    assert all(selection.title and selection.description for selection in list_selections())
    assert 80 <= count("short") <= 120
    assert 300 <= count("standard") <= 420
    assert count("full") == sum(len(suite.cases) for suite in BUNDLED.values())


def test_a_selection_is_counted_without_being_drawn() -> None:
    for selection in list_selections():
        assert count_cases(selection, BUNDLED.values()) == count(selection.id)


def test_full_names_every_bundled_suite_and_keeps_it_as_it_is() -> None:
    assert set(find_selection("full").counts) == set(BUNDLED)
    assert all(suite.id == name for name, suite in BUNDLED.items()), "files are named by id"
    assert {suite.id: suite for suite in read_selection("full")} == BUNDLED


@pytest.mark.parametrize("name", ["short", "standard"])
def test_a_selection_has_every_tier_of_every_suite_in_the_order_of_the_file(name: str) -> None:
    for suite in read_selection(name):
        whole = BUNDLED[suite.id.split(":", maxsplit=1)[0]]
        assert {case.difficulty for case in suite.cases} == set(TIERS)
        assert [case for case in whole.cases if case in suite.cases] == list(suite.cases)
    asked = next(s for s in read_selection(name) if s.id.startswith("languages"))
    assert len(Counter(case.language for case in asked.cases)) == 12


def test_a_drawn_suite_is_not_taken_for_the_whole() -> None:
    whole = BUNDLED["mathematics"]
    drawn = draw_cases(whole, 6, "short")
    assert drawn.id == "mathematics:short"
    assert "6 of 50 cases" in drawn.title
    assert drawn.sha256 != whole.sha256
    assert drawn.sha256 != draw_cases(whole, 9, "short").sha256
    assert draw_cases(whole, None, "full") is whole
    assert draw_cases(whole, 50, "full") is whole


def test_the_draw_depends_on_ids_alone() -> None:
    whole = BUNDLED["finance"]
    turned = msgspec.structs.replace(whole, cases=whole.cases[::-1])
    drawn = {case.id for case in draw_cases(whole, 9, "x").cases}
    assert drawn == {case.id for case in draw_cases(turned, 9, "x").cases}
    fewer = msgspec.structs.replace(
        whole, cases=tuple(case for case in whole.cases if case.id != min(drawn))
    )
    assert len(drawn - {case.id for case in draw_cases(fewer, 9, "x").cases}) <= 2


def test_an_unknown_selection_is_told_with_those_there_are() -> None:
    with pytest.raises(UserError, match="short, standard, full"):
        read_selection("tiny")
