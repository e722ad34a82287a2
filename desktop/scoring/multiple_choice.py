"""Cases that likelihood decides: which continuation a model finds likeliest, and by how much.

The metrics are lm-evaluation-harness's (`process_results` of its multiple-choice tasks) and, for
`acc_token_norm`, llama-perplexity's. Of continuations that are equally likely the first counts,
as in both.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from desktop.domain.answer import Likelihood, Score
from desktop.domain.base import Value
from desktop.domain.run import Outcome
from desktop.domain.suite import Continuation, Metric
from desktop.domain.text_figures import TextFigures, count_words

# What joins a context and a choice is no part of the choice's length.
_DELIMITER = " "
_SHOWN = 60
# TruthfulQA's mc2 is a share; above a half, the truth is likelier than the rest.
_HALF = 0.5

Length = Callable[[Continuation, Likelihood], float]


class Choice(Value, frozen=True, kw_only=True):
    """What a model chose, and what that is worth. `text` is the choice without its delimiter."""

    text: str
    outcome: Outcome
    score: float
    scores: tuple[Score, ...]


def choice_text(continuation: Continuation) -> str:
    """Return a continuation without the space that joins it to its context."""
    return continuation.text.removeprefix(_DELIMITER)


def relative_likelihoods(
    metric: Metric, continuations: Sequence[Continuation], likelihoods: Sequence[Likelihood]
) -> tuple[float, ...]:
    """Return the log-probabilities as a metric compares them; higher is better.

    An empty choice has no length to divide by; it counts as one character long.
    """
    length = _LENGTHS.get(metric, _one)
    return tuple(
        likelihood.log_probability / max(1.0, length(continuation, likelihood))
        for continuation, likelihood in zip(continuations, likelihoods, strict=True)
    )


def judge_choice(
    metric: Metric, continuations: Sequence[Continuation], likelihoods: Sequence[Likelihood]
) -> Choice:
    """Return what likelihoods, one for each continuation, say under a metric.

    `perplexity` decides nothing: its outcome is `measured`.
    """
    if metric is Metric.PERPLEXITY:
        return _measure(continuations[0], likelihoods[0])
    if metric is Metric.GREEDY:
        return _judge_greedy(continuations[0], likelihoods[0])
    values = relative_likelihoods(metric, continuations, likelihoods)
    best = values.index(max(values))
    chosen = choice_text(continuations[best])
    if metric is Metric.MC2:
        share = _share_of_truth(continuations, likelihoods)
        sentence = (
            f"{share:.1%} of the probability is on true answers, of {len(continuations)} in all;"
            f" the likeliest is {_quote(chosen)}."
        )
        return _choose(metric, chosen, share > _HALF, sentence, score=share)
    right = continuations[best].correct
    return _choose(metric, chosen, right, _explain(metric, continuations, values, best))


def _choose(
    metric: Metric, text: str, passed: bool, sentence: str, *, score: float | None = None
) -> Choice:
    value = float(passed) if score is None else score
    told = Score(check=metric.value, passed=passed, score=value, explanation=sentence)
    outcome = Outcome.PASSED if passed else Outcome.FAILED
    return Choice(text=text, outcome=outcome, score=value, scores=(told,))


def _explain(
    metric: Metric, continuations: Sequence[Continuation], values: Sequence[float], best: int
) -> str:
    per = _PER.get(metric, "")
    chosen = _quote(choice_text(continuations[best]))
    likeliest = f"Likeliest{per} of {len(values)}: {chosen}, with a log-probability of"
    others = [
        (value, number)
        for number, value in enumerate(values)
        if continuations[number].correct != continuations[best].correct
    ]
    beginning = f"{likeliest} {values[best]:.3f}"
    if not others:
        return f"{beginning}."
    value, other = max(others)
    margin = values[best] - value
    if continuations[best].correct:
        return f"{beginning}, {margin:.3f} above the best wrong one."
    right = _quote(choice_text(continuations[other]))
    return f"{beginning}, {margin:.3f} above the right one, {right}."


def _judge_greedy(continuation: Continuation, likelihood: Likelihood) -> Choice:
    wanted = _quote(choice_text(continuation))
    verb = "is" if likelihood.is_greedy else "is not"
    sentence = (
        f"{wanted} {verb} what the model would write; its log-probability is"
        f" {likelihood.log_probability:.3f}."
    )
    return _choose(Metric.GREEDY, "", likelihood.is_greedy, sentence)


def measure_text(continuation: Continuation, likelihood: Likelihood) -> TextFigures:
    """Return how well a case's text was foreseen."""
    return TextFigures(
        tokens=likelihood.tokens,
        bytes=len(continuation.text.encode("utf-8", errors="replace")),
        words=count_words(continuation.text),
        negative_log_likelihood=-likelihood.log_probability,
    )


def _measure(continuation: Continuation, likelihood: Likelihood) -> Choice:
    """Tell the figures in a sentence; a text passes or fails nothing, and is not repeated here."""
    sentence = explain_figures(measure_text(continuation, likelihood))
    told = Score(check=Metric.PERPLEXITY.value, passed=False, score=0.0, explanation=sentence)
    return Choice(text="", outcome=Outcome.MEASURED, score=0.0, scores=(told,))


def explain_figures(figures: TextFigures) -> str:
    """Return a text's figures as a sentence."""
    if figures.perplexity is None:
        said = f"The perplexity over {figures.tokens:,} tokens is no number"
    else:
        spread = f" ± {figures.plus_minus:.2g}" if figures.plus_minus is not None else ""
        said = f"Perplexity {figures.perplexity:.4g}{spread} over {figures.tokens:,} tokens"
    for value, unit in ((figures.bits_per_byte, "byte"), (figures.bits_per_word, "word")):
        said += f", {value:.4g} bits per {unit}" if value is not None else ""
    return f"{said}."


def _share_of_truth(
    continuations: Sequence[Continuation], likelihoods: Sequence[Likelihood]
) -> float:
    """Return the probability of the true answers by that of all, each as a whole text."""
    highest = max(each.log_probability for each in likelihoods)
    weights = [math.exp(each.log_probability - highest) for each in likelihoods]
    true = [w for w, each in zip(weights, continuations, strict=True) if each.correct]
    return math.fsum(true) / math.fsum(weights)


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}”"


def _one(_continuation: Continuation, _likelihood: Likelihood) -> float:
    return 1.0


def _characters(continuation: Continuation, _likelihood: Likelihood) -> float:
    return float(len(choice_text(continuation)))


def _bytes(continuation: Continuation, _likelihood: Likelihood) -> float:
    return float(len(choice_text(continuation).encode("utf-8", errors="replace")))


def _tokens(_continuation: Continuation, likelihood: Likelihood) -> float:
    return float(likelihood.tokens)


_LENGTHS: Mapping[Metric, Length] = {
    Metric.ACC_NORM: _characters,
    Metric.ACC_BYTES: _bytes,
    Metric.ACC_TOKEN_NORM: _tokens,
}
_PER = {
    Metric.ACC_NORM: " per character",
    Metric.ACC_BYTES: " per byte",
    Metric.ACC_TOKEN_NORM: " per token",
}
