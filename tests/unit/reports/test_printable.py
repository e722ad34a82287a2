"""Text from strangers on a page, and characters that no font has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.reports.glyphs import _ALWAYS, _can_print, missing_characters, replace_characters
from desktop.reports.printable import one_line, printable, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ümlaut", "plain, with ümlaut"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\n\n\n\n  \nb", "a\n\nb"),
        ("a\x00\x07\x9bb", "ab"),
        ("\u202eevil\u2066x\ufeff", "evilx"),
        ("\ue000\U0001ffff\ud800", "□□□"),
        ("e" + "\u0301" * 50, "e\u0301\u0301\u0301"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_only_what_a_page_can_show_is_kept(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(max_size=200))
def test_no_text_brings_control_characters_along(text: str) -> None:
    shown = printable(text)
    assert not any(ord(character) < 32 and character != "\n" for character in shown)
    shown.encode("utf-8")


def test_endless_words_may_break_anywhere() -> None:
    parts = printable("x" * 100).split("\N{ZERO WIDTH SPACE}")
    assert "".join(parts) == "x" * 100
    assert max(map(len, parts)) <= 28


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("first\nsecond  third") == "first second third"
    assert one_line("abcdefghij", 5) == "abcd…"
    assert one_line("abcde", 5) == "abcde"


def test_shortening_tells_that_it_happened() -> None:
    assert shorten("short", 100) == ("short", False)
    text, cut = shorten("word " * 30_000, 50)
    assert cut
    assert len(text) < 60
    assert shorten("\n".join("abcdefgh"), 100, most_lines=3) == ("a\nb\nc …", True)


def test_what_counts_as_always_printable_is() -> None:
    assert _can_print("".join(sorted(_ALWAYS - {"\n"})))


def test_characters_without_a_glyph_are_found_and_others_kept() -> None:
    # Typst's own fonts have Greek; nobody has a glyph for what is no character.
    missing = missing_characters("αβγ \uffff ok")
    assert missing == {"\uffff"}
    assert replace_characters("a\uffffb", missing) == "a□b"
