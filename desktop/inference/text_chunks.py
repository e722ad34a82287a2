"""Which stretches of a text perplexity is measured on: llama-perplexity's two ways.

After `perplexity` and `perplexity_v2` in `tools/perplexity/perplexity.cpp` of the pinned llama.cpp.
In chunks, the text is cut and the second half of each piece scored, so that every scored token has
at least half a chunk before it. With a stride, pieces of the context and half a stride overlap, and
the last tokens of each, a stride of them, are scored. What is left at the text's end is not used.
"""

from desktop.domain.base import Value
from desktop.errors import EngineFault

_LEAST_CHUNKS = 2
_LEAST_TOKENS = 8


class TextChunk(Value, frozen=True, kw_only=True):
    """Tokens `first` to `end` (exclusive) are read, those from `start` on are scored."""

    first: int
    start: int
    end: int


def cut_text(
    tokens: int, context_tokens: int, stride: int = 0, *, window: int
) -> tuple[TextChunk, ...]:
    """Return the chunks of a text of so many tokens; stride 0 means side by side.

    `EngineFault` for sizes that can't be measured; `window` is what the model reads at most.
    """
    size = context_tokens + stride // 2
    if not _LEAST_TOKENS <= context_tokens <= size <= window:
        raise EngineFault(
            f"Perplexity is measured in chunks of {_LEAST_TOKENS} to {window:,} tokens with"
            f" this model, not of {size:,}."
        )
    if not 0 <= stride <= context_tokens:
        raise EngineFault(
            f"A stride of {stride:,} tokens would leave out some of the text: take one of at most"
            f" {context_tokens:,}, the length of a chunk."
        )
    if tokens < _LEAST_CHUNKS * size:
        raise EngineFault(
            f"The text is {tokens:,} tokens long; perplexity in chunks of {size:,}"
            f" needs at least {_LEAST_CHUNKS * size:,}."
        )
    if stride:
        firsts = range(0, tokens - size, stride)
        return tuple(TextChunk(first=n, start=n + size - stride, end=n + size) for n in firsts)
    count = tokens // size
    return tuple(
        TextChunk(first=n * size, start=n * size + size // 2 + 1, end=(n + 1) * size)
        for n in range(count)
    )


def count_word_beginnings(before: bytes, text: bytes) -> int:
    """Return how many words begin in `text`, which follows `before`."""
    return len((before + text).split()) - len(before.split())
