"""What the user of a model file should know before relying on it, in words.

Codes are stable: `no_chat_template`, `no_license`, `no_vocabulary`, `no_context_length`,
`absurd_context`, `unknown_architecture`, `inconsistent_layers`, `byte_order`,
`not_a_language_model`.
"""

import sys
from collections.abc import Iterator, Sequence

from desktop.domain.language_model import ModelFacts, ModelKind, ModelWarning
from desktop.gguf.architectures import KNOWN_ARCHITECTURES
from desktop.gguf.header import GgufHeader

_LONGEST_CONTEXT = 1 << 24  # the longest that any published model claims is 10 million tokens

_PURPOSES = {
    ModelKind.PROJECTOR: "an image or sound projector, a companion of a language model",
    ModelKind.VOCABULARY: "a vocabulary without weights",
    ModelKind.ADAPTER: "an adapter (LoRA), to be put on top of a language model",
    ModelKind.IMPORTANCE_MATRIX: "an importance matrix, made for quantising a model",
    ModelKind.EMBEDDING: "an embedding model, which turns text into vectors and writes none",
}


def find_oddities(headers: Sequence[GgufHeader], facts: ModelFacts) -> tuple[ModelWarning, ...]:
    """Return the warnings about a model whose shards have these headers."""
    if facts.kind is not ModelKind.LANGUAGE_MODEL:
        message = f"This file is {_PURPOSES[facts.kind]}; it can't be evaluated by itself."
        return (ModelWarning(code="not_a_language_model", message=message),)
    return (*_unloadable(headers, facts), *_worth_knowing(facts))


def _unloadable(headers: Sequence[GgufHeader], facts: ModelFacts) -> Iterator[ModelWarning]:
    if headers[0].big_endian != (sys.byteorder == "big"):
        yield ModelWarning(
            code="byte_order",
            message="The file is written in the other byte order; llama.cpp can't load it on this "
            "machine.",
        )
    if facts.architecture not in KNOWN_ARCHITECTURES:
        yield ModelWarning(
            code="unknown_architecture",
            message="This version of llama.cpp does not know the architecture "
            f"“{facts.architecture}” and will refuse the file.",
        )
    if not facts.vocabulary_size:
        yield ModelWarning(
            code="no_vocabulary",
            message="The file has no vocabulary, so llama.cpp can't run it.",
        )
    present = _count_layers(headers)
    if present and facts.layers != present:
        stated = f"{facts.layers:,}" if facts.layers is not None else "no number of"
        yield ModelWarning(
            code="inconsistent_layers",
            message=f"The header states {stated} layers, but the file has {present:,}; it may be "
            "damaged.",
        )


def _worth_knowing(facts: ModelFacts) -> Iterator[ModelWarning]:
    if facts.context_length is None:
        yield ModelWarning(
            code="no_context_length",
            message="The file does not say for which context the model was trained.",
        )
    elif facts.context_length > _LONGEST_CONTEXT:
        yield ModelWarning(
            code="absurd_context",
            message=f"The file claims a context of {facts.context_length:,} tokens, more than any "
            "known model has; it may be damaged.",
        )
    if not facts.has_chat_template:
        yield ModelWarning(
            code="no_chat_template",
            message="The file has no chat template, as base models have none: prompts go to it as "
            "plain text, and it may not follow instructions.",
        )
    if not facts.license:
        yield ModelWarning(
            code="no_license",
            message="The file does not state a licence; ask its publisher before you deploy it.",
        )


def _count_layers(headers: Sequence[GgufHeader]) -> int:
    """Return how many layers there are tensors for, by their names `blk.0.…`; 0 without any."""
    numbers = {
        int(part)
        for header in headers
        for tensor in header.tensors
        if tensor.name.startswith("blk.") and (part := tensor.name.split(".")[1]).isdecimal()
    }
    return max(numbers, default=-1) + 1
