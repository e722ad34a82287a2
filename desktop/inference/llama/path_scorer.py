"""How likely the tokens of given paths are: what multiple choice and perplexity are made of.

The model reads what the paths begin with once and is asked, at each place that counts, for the
probability of the token that follows; the last token is looked up and never read. Normalising
over the vocabulary is NumPy's work on llama.cpp's own memory.

With quantised weights a likelihood is good to about half a per cent: llama.cpp rounds activations
to 8 bits, so that the order in which attention adds up, which depends on what else is in a batch,
shows. Read for itself, a path has the same value always.
"""

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.domain.base import Value
from desktop.domain.run import EngineFacts
from desktop.errors import EngineFault
from desktop.inference.allowance import available_memory_bytes
from desktop.inference.engine import LoadModel
from desktop.inference.llama.binding import AbortFlag, api
from desktop.inference.llama.context import DECODED, Context, context_parameters
from desktop.inference.llama.fitting import is_elsewhere
from desktop.inference.llama.model import Model
from desktop.inference.llama.prefix_tree import Limits, Node, Round, plan_rounds
from desktop.inference.token_boundary import TokenPath

# One physical batch: a longer round would only make each token look over more of the cache.
ROUND_TOKENS = 512
_MOST_SEQUENCES = 64
# Memory for logits of one step. llama.cpp holds them twice, and looks for a cancel only after all
# of them: with a vocabulary of 262,000 that is 128 places, a fifth of a second on two cores.
_OUTPUT_BYTES = 128 * 1024 * 1024
_FLOAT_BYTES = 4
_USUAL_WINDOW = 4096


class PathScore(Value, frozen=True, kw_only=True):
    """Sums over the scored tokens of one path: logarithms, their squares, whether all were top."""

    log_probability: float
    squares: float
    is_greedy: bool


