"""Where a text's context ends and what is scored begins, counted in tokens.

Two ways that are in use, and that give different figures for the same texts: lm-evaluation-harness
cuts where the context alone would end, llama-perplexity where the texts begin to differ. Neither
needs a model, only its tokeniser.
"""

import sys
from collections.abc import Callable, Sequence

import msgspec

from desktop.errors import EngineFault
from desktop.inference.engine import ContinuationSet, TokenBoundary


class TokenPath(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of which those from `start` on are scored; `start` is never 0.

    `truncated` tokens were cut from the left, for the window's sake.
    """

    tokens: tuple[int, ...]
    start: int
    truncated: int = 0


def locate_boundary(
    item: ContinuationSet,
    tokenise: Callable[[str], Sequence[int]],
    *,
    first_token: int | None,
    window: int,
) -> tuple[TokenPath, ...]:
    """Return one path for each continuation; `EngineFault` for what can't be scored.

    `first_token` stands in front where nothing else does, because the first token of all can't
    be predicted from nothing. A path of more than `window` tokens before its last one loses the
    beginning of its context, as in lm-evaluation-harness.
    """
    if not item.continuations:
        raise EngineFault("There is no continuation to be scored.")
    if item.boundary is TokenBoundary.COMMON_PREFIX:
        wholes = [list(tokenise(item.context + text)) for text in item.continuations]
        start = _common_length(wholes)
    else:
        context = item.context.rstrip()
        spaces = item.context[len(context) :]
        start = len(tokenise(context))
        wholes = [list(tokenise(context + spaces + text)) for text in item.continuations]
    if start == 0:
        if first_token is None:
            raise EngineFault(
                "A text without context can't be scored with this model, whose vocabulary has"
                " no token to begin with."
            )
        start, wholes = 1, [[first_token, *whole] for whole in wholes]
    return tuple(_cut(whole, start, number, window) for number, whole in enumerate(wholes, 1))


def locate_pieces(
    item: ContinuationSet,
    tokenise: Callable[[str], Sequence[int]],
    *,
    first_token: int | None,
    window: int,
) -> tuple[tuple[TokenPath, ...], ...]:
    """Return the paths of each continuation: one, or for a set that rolls as many as it takes."""
    room = sys.maxsize if item.rolls else window
    paths = locate_boundary(item, tokenise, first_token=first_token, window=room)
    return tuple(roll(path, window) for path in paths)


def roll(path: TokenPath, window: int) -> tuple[TokenPath, ...]:
    """Cut a path into pieces that fit, which score each of its tokens once.

    As lm-evaluation-harness rolls over long texts: pieces overlap by one token, and only the last
    one has more before it than that.
    """
    count, scored = len(path.tokens), path.start
    pieces = []
    while scored < count:
        end = min(window + 1 if scored <= window else scored + window, count)
        first = max(0, end - window - 1)
        pieces.append(
            TokenPath(
                tokens=path.tokens[first:end],
                start=scored - first,
                truncated=path.truncated + first,
            )
        )
        scored = end
    return tuple(pieces)


def _common_length(wholes: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all begin with, leaving one of each to be scored."""
    most = max(0, min(map(len, wholes)) - 1)
    first = wholes[0]
    for index in range(most):
        if any(whole[index] != first[index] for whole in wholes):
            return index
    return most


def _cut(whole: Sequence[int], start: int, number: int, window: int) -> TokenPath:
    if len(whole) <= start:
        raise EngineFault(
            f"Continuation {number} adds no token to its context, so it has no likelihood."
        )
    # The last token is only looked up, never read by the model, so it needs no room.
    truncated = max(0, len(whole) - 1 - window)
    if truncated >= start:
        raise EngineFault(
            f"Continuation {number} is {len(whole) - start:,} tokens long, and the context holds"
            f" {window:,}."
        )
    return TokenPath(tokens=tuple(whole[truncated:]), start=start - truncated, truncated=truncated)
