"""How likely given continuations of a text are: multiple choice without writing an answer."""

import functools
import math
from collections.abc import Iterator, Sequence

from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    LikelihoodEvent,
    LikelihoodFailed,
)
from desktop.inference.llama.model import Model
from desktop.inference.llama.path_scorer import PathScore, PathScorer
from desktop.inference.token_boundary import TokenPath, locate_boundary

NO_NUMBERS = "The model's probabilities are no numbers; its file may be damaged."


def score_continuations(
    scorer: PathScorer, items: Sequence[ContinuationSet]
) -> Iterator[LikelihoodEvent]:
    """Score all sets; those that can't be scored are told of first."""
    model = scorer.model
    first_token = next((token for token in (model.bos, model.eos) if token >= 0), None)
    paths: list[TokenPath] = []
    owners: list[_Owner] = []
    for item in items:
        if scorer.is_cancelled:
            return
        tokenise = functools.partial(_tokenise, model, item)
        try:
            found = locate_boundary(item, tokenise, first_token=first_token, window=scorer.window)
        except EngineFault as fault:
            yield LikelihoodFailed(key=item.key, message=fault.message)
            continue
        owner = _Owner(item.key, found, first=len(paths))
        owners.extend([owner] * len(found))
        paths.extend(found)
    for number, score in scorer.score(paths, shares=True):
        event = owners[number].accept(number, score)
        if event is not None:
            yield event


def _tokenise(model: Model, item: ContinuationSet, text: str) -> list[int]:
    return model.tokenise(text, has_special_tokens=item.has_special_tokens, mask=item.mask)


class _Owner:
    """A set whose paths are being scored."""

    def __init__(self, key: str, paths: Sequence[TokenPath], first: int) -> None:
        self._key = key
        self._paths = paths
        self._first = first
        self._scores: dict[int, PathScore] = {}

    def accept(self, number: int, score: PathScore) -> LikelihoodEvent | None:
        """Take one path's score; returns the set's event once all are there."""
        self._scores[number - self._first] = score
        if len(self._scores) < len(self._paths):
            return None
        if not all(math.isfinite(score.log_probability) for score in self._scores.values()):
            return LikelihoodFailed(key=self._key, message=NO_NUMBERS)
        return ContinuationsScored(
            key=self._key,
            scores=tuple(
                ContinuationScore(
                    log_probability=self._scores[index].log_probability,
                    tokens=len(path.tokens) - path.start,
                    is_greedy=self._scores[index].is_greedy,
                    truncated_tokens=path.truncated,
                )
                for index, path in enumerate(self._paths)
            ),
            context_tokens=self._paths[0].start + self._paths[0].truncated,
        )
