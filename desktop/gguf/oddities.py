"""What the user of a model file should know before relying on it, in words.

Each warning is one sentence: what is odd, why it matters, what to do. Codes are stable:
`no_chat_template`, `no_license`, `no_vocabulary`, `no_context_length`, `absurd_context`,
`absurd_size`, `unknown_architecture`, `inconsistent_layers`, `inconsistent_vocabulary`,
`byte_order`, `not_a_language_model`, `base_model`, `special_token`, `register_problem`, and what
`template_oddities` has of chat templates.
"""

import re
import sys
from collections.abc import Iterator, Sequence

from desktop.domain.language_model import ModelFacts, ModelKind, ModelWarning
from desktop.gguf.architectures import KNOWN_ARCHITECTURES
from desktop.gguf.header import VOCABULARY_KEY, GgufHeader
from desktop.gguf.suppliers import load_register
from desktop.gguf.template_oddities import find_template_oddities

_LONGEST_CONTEXT = 1 << 24  # the longest that any published model claims is 10 million tokens

# Well beyond all that has been published, so that only nonsense is called absurd.
_MOST = {
    "layers": (1_024, "layers"),
    "embedding_length": (262_144, "numbers for each token"),
    "attention_heads": (4_096, "attention heads"),
    "experts": (8_192, "experts"),
    "vocabulary_size": (2_000_000, "words in its vocabulary"),
}
_NO_TOKEN = (1 << 32) - 1  # how files say that there is no such token
_BASE_NAME = re.compile(r"(?:^|[-_ .])(?:base|pretrain|pretrained)(?:$|[-_ .])", re.IGNORECASE)
_MOST_TOKENS_SHOWN = 3

_PURPOSES = {
    ModelKind.PROJECTOR: "an image or sound projector, a companion of a language model",
    ModelKind.VOCABULARY: "a vocabulary without weights",
    ModelKind.ADAPTER: "an adapter (LoRA or control vector), to be put on top of a language model",
    ModelKind.IMPORTANCE_MATRIX: "an importance matrix, made for quantising a model",
    ModelKind.EMBEDDING: "an embedding model, which turns text into vectors and writes none",
}


def find_oddities(headers: Sequence[GgufHeader], facts: ModelFacts) -> tuple[ModelWarning, ...]:
    """Return the warnings about a model whose shards have these headers."""
    if facts.kind is not ModelKind.LANGUAGE_MODEL:
        message = f"This file is {_PURPOSES[facts.kind]}; it can't be evaluated by itself."
        return (ModelWarning(code="not_a_language_model", message=message),)
    return (
        *_unloadable(headers, facts),
        *_absurdities(headers, facts),
        *_worth_knowing(facts),
        *find_template_oddities(headers[0], facts),
        *_license_oddities(facts),
    )


def _unloadable(headers: Sequence[GgufHeader], facts: ModelFacts) -> Iterator[ModelWarning]:
    if headers[0].big_endian != (sys.byteorder == "big"):
        yield ModelWarning(
            code="byte_order",
            message="The file is written in the other byte order; llama.cpp can't load it on this "
            "machine, so get the usual little-endian file or convert it.",
        )
    if facts.architecture not in KNOWN_ARCHITECTURES:
        yield ModelWarning(
            code="unknown_architecture",
            message="This version of llama.cpp does not know the architecture "
            f"“{facts.architecture}” and will refuse the file; a newer Touchstone is needed.",
        )
    if not facts.vocabulary_size:
        yield ModelWarning(
            code="no_vocabulary",
            message="The file has no vocabulary, so llama.cpp can't run it; get it again or "
            "convert it again.",
        )
    present = _count_layers(headers)
    if present and facts.layers != present:
        stated = f"{facts.layers:,}" if facts.layers is not None else "no number of"
        yield ModelWarning(
            code="inconsistent_layers",
            message=f"The header states {stated} layers, but the file has {present:,}; it may be "
            "damaged, so compare its checksum with the publisher's.",
        )


