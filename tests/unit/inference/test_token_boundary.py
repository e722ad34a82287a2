"""Where contexts end in tokens, with a tokeniser small enough to see through."""

import json
from pathlib import Path

import pytest

from desktop.errors import EngineFault
from desktop.inference.engine import ContinuationSet, TokenBoundary
from desktop.inference.token_boundary import TokenPath, locate_boundary, locate_pieces, roll

BOS = 1
WORDS = (" Paris", " Par", " is", "is", "new", "news", " new", " news", "  ", " ", "s", "France")
REQUESTS = (
    Path(__file__).resolve().parents[4] / "shared" / "data" / "olmes-requests" / "requests.jsonl"
)


def tokenise(text: str) -> list[int]:
    """Take the longest known word each time, as byte pair encoding would end up doing."""
    found = []
    while text:
        word = max((w for w in WORDS if text.startswith(w)), key=len, default=text[0])
        found.append(100 + WORDS.index(word) if word in WORDS else ord(word))
        text = text[len(word) :]
    return found


def tokenise_with_bos(text: str) -> list[int]:
    return [BOS, *tokenise(text)]


def find(
    context: str,
    *continuations: str,
    boundary: TokenBoundary = TokenBoundary.CONTEXT,
    bos: bool = False,
    window: int = 100,
    first_token: int | None = BOS,
) -> tuple[TokenPath, ...]:
    item = ContinuationSet(key="k", context=context, continuations=continuations, boundary=boundary)
    split = tokenise_with_bos if bos else tokenise
    return locate_boundary(item, split, first_token=first_token, window=window)


def scored(path: TokenPath) -> list[int]:
    return list(path.tokens[path.start :])


def test_white_space_at_the_contexts_end_belongs_to_the_continuation() -> None:
    (spaced,) = find("France is ", "Paris")
    (plain,) = find("France is", " Paris")
    assert spaced == plain
    assert scored(plain) == tokenise(" Paris")
    (broken,) = find("France is\n\n", "Paris")
    assert scored(broken) == [10, 10, *tokenise("Paris")]


def test_a_token_that_grows_across_the_boundary_is_counted_as_the_harness_does() -> None:
    """“new” + “s” is one token of the whole text, so nothing is left to be scored."""
    with pytest.raises(EngineFault, match="Continuation 1 adds no token"):
        find("France new", "s")
    (path,) = find("France new", "s is")
    assert scored(path) == tokenise(" is")
    assert path.tokens == tuple(tokenise("France news is"))


def test_without_a_context_the_models_first_token_is_one() -> None:
    (path,) = find("", "news")
    assert path == TokenPath(tokens=(BOS, *tokenise("news")), start=1)
    assert find("", "news", bos=True) == (path,)
    assert scored(find("  ", "news")[0]) == tokenise("  news")
    with pytest.raises(EngineFault, match="no token to begin with"):
        find("", "news", first_token=None)


def test_common_prefix_counts_what_differs_and_nothing_else() -> None:
    paths = find("France", " is new", " is news", boundary=TokenBoundary.COMMON_PREFIX, bos=True)
    assert [path.start for path in paths] == [3, 3]
    assert [scored(path) for path in paths] == [tokenise(" new"), tokenise(" news")]


def test_common_prefix_leaves_each_continuation_a_token() -> None:
    paths = find("France", " is", " is new", boundary=TokenBoundary.COMMON_PREFIX)
    assert [scored(path) for path in paths] == [tokenise(" is"), tokenise(" is new")]
    (alone,) = find("France", " is new", boundary=TokenBoundary.COMMON_PREFIX)
    assert scored(alone) == tokenise(" new")
    apart = find("", "is", "new", boundary=TokenBoundary.COMMON_PREFIX)
    assert [path.tokens[0] for path in apart] == [BOS, BOS]
    assert [scored(path) for path in apart] == [tokenise("is"), tokenise("new")]


def test_a_long_context_is_cut_from_the_left_and_tells_it() -> None:
    """The last token needs no room: the model never reads it."""
    (path,) = find("F" * 10, " is new", window=8)
    assert len(path.tokens) == 8 + 1
    assert (path.truncated, scored(path)) == (3, tokenise(" is new"))
    assert find("F" * 7, " is new", window=8)[0].truncated == 0


def test_what_cannot_be_scored_is_said() -> None:
    with pytest.raises(EngineFault, match="no continuation"):
        find("France")
    with pytest.raises(EngineFault, match="Continuation 2 adds no token"):
        find("France", " is", "")
    with pytest.raises(EngineFault, match="Continuation 1 is 9 tokens long, and the context holds"):
        find("France", "x" * 9, window=8)


@pytest.mark.skipif(not REQUESTS.is_file(), reason="the public test data is not here")
def test_requests_of_a_real_harness_lose_and_gain_no_character() -> None:
    lines = [json.loads(line)["request"] for line in REQUESTS.read_text("utf-8").splitlines()]
    pairs = [(r["context"], r["continuation"]) for r in lines if "continuation" in r]
    assert len(pairs) > 100
    for context, continuation in pairs:
        item = ContinuationSet(key="k", context=context, continuations=(continuation,))
        (path,) = locate_boundary(
            item, lambda text: list(map(ord, text)), first_token=BOS, window=100_000
        )
        text = "".join(map(chr, path.tokens))
        assert text == context + continuation
        assert text[: path.start] == context.rstrip()


def test_a_long_text_rolls_over_the_window_as_in_the_harness() -> None:
    """Eleven tokens and a window of four: 4, 4 and 3, the last with two before it."""
    item = ContinuationSet(key="k", context="", continuations=("abcdefghijk",), rolls=True)
    (pieces,) = locate_pieces(item, tokenise, first_token=BOS, window=4)
    letters = [("", "abcd"), ("d", "efgh"), ("gh", "ijk")]
    assert [
        ("".join(map(chr, p.tokens[: p.start])), "".join(map(chr, scored(p)))) for p in pieces[1:]
    ] == letters[1:]
    assert pieces[0] == TokenPath(tokens=(BOS, *map(ord, "abcd")), start=1)
    assert all(len(piece.tokens) - 1 <= 4 for piece in pieces)


@pytest.mark.parametrize("start", [1, 3, 5, 9])
@pytest.mark.parametrize("window", [1, 2, 4, 5, 100])
def test_rolling_scores_each_token_once(start: int, window: int) -> None:
    whole = TokenPath(tokens=tuple(range(12)), start=start)
    pieces = roll(whole, window)
    assert [token for piece in pieces for token in scored(piece)] == list(range(start, 12))
    assert all(piece.start >= 1 and len(piece.tokens) - 1 <= window for piece in pieces)
    assert pieces[0].truncated == pieces[0].tokens[0]


def test_only_what_rolls_may_be_longer_than_the_window() -> None:
    item = ContinuationSet(key="k", context="", continuations=("abcdefghijk",))
    with pytest.raises(EngineFault, match="11 tokens long"):
        locate_pieces(item, tokenise, first_token=BOS, window=4)
