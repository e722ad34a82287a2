"""Perplexity as llama-perplexity measures it, so that the figures can be held against anyone's.

After `perplexity` in `tools/perplexity/perplexity.cpp` of the pinned llama.cpp: the text is cut
into chunks of so many tokens, what is left at its end is not used, and BOS takes the place of each
chunk's first token where the model wants one. The second half of a chunk is scored, so that every
scored token has at least half a chunk before it.
"""

import math
from collections.abc import Iterator

from desktop.errors import EngineFault
from desktop.inference.engine import PerplexityMeasured
from desktop.inference.llama.likelihood import NO_NUMBERS
from desktop.inference.llama.model import Model
from desktop.inference.llama.path_scorer import PathScorer
from desktop.inference.token_boundary import TokenPath

_LEAST_CHUNKS = 2
_LEAST_TOKENS = 8


def measure_perplexity(
    scorer: PathScorer, text: str, context_tokens: int
) -> Iterator[PerplexityMeasured]:
    """Yield the sums of each chunk in turn. `EngineFault` for sizes that can't be measured."""
    if not _LEAST_TOKENS <= context_tokens <= scorer.window:
        raise EngineFault(
            f"Perplexity is measured in chunks of {_LEAST_TOKENS} to {scorer.window:,} tokens with"
            f" this model, not of {context_tokens:,}."
        )
    tokens = scorer.tokenise(text, has_special_tokens=False)
    count = len(tokens) // context_tokens
    if count < _LEAST_CHUNKS:
        raise EngineFault(
            f"The text is {len(tokens):,} tokens long; perplexity in chunks of {context_tokens:,}"
            f" needs at least {_LEAST_CHUNKS * context_tokens:,}."
        )
    chunks = [_make_chunk(tokens, context_tokens, index, scorer.model) for index in range(count)]
    for index, score in scorer.score(chunks, shares=False):
        if not math.isfinite(score.squares):
            raise EngineFault(NO_NUMBERS)
        scored = chunks[index].tokens[chunks[index].start :]
        yield PerplexityMeasured(
            chunk=index,
            chunks=count,
            tokens=len(scored),
            scored_bytes=sum(len(scorer.model.piece(token)) for token in scored),
            negative_log_likelihood=-score.log_probability,
            squares=score.squares,
        )


def _make_chunk(tokens: list[int], size: int, index: int, model: Model) -> TokenPath:
    chunk = tokens[index * size : (index + 1) * size]
    if model.adds_bos and model.bos >= 0:
        chunk[0] = model.bos
    return TokenPath(tokens=tuple(chunk), start=size // 2 + 1)
