"""How far a model is from a reference of the same vocabulary, token by token of a text.

After `kl_divergence` in `tools/perplexity/perplexity.cpp` of the pinned llama.cpp, which first
writes all of the reference's logits to a file; here both models read each stretch in turn, and
nothing is stored or rounded.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from desktop.errors import EngineFault
from desktop.inference.engine import DivergenceMeasured
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.model import Model
from desktop.inference.llama.path_scorer import (
    ROUND_TOKENS,
    PathScorer,
    Reading,
    cut,
    inherit,
    normalise,
)
from desktop.inference.llama.perplexity import cut_paths, sum_chunk
from desktop.inference.llama.prefix_tree import Limits, plan_rounds
from desktop.inference.token_boundary import TokenPath


def measure_divergence(
    scorer: PathScorer,
    reference: PathScorer,
    text: str,
    context_tokens: int,
    abort: AbortFlag,
) -> Iterator[DivergenceMeasured]:
    """Yield what each chunk tells, in turn; less after a cancel."""
    _check_vocabulary(scorer.model, reference.model)
    paths = cut_paths(scorer, text, context_tokens)
    if cut_paths(reference, text, context_tokens) != paths:
        raise EngineFault(_DIFFERENT)
    mine = scorer.open(paths, sequences=1)
    try:
        theirs = reference.open(paths, sequences=1)
        try:
            yield from _read_both(scorer, mine, theirs, paths, abort)
        finally:
            theirs.context.free()
    finally:
        mine.context.free()


_DIFFERENT = (
    "The two models have different vocabularies, so that their probabilities can't be compared;"
    " take two quantisations of one model."
)


def _check_vocabulary(model: Model, reference: Model) -> None:
    size = model.vocabulary_size
    if size != reference.vocabulary_size or any(
        model.piece(token) != reference.piece(token) for token in range(size)
    ):
        raise EngineFault(_DIFFERENT)


def _read_both(
    scorer: PathScorer,
    mine: Reading,
    theirs: Reading,
    paths: list[TokenPath],
    abort: AbortFlag,
) -> Iterator[DivergenceMeasured]:
    sums = _ChunkSums()
    for part in plan_rounds(paths, Limits(tokens=ROUND_TOKENS, sequences=1), shares=False):
        inherit(mine.context, part)
        inherit(theirs.context, part)
        for nodes in cut(part.nodes, ROUND_TOKENS, min(mine.outputs, theirs.outputs)):
            for reading in (mine, theirs):
                if abort.is_set or not reading.step.run(nodes, abort):
                    return
            asked = [node.targets for node in nodes if node.targets]
            rows = zip(mine.step.logits(), theirs.step.logits(), asked, strict=True)
            for row, reference_row, ((number, token),) in rows:
                sums.add(row, reference_row, token)
                if len(sums.divergences) == len(paths[number].tokens) - paths[number].start:
                    yield sums.finish(scorer.model, paths, number)
                    sums = _ChunkSums()


class _ChunkSums:
    """What is known of the chunk under way."""

    def __init__(self) -> None:
        self.divergences: list[float] = []
        self._own: list[float] = []
        self._reference: list[float] = []
        self._same_top = 0

    def add(
        self, row: npt.NDArray[np.float32], reference: npt.NDArray[np.float32], token: int
    ) -> None:
        """Take both models' logits for the place of a token."""
        top, normaliser = normalise(row)
        reference_top, reference_normaliser = normalise(reference)
        self._own.append(float(row[token]) - normaliser)
        self._reference.append(float(reference[token]) - reference_normaliser)
        self._same_top += top == reference_top
        # In double precision: of two near models only the difference of large sums is left.
        likely = reference.astype(np.float64) - reference_normaliser
        difference = likely - (row - np.float64(normaliser))
        self.divergences.append(max(0.0, float(np.exp(likely) @ difference)))

    def finish(self, model: Model, paths: list[TokenPath], index: int) -> DivergenceMeasured:
        """Return a chunk's figures."""
        own, reference = np.array(self._own), np.array(self._reference)
        measured = (
            sum_chunk(model, paths, index, float(-each.sum()), squares=float(each @ each))
            for each in (own, reference)
        )
        first, second = measured
        return DivergenceMeasured(
            chunk=index,
            chunks=len(paths),
            model=first,
            reference=second,
            products=float(own @ reference),
            same_top=self._same_top,
            divergences=tuple(self.divergences),
            changes=tuple((np.exp(own) - np.exp(reference)).tolist()),
        )
