import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.inference.control_text import compile_control_texts, find_masks, mask, unmask

MASK = "\ufdd0"


def mask_all(content: str, *texts: str) -> str:
    pattern = compile_control_texts(texts)
    assert pattern is not None
    return mask(content, pattern, MASK).replace(MASK, "~")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a <|end|> b", "a <~|end|> b"),
        ("<|end|><|end|>", "<~|end|><~|end|>"),
        ("<|end", "<|end"),
        ("<|ending|>", "<~|ending|>"),
        ("<<|end|>>", "<~<~|end|>>"),
        ("a.b axb", "a~.b axb"),
    ],
)
def test_every_control_text_is_broken_up_and_nothing_else(content: str, expected: str) -> None:
    assert mask_all(content, "<|end|>", "<|ending|>", "<<|end|>>", "a.b") == expected


def test_what_is_in_every_text_is_left_alone() -> None:
    assert compile_control_texts(["", "a", "\n\n", "▁"]) is None
    assert mask_all("a\n\nb <s>", "a", "\n\n", "<s>") == "a\n\nb <~s>"


def test_vocabularies_from_strangers_make_a_pattern_too() -> None:
    nested = ["x" * length + "y" for length in range(1, 2000)]
    assert mask_all("xxxy and " + "x" * 3000, *nested).startswith("x~x~x~y and x~")


@given(
    st.lists(st.text("ab<>|", min_size=2, max_size=5), min_size=1, max_size=6),
    st.text("ab<>|", max_size=30),
)
def test_a_masked_text_contains_no_control_text_and_can_be_read_again(
    texts: list[str], content: str
) -> None:
    pattern = compile_control_texts(texts)
    assert pattern is not None
    masked = mask(content, pattern, MASK)
    assert not any(text in masked for text in texts)
    assert unmask(masked, MASK) == content
    found = re.findall("(?=(" + "|".join(map(re.escape, texts)) + "))", content)
    assert masked.count(MASK) == len(found)


def test_masks_are_characters_that_the_texts_do_not_contain() -> None:
    assert len(find_masks([])) == 32
    assert find_masks(["a\ufdd0", "\ufdd2\ufdef"])[:2] == ("\ufdd1", "\ufdd3")
    assert find_masks(["\ufdd1"], among=("\ufdd1", "\ufdd4")) == ("\ufdd4",)
