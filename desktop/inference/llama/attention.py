"""Whether attention in one fused pass is the faster way here; llama.cpp's `auto` never asks.

On processors the fused pass (flash attention) goes through the cache token by token unless many
tokens of a sequence are read at a time. With small heads that is several times slower than the
plain way once a few hundred tokens stand before the token, and faster where few do: which of the
two wins depends on model, machine and prompts, so both are tried at the depth of the prompts.
"""

import time
from collections.abc import Callable

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import DECODED, Context
from desktop.inference.llama.filling import fill
from desktop.inference.llama.shape import LONG_STRETCH, Shape

# Less deep, the fused pass is as fast or faster, and the difference is small.
_DEEP_TOKENS = 128
# A trial must cost little of the work that it is to speed up.
_LEAST_WORK = 1024
_SEQUENCES = 4
_MOST_CACHE_BYTES = 256 * 1024 * 1024
# The plain way holds the scores of a physical batch over all of a sequence's cache.
_MOST_SCORES_BYTES = 512 * 1024 * 1024
_SCORE_BYTES = 4
# The plain way must be faster by this share, or a trial would be a throw of dice.
_CLEARLY = 0.95
# Where long stretches are less than this share of the work, they need no step of their own.
_TELLING_SHARE = 0.2
_REPETITIONS = 2
# llama.cpp computes quantised values in the fused pass only.
_PLAIN_TYPES = (CacheType.F32, CacheType.F16, CacheType.BF16)

OpenContext = Callable[[int, int, FlashAttention], Context]


def can_be_plain(options: EngineOptions, *, sequence_tokens: int, heads: int) -> bool:
    """Whether the plain way is possible, and its scores stay small."""
    scores = sequence_tokens * options.physical_batch_tokens * heads * _SCORE_BYTES
    return options.value_cache_type in _PLAIN_TYPES and scores <= _MOST_SCORES_BYTES


def is_worth_trying(shape: Shape) -> bool:
    """Whether prompts are deep enough, and there is enough to do, for a trial to pay."""
    return shape.depth >= _DEEP_TOKENS and shape.work >= _LEAST_WORK


class AttentionTrial:
    """Compares both ways in contexts of its own."""

    def __init__(self, open_context: OpenContext, abort: AbortFlag, *, window: int) -> None:
        """`open_context` takes tokens and sequences; `window` is the model's sliding one."""
        self._open = open_context
        self._abort = abort
        self._window = window

    def choose(self, shape: Shape, *, cache_bytes_per_token: float) -> FlashAttention:
        """Return `OFF` where the plain way is clearly faster, `AUTO` where it isn't."""
        affordable = int(_MOST_CACHE_BYTES / max(1.0, cache_bytes_per_token))
        depth = min(shape.depth, max(_DEEP_TOKENS, affordable))
        sequences = max(1, min(_SEQUENCES, affordable // depth))
        long = shape.long / shape.work
        plain = self._time(FlashAttention.OFF, depth, sequences, long)
        if plain is None or self._abort.is_set:
            return FlashAttention.AUTO
        fused = self._time(FlashAttention.AUTO, depth, sequences, long)
        if fused is None or self._abort.is_set:
            return FlashAttention.AUTO
        return FlashAttention.OFF if plain < fused * _CLEARLY else FlashAttention.AUTO

    def _time(
        self, attention: FlashAttention, depth: int, sequences: int, long: float
    ) -> float | None:
        """Return the seconds of a token of this work, on average; `None` if that can't be told."""
        context = self._open((depth + LONG_STRETCH) * sequences, sequences, attention)
        try:
            if not fill(context, depth, sequences, window=self._window):
                return None
            seconds = 0.0
            if long < 1 - _TELLING_SHARE:
                seconds += (1 - long) * self._step(context, depth, sequences, 1) / sequences
            if long > _TELLING_SHARE:
                seconds += long * self._step(context, depth, 1, LONG_STRETCH) / LONG_STRETCH
        finally:
            context.free()
        return seconds

    def _step(self, context: Context, depth: int, sequences: int, tokens: int) -> float:
        """Return the seconds of a step in which each sequence gets so many tokens, at best."""
        best = float("inf")
        for _ in range(_REPETITIONS):
            context.begin_batch()
            for sequence in range(sequences):
                context.add([0] * tokens, depth, sequence, wants_next=True)
            started = time.perf_counter()
            if context.decode() != DECODED:
                return float("inf")
            context.wait()
            best = min(best, time.perf_counter() - started)
            for sequence in range(sequences):
                context.cut(sequence, depth)
        return best
