"""A loaded model with the context that its prompts need: how many at once, how long, how shared.

What a request leaves open is chosen here when the prompts are known: the context from their
lengths, the number of sequences and of threads by a short trial, within the memory that is free.
"""

from collections.abc import Iterator, Sequence

import msgspec

from desktop.domain.run import EngineFacts
from desktop.domain.settings import FlashAttention
from desktop.errors import EngineFault
from desktop.inference.allowance import available_memory_bytes, thread_choices
from desktop.inference.engine import (
    ContextMade,
    GenerationEvent,
    GenerationFailed,
    LoadModel,
    Prompt,
)
from desktop.inference.llama.attention import AttentionTrial, can_be_plain, is_worth_trying
from desktop.inference.llama.binding import AbortFlag, binding_version, describe_build
from desktop.inference.llama.context import Context, context_parameters
from desktop.inference.llama.fitting import (
    MOST_SEQUENCES,
    Fit,
    check_fit,
    is_elsewhere,
    measure_fit,
)
from desktop.inference.llama.generation import Generation
from desktop.inference.llama.model import Model
from desktop.inference.llama.plan import (
    Turn,
    count_kept,
    keep_order,
    take_turns,
)
from desktop.inference.llama.shape import CONTEXT_STEP, Shape, find_shape
from desktop.inference.llama.trial import Trial

REPRODUCIBLE = 1
# Beyond this, more sequences at once bring nothing on processors and little on GPUs.
_MOST_SEATS = 64
_MOST_CELLS = 2**24
# Memory that is left to everything else when the engine chooses how much to take.
_SHARE_OF_FREE_MEMORY = 0.5
_THREAD_TRIAL_SECONDS = 1.5
_SEQUENCES_TRIAL_SECONDS = 10.0
# In a trial each sequence needs a place or two.
_TRIAL_CELLS = 512
_SMALL_CACHE_BYTES = 512 * 1024 * 1024


