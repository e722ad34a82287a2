"""How the next token is chosen: a chain of llama.cpp's own samplers for each sequence.

Greedy choices need no chain: the largest of a row of logits is found in one call for all
sequences, where llama.cpp's sampler first writes a record for each of 262,000 tokens.
"""

from collections.abc import Sequence
from typing import Any

from desktop.domain.settings import Sampling
from desktop.errors import EngineFault
from desktop.inference.llama.binding import api
from desktop.inference.llama.model import Model

PENALTY_WINDOW = 64
_SEED_BITS = 0xFFFFFFFF


class Sampler:
    """One sequence's chain. Greedy at temperature 0; else in the order llama.cpp documents."""

    def __init__(self, sampling: Sampling, model: Model, prompt: Sequence[int]) -> None:
        """Build the chain; the repeat penalty also looks back at the prompt's end."""
        self.chain: Any = None
        if sampling.temperature <= 0:
            return
        self.chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        if not self.chain:
            raise EngineFault("llama.cpp could not make a sampler.")
        if sampling.repeat_penalty != 1.0:
            self._add(
                api.llama_sampler_init_penalties(
                    model.vocabulary_size, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0
                )
            )
        self._add(api.llama_sampler_init_top_k(sampling.top_k))
        self._add(api.llama_sampler_init_top_p(sampling.top_p, 1))
        self._add(api.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(api.llama_sampler_init_temp(sampling.temperature))
        self._add(api.llama_sampler_init_dist(sampling.seed & _SEED_BITS))
        if sampling.repeat_penalty != 1.0:
            for token in prompt[-PENALTY_WINDOW:]:
                api.llama_sampler_accept(self.chain, token)

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.chain is None

    def draw(self, context: Any, index: int) -> int:
        """Return the token drawn from the logits of one position of the last batch."""
        return int(api.llama_sampler_sample(self.chain, context, index))

    def free(self) -> None:
        """Give the memory back."""
        if self.chain:
            api.llama_sampler_free(self.chain)
            self.chain = None

    def _add(self, sampler: Any) -> None:
        if not sampler:  # a NULL in a chain would end the process at the first token
            self.free()
            raise EngineFault("llama.cpp could not make a sampler with these settings.")
        api.llama_sampler_chain_add(self.chain, sampler)
