"""How likely given continuations of a text are: multiple choice without writing an answer."""

import functools
import math
from collections.abc import Iterator, Sequence

from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContextMade,
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    LikelihoodEvent,
    LikelihoodFailed,
)
from desktop.inference.llama.path_scorer import PathScore, PathScorer
from desktop.inference.token_boundary import TokenPath, locate_pieces

# Tokens that are held as Python's numbers at a time, about 50 MB of them.
_PORTION_TOKENS = 500_000
NO_NUMBERS = "The model's probabilities are no numbers; its file may be damaged."


def score_continuations(
    scorer: PathScorer, items: Sequence[ContinuationSet]
) -> Iterator[LikelihoodEvent]:
    """Score all sets, portion by portion; of one, those that can't be scored are told of first.

    What the scorer works in is told before its first score.
    """
    told = False
    for event in _score_portions(scorer, items):
        if scorer.facts is not None and not told:
            told = True
            yield ContextMade(facts=scorer.facts)
        yield event


def _score_portions(
    scorer: PathScorer, items: Sequence[ContinuationSet]
) -> Iterator[LikelihoodEvent]:
    portion = _Portion()
    for item in items:
        if scorer.is_cancelled:
            return
        try:
            portion.add(item, _locate(scorer, item))
        except EngineFault as fault:
            yield LikelihoodFailed(key=item.key, message=fault.message)
        if portion.tokens >= _PORTION_TOKENS:
            yield from portion.score(scorer)
            portion = _Portion()
    yield from portion.score(scorer)


def _locate(scorer: PathScorer, item: ContinuationSet) -> tuple[tuple[TokenPath, ...], ...]:
    tokenise = functools.partial(
        scorer.tokenise, has_special_tokens=item.has_special_tokens, mask=item.mask
    )
    return locate_pieces(item, tokenise, first_token=scorer.first_token, window=scorer.window)


class _Portion:
    """Sets that are scored together."""

    def __init__(self) -> None:
        self.tokens = 0
        self._paths: list[TokenPath] = []
        self._owners: list[_Owner] = []

    def add(self, item: ContinuationSet, continuations: Sequence[Sequence[TokenPath]]) -> None:
        owner = _Owner(item.key, continuations, first=len(self._paths))
        paths = [path for pieces in continuations for path in pieces]
        self._owners.extend([owner] * len(paths))
        self._paths.extend(paths)
        self.tokens += sum(len(path.tokens) for path in paths)

    def score(self, scorer: PathScorer) -> Iterator[LikelihoodEvent]:
        for number, score in scorer.score(self._paths, shares=True):
            event = self._owners[number].accept(number, score)
            if event is not None:
                yield event


class _Owner:
    """A set whose paths are being scored."""

    def __init__(self, key: str, continuations: Sequence[Sequence[TokenPath]], first: int) -> None:
        self._key = key
        self._continuations = continuations
        self._first = first
        self._count = sum(map(len, continuations))
        self._scores: dict[int, PathScore] = {}

    def accept(self, number: int, score: PathScore) -> LikelihoodEvent | None:
        """Take one path's score; returns the set's event once all are there."""
        self._scores[number - self._first] = score
        if len(self._scores) < self._count:
            return None
        if not all(math.isfinite(score.log_probability) for score in self._scores.values()):
            return LikelihoodFailed(key=self._key, message=NO_NUMBERS)
        numbers = iter(range(self._count))
        first = self._continuations[0][0]
        return ContinuationsScored(
            key=self._key,
            scores=tuple(
                _join(pieces, [self._scores[next(numbers)] for _ in pieces])
                for pieces in self._continuations
            ),
            context_tokens=first.start + first.truncated,
        )


def _join(pieces: Sequence[TokenPath], scores: Sequence[PathScore]) -> ContinuationScore:
    """Return one continuation's score, from those of its pieces."""
    return ContinuationScore(
        log_probability=math.fsum(score.log_probability for score in scores),
        tokens=sum(len(path.tokens) - path.start for path in pieces),
        is_greedy=all(score.is_greedy for score in scores),
        truncated_tokens=pieces[0].truncated,
    )
