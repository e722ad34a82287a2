"""Speed as llama-bench measures it, so that the figures can be held against anyone's.

After `tools/llama-bench/llama-bench.cpp` of the pinned llama.cpp: a context of its own for each
test, as long as the test needs; a warm-up pass of each kind; the cache cleared before each
repetition; random tokens, BOS first where the model wants it; batch 2048, physical batch 512.
"""

import random
import time
from collections.abc import Iterator

from desktop.domain.settings import EngineOptions, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import SpeedSampled
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import DECODED, Context, context_parameters
from desktop.inference.llama.model import Model


class SpeedMeter:
    """Runs one test after another with one model. Used by one thread."""

    def __init__(
        self, model: Model, threads: tuple[int, int], abort: AbortFlag, options: EngineOptions
    ) -> None:
        """Measure with threads for writing and for reading; nothing else should run meanwhile."""
        self._model = model
        self._threads, self._batch_threads = threads
        self._options = options
        self._abort = abort
        # The tokens don't matter, but the same ones each time leave one doubt less.
        self._random = random.Random(0)  # noqa: S311 - nothing secret about them

    def run(self, test: SpeedTest, repetitions: int) -> Iterator[SpeedSampled]:
        """Yield one sample a repetition; ends early, without a word, after a cancel."""
        total = test.prompt_tokens + test.generated_tokens
        if total < 1:
            raise EngineFault("A speed test needs a prompt or something to generate.")
        parameters = context_parameters(
            tokens=total + test.depth,
            sequences=1,
            threads=self._threads,
            batch_threads=self._batch_threads,
            options=self._options,
        )
        context = Context(self._model, parameters, self._abort)
        try:
            if not self._warm_up(context, test):
                return
            for repetition in range(repetitions):
                context.clear()
                if test.depth and not self._read(context, self._tokens(test.depth), 0):
                    return
                seconds = self._time(context, test)
                if seconds is None:
                    return
                yield SpeedSampled(
                    test=test.name, repetition=repetition, tokens=total, seconds=seconds
                )
        finally:
            context.free()

    def _warm_up(self, context: Context, test: SpeedTest) -> bool:
        if test.prompt_tokens and not self._read(context, self._tokens(test.prompt_tokens), 0):
            return False
        return not test.generated_tokens or self._write(
            context, self._tokens(1), test.prompt_tokens
        )

    def _time(self, context: Context, test: SpeedTest) -> float | None:
        """Return the seconds of one repetition, `None` if it was cancelled."""
        prompt = self._tokens(test.prompt_tokens)
        written = self._tokens(test.generated_tokens)
        started = time.perf_counter_ns()
        if prompt and not self._read(context, prompt, test.depth):
            return None
        if written and not self._write(context, written, test.depth + test.prompt_tokens):
            return None
        return (time.perf_counter_ns() - started) / 1e9

    def _tokens(self, count: int) -> list[int]:
        size = self._model.vocabulary_size
        tokens = [self._random.randrange(size) for _ in range(count)]
        if tokens and self._model.adds_bos and self._model.bos >= 0:
            tokens[0] = self._model.bos
        return tokens

    def _read(self, context: Context, tokens: list[int], position: int) -> bool:
        """Decode a prompt in batches; returns whether it was not cancelled."""
        for start in range(0, len(tokens), context.batch_tokens):
            piece = tokens[start : start + context.batch_tokens]
            context.begin_batch()
            context.add(piece, position + start, 0, wants_next=True)
            if not self._decode(context):
                return False
        context.wait()
        return True

    def _write(self, context: Context, tokens: list[int], position: int) -> bool:
        """Decode token by token; returns whether it was not cancelled."""
        for offset, token in enumerate(tokens):
            context.begin_batch()
            context.add((token,), position + offset, 0, wants_next=True)
            if not self._decode(context):
                return False
            context.wait()
        return True

    def _decode(self, context: Context) -> bool:
        code = context.decode()
        if self._abort.is_set:
            return False
        if code != DECODED:
            raise EngineFault(f"llama.cpp could not run the speed test (its code is {code}).")
        return True
