"""Holding an answer to a grammar, with llama.cpp's grammar sampler.

Two things about that sampler end the process: a grammar that it can't read, and a token that the
grammar forbids. So grammars are checked first, and a `GrammarGate` lets nothing through that it
has not asked about. Asking about a whole vocabulary is slow (0.1 s for 262,000 tokens), so a token
is chosen first and asked about alone; only where it is refused are others looked at. The
distribution stays the same: what was drawn and refused is drawn again from what is allowed.
"""

import codecs
import ctypes
import os
import threading
import time
import weakref
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from desktop.errors import EngineFault
from desktop.inference.grammar import GRAMMAR_HANG, find_grammar_problem
from desktop.inference.llama.binding import api
from desktop.inference.llama.vocabulary import Vocabulary

_RECORD = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_NEAREST = 64
# A step of an unambiguous grammar takes microseconds; an ambiguous one grows with every token.
MOST_STEP_SECONDS = 2.0
MOST_HANG_SECONDS = 20.0
_LOOK_SECONDS = 0.5
_HANG_EXIT = 71
Logits = npt.NDArray[np.float32]


class _Watch:
    """Ends the process when one call about a grammar goes on and on: there is no other way."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="grammar-watch", daemon=True)
            self._thread.start()
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = None

    def _look(self) -> None:
        """Count looks at the same call, not the clock, which runs on while a laptop sleeps."""
        rest = threading.Event()
        looks, before = 0, self._since
        while not rest.wait(_LOOK_SECONDS):
            since = self._since
            looks = looks + 1 if since is not None and since == before else 0
            before = since
            if looks * _LOOK_SECONDS > MOST_HANG_SECONDS:
                os.write(2, f"The engine's process {GRAMMAR_HANG}.\n".encode())
                os._exit(_HANG_EXIT)


_WATCH = _Watch()


class _TokenFacts:
    """What gates need to know of a vocabulary, and room to weigh all of it. One for a model."""

    def __init__(self, model: Vocabulary) -> None:
        size = model.vocabulary_size
        ends = map(api.llama_vocab_is_eog, repeat(model.vocabulary), range(size))
        self.ends = np.fromiter(ends, dtype=bool, count=size)
        hidden = np.zeros(size, dtype=bool)
        hidden[list(model.control_tokens)] = True
        # A grammar would take a control token for its name, which the answer's text then lacks.
        self.barred = hidden & ~self.ends
        self._records = np.zeros(size, dtype=_RECORD)

    def lay_out(self, tokens: npt.NDArray[np.int32], logits: Logits) -> npt.NDArray[Any]:
        """Return records for some tokens, in memory that the next call uses again."""
        records = self._records[: len(tokens)]
        records["id"], records["logit"], records["p"] = tokens, logits, 0
        return records


_FACTS: "weakref.WeakKeyDictionary[Vocabulary, _TokenFacts]" = weakref.WeakKeyDictionary()


class GrammarGate:
    """One answer's grammar: knows which tokens may come next. Used by one thread.

    Make it before the first token that the grammar is to hold for (after the thinking, where
    there is one). Call `choose` for every token, or `allows` and `accept`; end with `free`.
    """

    def __init__(self, model: Vocabulary, grammar: str) -> None:
        """Check and load a GBNF text; raises `EngineFault` with a sentence."""
        self._sampler: Any = None
        problem = find_grammar_problem(grammar)
        if problem:
            raise EngineFault(f"The grammar can't be used: {problem}.")
        self._model = model
        self._facts = _facts_of(model)
        if not self._facts.ends.any():
            raise EngineFault(
                "This model has no token that ends an answer, so no grammar can hold it."
            )
        text = grammar.encode("utf-8")
        self._sampler = api.llama_sampler_init_grammar(model.vocabulary, text, b"root")
        if not self._sampler:
            raise EngineFault("llama.cpp does not take this grammar.", details=grammar)
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        self._ended = False

    def allows(self, token: int) -> bool:
        """Whether a token may come next. Takes microseconds."""
        return bool(self._weigh(np.array([token], dtype=np.int32), np.ones(1, np.float32)).size)

    def accept(self, token: int) -> None:
        """Take a token as written; raises `EngineFault` for one that may not come next."""
        started = time.perf_counter()
        if not self.allows(token):
            raise EngineFault("The answer left its grammar.")
        self._take(token)
        if time.perf_counter() - started > MOST_STEP_SECONDS:
            raise EngineFault(
                "The grammar can be read in so many ways at once that following it takes too long."
            )

    def choose(self, logits: Logits, chain: Any = None) -> int:
        """Choose the next token and accept it.

        `logits` is one position's row; `chain` a chain of samplers that ends in a choice, `None`
        for the likeliest token. The chain accepts the token as well. Raises `EngineFault` where
        nothing may follow, which happens when the vocabulary lacks the characters needed.
        """
        token = self._choose_likeliest(logits) if chain is None else self._draw(logits, chain)
        self.accept(token)
        if chain is not None:
            api.llama_sampler_accept(chain, token)
        return token

    def free(self) -> None:
        """Give the memory back; twice is harmless."""
        if self._sampler:
            api.llama_sampler_free(self._sampler)
            self._sampler = None

    def _choose_likeliest(self, logits: Logits) -> int:
        best = int(logits.argmax())
        if self.allows(best):
            return best
        if len(logits) > _NEAREST:
            near = np.sort(np.argpartition(logits, -_NEAREST)[-_NEAREST:]).astype(np.int32)
            records = self._weigh(near, logits[near])
            if records.size:
                return int(records["id"][records["logit"].argmax()])
        records = self._weigh_all(logits)
        return int(records["id"][records["logit"].argmax()])

    def _draw(self, logits: Logits, chain: Any) -> int:
        everything = np.arange(len(logits), dtype=np.int32)
        token = _apply(chain, self._facts.lay_out(everything, logits))
        if token >= 0 and self.allows(token):
            return token
        return _apply(chain, self._weigh_all(logits))

    def _weigh_all(self, logits: Logits) -> npt.NDArray[Any]:
        records = self._weigh(np.arange(len(logits), dtype=np.int32), logits)
        if not records.size:
            raise EngineFault(
                "The grammar asks for characters that this model's vocabulary can't write."
            )
        return records

    def _weigh(self, tokens: npt.NDArray[np.int32], logits: Logits) -> npt.NDArray[Any]:
        """Return records of those tokens that may come next."""
        if self._ended:
            raise EngineFault("The answer has ended already.")
        closed = self._facts.barred[tokens]
        if self._bytes.getstate()[0]:  # the last character is not whole yet
            closed = closed | self._facts.ends[tokens]
        records = self._facts.lay_out(tokens[~closed], logits[~closed])
        _apply(self._sampler, records)
        return records[records["logit"] > -np.inf]

    def _take(self, token: int) -> None:
        with _WATCH:
            api.llama_sampler_accept(self._sampler, token)
        self._bytes.decode(self._model.piece(token))
        self._ended = bool(self._facts.ends[token])


def _facts_of(model: Vocabulary) -> _TokenFacts:
    facts = _FACTS.get(model)
    if facts is None:
        facts = _FACTS[model] = _TokenFacts(model)
    return facts


def _apply(sampler: Any, records: npt.NDArray[Any]) -> int:
    """Let a sampler change records in place; returns the token that it selected, or -1."""
    array = api.llama_token_data_array(
        data=records.ctypes.data_as(api.llama_token_data_p),
        size=len(records),
        selected=-1,
        sorted=False,
    )
    with _WATCH:
        api.llama_sampler_apply(sampler, ctypes.byref(array))
    return int(array.data[array.selected].id) if array.selected >= 0 else -1
