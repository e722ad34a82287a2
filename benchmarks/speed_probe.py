"""Our speed probe beside llama-bench, on the sample models, in turn.

`python benchmarks/speed_probe.py` runs both for one repetition at a time, each in a fresh process,
so that a slow minute of the machine and a lucky place in memory hit both, and looks at the ratios
of the rounds. Rounds go on until the ratios' interval is narrow or the time is up: the rule looks
at its width alone, never at the ratio. It refuses to judge on a busy machine unless forced.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import peers
import quiet
import results
from ratios import Ratio, paired_ratio

from desktop.domain.settings import SpeedTest
from desktop.inference.allowance import usable_cores
from desktop.inference.engine import LoadModel
from desktop.worker.engine_process import start_llama_engine

TESTS = (SpeedTest(prompt_tokens=512), SpeedTest(generated_tokens=128))
ALLOWED = 0.02
_NARROW = 0.01
_FEWEST_ROUNDS = 8


def run_llama_bench(model: Path, threads: int) -> dict[str, float]:
    """Return llama-bench's tokens per second by test, of one repetition after its warm-up."""
    output = peers.run_tool(
        "llama-bench",
        *("-m", model, "-p", 512, "-n", 128, "-t", threads, "-r", 1, "-o", "json"),
    )
    return {
        f"pp{row['n_prompt']}" if row["n_prompt"] else f"tg{row['n_gen']}": float(row["avg_ts"])
        for row in json.loads(output)
    }


def run_ours(model: Path, threads: int) -> dict[str, float]:
    """Return the same through an engine process."""
    engine = start_llama_engine()
    try:
        engine.load(LoadModel(path=str(model), context_tokens=512, threads=threads))
        samples = list(engine.measure_speed(TESTS, 1))
    finally:
        engine.close()
    return {sample.test: sample.tokens / sample.seconds for sample in samples}


class Comparison:
    """The rounds of one model."""

    def __init__(self, model: Path, threads: int) -> None:
        """Begin without any."""
        self.model = model
        self._threads = threads
        self._ours: list[dict[str, float]] = []
        self._theirs: list[dict[str, float]] = []

    def go_on(self, seconds: float) -> None:
        """Run rounds until all intervals are narrow or so many seconds have passed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # Whoever comes second may find the processor warmer: the order is turned each time.
            if len(self._ours) % 2:
                self._ours.append(run_ours(self.model, self._threads))
            self._theirs.append(run_llama_bench(self.model, self._threads))
            if len(self._ours) < len(self._theirs):
                self._ours.append(run_ours(self.model, self._threads))
            if len(self._ours) >= _FEWEST_ROUNDS and all(
                ratio.high - ratio.low <= 2 * _NARROW for ratio in self.ratios().values()
            ):
                return

    def ratios(self) -> dict[str, Ratio]:
        """Return our speed over theirs by test."""
        return {
            test.name: paired_ratio(
                [row[test.name] for row in self._ours], [row[test.name] for row in self._theirs]
            )
            for test in TESTS
        }

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a table, a test each."""
        for test, ratio in self.ratios().items():
            theirs = [row[test] for row in self._theirs]
            ours = [row[test] for row in self._ours]
            yield (
                *(self.model.name, test, f"{statistics.median(theirs):.1f}"),
                *(f"{statistics.median(ours):.1f}", ratio.rounds, ratio),
                f"{max(ours) / max(theirs):.3f}",
            )


def judge(ratios: list[Ratio]) -> bool | None:
    """Return whether all are close to 1, `None` when an interval is too wide to tell."""
    low, high = 1 - ALLOWED, 1 + ALLOWED
    if any(ratio.high < low or ratio.low > high for ratio in ratios):
        return False
    return True if all(low <= r.low and r.high <= high for r in ratios) else None


def main() -> int:
    """Return 0 if all is within 2 %, 1 if not, 2 if it can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--minutes", type=float, default=2.5, help="at most, for each model")
    parser.add_argument("--threads", type=int, default=usable_cores())
    options = parser.parse_args()

    models = peers.sample_models()
    peers.find_tool("llama-bench")
    watch = quiet.begin(force=options.force)
    comparisons = [Comparison(model, options.threads) for model in models]
    for comparison in comparisons:
        comparison.go_on(60 * options.minutes)
    reached = judge([ratio for each in comparisons for ratio in each.ratios().values()])
    verdict, status = quiet.judge(reached=reached, load=watch.read(), force=options.force)
    results.record(
        "Speed probe beside llama-bench",
        aim=f"within {ALLOWED:.0%} of llama-bench (build of the same source),"
        f" {options.threads} threads",
        body=results.table(
            (
                *("model", "test", "llama-bench, t/s", "ours, t/s", "rounds"),
                *("ratio, median of rounds (95 %)", "ratio of the fastest"),
            ),
            [row for comparison in comparisons for row in comparison.rows()],
        ),
        verdict=verdict,
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
