"""Whatever is answered side by side, shared, moved or put back: every prompt gets its own answer.

The model here is made up: its next token depends on every token before it and on their places,
so a sequence that is mixed up, read twice or cut shows in the answer.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling
from desktop.inference.engine import (
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    Prompt,
)
from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import CACHE_FULL, DECODED
from desktop.inference.llama.generation import Generation
from desktop.inference.llama.plan import count_kept, keep_order, take_turns

VOCABULARY = 40
END = 0
LIMIT = 256


def next_token(tokens: Sequence[int]) -> int:
    return zlib.crc32(bytes(tokens)) % VOCABULARY


class MadeUpModel:
    """As much of a `Model` as writers ask for: tokens are letters, 0 ends an answer."""

    vocabulary_size = VOCABULARY

    def ends_answer(self, token: int) -> bool:
        return token == END

    def piece(self, token: int, keep: frozenset[int] = frozenset()) -> bytes:
        del keep
        return bytes([48 + token])


class MadeUpContext:
    """Keeps tokens by sequence and complains where llama.cpp would fail, silently or not."""

    def __init__(self, sequences: int, *, cells: int | None, ubatch_tokens: int) -> None:
        self.sequences = sequences
        self.unified = cells is not None or sequences == 1
        self.ubatch_tokens = ubatch_tokens
        self.decoded = 0
        self.broken_after: int | None = None
        self._cells = cells
        # Cells are shared by number: a copy in a unified cache takes no room.
        self._content: dict[int, list[tuple[int, int]]] = {n: [] for n in range(sequences)}
        self._next_cell = 0
        self._batch: list[tuple[int, list[int], int, bool]] = []
        self._rows: list[int] = []

    def begin_batch(self) -> None:
        self._batch = []

    def add(self, tokens: Sequence[int], position: int, sequence: int, *, wants_next: bool) -> int:
        assert tokens
        if not self.unified:
            assert sequence == len(self._batch), "a gap or a wrong order costs half the speed"
        self._batch.append((sequence, list(tokens), position, wants_next))
        return sum(len(tokens) for _, tokens, _, _ in self._batch) - 1

    def decode(self) -> int:
        count = sum(len(tokens) for _, tokens, _, _ in self._batch)
        assert 0 < count <= max(self.ubatch_tokens, len(self._batch))
        if self.broken_after is not None and self.decoded >= self.broken_after:
            return -3
        used = {cell for content in self._content.values() for cell, _ in content}
        if self._cells is not None and len(used) + count > self._cells:
            return CACHE_FULL
        self._rows = []
        for sequence, tokens, position, wants_next in self._batch:
            content = self._content[sequence]
            assert position == len(content)
            for token in tokens:
                content.append((self._next_cell, token))
                self._next_cell += 1
            if wants_next:
                self._rows.append(next_token([token for _, token in content]))
        self.decoded += count
        return DECODED

    def logits(self, outputs: int) -> npt.NDArray[np.float32]:
        assert outputs == len(self._rows)
        rows = np.zeros((outputs, VOCABULARY), np.float32)
        rows[np.arange(outputs), self._rows] = 1
        return rows

    def clear(self) -> None:
        for content in self._content.values():
            content.clear()

    def forget(self, sequence: int) -> None:
        self._content[sequence].clear()

    def copy(self, source: int, target: int) -> None:
        assert not self._content[target]
        copied = list(self._content[source])
        if not self.unified:
            copied = [(self._next_cell + n, token) for n, (_, token) in enumerate(copied)]
            self._next_cell += len(copied)
        self._content[target] = copied

    def move(self, source: int, target: int) -> None:
        self.copy(source, target)
        self.forget(source)


def ask(number: int, max_tokens: int) -> Prompt:
    return Prompt(
        key=str(number),
        text="",
        has_special_tokens=False,
        sampling=Sampling(),
        max_tokens=max_tokens,
    )


def answer_alone(tokens: Sequence[int], max_tokens: int) -> tuple[str, StopReason]:
    """Return what the made-up model says to one prompt, and why it stops."""
    everything, text = list(tokens), ""
    while True:
        token = next_token(everything)
        if token == END:
            return text, StopReason.END_OF_ANSWER
        text += chr(48 + token)
        everything.append(token)
        if len(text) == max_tokens:
            return text, StopReason.MAX_TOKENS
        if len(everything) > LIMIT:
            return text, StopReason.CONTEXT_FULL


def generate(
    prompts: Sequence[tuple[list[int], int]],
    seats: int,
    *,
    shares: bool = True,
    cells: int | None = None,
    ubatch_tokens: int = 64,
) -> tuple[list[GenerationEvent], MadeUpContext]:
    tokens = [tokens for tokens, _ in prompts]
    turns = take_turns(tokens) if shares else keep_order(tokens)
    context = MadeUpContext(seats + count_kept(turns), cells=cells, ubatch_tokens=ubatch_tokens)
    generation = Generation(
        MadeUpModel(),  # type: ignore[arg-type]
        context,  # type: ignore[arg-type]
        [(ask(n, most), tokens) for n, (tokens, most) in enumerate(prompts)],
        turns,
        AbortFlag(),
        seats=seats,
        limit=LIMIT,
    )
    return list(generation.run()), context


def check(events: Sequence[GenerationEvent], prompts: Sequence[tuple[list[int], int]]) -> None:
    started = [e.key for e in events if isinstance(e, GenerationStarted)]
    assert sorted(started, key=int) == [str(n) for n in range(len(prompts))]
    ends = {e.key: e for e in events if isinstance(e, GenerationFinished)}
    for number, (tokens, most) in enumerate(prompts):
        end = ends[str(number)]
        assert (end.text, end.stop_reason) == answer_alone(tokens, most)
        assert end.prompt_tokens == len(tokens)


STEM = [n * 7 % 39 + 1 for n in range(120)]
PROMPTS = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from([0, 0, 20, 21, 60, 100]),
            st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=90),
        ).map(lambda cut: STEM[: cut[0]] + cut[1]),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=14,
)


@given(PROMPTS, st.integers(1, 6), st.booleans(), st.sampled_from([16, 64, 512]))
@settings(max_examples=150, deadline=None)
def test_every_prompt_gets_its_own_answer(
    prompts: list[tuple[list[int], int]], seats: int, shares: bool, ubatch_tokens: int
) -> None:
    events, _ = generate(prompts, seats, shares=shares, ubatch_tokens=ubatch_tokens)
    check(events, prompts)


@given(PROMPTS, st.integers(1, 6), st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_a_unified_cache_may_be_too_small_for_all_at_once(
    prompts: list[tuple[list[int], int]], seats: int, spare: int
) -> None:
    largest = max(len(tokens) + most for tokens, most in prompts)
    # What is kept for others takes room beside the one prompt that must always fit.
    kept = len(STEM) if len(prompts) > 1 else 0
    events, _ = generate(prompts, seats, cells=largest + kept + spare)
    check(events, prompts)


def test_what_is_shared_is_read_once() -> None:
    prompts = [([*STEM, 1 + n], 3) for n in range(8)]
    _, apart = generate(prompts, 4, shares=False)
    _, shared = generate(prompts, 4)
    assert apart.decoded - shared.decoded == 7 * len(STEM)


def test_a_decode_that_fails_costs_the_prompts_under_way_and_no_other() -> None:
    tokens = [[n + 1] * 10 for n in range(6)]
    context = MadeUpContext(2, cells=None, ubatch_tokens=64)
    context.broken_after = 30
    generation = Generation(
        MadeUpModel(),  # type: ignore[arg-type]
        context,  # type: ignore[arg-type]
        [(ask(n, 500), prompt) for n, prompt in enumerate(tokens)],
        keep_order(tokens),
        AbortFlag(),
        seats=2,
        limit=LIMIT,
    )
    events = generation.run()
    failed = []
    for event in events:
        if isinstance(event, GenerationFailed):
            failed.append(event.key)
            context.broken_after = None
    assert failed
    assert len(failed) <= 2


@pytest.mark.parametrize(("tokens", "words"), [([], "empty"), ([5] * LIMIT, f"context of {LIMIT}")])
def test_what_can_not_be_answered_is_refused_and_the_others_go_on(
    tokens: list[int], words: str
) -> None:
    events, _ = generate([([3, 4], 5), (tokens, 5), ([5, 6], 5)], 2)
    (failure,) = [e for e in events if isinstance(e, GenerationFailed)]
    assert failure.key == "1"
    assert words in failure.message
    assert {e.key for e in events if isinstance(e, GenerationFinished)} == {"0", "2"}
