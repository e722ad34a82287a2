"""Perplexity as llama-perplexity measures it, so that the figures can be held against anyone's.

In chunks, BOS takes the place of each chunk's first token where the model wants one; with a stride
it only stands before the text, as there.
"""

import math
from collections.abc import Iterator

from desktop.errors import EngineFault
from desktop.inference.engine import PerplexityMeasured
from desktop.inference.llama.likelihood import NO_NUMBERS
from desktop.inference.llama.model import Model
from desktop.inference.llama.path_scorer import PathScorer
from desktop.inference.text_chunks import TextChunk, count_word_beginnings, cut_text
from desktop.inference.token_boundary import TokenPath


def measure_perplexity(
    scorer: PathScorer, text: str, context_tokens: int, stride: int = 0
) -> Iterator[PerplexityMeasured]:
    """Yield the sums of each chunk in turn. `EngineFault` for sizes that can't be measured."""
    paths = cut_paths(scorer, text, context_tokens, stride)
    for index, score in scorer.score(paths, shares=False):
        yield sum_chunk(scorer.model, paths, index, -score.log_probability, squares=score.squares)


def cut_paths(
    scorer: PathScorer, text: str, context_tokens: int, stride: int = 0
) -> list[TokenPath]:
    """Return the chunks of a text as paths."""
    tokens = scorer.tokenise(text, has_special_tokens=False)
    chunks = cut_text(len(tokens), context_tokens, stride, window=scorer.window)
    return [_make_path(tokens, chunk, scorer.model, begins=not stride) for chunk in chunks]


def sum_chunk(
    model: Model, paths: list[TokenPath], index: int, value: float, *, squares: float
) -> PerplexityMeasured:
    """Return what a chunk adds; `EngineFault` for sums that are no numbers."""
    if not (math.isfinite(value) and math.isfinite(squares)):
        raise EngineFault(NO_NUMBERS)
    path = paths[index]
    scored = b"".join(map(model.piece, path.tokens[path.start :]))
    before = model.piece(path.tokens[path.start - 1])
    return PerplexityMeasured(
        chunk=index,
        chunks=len(paths),
        tokens=len(path.tokens) - path.start,
        scored_bytes=len(scored),
        scored_words=count_word_beginnings(before, scored),
        negative_log_likelihood=value,
        squares=squares,
    )


def _make_path(tokens: list[int], chunk: TextChunk, model: Model, *, begins: bool) -> TokenPath:
    found = tokens[chunk.first : chunk.end]
    if begins and model.adds_bos and model.bos >= 0:
        found[0] = model.bos
    return TokenPath(tokens=tuple(found), start=chunk.start - chunk.first)
