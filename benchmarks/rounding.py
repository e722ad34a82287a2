"""What answering many cases at once does to greedy answers: throughput beside reproducible mode.

Several sequences in one batch are summed in another order than one alone, so logits differ in
their last bits, and a greedy choice between two near equals may fall to the other side.
`python benchmarks/rounding.py` runs the starter suite in both modes by the command line, counts
the answers that differ, and tests whether the scores moved. Figures of time play no part, so it
needs no quiet machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import peers
import quiet
import results

from desktop.domain.answer import Answer
from desktop.domain.run import Outcome
from desktop.statistics.paired_tests import mcnemar_exact
from desktop.storage.database import Database

SIGNIFICANT = 0.05
_SUITE = "starter"


def run_suite(database: Path, model: Path, *settings: str) -> Mapping[str, Answer]:
    """Run the suite by the command line and return the stored answers by case."""
    program = Path(sys.executable).with_name("touchstone")
    done = subprocess.run(
        [
            *(str(program), "--json", "--database", str(database), "run", *settings),
            *("--suite", _SUITE, "--model", str(model)),
        ],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    run = json.loads(done.stdout)["runs"][0]["id"]
    with Database.open(database, read_only=True) as opened:
        return {answer.case_id: answer for answer in opened.runs.load_answers(run)}


def compare_modes(database: Path, model: Path, *settings: str) -> tuple[tuple[object, ...], float]:
    """Return a row of the table, and McNemar's p-value of the scores."""
    alone = run_suite(database, model, "--reproducible", *settings)
    again = run_suite(database, model, "--reproducible", *settings)
    together = run_suite(database, model, *settings)
    passed = {
        case: (alone[case].outcome is Outcome.PASSED, together[case].outcome is Outcome.PASSED)
        for case in alone
    }
    only_alone = sum(one and not other for one, other in passed.values())
    only_together = sum(other and not one for one, other in passed.values())
    p_value = mcnemar_exact(only_alone, only_together)
    return (
        model.name,
        len(alone),
        sum(alone[case].text != again[case].text for case in alone),
        sum(alone[case].text != together[case].text for case in alone),
        sum(one for one, _ in passed.values()),
        sum(other for _, other in passed.values()),
        f"{only_alone} / {only_together}",
        f"{p_value:.2f}",
    ), p_value


def main() -> int:
    """Return 0 if no score moved beyond chance and reproducible mode is reproducible."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="accepted as everywhere; no effect")
    parser.add_argument("--threads", default="auto", help="as `touchstone run` takes them")
    threads = ("--threads", parser.parse_args().threads)
    watch = quiet.Watch()
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        database = Path(folder) / "runs.sqlite"
        compared = [compare_modes(database, model, *threads) for model in peers.sample_models()]
    rows = [row for row, _ in compared]
    reached = all(p > SIGNIFICANT for _, p in compared) and not any(row[2] for row in rows)
    results.record(
        "Rounding: throughput mode beside reproducible mode",
        aim="no answer of reproducible mode differs when it is run again, and throughput mode moves"
        f" no score (McNemar's exact p above {SIGNIFICANT:g}); greedy, suite “{_SUITE}”",
        body=results.table(
            (
                *("model", "cases", "differ, reproducible again", "differ, throughput"),
                *("passed, reproducible", "passed, throughput", "only one of both", "p"),
            ),
            rows,
        ),
        verdict=f"The aim is **{'reached' if reached else 'missed'}**. {watch.read().in_words()}.",
    )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
