"""How well a model foresees text, from the likelihood of its tokens.

Perplexity is told per token, and so can't be held against that of a model with other tokens; bits
per byte and per word can. The ± is llama-perplexity's: the standard error of the mean logarithm,
times the perplexity. It takes tokens as independent of each other, which they are not, so it is
rather too small.
"""

import math
from collections.abc import Iterable

from desktop.domain.base import Value


class TextFigures(Value, frozen=True, kw_only=True):
    """Sums over `tokens` scored tokens, which make `bytes` bytes of UTF-8 and `words` words.

    `negative_log_likelihood` in nats. `squares` is the sum of the squares of the tokens' own,
    `None` where only sums over several tokens are known; then there is no ±.
    """

    tokens: int
    bytes: int
    words: int
    negative_log_likelihood: float
    squares: float | None = None

    @property
    def mean(self) -> float:
        """Nats a token; not a number where there is none."""
        return self.negative_log_likelihood / self.tokens if self.tokens else math.nan

    @property
    def perplexity(self) -> float | None:
        """The exponential of the mean; `None` where no number is so large, or nothing scored."""
        return safe_exp(self.mean)

    @property
    def plus_minus(self) -> float | None:
        """One standard error of the perplexity, as llama-perplexity reckons it."""
        perplexity = self.perplexity
        if self.squares is None or perplexity is None or self.tokens <= 1:
            return None
        variance = self.squares / self.tokens - self.mean**2
        return math.sqrt(max(0.0, variance) / (self.tokens - 1)) * perplexity

    @property
    def bits_per_byte(self) -> float | None:
        """`None` for no bytes."""
        return self._bits / self.bytes if self.bytes else None

    @property
    def bits_per_word(self) -> float | None:
        """`None` for no words, words being what stands between white space."""
        return self._bits / self.words if self.words else None

    @property
    def _bits(self) -> float:
        return self.negative_log_likelihood / math.log(2)


def add_figures(parts: Iterable[TextFigures]) -> TextFigures:
    """Return the figures of several texts, or parts of one, taken together."""
    found = tuple(parts)
    squares = [part.squares for part in found if part.squares is not None]
    return TextFigures(
        tokens=sum(part.tokens for part in found),
        bytes=sum(part.bytes for part in found),
        words=sum(part.words for part in found),
        negative_log_likelihood=math.fsum(part.negative_log_likelihood for part in found),
        squares=math.fsum(squares) if found and len(squares) == len(found) else None,
    )


def count_words(text: str) -> int:
    """Return the number of words, by white space."""
    return len(text.split())


def safe_exp(value: float) -> float | None:
    """Return the exponential; `None` where it is beyond all numbers, or there is no value."""
    try:
        return math.exp(value) if math.isfinite(value) else None
    except OverflowError:
        return None
