"""Which stretches of a text perplexity is measured on."""

import pytest

from desktop.errors import EngineFault
from desktop.inference.text_chunks import TextChunk, count_word_beginnings, cut_text


def test_chunks_lie_side_by_side_and_their_second_halves_count() -> None:
    assert cut_text(25, 8, window=100) == tuple(
        TextChunk(first=n, start=n + 5, end=n + 8) for n in (0, 8, 16)
    )


def test_with_a_stride_each_token_is_scored_once_after_much_context() -> None:
    """As llama-perplexity: pieces of the context and half a stride, the stride's tokens scored."""
    chunks = cut_text(41, 8, 4, window=100)
    assert chunks[0] == TextChunk(first=0, start=6, end=10)
    scored = [token for chunk in chunks for token in range(chunk.start, chunk.end)]
    assert scored == list(range(6, 6 + len(scored)))
    assert len(chunks) == 8
    assert chunks[-1].end <= 41


@pytest.mark.parametrize(
    ("tokens", "context", "stride", "said"),
    [
        (1000, 7, 0, "chunks of 8 to 64 tokens"),
        (1000, 65, 0, "not of 65"),
        (1000, 64, 2, "not of 65"),
        (1000, 16, 17, "would leave out"),
        (1000, 16, -1, "chunks of|leave out"),
        (31, 16, 0, "31 tokens long.*at least 32"),
        (0, 16, 0, "0 tokens long"),
    ],
)
def test_sizes_that_cannot_be_are_refused(
    tokens: int, context: int, stride: int, said: str
) -> None:
    with pytest.raises(EngineFault, match=said):
        cut_text(tokens, context, stride, window=64)


def test_a_word_counts_where_it_begins() -> None:
    assert count_word_beginnings(b" th", b"is is it") == 2
    assert count_word_beginnings(b" ", b"this is") == 2
    assert count_word_beginnings(b"a", b"") == 0