def _worth_knowing(facts: ModelFacts) -> Iterator[ModelWarning]:
    if facts.context_length is None:
        yield ModelWarning(
            code="no_context_length",
            message="The file does not say for which context the model was trained, so nobody "
            "warns when prompts go beyond it; look it up and set the context yourself.",
        )
    elif facts.context_length > _LONGEST_CONTEXT:
        yield ModelWarning(
            code="absurd_context",
            message=f"The file claims a context of {facts.context_length:,} tokens, more than any "
            "known model has; it may be damaged, so set the context yourself.",
        )
    if not facts.has_chat_template:
        yield ModelWarning(
            code="no_chat_template",
            message="The file has no chat template, as base models have none: prompts go to it as "
            "plain text, and it may not follow instructions; for questions and answers take the "
            "instruct version.",
        )
    elif _BASE_NAME.search(facts.name) or _BASE_NAME.search(facts.header_name):
        yield ModelWarning(
            code="base_model",
            message="The name says that this is a base model, which continues texts and was not "
            "trained to follow instructions, although the file has a chat template; for questions "
            "and answers take the instruct version.",
        )


def _license_oddities(facts: ModelFacts) -> Iterator[ModelWarning]:
    if not facts.license:
        terms, supplier = facts.license_terms, facts.supplier
        guess = ""
        if terms is not None and supplier is not None:
            guess = f" (a guess by {supplier.matched}: {terms.name}, as {supplier.family} has it)"
        yield ModelWarning(
            code="no_license",
            message="The file does not state a licence; ask its publisher before you deploy it"
            f"{guess}.",
        )
    if problem := load_register().problem:
        yield ModelWarning(
            code="register_problem",
            message=f"The register of suppliers could not be used, so guesses are missing: "
            f"{problem}",
        )


def _absurdities(headers: Sequence[GgufHeader], facts: ModelFacts) -> Iterator[ModelWarning]:
    for field, (most, noun) in _MOST.items():
        value = getattr(facts, field) or 0
        if value > most:
            yield ModelWarning(
                code="absurd_size",
                message=f"The file claims {value:,} {noun}, more than any known model has; it is "
                "damaged or made to exhaust memory, so don't run it before you know its origin.",
            )
    listed = headers[0].lengths.get(VOCABULARY_KEY, 0)
    embedded = next(
        (
            tensor.shape[1]
            for header in headers
            for tensor in header.tensors
            if tensor.name == "token_embd.weight" and len(tensor.shape) == 2  # noqa: PLR2004
        ),
        listed,
    )
    if listed and listed != embedded:
        yield ModelWarning(
            code="inconsistent_vocabulary",
            message=f"The vocabulary lists {listed:,} words, but the weights know {embedded:,}; "
            "llama.cpp will refuse the file, so get it again or convert it again.",
        )
    yield from _token_oddities(headers[0], listed)


def _token_oddities(header: GgufHeader, words: int) -> Iterator[ModelWarning]:
    wrong = [
        (key.removeprefix("tokenizer.ggml.").removesuffix("_token_id"), value)
        for key, value in header.values.items()
        if key.startswith("tokenizer.ggml.")
        and key.endswith("_token_id")
        and isinstance(value, int)
        and not isinstance(value, bool)
        and value not in (-1, _NO_TOKEN)
        and not 0 <= value < words
    ]
    if not wrong or not words:
        return
    shown = ", ".join(
        f"{''.join(c for c in name[:20] if c.isprintable())} = {value:,}"
        for name, value in wrong[:_MOST_TOKENS_SHOWN]
    )
    yield ModelWarning(
        code="special_token",
        message=f"Special tokens lie outside the vocabulary of {words:,} words ({shown}); "
        "llama.cpp puts its own guesses in their place, and answers may not end, so get "
        "another file of this model.",
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
