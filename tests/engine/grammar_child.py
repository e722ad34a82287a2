"""Run as a process of its own by the tests of grammars: what goes wrong there ends it.

Reads one job as JSON from standard input, writes the outcome as JSON to standard output.
"""

import json
import sys
from collections.abc import Callable

import numpy as np

from desktop.errors import EngineFault
from desktop.inference.llama import grammar_sampler
from desktop.inference.llama.binding import api
from desktop.inference.llama.grammar_sampler import GrammarGate
from desktop.inference.llama.model import Model

_CONTEXT = 512


def parse(grammars: list[str]) -> list[bool]:
    """Tell which grammars llama.cpp's own parser takes."""
    taken = []
    for grammar in grammars:
        sampler = api.llama_sampler_init_grammar(None, grammar.encode(), b"root")
        taken.append(bool(sampler))
        if sampler:
            api.llama_sampler_free(sampler)
    return taken


def follow(path: str, grammar: str, texts: list[str]) -> list[str]:
    """Let a gate judge texts token by token: how each ends."""
    model = Model(path, gpu_layers=0, vocabulary_only=True)
    return [_follow_one(model, grammar, text) for text in texts]


def _follow_one(model: Model, grammar: str, text: str) -> str:
    gate = GrammarGate(model, grammar)
    try:
        for token in model.tokenise(text, has_special_tokens=True):
            if token != model.bos:
                gate.accept(token)
        whole = gate.allows(model.eos)
        gate.accept(model.eos)
        gate.allows(model.eos)
    except EngineFault as fault:
        return fault.message
    else:
        return "whole" if whole else "cut"
    finally:
        gate.free()
        gate.free()


def hang(path: str, grammar: str, text: str) -> None:
    """Follow a text without end in a grammar that llama.cpp can't follow."""
    grammar_sampler.MOST_HANG_SECONDS = 0.5
    grammar_sampler.MOST_STEP_SECONDS = 1e9
    follow(path, grammar, [text])


def write(
    path: str, prompts: list[str], grammars: list[str], temperature: float, most: int
) -> list[list[object]]:
    """Answer prompts under grammars; each outcome is the text and whether it ended by itself."""
    model = Model(path, gpu_layers=0)
    parameters = api.llama_context_default_params()
    parameters.n_ctx, parameters.n_threads, parameters.n_threads_batch = _CONTEXT, 1, 1
    context = api.llama_init_from_model(model.pointer, parameters)
    outcomes: list[list[object]] = []
    for prompt, grammar in zip(prompts, grammars, strict=True):
        api.llama_memory_clear(api.llama_get_memory(context), True)
        chain = _make_chain(temperature) if temperature else None
        gate = GrammarGate(model, grammar)
        tokens, written, ended = model.tokenise(prompt, has_special_tokens=True), b"", False
        for _ in range(most):
            array = (api.llama_token * len(tokens))(*tokens)
            api.llama_decode(context, api.llama_batch_get_one(array, len(tokens)))
            row = api.llama_get_logits_ith(context, -1)
            token = gate.choose(np.ctypeslib.as_array(row, (model.vocabulary_size,)), chain)
            ended = model.ends_answer(token)
            if ended:
                break
            written += model.piece(token)
            tokens = [token]
        gate.free()
        if chain:
            api.llama_sampler_free(chain)
        outcomes.append([written.decode("utf-8", errors="replace"), ended])
    return outcomes


def _make_chain(temperature: float) -> object:
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_top_k(40))
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_temp(temperature))
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_dist(7))
    return chain


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "parse": parse,
    "follow": follow,
    "hang": hang,
    "write": write,
}

if __name__ == "__main__":
    job = json.loads(sys.stdin.read())
    sys.stdout.write(json.dumps(_FUNCTIONS[job.pop("function")](**job)) + "\n")
