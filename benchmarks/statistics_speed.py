"""How long a comparison's arithmetic takes: 1,000 cases of 10 models, every pair, with scores.

`python benchmarks/statistics_speed.py` times what stands behind a comparison: McNemar's test and
Tango's interval of all 45 pairs, Holm's correction, the smallest differences, the groups, and
10,000 resamples of the cases for the intervals of mean scores. Once with independent cases and
once with cases in groups of ten; caches are emptied before each time. It refuses to judge on a
busy machine unless forced.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Hashable

import numpy as np
import quiet
import results

from desktop.domain.comparison import ComparedAnswer
from desktop.domain.run import Outcome
from desktop.reports.pairs import compare_pairs, group_models
from desktop.reports.rows import CaseKey, Cells
from desktop.statistics import power

AT_MOST_SECONDS = 2.0
_MODELS, _CASES, _GROUP = 10, 1000, 10


def make_columns(models: int = _MODELS, cases: int = _CASES) -> list[Cells]:
    """Return answers with scores from 0 to 1, of models that differ a little."""
    random = np.random.default_rng(1)
    ease = random.normal(0.55, 0.25, cases)
    columns: list[Cells] = []
    for model in range(models):
        scores = np.clip(ease + 0.01 * model + random.normal(0, 0.25, cases), 0, 1)
        columns.append(
            {
                CaseKey(suite_id="suite", case_id=f"case-{place:04}", content=""): ComparedAnswer(
                    outcome=Outcome.PASSED if score > 0.5 else Outcome.FAILED,  # noqa: PLR2004
                    score=float(score),
                    text="",
                    explanation="",
                    run_id="",
                )
                for place, score in enumerate(scores)
            }
        )
    return columns


def measure(columns: list[Cells], group_of: Callable[[CaseKey], Hashable]) -> float:
    """Return the seconds that one comparison takes."""
    power.smallest_detectable_difference.cache_clear()
    started = time.perf_counter()
    pairs = compare_pairs(columns, group_of)
    group_models(len(columns), pairs)
    return time.perf_counter() - started


def main() -> int:
    """Return 0 if both take less than two seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    chosen = parser.parse_args()
    watch = quiet.begin(force=chosen.force)
    columns = make_columns()
    shapes: dict[str, Callable[[CaseKey], Hashable]] = {
        "independent cases": lambda key: key,
        f"groups of {_GROUP}": lambda key: int(key.case_id.removeprefix("case-")) // _GROUP,
    }
    seconds = {
        name: [measure(columns, group_of) for _ in range(chosen.repetitions)]
        for name, group_of in shapes.items()
    }
    slowest = max(statistics.median(values) for values in seconds.values())
    verdict, status = quiet.judge(
        reached=slowest < AT_MOST_SECONDS, load=watch.read(), force=chosen.force
    )
    results.record(
        "Arithmetic of a comparison",
        aim=f"{_CASES:,} cases of {_MODELS} models, all pairs, in under {AT_MOST_SECONDS:g} s",
        body=results.table(
            ("seconds", "median", "min", "max"),
            [
                (name, *(f"{f(values):.2f}" for f in (statistics.median, min, max)))
                for name, values in seconds.items()
            ],
        ),
        verdict=verdict,
    )
    return status


if __name__ == "__main__":
    raise SystemExit(main())
