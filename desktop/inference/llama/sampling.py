"""How the next token is chosen: a chain of llama.cpp's own samplers for each sequence."""

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
        chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        if not chain:
            raise EngineFault("llama.cpp could not make a sampler.")
        self._chain: Any = chain
        if sampling.temperature <= 0:
            self._add(api.llama_sampler_init_greedy())
            return
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
                api.llama_sampler_accept(chain, token)

    def choose(self, context: Any, index: int) -> int:
        """Return the token chosen from the logits of one position of the last batch."""
        return int(api.llama_sampler_sample(self._chain, context, index))

    def free(self) -> None:
        """Give the memory back."""
        if self._chain:
            api.llama_sampler_free(self._chain)
            self._chain = None

    def _add(self, sampler: Any) -> None:
        if not sampler:  # a NULL in a chain would end the process at the first token
            self.free()
            raise EngineFault("llama.cpp could not make a sampler with these settings.")
        api.llama_sampler_chain_add(self._chain, sampler)
