"""Which events a job may bring, in which order: an engine is not believed beyond that.

What comes through the pipe is well formed by then, but a process that a hostile file has got hold
of may still tell of a prompt that nobody gave it, finish one twice, or leave one out. Whoever uses
an engine relies on the promises of `Engine`, so they are made sure of here.
"""

import math
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Protocol

from desktop.domain.settings import SpeedTest
from desktop.inference.engine import (
    ContextMade,
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    DivergenceMeasured,
    Frame,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LikelihoodFailed,
    PerplexityMeasured,
    Prompt,
    Quantise,
    Quantised,
    QuantiseProgress,
    SpeedSampled,
    TextGenerated,
)

_ROUNDING = 1e-3


class EventOrder(Protocol):
    """The events of one job."""

    def accept(self, event: Frame) -> bool:
        """Take the next event; false if it has no place there."""

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether the job may be done now."""


class OneAnswer:
    """Exactly one event, of one kind."""

    def __init__(self, kind: type[Frame]) -> None:
        """Wait for it."""
        self._kind = kind
        self._count = 0

    def accept(self, event: Frame) -> bool:
        """Take the answer; a second one has no place."""
        self._count += 1
        return isinstance(event, self._kind) and self._count == 1

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether the answer has come. Nothing is answered in halves."""
        del cancelled
        return self._count == 1


class _State(Enum):
    WAITING = auto()
    UNDER_WAY = auto()
    ENDED = auto()


class GenerationOrder:
    """Each prompt begins, grows and ends once, whatever the others do meanwhile."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        """Wait for all of them."""
        self._states = {prompt.key: _State.WAITING for prompt in prompts}

    def accept(self, event: Frame) -> bool:
        """Take an event of a prompt, in its order."""
        match event:
            case ContextMade():
                # A context that is made anew can't have anybody writing in the old one.
                return _State.UNDER_WAY not in self._states.values()
            case GenerationStarted(key=key, prompt_tokens=count):
                return count >= 0 and self._move(key, (_State.WAITING,), _State.UNDER_WAY)
            case TextGenerated(key=key):
                return self._states.get(key) is _State.UNDER_WAY
            case GenerationFinished(key=key):
                return _is_possible(event) and self._move(key, (_State.UNDER_WAY,), _State.ENDED)
            case GenerationFailed(key=key):
                return self._move(key, (_State.WAITING, _State.UNDER_WAY), _State.ENDED)
            case _:
                return False

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether all prompts have ended; after a cancel, all that had begun."""
        states = self._states.values()
        return _State.UNDER_WAY not in states and (cancelled or _State.WAITING not in states)

    def _move(self, key: str, before: tuple[_State, ...], after: _State) -> bool:
        if self._states.get(key) not in before:
            return False
        self._states[key] = after
        return True


class SpeedOrder:
    """The repetitions of the tests one after another, each with a time that can be."""

    def __init__(self, tests: Sequence[SpeedTest], repetitions: int) -> None:
        """Wait for all of them."""
        self._left = _list_samples(tests, repetitions)
        self._next = next(self._left, None)

    def accept(self, event: Frame) -> bool:
        """Take a sample if it is the next one."""
        if not isinstance(event, SpeedSampled) or self._next is None:
            return False
        test, repetition = self._next
        self._next = next(self._left, None)
        return (
            (event.test, event.repetition) == (test.name, repetition)
            and event.tokens == test.prompt_tokens + test.generated_tokens
            and _is_time(event.seconds)
        )

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether all samples have come, or a cancel cut them short."""
        return cancelled or self._next is None


class LikelihoodOrder:
    """Each set ends once, with a possible score for each of its continuations.

    A context is told of once at most.
    """

    def __init__(self, items: Sequence[ContinuationSet]) -> None:
        """Wait for all of them."""
        self._waiting = {item.key: len(item.continuations) for item in items}
        self._made = False

    def accept(self, event: Frame) -> bool:
        """Take the end of a set."""
        match event:
            case ContextMade():
                was, self._made = self._made, True
                return not was
            case LikelihoodFailed(key=key):
                return self._waiting.pop(key, None) is not None
            case ContinuationsScored(key=key, scores=scores, context_tokens=count):
                return (
                    self._waiting.pop(key, None) == len(scores)
                    and count >= 0
                    and all(map(_is_likelihood, scores))
                )
            case _:
                return False

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether all sets have ended, or a cancel cut them short."""
        return cancelled or not self._waiting


