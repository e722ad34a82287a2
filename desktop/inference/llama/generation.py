"""Answering many prompts at once: continuous batching over sequences.

Every step decodes one token of each sequence that is writing, together with a piece of each
prompt that is still being read; a sequence that ends makes room for the next prompt at once.
What several prompts begin with is read once and copied (`plan.py` says what). With one sequence
a step never depends on other prompts, so answers are the same bit for bit.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from desktop.domain.run import StopReason
from desktop.errors import EngineFault
from desktop.inference.engine import GenerationEvent, GenerationFailed, GenerationStarted, Prompt
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import ABORTED, CACHE_FULL, DECODED, Context
from desktop.inference.llama.model import Model
from desktop.inference.llama.plan import Turn
from desktop.inference.llama.prefixes import KeptPrefixes
from desktop.inference.llama.writer import Writer, refuse

# A pass over the weights costs as much as decoding some tokens: a rest of a prompt that is
# shorter goes along with the tokens being written, one a step, instead of having its own pass.
_LEAST_PIECE = 6
_NO_NUMBER = (
    "The model computed something that is no number; its file or its conversion is damaged."
)


class Generation:
    """One call of `generate`: which prompts wait, and who writes on which sequence.

    `_seats[n]` writes on sequence n; the sequences behind keep prefixes. `limit` is how many
    tokens prompt and answer may have together.
    """

    def __init__(
        self,
        model: Model,
        context: Context,
        prompts: Sequence[tuple[Prompt, Sequence[int]]],
        turns: Sequence[Turn],
        abort: AbortFlag,
        *,
        seats: int,
        limit: int,
    ) -> None:
        """Take prompts with their tokens, and turns at them; nothing happens before `run`."""
        self._model = model
        self._context = context
        self._prompts = prompts
        self._turns = deque(turns)
        self._abort = abort
        self._limit = limit
        self._seats: list[Writer | None] = [None] * seats
        self._put_back: list[Writer] = []
        self._prefixes = KeptPrefixes(context, range(seats, context.sequences))

    def run(self) -> Iterator[GenerationEvent]:
        """Yield events until every prompt has its end, or a cancel."""
        self._context.clear()
        try:
            while (self._turns or self._put_back or self._writers) and not self._abort.is_set:
                yield from self._fill_seats()
                if self._writers:
                    yield from self._step()
            now = time.perf_counter()
            for writer in (*self._writers, *self._put_back):
                yield from writer.finish(StopReason.CANCELLED, now)
        finally:
            for writer in (*self._writers, *self._put_back):
                writer.free()

    @property
    def _writers(self) -> list[Writer]:
        return [writer for writer in self._seats if writer is not None]

    def _fill_seats(self) -> Iterator[GenerationEvent]:
        if not self._writers:
            # As if the context were new: where tokens lie in the cache can change roundings.
            if self._prefixes.is_empty:
                self._context.clear()
            if self._put_back:
                self._seats[0] = self._put_back.pop()
        for seat, taken in enumerate(self._seats):
            if taken is None and not self._put_back:
                yield from self._fill(seat)
        self._close_gaps()

    def _fill(self, seat: int) -> Iterator[GenerationEvent]:
        """Begin with the next prompt that can be answered, unless it must wait for another."""
        while self._turns and not self._prefixes.is_being_read(self._turns[0].prefix):
            turn = self._turns.popleft()
            prompt, tokens = self._prompts[turn.index]
            try:
                refuse(prompt, len(tokens), self._limit)
                shared = self._prefixes.share(turn.prefix, seat)
                writer = Writer(prompt, tokens, self._model, limit=self._limit, shared=shared)
            except EngineFault as fault:
                self._context.forget(seat)
                self._prefixes.skip(turn.prefix)
                yield GenerationFailed(key=prompt.key, message=fault.message)
                continue
            self._prefixes.begin(turn.prefix, writer)
            self._seats[seat] = writer
            yield GenerationStarted(key=prompt.key, prompt_tokens=len(tokens))
            return

    def _close_gaps(self) -> None:
        """Let the last ones take the free seats before them: see `Context.add`."""
        if self._context.unified:
            return
        for seat, taken in enumerate(self._seats):
            last = max((n for n, writer in enumerate(self._seats) if writer), default=0)
            if taken is None and seat < last:
                self._context.move(last, seat)
                self._seats[seat], self._seats[last] = self._seats[last], None

    def _step(self) -> Iterator[GenerationEvent]:
        self._fill_batch()
        code = self._context.decode()
        if code == ABORTED or self._abort.is_set:
            return
        if code == CACHE_FULL and len(self._writers) > 1:
            self._put_one_back()
            return
        if code != DECODED:
            yield from self._fail_all(code)
            return
        for seat, writer in enumerate(self._seats):
            if writer is not None:
                writer.settle()
                self._prefixes.keep(writer, seat)
        yield from self._choose_next()

    def _choose_next(self) -> Iterator[GenerationEvent]:
        choosing = [
            (seat, writer)
            for seat, writer in enumerate(self._seats)
            if writer is not None and writer.index >= 0
        ]
        if not choosing:
            return
        logits = self._context.logits(len(choosing))
        likeliest = logits.argmax(axis=1)
        for row, (seat, writer) in enumerate(choosing):
            try:
                token = self._choose(writer, logits[row], int(likeliest[row]))
            except EngineFault as fault:
                self._leave(seat, writer)
                yield GenerationFailed(key=writer.prompt.key, message=fault.message)
                continue
            now = time.perf_counter()
            reason = writer.accept(token, now)
            if reason is None:
                yield from writer.fresh_text(now)
            else:
                self._leave(seat, writer)
                yield from writer.finish(reason, now)

    def _choose(self, writer: Writer, logits: npt.NDArray[np.float32], likeliest: int) -> int:
        if not np.isfinite(logits[likeliest]):
            raise EngineFault(_NO_NUMBER)
        return likeliest if writer.takes_likeliest else writer.choose(self._context, logits)

    def _fill_batch(self) -> None:
        """Give everybody one place for sure; what prompts take beyond that shares the rest."""
        self._context.begin_batch()
        room = max(0, self._context.ubatch_tokens - len(self._writers))
        piece = self._even_piece()
        for seat, writer in enumerate(self._seats):
            if writer is None:
                continue
            wanted = self._wanted(writer)
            if wanted > 1 and piece:
                wanted = piece if wanted >= piece else 1
            room -= writer.offer(self._context, seat, min(wanted, room + 1)) - 1

    def _wanted(self, writer: Writer) -> int:
        stop = self._prefixes.next_stop(writer)
        return writer.waiting if stop is None else min(writer.waiting, stop - writer.position)

    def _even_piece(self) -> int:
        """Return how many tokens every reader is to read, 0 for as many as it likes.

        Without a unified cache llama.cpp makes one pass for what all sequences have alike, and
        further ones for what some have beyond: equal pieces make the fewest passes.
        """
        if self._context.unified:
            return 0
        wanted = [count for writer in self._writers if (count := self._wanted(writer)) > 1]
        if len(wanted) < len(self._writers) or len(wanted) > 1:
            long_enough = [count for count in wanted if count >= _LEAST_PIECE]
            share = self._context.ubatch_tokens // max(1, len(long_enough))
            return min(min(long_enough, default=1), max(1, share))
        return 0

    def _leave(self, seat: int, writer: Writer) -> None:
        self._context.forget(seat)
        self._seats[seat] = None
        self._prefixes.leave(writer)
        writer.free()

    def _put_one_back(self) -> None:
        """Make room: whoever began last begins again when the others are done."""
        seat, writer = max(
            ((n, w) for n, w in enumerate(self._seats) if w), key=lambda entry: entry[1].started
        )
        self._context.forget(seat)
        self._seats[seat] = None
        self._prefixes.leave(writer)
        writer.begin_again()
        self._put_back.append(writer)

    def _fail_all(self, code: int) -> Iterator[GenerationEvent]:
        """Give up what is under way; the cache may hold anything now."""
        message = f"llama.cpp could not go on with this prompt (its code is {code})."
        failed = self._writers
        self._seats = [None] * len(self._seats)
        self._prefixes.lose_all()
        self._context.clear()
        for writer in failed:
            writer.free()
            yield GenerationFailed(key=writer.prompt.key, message=message)
