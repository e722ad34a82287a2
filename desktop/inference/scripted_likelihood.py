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
    DivergenceMeasured,
    LikelihoodEvent,
    LikelihoodFailed,
    PerplexityMeasured,
)
from desktop.inference.text_chunks import TextChunk
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
    words: Sequence[str], chunks: Sequence[TextChunk], *, model: str
) -> Iterator[PerplexityMeasured]:
    """Yield the chunks of a text."""
    for number in range(len(chunks)):
        yield _sum_words(words, chunks, number, _draw_chunk(words, chunks, number, model))


def compare_words(
    words: Sequence[str], chunks: Sequence[TextChunk], *, models: tuple[str, str]
) -> Iterator[DivergenceMeasured]:
    """Yield the chunks of a text that two models read; what diverges is made up of the rest."""
    for number in range(len(chunks)):
        own, other = (_draw_chunk(words, chunks, number, model) for model in models)
        yield DivergenceMeasured(
            chunk=number,
            chunks=len(chunks),
            model=_sum_words(words, chunks, number, own),
            reference=_sum_words(words, chunks, number, other),
            products=sum(a * b for a, b in zip(own, other, strict=True)),
            same_top=sum(a == b for a, b in zip(own, other, strict=True)),
            divergences=tuple(abs(a - b) / 10 for a, b in zip(own, other, strict=True)),
            changes=tuple(math.exp(a) - math.exp(b) for a, b in zip(own, other, strict=True)),
        )


def _draw_chunk(
    words: Sequence[str], chunks: Sequence[TextChunk], number: int, model: str
) -> list[float]:
    chunk = chunks[number]
    return [_draw(f"{model} {number} {word}") for word in words[chunk.start : chunk.end]]


def _sum_words(
    words: Sequence[str], chunks: Sequence[TextChunk], number: int, values: Sequence[float]
) -> PerplexityMeasured:
    scored = "".join(words[chunks[number].start : chunks[number].end])
    return PerplexityMeasured(
        chunk=number,
        chunks=len(chunks),
        tokens=len(values),
        scored_bytes=len(scored.encode("utf-8", errors="replace")),
        scored_words=len(scored.split()),
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