class _ChunkOrder:
    """As many chunks as the first one promises, each once."""

    def __init__(self) -> None:
        """Wait for the first."""
        self._chunks = 0
        self._seen: set[int] = set()

    def _accept_place(self, chunk: int, chunks: int) -> bool:
        if chunk in self._seen:
            return False
        self._chunks = self._chunks or chunks
        self._seen.add(chunk)
        return 0 <= chunk < chunks == self._chunks

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether all chunks have come, or a cancel cut them short."""
        return cancelled or 0 < len(self._seen) == self._chunks


class PerplexityOrder(_ChunkOrder):
    """The chunks of a text."""

    def accept(self, event: Frame) -> bool:
        """Take a chunk with sums that can be."""
        return (
            isinstance(event, PerplexityMeasured)
            and self._accept_place(event.chunk, event.chunks)
            and _is_chunk(event)
        )


class DivergenceOrder(_ChunkOrder):
    """The chunks of a text that two models read."""

    def accept(self, event: Frame) -> bool:
        """Take a chunk with a value for each of its tokens."""
        if not isinstance(event, DivergenceMeasured):
            return False
        tokens = event.model.tokens
        return (
            self._accept_place(event.chunk, event.chunks)
            and _is_chunk(event.model)
            and _is_chunk(event.reference)
            and tokens == event.reference.tokens
            and len(event.divergences) == len(event.changes) == tokens
            and 0 <= event.same_top <= tokens
            and math.isfinite(event.products)
            and all(map(_is_time, event.divergences))
            and all(abs(change) <= 1 + _ROUNDING for change in event.changes)
        )


class QuantiseOrder:
    """Progress that does not go back, then the file that was asked for."""

    def __init__(self, request: Quantise) -> None:
        """Wait for it."""
        self._target = request.target
        self._done = 0
        self._is_whole = False

    def accept(self, event: Frame) -> bool:
        """Take a step, or the result as the last of all."""
        if self._is_whole:
            return False
        if isinstance(event, QuantiseProgress):
            before, self._done = self._done, event.done_tensors
            return before <= event.done_tensors <= event.tensors
        if not isinstance(event, Quantised):
            return False
        self._is_whole = True
        times = (event.seconds, event.bits_per_weight)
        return event.path == self._target and event.file_bytes > 0 and all(map(_is_time, times))

    def may_end(self, *, cancelled: bool) -> bool:
        """Return whether the file is whole: a cancel ends the process instead."""
        del cancelled
        return self._is_whole


def _list_samples(tests: Sequence[SpeedTest], repetitions: int) -> Iterator[tuple[SpeedTest, int]]:
    return ((test, repetition) for test in tests for repetition in range(repetitions))


def _is_possible(event: GenerationFinished) -> bool:
    """Return whether the figures could be true: they go into tables that people decide by."""
    counts = (event.prompt_tokens, event.shared_tokens, event.thinking_tokens)
    first = event.time_to_first_token_seconds
    return (
        min(counts) >= 0
        and event.shared_tokens <= event.prompt_tokens
        and event.thinking_tokens <= event.generated_tokens
        and _is_time(event.seconds)
        and (first is None or _is_time(first))
    )


def _is_likelihood(score: ContinuationScore) -> bool:
    counts_fit = score.tokens > 0 and score.truncated_tokens >= 0
    return counts_fit and _is_logarithm(score.log_probability)


def _is_chunk(event: PerplexityMeasured) -> bool:
    return (
        event.tokens > 0
        and min(event.scored_bytes, event.scored_words) >= 0
        and _is_logarithm(-event.negative_log_likelihood)
        and _is_time(event.squares)
    )


def _is_logarithm(value: float) -> bool:
    """Return whether this can be the logarithm of a probability, but for rounding."""
    return math.isfinite(value) and value <= _ROUNDING


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds >= 0
