"""One prompt being answered: what is to be decoded next, and the text that has come of it."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from desktop.domain.run import StopReason
from desktop.errors import EngineFault
from desktop.inference.engine import (
    GenerationEvent,
    GenerationFinished,
    Prompt,
    TextGenerated,
)
from desktop.inference.llama.context import Context
from desktop.inference.llama.grammar_sampler import GrammarGate
from desktop.inference.llama.model import Model
from desktop.inference.llama.sampling import Sampler
from desktop.inference.thinking import ThinkingText

TELL_EVERY_SECONDS = 0.1


class Writer:
    """One prompt on one sequence, from its first token to its answer's last.

    `position` counts its tokens in the cache. `index` is its last token's place in the step under
    way, or -1 when that is not yet the one after which a token is to be chosen.
    """

    def __init__(
        self, prompt: Prompt, tokens: Sequence[int], model: Model, *, limit: int, shared: int = 0
    ) -> None:
        """Begin with the first `shared` tokens in the cache already; `limit` is the context's."""
        self.prompt = prompt
        self.prompt_tokens = len(tokens)
        self.shared_tokens = shared
        self.position = shared
        self.index = -1
        self._model = model
        self._limit = limit
        self.started = self._told = time.perf_counter()
        self._first_seconds: float | None = None
        self._tokens = list(tokens)
        self._offered = 0
        self._generated = 0
        self._text = ThinkingText(prompt.thinking, prompt.stop)
        self._tags = model.tag_tokens(prompt.thinking) if prompt.thinking else frozenset[int]()
        self._gate: GrammarGate | None = None
        self._sampler = Sampler(prompt.sampling, model, tokens)
        if self._must_stop_thinking():
            self._close_thought()

    @property
    def waiting(self) -> int:
        """How many tokens are still to be decoded before the next one can be chosen."""
        return len(self._tokens) - self.position

    @property
    def takes_likeliest(self) -> bool:
        """Whether the next token is simply the one with the largest logit."""
        return self._sampler.is_greedy and not self.prompt.grammar

    def offer(self, context: Context, sequence: int, room: int) -> int:
        """Put up to `room` of the waiting tokens into the batch; returns how many."""
        piece = self._tokens[self.position : self.position + room]
        wants_next = len(piece) == self.waiting
        last = context.add(piece, self.position, sequence, wants_next=wants_next)
        self.index = last if wants_next else -1
        self._offered = len(piece)
        return len(piece)

    def settle(self) -> None:
        """Note that what was offered has been decoded."""
        self.position += self._offered
        self._offered = 0

    def begin_again(self) -> None:
        """Note that its sequence is empty: everything so far must be read anew."""
        self.position = self.shared_tokens = self._offered = 0

    def choose(self, context: Context, logits: npt.NDArray[np.float32]) -> int:
        """Choose the next token by what the prompt asks for; `logits` are this place's row.

        Raises `EngineFault` where a grammar leaves nothing to choose.
        """
        if self.prompt.grammar and not self._may_think(logits):
            self._gate = self._gate or GrammarGate(self._model, self.prompt.grammar)
            return self._gate.choose(logits, self._sampler.chain)
        if self._sampler.is_greedy:
            return int(logits.argmax())
        return self._sampler.draw(context.pointer, self.index)

    def accept(self, token: int, now: float) -> StopReason | None:
        """Take the token just chosen; returns why the answer ends, if it does."""
        if self._first_seconds is None:
            self._first_seconds = now - self.started
        if self._model.ends_answer(token):
            return StopReason.END_OF_ANSWER
        if self._take(token):
            return StopReason.STOP_TEXT
        if self._text.in_thinking:
            if self._must_stop_thinking():
                self._close_thought()
            elif self._text.thinking_pieces >= self.prompt.max_thinking_tokens:
                return StopReason.MAX_THINKING
        elif self._generated - self._text.thinking_pieces >= self.prompt.max_tokens:
            return StopReason.MAX_TOKENS
        return StopReason.CONTEXT_FULL if len(self._tokens) > self._limit else None

    def fresh_text(self, now: float) -> Iterator[TextGenerated]:
        """Yield new text, at most every tenth of a second."""
        if now - self._told < TELL_EVERY_SECONDS:
            return
        yield from self._take_text()
        self._told = now

    def finish(self, reason: StopReason, now: float) -> Iterator[GenerationEvent]:
        """Yield what is left of the text, then the end."""
        self._text.finish()
        yield from self._take_text()
        yield GenerationFinished(
            key=self.prompt.key,
            text=self._text.text,
            stop_reason=reason,
            prompt_tokens=self.prompt_tokens,
            generated_tokens=self._generated,
            time_to_first_token_seconds=self._first_seconds,
            seconds=now - self.started,
            thinking=self._text.thinking,
            thinking_tokens=self._text.thinking_pieces,
            shared_tokens=self.shared_tokens,
        )

    def free(self) -> None:
        """Give the samplers' memory back."""
        self._sampler.free()
        if self._gate is not None:
            self._gate.free()

    def _take(self, token: int) -> bool:
        self._generated += 1
        self._tokens.append(token)
        return self._text.feed(self._model.piece(token, self._tags))

    def _must_stop_thinking(self) -> bool:
        budget = self.prompt.thinking_budget
        return (
            budget is not None
            and self._text.in_thinking
            and self._text.thinking_pieces >= budget
            and bool(self.prompt.thinking and self.prompt.thinking.forced_closing)
        )

    def _close_thought(self) -> None:
        """Write for the model what ends its thinking; it goes on from there."""
        if self.prompt.thinking is None:
            return
        for token in self._model.tokenise_tag(self.prompt.thinking.forced_closing):
            self._take(token)

    def _may_think(self, logits: npt.NDArray[np.float32]) -> bool:
        """Whether the next token belongs to thinking, for which the grammar does not hold.

        Before anything is written that is so when the model is about to open a thought.
        """
        thinking = self.prompt.thinking
        if thinking is None or self._gate is not None:
            return False
        if self._text.in_thinking:
            return True
        if self._text.thinking_pieces:
            return False
        opening = thinking.opening.encode()
        next_piece = self._model.piece(int(logits.argmax()), self._tags)
        return bool(next_piece.strip()) and opening.startswith(self._written() + next_piece.strip())

    def _written(self) -> bytes:
        written = self._tokens[self.prompt_tokens :]
        return b"".join(self._model.piece(token, self._tags) for token in written).strip()

    def _take_text(self) -> Iterator[TextGenerated]:
        for text, is_thinking in self._text.take():
            yield TextGenerated(key=self.prompt.key, text=text, is_thinking=is_thinking)


def refuse(prompt: Prompt, tokens: int, limit: int) -> None:
    """Raise `EngineFault` for a prompt that can't be answered in a context of `limit` tokens."""
    if not tokens:
        raise EngineFault("The prompt is empty.")
    if tokens >= limit:
        raise EngineFault(
            f"The prompt is {tokens:,} tokens long and leaves no room for an answer in a"
            f" context of {limit:,}; choose a longer context."
        )
    if prompt.max_tokens < 1:
        raise EngineFault("The answer may have no tokens at all; the limit must be at least 1.")
