"""What repeats of the same cases tell: how steady answers are, and what several tries achieve."""

import math
from collections.abc import Sequence

from desktop.domain.comparison import RepeatFigures


def pass_at_k(tries: int, passed: int, k: int) -> float:
    """Return the chance that at least one of `k` answers passes, from `passed` of `tries`.

    The unbiased estimate, which draws without replacement (Chen et al. 2021, Evaluating Large
    Language Models Trained on Code). `ValueError` with fewer tries than `k`.
    """
    if not (0 <= passed <= tries and 1 <= k <= tries):
        raise ValueError(f"pass@{k} can't be told from {passed} of {tries}")
    if tries - passed < k:
        return 1.0
    return 1.0 - math.comb(tries - passed, k) / math.comb(tries, k)


def is_flaky(tries: int, passed: int) -> bool:
    """Tell whether the same case was sometimes passed and sometimes not."""
    return 0 < passed < tries


def summarise_repeats(counts: Sequence[tuple[int, int]]) -> RepeatFigures | None:
    """Return the figures of cases given as tries and how many passed; `None` without any.

    `k` is the number of tries that most cases have, so that a case which lost one to an error
    does not pull all others down.
    """
    scored = [(tries, passed) for tries, passed in counts if tries > 0]
    if not scored:
        return None
    tries_of = [tries for tries, _ in scored]
    k = max(set(tries_of), key=lambda each: (tries_of.count(each), each))
    full = [(tries, passed) for tries, passed in scored if tries >= k]
    repeated = [(tries, passed / tries) for tries, passed in scored if tries > 1]
    scatter = math.fsum(share * (1 - share) * tries / (tries - 1) for tries, share in repeated)
    return RepeatFigures(
        cases=len(scored),
        flaky=sum(is_flaky(tries, passed) for tries, passed in scored),
        k=k,
        pass_at_1=math.fsum(passed / tries for tries, passed in scored) / len(scored),
        pass_at_k=math.fsum(pass_at_k(tries, passed, k) for tries, passed in full) / len(full),
        spread=math.sqrt(scatter) / len(repeated) if repeated else None,
    )
