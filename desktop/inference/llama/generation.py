"""Answering many prompts at once: continuous batching over sequences.

Every step decodes one token of each sequence that is writing, together with a piece of each
prompt that is still being read; a sequence that ends makes room for the next prompt at once.
With one sequence a step never depends on other prompts, so answers are the same bit for bit.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence

from desktop.domain.run import StopReason
from desktop.errors import EngineFault
from desktop.inference.answer_text import AnswerText
from desktop.inference.engine import (
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    Prompt,
    TextGenerated,
)
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import ABORTED, DECODED, Context
from desktop.inference.llama.model import Model
from desktop.inference.llama.sampling import Sampler

TELL_EVERY_SECONDS = 0.1


class _Writer:
    """One prompt on one sequence, from its first token to its answer's last."""

    def __init__(self, prompt: Prompt, model: Model, started: float) -> None:
        self.prompt = prompt
        self.started = started
        self.tokens = model.tokenise(prompt.text, has_special_tokens=prompt.has_special_tokens)
        self.sampler = Sampler(prompt.sampling, model, self.tokens)
        self.text = AnswerText(prompt.stop)
        self.position = 0
        self.generated = 0
        self.next_token: int | None = None
        self.first_seconds: float | None = None
        self.told = started
        self.index = -1

    @property
    def reads(self) -> bool:
        """Whether the prompt is not wholly decoded yet."""
        return self.position < len(self.tokens)

    def load_into(self, context: Context, sequence: int, room: int) -> int:
        """Put this step's tokens into the batch; returns how many."""
        if self.reads:
            piece = self.tokens[self.position : self.position + room]
            is_last = self.position + len(piece) == len(self.tokens)
        else:
            piece, is_last = [self.next_token or 0], True
        last = context.add(piece, self.position, sequence, wants_next=is_last)
        self.index = last if is_last else -1
        self.position += len(piece)
        return len(piece)

    def accept(self, token: int, model: Model, limit: int, now: float) -> StopReason | None:
        """Take the token just chosen; returns why the answer ends, if it does."""
        if self.first_seconds is None:
            self.first_seconds = now - self.started
        if model.ends_answer(token):
            return StopReason.END_OF_ANSWER
        self.generated += 1
        self.next_token = token
        if self.text.feed(model.piece(token)):
            return StopReason.STOP_TEXT
        if self.generated >= self.prompt.max_tokens:
            return StopReason.MAX_TOKENS
        return StopReason.CONTEXT_FULL if self.position >= limit else None

    def fresh_text(self, now: float) -> Iterator[TextGenerated]:
        """Yield new text, at most every tenth of a second."""
        if now - self.told < TELL_EVERY_SECONDS:
            return
        yield from self._take()
        self.told = now

    def finish(self, reason: StopReason, now: float) -> Iterator[GenerationEvent]:
        """Yield what is left of the text, then the end."""
        self.text.finish()
        yield from self._take()
        yield GenerationFinished(
            key=self.prompt.key,
            text=self.text.text,
            stop_reason=reason,
            prompt_tokens=len(self.tokens),
            generated_tokens=self.generated,
            time_to_first_token_seconds=self.first_seconds,
            seconds=now - self.started,
        )

    def _take(self) -> Iterator[TextGenerated]:
        fresh = self.text.take()
        if fresh:
            yield TextGenerated(key=self.prompt.key, text=fresh)


class Generation:
    """One call of `generate`: which prompts wait, and who writes on which sequence.

    `_writers[n]` is on sequence n. The list has no holes: see `Context.add`.
    """

    def __init__(
        self, model: Model, context: Context, prompts: Sequence[Prompt], abort: AbortFlag
    ) -> None:
        """Take the prompts; nothing happens before `run` is iterated."""
        self._model = model
        self._context = context
        self._waiting = deque(prompts)
        self._abort = abort
        self._writers: list[_Writer] = []

    def run(self) -> Iterator[GenerationEvent]:
        """Yield events until every prompt has its end, or a cancel."""
        self._context.clear()
        try:
            while (self._waiting or self._writers) and not self._abort.is_set:
                yield from self._begin_writers()
                if self._writers:
                    yield from self._step()
            now = time.perf_counter()
            for writer in self._writers:
                yield from writer.finish(StopReason.CANCELLED, now)
        finally:
            for writer in self._writers:
                writer.sampler.free()
            self._writers.clear()

    def _begin_writers(self) -> Iterator[GenerationEvent]:
        while self._waiting and len(self._writers) < self._context.sequences:
            prompt = self._waiting.popleft()
            try:
                writer = _Writer(prompt, self._model, time.perf_counter())
            except EngineFault as fault:
                yield GenerationFailed(key=prompt.key, message=fault.message)
                continue
            problem = self._problem_of(writer)
            if problem:
                writer.sampler.free()
                yield GenerationFailed(key=prompt.key, message=problem)
                continue
            if not self._writers:
                # As if the context were new: where tokens lie in the cache can change roundings.
                self._context.clear()
            self._writers.append(writer)
            yield GenerationStarted(key=prompt.key, prompt_tokens=len(writer.tokens))

    def _problem_of(self, writer: _Writer) -> str:
        count, limit = len(writer.tokens), self._context.sequence_tokens
        if count >= limit:
            return (
                f"The prompt is {count:,} tokens long and leaves no room for an answer in a"
                f" context of {limit:,}; choose a longer context."
            )
        if not count:
            return "The prompt is empty."
        if writer.prompt.max_tokens < 1:
            return "The answer may have no tokens at all; the limit must be at least 1."
        return ""

    def _step(self) -> Iterator[GenerationEvent]:
        self._fill_batch()
        code = self._context.decode()
        if code == ABORTED or self._abort.is_set:
            return
        if code != DECODED:
            yield from self._fail_all(code)
            return
        chosen = [
            (writer, writer.sampler.choose(self._context.pointer, writer.index))
            for writer in self._writers
            if writer.index >= 0
        ]
        now = time.perf_counter()
        for writer, token in chosen:
            reason = writer.accept(token, self._model, self._context.sequence_tokens, now)
            if reason is None:
                yield from writer.fresh_text(now)
            else:
                self._leave(writer)
                yield from writer.finish(reason, now)

    def _fill_batch(self) -> None:
        self._context.begin_batch()
        room = self._context.batch_tokens - len(self._writers)
        for sequence, writer in enumerate(self._writers):
            # Each has one place for sure; what prompts take beyond that comes out of `room`.
            room -= writer.load_into(self._context, sequence, room + 1) - 1

    def _leave(self, writer: _Writer) -> None:
        """Free a sequence, and let the last one take its number, so that no hole is left."""
        sequence, last = self._writers.index(writer), len(self._writers) - 1
        self._context.forget(sequence)
        if sequence != last:
            self._context.move(last, sequence)
            self._writers[sequence] = self._writers[last]
        self._writers.pop()
        writer.sampler.free()

    def _fail_all(self, code: int) -> Iterator[GenerationEvent]:
        """Give up what is under way; the cache may hold anything now."""
        message = f"llama.cpp could not go on with this prompt (its code is {code})."
        for writer in self._writers:
            writer.sampler.free()
            yield GenerationFailed(key=writer.prompt.key, message=message)
        self._writers.clear()
        self._context.clear()
