"""How far a model is from a reference, from a value for each token: llama-perplexity's figures."""

import math
from collections.abc import Sequence

import numpy as np

from desktop.domain.base import Value
from desktop.domain.text_figures import safe_exp

# Of fewer tokens llama-perplexity tells no percentiles either.
LEAST_TOKENS = 100


class DivergenceFigures(Value, frozen=True, kw_only=True):
    """Kullback-Leibler divergences in nats, and changes of the text's own tokens' probability.

    Shares and changes from 0 to 1. `perplexity_ratio` is the model's by the reference's.
    `mean_error` is the mean divergence's standard error; tokens are taken as independent.
    """

    tokens: int
    mean: float
    mean_error: float
    median: float
    p99: float
    maximum: float
    same_top: float
    change_mean: float
    change_rms: float
    change_p5: float
    change_p95: float
    perplexity_ratio: float | None


def summarise_divergence(
    divergences: Sequence[float], changes: Sequence[float], *, same_top: int, difference: float
) -> DivergenceFigures | None:
    """Return the figures; `None` for too few tokens.

    `difference` is the model's nats a token less the reference's.
    """
    count = len(divergences)
    if count < LEAST_TOKENS or len(changes) != count:
        return None
    values, moved = np.array(divergences, np.float64), np.array(changes, np.float64)
    return DivergenceFigures(
        tokens=count,
        mean=float(values.mean()),
        mean_error=float(values.std()) / math.sqrt(count - 1),
        median=float(np.median(values)),
        p99=float(np.percentile(values, 99)),
        maximum=float(values.max()),
        same_top=same_top / count,
        change_mean=float(moved.mean()),
        change_rms=math.sqrt(float((moved * moved).mean())),
        change_p5=float(np.percentile(moved, 5)),
        change_p95=float(np.percentile(moved, 95)),
        perplexity_ratio=safe_exp(difference),
    )