class PathScorer:
    """Scores paths with a loaded model, in a context of its own. Used by one thread."""

    def __init__(
        self,
        model: Model,
        request: LoadModel,
        abort: AbortFlag,
        *,
        threads: int,
        cache_bytes_per_token: float,
        describe: Callable[[Context, int, bool], EngineFacts] | None = None,
    ) -> None:
        """Take the model that `request` loaded; `abort` ends the work.

        `describe` tells of the context in force, of a window, and of whether anything is shared.
        """
        self.model = model
        self.window = request.context_tokens or model.trained_context or _USUAL_WINDOW
        self._options = request.options
        self._threads = threads
        self._cache_bytes_per_token = cache_bytes_per_token
        self._abort = abort
        self._describe = describe
        self.facts: EngineFacts | None = None
        # What a recurrent model has read can't be split among sequences or partly forgotten.
        self._is_alone = request.parallel_sequences == 1 or bool(
            api.llama_model_is_recurrent(model.pointer) or api.llama_model_is_hybrid(model.pointer)
        )

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the rest."""
        return self._abort.is_set

    @property
    def first_token(self) -> int | None:
        """What stands before a text that has nothing before it: BOS, else EOS."""
        return next((token for token in (self.model.bos, self.model.eos) if token >= 0), None)

    def tokenise(self, text: str, *, has_special_tokens: bool, mask: str = "") -> list[int]:
        """Return a text's tokens without the EOS that some vocabularies put at the end."""
        tokens = self.model.tokenise(text, has_special_tokens=has_special_tokens, mask=mask)
        adds_eos = not has_special_tokens and api.llama_vocab_get_add_eos(self.model.vocabulary)
        return tokens[:-1] if adds_eos and tokens[-1:] == [self.model.eos] else tokens

    def score(self, paths: Sequence[TokenPath], *, shares: bool) -> Iterator[tuple[int, PathScore]]:
        """Yield each path's number and score; less after a cancel.

        With `shares` common beginnings are read once and the order is the scorer's; without, it
        is the order given.
        """
        if not paths:
            return
        reading = self.open(paths, sequences=1 if self._is_alone else _MOST_SEQUENCES)
        context, step = reading.context, reading.step
        if self._describe and self.facts is None:
            self.facts = self._describe(context, self.window, shares and not self._is_alone)
        try:
            limits = Limits(tokens=ROUND_TOKENS, sequences=reading.sequences)
            totals = _Totals(paths)
            for part in plan_rounds(paths, limits, shares=shares and not self._is_alone):
                inherit(context, part)
                for nodes in cut(part.nodes, ROUND_TOKENS, reading.outputs):
                    if self._abort.is_set or not step.run(nodes, self._abort):
                        return
                    yield from totals.add(nodes, step.logits())
        finally:
            context.free()

    def open(self, paths: Sequence[TokenPath], *, sequences: int) -> "Reading":
        """Make what such paths are read in; free its context afterwards."""
        outputs = max(1, min(ROUND_TOKENS, self._most_outputs()))
        sequences = min(sequences, outputs)
        longest = max(len(path.tokens) for path in paths)
        self._check_fit(longest + ROUND_TOKENS, outputs)
        context = self._make_context(longest + ROUND_TOKENS, sequences, outputs)
        step = Step(context, self.model.vocabulary_size)
        return Reading(context=context, step=step, outputs=outputs, sequences=sequences)

    def _most_outputs(self) -> int:
        return _OUTPUT_BYTES // (_FLOAT_BYTES * self.model.vocabulary_size)

    def _check_fit(self, tokens: int, outputs: int) -> None:
        """Raise `EngineFault` for what the kernel would end the process for."""
        logits = 2 * outputs * self.model.vocabulary_size * _FLOAT_BYTES
        needed = tokens * self._cache_bytes_per_token + logits
        available = available_memory_bytes()
        if needed > available and not is_elsewhere(self.model.devices):
            raise EngineFault(
                f"Scoring texts of up to {tokens - ROUND_TOKENS:,} tokens needs"
                f" {needed / 1e9:,.1f} GB of memory, and this machine has {available / 1e9:,.1f} GB"
                " free; choose a shorter context or a smaller model."
            )

    def _make_context(self, tokens: int, sequences: int, outputs: int) -> Context:
        parameters = context_parameters(
            tokens=-(-tokens // 256) * 256,
            sequences=sequences,
            threads=self._threads,
            outputs=outputs,
            unified=True,
            options=self._options,
        )
        parameters.n_batch = ROUND_TOKENS
        parameters.n_ubatch = min(parameters.n_ubatch, ROUND_TOKENS)
        # A window's cache forgets what a round to come may still continue.
        parameters.swa_full = True
        return Context(self.model, parameters, self._abort)


class Step:
    """A batch in which a token may belong to several sequences."""

    def __init__(self, context: Context, vocabulary_size: int) -> None:
        """Make room for a round; outputs are as wide as the vocabulary."""
        self._context = context
        self._vocabulary_size = vocabulary_size
        self._tokens = np.zeros(ROUND_TOKENS, np.int32)
        self._positions = np.zeros(ROUND_TOKENS, np.int32)
        self._counts = np.zeros(ROUND_TOKENS, np.int32)
        self._wanted = np.zeros(ROUND_TOKENS, np.int8)
        # A token's sequences are a range of neighbours, hence a stretch of this one array.
        self._numbers = np.arange(_MOST_SEQUENCES, dtype=np.int32)
        self._pointers = np.zeros(ROUND_TOKENS, np.uintp)
        self._outputs = 0
        self._batch: Any = api.llama_batch()
        fields = dict(self._batch._fields_)
        for name, array in (
            ("token", self._tokens),
            ("pos", self._positions),
            ("n_seq_id", self._counts),
            ("seq_id", self._pointers),
            ("logits", self._wanted),
        ):
            setattr(self._batch, name, ctypes.cast(array.ctypes.data, fields[name]))

    def run(self, nodes: Sequence[Node], abort: AbortFlag) -> bool:
        """Decode; returns whether it was not cancelled."""
        count = len(nodes)
        self._tokens[:count] = [node.token for node in nodes]
        self._positions[:count] = [node.position for node in nodes]
        self._counts[:count] = [node.sequences for node in nodes]
        firsts = np.array([node.first_sequence for node in nodes], np.uintp)
        self._pointers[:count] = self._numbers.ctypes.data + firsts * self._numbers.itemsize
        self._wanted[:count] = [bool(node.targets) for node in nodes]
        self._outputs = int(self._wanted[:count].sum())
        self._batch.n_tokens = count
        code = int(api.llama_decode(self._context.pointer, self._batch))
        if abort.is_set:
            return False
        if code != DECODED:
            raise EngineFault(f"llama.cpp could not read these texts (its code is {code}).")
        return True

    def logits(self) -> npt.NDArray[np.float32]:
        """Return a row for each node with targets: llama.cpp's memory, good until the next run."""
        if not self._outputs:
            return np.empty((0, self._vocabulary_size), np.float32)
        pointer = api.llama_get_logits(self._context.pointer)
        if not pointer:
            raise EngineFault("llama.cpp gave no probabilities.")
        return np.ctypeslib.as_array(pointer, (self._outputs, self._vocabulary_size))


@dataclass(frozen=True)
class Reading:
    """A context, a batch for it, and how many outputs and sequences it has room for."""

    context: Context
    step: Step
    outputs: int
    sequences: int


class _Totals:
    """Adds up what is known of each path, and tells of those that are complete."""

    def __init__(self, paths: Sequence[TokenPath]) -> None:
        self._missing = [len(path.tokens) - path.start for path in paths]
        self._sums = [0.0] * len(paths)
        self._squares = [0.0] * len(paths)
        self._greedy = [True] * len(paths)

    def add(
        self, nodes: Sequence[Node], logits: npt.NDArray[np.float32]
    ) -> Iterator[tuple[int, PathScore]]:
        asked = [node.targets for node in nodes if node.targets]
        for row, targets in zip(logits, asked, strict=True):
            top, normaliser = normalise(row)
            for number, token in targets:
                value = float(row[token]) - normaliser
                self._sums[number] += value
                self._squares[number] += value * value
                self._greedy[number] &= token == top
                self._missing[number] -= 1
                if not self._missing[number]:
                    yield number, self._score(number)

    def _score(self, number: int) -> PathScore:
        return PathScore(
            log_probability=self._sums[number],
            squares=self._squares[number],
            is_greedy=self._greedy[number],
        )


def normalise(row: npt.NDArray[np.float32]) -> tuple[int, float]:
    """Return the likeliest token, and the logarithm of the sum of all logits' exponentials.

    NumPy sums pairwise, so that single precision is good for 1e-6 over any vocabulary.
    """
    top = int(row.argmax())
    peak = float(row[top])
    shifted = row - row[top]
    np.exp(shifted, out=shifted)
    total = float(shifted.sum())
    return top, peak + math.log(total) if total > 0 else math.nan


def inherit(context: Context, part: Round) -> None:
    """Keep what a round continues, give it to its sequences, and forget everything else."""
    kept = part.shares[0]
    if not kept:
        context.clear()
        return
    memory = context.memory
    api.llama_memory_seq_keep(memory, part.heir)
    if part.heir:
        api.llama_memory_seq_cp(memory, part.heir, 0, -1, -1)
        api.llama_memory_seq_rm(memory, part.heir, -1, -1)
    api.llama_memory_seq_rm(memory, 0, kept, -1)
    for sequence, share in enumerate(part.shares):
        if sequence and share:
            api.llama_memory_seq_cp(memory, 0, sequence, 0, share)


def cut(nodes: Sequence[Node], tokens: int, outputs: int) -> Iterator[Sequence[Node]]:
    """Yield pieces of at most so many tokens, and so many places with targets."""
    start = wanted = 0
    for index, node in enumerate(nodes):
        if index - start == tokens or (node.targets and wanted == outputs):
            yield nodes[start:index]
            start, wanted = index, 0
        wanted += bool(node.targets)
    if start < len(nodes):
        yield nodes[start:]
