"""What prompts ask of a context: how long, how much in common, how deep."""

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.inference.engine import Prompt
from desktop.inference.llama.plan import Turn, count_kept, count_saved

CONTEXT_STEP = 256
# A rough guess, for trials only: what an answer takes of its limit.
_USUAL_ANSWER_SHARE = 0.5
# Stretches of at least this many tokens are read by llama.cpp's kernels for many rows.
LONG_STRETCH = 64


@dataclass(frozen=True)
class Shape:
    """What prompts ask of a context, in tokens.

    `limit` is what prompt and answer of one may have together. `kept` beginnings are held at a
    time, `shared` tokens long in all; beyond them one prompt takes `own` tokens at most.
    `answer` is the longest answer, `work` about how many tokens are to be decoded altogether,
    `long` how many of these are read in long stretches, `depth` what stands before one of them on
    average.
    """

    limit: int
    kept: int = 0
    shared: int = 0
    own: int = 0
    answer: int = 0
    work: float = 0.0
    long: float = 0.0
    depth: int = 0


def find_shape(
    readable: Sequence[tuple[Prompt, Sequence[int]]],
    turns: Sequence[Turn],
    *,
    context_tokens: int | None,
    trained_context: int,
) -> Shape:
    """Find out what the longest prompt with its answer needs, if the model was made for it.

    `context_tokens` is the limit that was asked for, if one was.
    """
    answers = [longest_answer(prompt) for prompt, _ in readable]
    needs = [len(tokens) + answer for (_, tokens), answer in zip(readable, answers, strict=True)]
    limit = -(-(max(needs) + 1) // CONTEXT_STEP) * CONTEXT_STEP
    if trained_context:
        limit = min(limit, trained_context)
    limit = context_tokens or limit
    prefixes = {turn.index: turn.prefix.tokens for turn in turns if turn.prefix}
    own = (min(need, limit) - prefixes.get(n, 0) for n, need in enumerate(needs))
    work, long, deep = _estimate_work([len(tokens) for _, tokens in readable], answers, turns)
    return Shape(
        limit=limit,
        kept=count_kept(turns),
        # While one group's last prompts are answered, the next one's beginning is read.
        shared=2 * max(prefixes.values(), default=0),
        own=max(own),
        answer=max(answers),
        work=work,
        long=long,
        depth=min(round(deep / max(1.0, work)), limit),
    )


def longest_answer(prompt: Prompt) -> int:
    """Return how many tokens may follow a prompt, thinking included."""
    thinking = prompt.thinking_budget
    if thinking is None:
        thinking = prompt.max_thinking_tokens
    return prompt.max_tokens + (thinking if prompt.thinking else 0)


def _estimate_work(
    lengths: Sequence[int], answers: Sequence[int], turns: Sequence[Turn]
) -> tuple[float, float, float]:
    """Return the tokens to be decoded, those in long stretches, and the sum of their depths."""
    read = float(sum(lengths) - count_saved(turns))
    written = long = deep = 0.0
    seen: set[int] = set()
    for turn in turns:
        start = 0
        for prefix in turn.prefix.path if turn.prefix else ():
            if id(prefix) not in seen:
                seen.add(id(prefix))
                long += prefix.tokens - start
                deep += (prefix.tokens - start) * (prefix.tokens + start) / 2
            start = prefix.tokens
        length, answer = lengths[turn.index], answers[turn.index] * _USUAL_ANSWER_SHARE
        if length - start >= LONG_STRETCH:
            long += length - start
        deep += (length - start) * (length + start) / 2 + answer * (length + answer / 2)
        written += answer
    return read + written, long, deep
