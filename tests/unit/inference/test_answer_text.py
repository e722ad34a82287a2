from hypothesis import given
from hypothesis import strategies as st

from desktop.inference.answer_text import AnswerText


def feed_all(text: AnswerText, pieces: list[bytes]) -> list[str]:
    shown = []
    for piece in pieces:
        text.feed(piece)
        shown.append(text.take())
    text.finish()
    shown.append(text.take())
    return shown


def test_a_character_split_across_tokens_is_shown_whole() -> None:
    text = AnswerText()
    euro = "€".encode()
    assert feed_all(text, [euro[:1], euro[1:2], euro[2:]]) == ["", "", "€", ""]


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    text = AnswerText()
    feed_all(text, [b"ok \xff", b"\xe2"])
    assert text.text == "ok ��"


def test_a_stop_text_split_across_tokens_is_never_shown() -> None:
    text = AnswerText(["\nEND"])
    shown = feed_all(text, [b"four", b"\nE", b"ND and more"])
    assert "".join(shown) == text.text == "four"
    assert text.stopped


def test_what_only_looked_like_a_stop_text_is_shown_after_all() -> None:
    text = AnswerText(["\nEND"])
    assert feed_all(text, [b"a\nE", b"cho"]) == ["a", "\nEcho", ""]


def test_the_earliest_of_several_stop_texts_counts() -> None:
    text = AnswerText(["later", "soon"])
    feed_all(text, [b"one soon two later"])
    assert text.text == "one "


def test_empty_stop_texts_are_ignored() -> None:
    text = AnswerText([""])
    feed_all(text, [b"said"])
    assert text.text == "said"


@given(
    st.text(alphabet="abé€", max_size=40),
    st.lists(st.text(alphabet="abé", min_size=1, max_size=3), max_size=3),
    st.lists(st.integers(1, 5), min_size=1),
)
def test_however_bytes_are_cut_the_answer_ends_before_the_first_stop_text(
    said: str, stop: list[str], cuts: list[int]
) -> None:
    data = said.encode()
    pieces: list[bytes] = []
    while data:
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(data[:size])
        data = data[size:]
    text = AnswerText(stop)
    shown = "".join(feed_all(text, pieces))
    # An earlier token may complete a stop text that begins later than a longer one would.
    assert shown == text.text
    assert said.startswith(shown)
    assert not any(s in shown for s in stop)
    assert shown == said or any(said[len(shown) :].startswith(s) for s in stop)
