"""Answers and their scores."""

from datetime import datetime

from desktop.domain.base import Value
from desktop.domain.run import Outcome, StopReason


class Span(Value, frozen=True, kw_only=True):
    """A stretch of an answer that a check points at, in characters, end exclusive."""

    start: int
    end: int


class Score(Value, frozen=True, kw_only=True):
    """One check's verdict on one answer: 0 to 1, and a sentence why.

    `open` means that there is no verdict yet: a person or a judge model has to give it. `agreed`
    tells whether a judge model said the same when asked the other way round, `None` of all else.
    """

    check: str
    passed: bool
    score: float
    explanation: str
    weight: float = 1.0
    spans: tuple[Span, ...] = ()
    open: bool = False
    agreed: bool | None = None


class Likelihood(Value, frozen=True, kw_only=True):
    """How likely one continuation of a case is: the sum of its tokens' natural logarithms.

    `is_greedy` tells that each of its tokens was the likeliest at its place.
    """

    log_probability: float
    tokens: int
    is_greedy: bool = False


class Answer(Value, frozen=True, kw_only=True):
    """What a model said to one case, once; never changed after it is stored.

    `repeat` counts from 0. `prompt_sha256` is that of the rendered prompt's UTF-8 bytes.
    `time_to_first_token_seconds` runs from handing over the prompt to the first token's end.
    `thinking` is what a reasoning model wrote before its answer, `thinking_tokens` how much of
    `generated_tokens` that was; `text` and the scores leave it out. Where there is nothing but
    thinking, each score says that its check was not run.
    `likelihoods` are those of a case's continuations, in its order; `text` is then the chosen one,
    and nothing was generated.
    With `outcome` `error`, `problem` says in one sentence what happened.
    """

    id: str
    run_id: str
    case_id: str
    repeat: int
    text: str
    outcome: Outcome
    score: float
    scores: tuple[Score, ...]
    stop_reason: StopReason
    finished_at: datetime
    prompt_tokens: int = 0
    generated_tokens: int = 0
    time_to_first_token_seconds: float | None = None
    seconds: float = 0.0
    thinking: str = ""
    thinking_tokens: int = 0
    prompt_sha256: str = ""
    problem: str = ""
    likelihoods: tuple[Likelihood, ...] = ()