class Workplace:
    """Owns a model and its context. Used by one thread; `free` ends both."""

    def __init__(self, model: Model, request: LoadModel, fit: Fit, abort: AbortFlag) -> None:
        """Find out about threads, and make the context if nothing about it is open."""
        self.model = model
        self.request = request
        self.load_seconds: float | None = None
        self.fit = fit
        self._abort = abort
        self._free_bytes = available_memory_bytes() * _SHARE_OF_FREE_MEMORY
        self._context: Context | None = None
        self._seats = self._limit = 0
        self._seats_by_trial = False
        self._attention = request.options.flash_attention
        self._attention_by_trial = False
        self._shares = False
        choices = thread_choices()
        self.threads = (request.threads or choices[0],) * 2
        # What runs the same each time must not depend on how fast the machine was just now.
        self._threads_by_trial = (
            request.threads is None and request.parallel_sequences != REPRODUCIBLE
        )
        if self._threads_by_trial and len(choices) > 1:
            self.threads = self._try_threads(choices)
        if request.context_tokens is not None and request.parallel_sequences == REPRODUCIBLE:
            self._make_context(REPRODUCIBLE, Shape(limit=request.context_tokens))

    def free(self) -> None:
        """Free the context before its model: the other way round ends the process."""
        self._free_context()
        self.model.free()

    def facts(self) -> EngineFacts:
        """Return what is in force; without a context yet, what is known of the model."""
        context, request = self._context, self.request
        writing, reading = context.threads if context else self.threads
        options = request.options
        if context:
            options = msgspec.structs.replace(
                options,
                flash_attention=context.flash_attention,
                physical_batch_tokens=context.ubatch_tokens,
            )
        return EngineFacts(
            name="llama.cpp",
            version=f"llama-cpp-python {binding_version}",
            build=describe_build(),
            devices=self.model.devices,
            context_tokens=self._limit if context else request.context_tokens or 0,
            parallel_sequences=self._seats or request.parallel_sequences or 1,
            threads=writing,
            batch_threads=reading,
            gpu_layers=self.model.gpu_layers,
            options=options,
            unified_cache=bool(context and context.unified and context.sequences > 1),
            shares_prefixes=self._shares,
            threads_by_trial=self._threads_by_trial,
            sequences_by_trial=self._seats_by_trial,
            attention_by_trial=self._attention_by_trial,
            weights_bytes=self.model.weights_bytes,
            kv_cache_bytes=context.cache_bytes if context else None,
            compute_bytes=context.compute_bytes if context else None,
            load_seconds=self.load_seconds,
        )

    def describe_scoring(self, context: Context, window: int, shares: bool) -> EngineFacts:
        """Return what is in force in a context that was made to score texts with."""
        facts = self.facts()
        return msgspec.structs.replace(
            facts,
            options=msgspec.structs.replace(
                self.request.options,
                flash_attention=context.flash_attention,
                physical_batch_tokens=context.ubatch_tokens,
            ),
            context_tokens=window,
            parallel_sequences=context.sequences,
            threads=context.threads[0],
            batch_threads=context.threads[1],
            unified_cache=context.sequences > 1,
            shares_prefixes=shares,
            sequences_by_trial=False,
            attention_by_trial=False,
            kv_cache_bytes=context.cache_bytes,
            compute_bytes=context.compute_bytes,
        )

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Yield everything about these prompts, `ContextMade` first if a context is made."""
        readable: list[tuple[Prompt, Sequence[int]]] = []
        for prompt in prompts:
            if self._abort.is_set:
                return
            try:
                tokens = self.model.tokenise(
                    prompt.text, has_special_tokens=prompt.has_special_tokens, mask=prompt.mask
                )
            except EngineFault as fault:
                yield GenerationFailed(key=prompt.key, message=fault.message)
            else:
                readable.append((prompt, tokens))
        if not readable:
            return
        turns = self._plan([tokens for _, tokens in readable])
        yield from self._prepare(readable, turns)
        if self._context is None:
            return
        kept = self._context.sequences - self._seats
        if count_kept(turns) > kept:
            turns = take_turns([tokens for _, tokens in readable], most_kept=kept)
        generation = Generation(
            self.model,
            self._context,
            readable,
            turns,
            self._abort,
            seats=self._seats,
            limit=self._limit,
        )
        yield from generation.run()

    def _plan(self, prompts: Sequence[Sequence[int]]) -> tuple[Turn, ...]:
        if self.request.parallel_sequences == REPRODUCIBLE:
            return keep_order(prompts)
        return take_turns(prompts)

    def _prepare(
        self, readable: Sequence[tuple[Prompt, Sequence[int]]], turns: Sequence[Turn]
    ) -> Iterator[ContextMade]:
        """Make the context that these prompts need, unless the one there is will do."""
        shape = find_shape(
            readable,
            turns,
            context_tokens=self.request.context_tokens,
            trained_context=self.model.trained_context,
        )
        if self._context and shape.limit <= self._limit:
            return
        self._free_context()
        if shape.limit > self._affordable:
            # By our own count, which is too high for models with a sliding window.
            request = msgspec.structs.replace(
                self.request, context_tokens=shape.limit, parallel_sequences=1
            )
            check_fit(request, measure_fit(request, self.threads[0]))
        if self.request.parallel_sequences != REPRODUCIBLE:
            self._try_attention(shape)
        if self.request.parallel_sequences is None:
            self._try_seats(len(readable), shape)
        else:
            self._make_context(self.request.parallel_sequences, shape)
        if self._abort.is_set:
            self._free_context()
            return
        yield ContextMade(facts=self.facts())

    @property
    def _affordable(self) -> int:
        """How many tokens of cache memory holds; the engine takes no more of its own accord."""
        if is_elsewhere(self.fit.devices):
            return _MOST_CELLS
        return int(self._free_bytes / max(1.0, self.fit.cache_bytes_per_token))

    def _try_attention(self, shape: Shape) -> None:
        """Find out how attention is computed fastest, where that is open and makes a difference."""
        options = self.request.options
        self._attention = options.flash_attention
        self._attention_by_trial = (
            options.flash_attention is FlashAttention.AUTO
            and not is_elsewhere(self.fit.devices)
            and self._can_be_plain(shape.limit)
            and is_worth_trying(shape)
        )
        if self._attention_by_trial:
            trial = AttentionTrial(self._open_apart, self._abort, window=self.model.window)
            self._attention = trial.choose(
                shape, cache_bytes_per_token=self.fit.cache_bytes_per_token
            )

    def _open_apart(self, cells: int, sequences: int, attention: FlashAttention) -> Context:
        self._attention = attention
        return self._open(cells, sequences, unified=False)

    def _try_seats(self, prompts: int, shape: Shape) -> None:
        """Make the context for as many sequences as are fastest."""
        apart = self._affordable // shape.limit - shape.kept
        together = (self._affordable - shape.shared) // shape.own if shape.kept else 0
        most = min(_MOST_SEATS, prompts, max(apart, together))
        if most <= 1:
            self._make_context(1, shape)
            return
        self._seats_by_trial = True
        cache_bytes = most * shape.limit * self.fit.cache_bytes_per_token
        if self._context is None and cache_bytes <= _SMALL_CACHE_BYTES:
            # Tried where it will be used; what is found to be too many stays unused.
            context = self._make_context(most, shape)
            self._seats = self._find_seats(context, most, shape)
            return
        # A small cache that all share: making a large one takes longer than the trial.
        context = self._open(_TRIAL_CELLS, most, unified=True)
        try:
            found = self._find_seats(context, most, shape)
        finally:
            context.free()
        self._make_context(found, shape)

    def _find_seats(self, context: Context, most: int, shape: Shape) -> int:
        trial = Trial(context, self._abort, seconds=_SEQUENCES_TRIAL_SECONDS)
        return trial.find_sequences(most, work=shape.work, answer=shape.answer)

    def _try_threads(self, choices: Sequence[int]) -> tuple[int, int]:
        context = self._open(CONTEXT_STEP, 1, unified=False)
        try:
            trial = Trial(context, self._abort, seconds=_THREAD_TRIAL_SECONDS)
            return trial.find_threads(choices)
        finally:
            context.free()

    def _make_context(self, seats: int, shape: Shape) -> Context:
        """Make a context of `seats` sequences to write on, and more for what they share.

        Each has a cache of its own, which is fastest, if memory holds that. A unified one holds a
        long document once for all who are asked about it.
        """
        sequences = min(seats + shape.kept, MOST_SEQUENCES)
        cells = shape.limit * sequences
        unified = shape.kept > 0 and cells > self._affordable
        if unified:
            needed = max(shape.limit, shape.shared + seats * shape.own)
            cells = min(needed, max(shape.limit, self._affordable))
        self._context = self._open(cells, sequences, unified=unified)
        self._seats, self._limit, self._shares = seats, shape.limit, shape.kept > 0
        return self._context

    def _open(self, cells: int, sequences: int, *, unified: bool) -> Context:
        writing, reading = self.threads
        attention = self._attention
        # One cache for all is longer than that of one sequence.
        if self._attention_by_trial and unified and not self._can_be_plain(cells):
            attention = FlashAttention.AUTO
        parameters = context_parameters(
            tokens=cells,
            sequences=sequences,
            threads=writing,
            batch_threads=reading,
            outputs=sequences,
            unified=unified,
            options=msgspec.structs.replace(self.request.options, flash_attention=attention),
        )
        return Context(self.model, parameters, self._abort)

    def _can_be_plain(self, sequence_tokens: int) -> bool:
        return can_be_plain(
            self.request.options, sequence_tokens=sequence_tokens, heads=self.model.heads
        )

    def _free_context(self) -> None:
        if self._context is not None:
            self._context.free()
        self._context = None
