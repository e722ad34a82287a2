"""Likelihoods without a model: drawn by hash from the words, the same for the same texts always."""

import hashlib
import math
import zlib
from collections.abc import Callable, Iterator, Sequence

from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    LikelihoodEvent,
    LikelihoodFailed,
    PerplexityMeasured,
)
from desktop.inference.token_boundary import TokenPath, locate_pieces

_FIRST_TOKEN = 0
_GREEDY_ABOVE = math.log(0.3)


def score_words(
    item: ContinuationSet, split: Callable[[str], Sequence[str]], *, model: str, window: int
) -> LikelihoodEvent:
    """Return what `model` thinks of a set, cut into tokens by `split`."""

    def tokenise(text: str) -> list[int]:
        return [zlib.crc32(word.encode("utf-8", errors="replace")) for word in split(text)]

    try:
        found = locate_pieces(item, tokenise, first_token=_FIRST_TOKEN, window=window)
    except EngineFault as fault:
        return LikelihoodFailed(key=item.key, message=fault.message)
    return ContinuationsScored(
        key=item.key,
        scores=tuple(_score(pieces, model) for pieces in found),
        context_tokens=found[0][0].start + found[0][0].truncated,
    )


def measure_words(
    words: Sequence[str], *, model: str, context_tokens: int
) -> Iterator[PerplexityMeasured]:
    """Yield the chunks of a text, as llama-perplexity cuts them."""
    chunks = len(words) // max(1, context_tokens)
    if chunks < 2:  # noqa: PLR2004 - two chunks are the least that llama-perplexity takes
        raise EngineFault(f"The text is only {len(words):,} tokens long, too short for perplexity.")
    for chunk in range(chunks):
        start = chunk * context_tokens
        scored = words[start + context_tokens // 2 + 1 : start + context_tokens]
        values = [_draw(f"{model} {chunk} {word}") for word in scored]
        yield PerplexityMeasured(
            chunk=chunk,
            chunks=chunks,
            tokens=len(scored),
            scored_bytes=sum(len(word.encode("utf-8", errors="replace")) for word in scored),
            negative_log_likelihood=-sum(values),
            squares=sum(value * value for value in values),
        )


def _score(pieces: Sequence[TokenPath], model: str) -> ContinuationScore:
    pairs = [
        pair
        for path in pieces
        for pair in zip(path.tokens[path.start - 1 :], path.tokens[path.start :], strict=False)
    ]
    values = [_draw(f"{model} {before} {token}") for before, token in pairs]
    return ContinuationScore(
        log_probability=sum(values),
        tokens=len(values),
        is_greedy=min(values) > _GREEDY_ABOVE,
        truncated_tokens=pieces[0].truncated,
    )


def _draw(seed: str) -> float:
    """Return the logarithm of a probability that depends on `seed` only."""
    digest = hashlib.sha256(seed.encode("utf-8", errors="replace")).digest()
    return math.log((1 + int.from_bytes(digest[:4], "big")) / 2**32)
