"""Short trials on this machine: how many threads, and how many sequences at once, are fastest.

Core counts don't tell: hyper-threads, slow cores, memory's bandwidth and other programs decide,
and they differ between reading prompts and writing. Each trial takes a few steps of the real
model and stops where its time is up; a difference that could be noise changes nothing.
"""

import time
from collections.abc import Sequence

from desktop.inference.llama.binding import AbortFlag
from desktop.inference.llama.context import DECODED, Context

# A trial may take this share of the work that it is to speed up, and this long in any case.
_SHARE_OF_WORK = 0.02
_LEAST_SECONDS = 0.15
# A choice must beat the usual one by this much, or a trial would be a throw of dice.
_CLEARLY = 1.03
# The most sequences within this share of the best rate are taken: prompts that are read together
# take fewer passes. A rate that falls below the other share of the best will not rise again.
_NEARLY = 0.96
_FALLING = 0.9
_MOST_ANSWER_SECONDS = 120.0
_REPETITIONS = 3
_PROMPT_TOKENS = 64
# Where the search begins, for models that take long for one token and for others.
_FEW_SEQUENCES, _SOME_SEQUENCES = 4, 16
_STRIDE = 4
_SLOW_SECONDS = 0.1
_FIRST_SECONDS = 0.5


class Trial:
    """Decodes meaningless tokens in a context that nobody uses yet; leaves it empty."""

    def __init__(self, context: Context, abort: AbortFlag, *, seconds: float) -> None:
        """Take `seconds` in all, beyond which only what is under way is finished."""
        self._context = context
        self._abort = abort
        self._end = time.perf_counter() + seconds

    def find_threads(self, choices: Sequence[int]) -> tuple[int, int]:
        """Return the fastest numbers of threads for writing and for reading prompts.

        `choices` begins with the usual number, which stays unless another is clearly faster.
        """
        usual = choices[0]
        self._context.set_threads(usual, usual)
        slow = self._time(1, 1) > _FIRST_SECONDS  # the first step also brings the weights in
        if len(choices) == 1 or (slow and self._time(1, 1) > _FIRST_SECONDS) or self._is_over():
            self._context.clear()
            return usual, usual
        writing = self._fastest(choices, sequences=1, tokens=1)
        reading = self._fastest(choices, sequences=1, tokens=_PROMPT_TOKENS)
        self._context.clear()
        self._context.set_threads(writing, reading)
        return writing, reading

    def find_sequences(self, most: int, *, work: float, answer: int) -> int:
        """Return how many sequences at once, up to `most`, are answered fastest together.

        `work` is about how many tokens are to be decoded with them; `answer` is the longest
        answer: with so many at once that it took minutes, a run would tell nothing for too long.
        """
        first = self._time(1, 1)
        started = time.perf_counter()
        seconds: dict[int, float] = {}
        count = min(_FEW_SEQUENCES if first > _SLOW_SECONDS else _SOME_SEQUENCES, most)
        while count not in seconds:
            seconds[count] = self._time(count, 1)
            if seconds[count] * answer > _MOST_ANSWER_SECONDS:
                break
            rates = {n: n / step for n, step in seconds.items()}
            allowed = max(_LEAST_SECONDS, _SHARE_OF_WORK * work / max(rates.values()))
            self._end = min(self._end, started + allowed)
            if self._is_over() or rates[count] < max(rates.values()) * _FALLING:
                break
            count = min(count * _STRIDE, most)
        self._context.clear()
        return _choose_sequences(seconds, answer)

    def _fastest(self, choices: Sequence[int], *, sequences: int, tokens: int) -> int:
        best = {choice: float("inf") for choice in choices}
        # In turn, so that a disturbance hits all of them.
        for _ in range(_REPETITIONS):
            for choice in choices:
                if self._is_over():
                    break
                self._context.set_threads(choice, choice)
                best[choice] = min(best[choice], self._time(sequences, tokens))
        usual = choices[0]
        fastest = min(best, key=lambda choice: best[choice])
        return fastest if best[usual] > best[fastest] * _CLEARLY else usual

    def _time(self, sequences: int, tokens: int) -> float:
        """Return the seconds of one step in which each sequence gets so many tokens."""
        self._context.clear()
        self._context.begin_batch()
        piece = [0] * tokens
        for sequence in range(sequences):
            self._context.add(piece, 0, sequence, wants_next=True)
        started = time.perf_counter()
        code = self._context.decode()
        self._context.wait()
        # A step that failed or was cancelled tells nothing.
        return time.perf_counter() - started if code == DECODED else float("inf")

    def _is_over(self) -> bool:
        return self._abort.is_set or time.perf_counter() >= self._end


def _choose_sequences(seconds: dict[int, float], answer: int) -> int:
    """Return the best number, from the seconds of a step with each."""
    bearable = {
        count: count / step
        for count, step in seconds.items()
        if 0 < step * answer <= _MOST_ANSWER_SECONDS
    }
    if not bearable:
        return 1
    best = max(bearable.values())
    return max(count for count, rate in bearable.items() if rate >= best * _NEARLY)
