"""Whether the promises hold: how often noise is called better, and how often a difference is seen.

`python benchmarks/statistics_honesty.py` draws 2,000 comparisons of each kind and puts them
through what every comparison goes through. Models of equal quality may be told apart in at most
5 % of them, counting a comparison with any such pair; a true difference of the size that is said
to be seen four times in five has to be seen that often, within 3 points. Cases are harder and
easier for all models alike, and where they share documents, each document suits some models and
not others. Figures of time play no part, so it needs no quiet machine.
"""

import argparse
import math

import numpy as np
import numpy.typing as npt
import results

from desktop.domain.base import Value
from desktop.domain.comparison import ComparedAnswer, Standing
from desktop.domain.run import Outcome
from desktop.reports.pairs import compare_pairs
from desktop.reports.rows import CaseKey, Cells
from desktop.statistics.power import ALPHA, POWER, smallest_detectable_difference

WITHIN = 0.03
_TRIALS = 2000
_ANSWERS = {
    passed: ComparedAnswer(
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        score=float(passed),
        text="",
        explanation="",
        run_id="",
    )
    for passed in (True, False)
}


class Equals(Value, frozen=True, kw_only=True):
    """Models of equal quality; cases in groups of `group`, which suit models by chance."""

    models: int
    cases: int
    group: int = 1
    affinity: float = 0.0


class Difference(Value, frozen=True, kw_only=True):
    """Two models that differ on a share of the cases, by the difference said to be seen."""

    cases: int
    discordant: float


EQUALS = (
    Equals(models=2, cases=40),
    Equals(models=2, cases=400),
    Equals(models=5, cases=100),
    Equals(models=10, cases=200),
    Equals(models=5, cases=120, group=6, affinity=1.5),
    Equals(models=3, cases=100, group=25, affinity=2.0),
)
DIFFERENCES = (
    Difference(cases=20, discordant=0.5),
    Difference(cases=40, discordant=0.3),
    Difference(cases=100, discordant=0.1),
    Difference(cases=150, discordant=0.4),
    Difference(cases=600, discordant=0.3),
)


def share_of_false_claims(
    kind: Equals, trials: int, random: np.random.Generator, *, heed_groups: bool = True
) -> float:
    """Return in what share of comparisons any two equal models were told apart.

    Without `heed_groups` the cases are taken for independent even where they are not.
    """
    size = kind.group if heed_groups else 1
    claims = 0
    for _ in range(trials):
        ease = random.normal(0, 1.5, kind.cases)
        groups = np.arange(kind.cases) // kind.group
        suits = random.normal(0, kind.affinity, (kind.models, kind.cases))[:, groups]
        chances = 1 / (1 + np.exp(-ease - suits))
        passed = random.random((kind.models, kind.cases)) < chances
        pairs = compare_pairs(_make_columns(passed), lambda key: int(key.case_id) // size)
        claims += any(pair.standing is not Standing.UNDECIDED for pair in pairs)
    return claims / trials


def share_of_differences_seen(
    kind: Difference, trials: int, random: np.random.Generator
) -> tuple[float, float]:
    """Return the true difference, and in what share of comparisons the better one was called so."""
    size = smallest_detectable_difference(kind.cases, kind.discordant)
    if size is None:
        raise ValueError(f"{kind.cases} cases show no difference")
    discordant = max(kind.discordant, size)
    seen = 0
    for _ in range(trials):
        drawn = random.random(kind.cases)
        only_first = drawn < (discordant + size) / 2
        both = drawn > (1 + discordant) / 2
        passed = np.stack([only_first | both, (drawn < discordant) & ~only_first | both])
        (pair,) = compare_pairs(_make_columns(passed))
        seen += pair.standing is Standing.BETTER
    return size, seen / trials


def _make_columns(passed: npt.NDArray[np.bool_]) -> list[Cells]:
    keys = [
        CaseKey(suite_id="", case_id=f"{place:05}", content="") for place in range(passed.shape[1])
    ]
    return [
        {key: _ANSWERS[bool(each)] for key, each in zip(keys, row, strict=True)} for row in passed
    ]


def main() -> int:
    """Return 0 if every promise holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="accepted as everywhere; no effect")
    parser.add_argument("--trials", type=int, default=_TRIALS)
    chosen = parser.parse_args()
    random = np.random.default_rng(20261122)
    claims = []
    for equals in EQUALS:
        share = share_of_false_claims(equals, chosen.trials, random)
        named = f"{equals.models} models, {equals.cases} cases"
        named += f" in groups of {equals.group}" if equals.group > 1 else ""
        claims.append((named, share))
        print(named, share, flush=True)
    found = []
    for kind in DIFFERENCES:
        size, share = share_of_differences_seen(kind, chosen.trials, random)
        found.append((kind, size, share))
        print(kind, size, share, flush=True)
    honest = all(share <= ALPHA for _, share in claims)
    kept = all(math.isclose(share, POWER, abs_tol=WITHIN) for _, _, share in found)
    word = "reached" if honest and kept else "missed"
    results.record(
        "Honesty of comparisons",
        aim=f"equal models told apart in at most {ALPHA:.0%} of {chosen.trials:,} comparisons, and "
        f"a difference seen in {POWER:.0%} of them, within {WITHIN:.0%}, where that is promised",
        body=results.table(
            ("equal models", "told apart"), [(name, f"{share:.1%}") for name, share in claims]
        )
        + "\n\n"
        + results.table(
            ("cases, share that differ", "true difference", "seen"),
            [(f"{k.cases}, {k.discordant:.0%}", f"{d:.1%}", f"{s:.1%}") for k, d, s in found],
        ),
        verdict=f"The aim is **{word}**; it does not depend on the machine.",
    )
    return 0 if word == "reached" else 1


if __name__ == "__main__":
    raise SystemExit(main())
