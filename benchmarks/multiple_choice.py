"""Multiple choice by likelihood: ours beside `llama-perplexity --hellaswag`, in turn.

`python benchmarks/multiple_choice.py` scores the same HellaSwag items with each sample model by
both, under llama-perplexity's own normalisation (by tokens). Both are timed without loading:
llama-perplexity from its table's head to its last line, ours from the question to the last event,
tokenising and making the context included. A second part asks questions about one long document,
all at once and one by one. It refuses to judge on a busy machine unless forced.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import peers
import quiet
import results
from ratios import paired_ratio

from desktop.domain.base import Value
from desktop.inference.allowance import usable_cores
from desktop.inference.engine import (
    ContinuationSet,
    ContinuationsScored,
    LikelihoodFailed,
    LoadModel,
    TokenBoundary,
)
from desktop.worker.engine_process import EngineProcess, start_llama_engine

AT_LEAST, SHARED_AT_LEAST = 1.0, 3.0
_LINES_PER_ITEM = 6
_QUESTIONS = 20
_DOCUMENT_CHARACTERS = 6000
_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_HELLASWAG = _DATA / "hellaswag" / "hellaswag.llamacpp.txt"
_WIKITEXT = _DATA / "wikitext2" / "wiki.test.sample.raw"


class Scored(Value, frozen=True, kw_only=True):
    """How fast items were scored, and how many of them right."""

    items_per_second: float
    correct: int


def read_items(lines: Sequence[str]) -> list[ContinuationSet]:
    """Return the items of llama-perplexity's format; a key holds the right ending's number."""
    return [
        ContinuationSet(
            key=f"{at} {lines[at + 1]}",
            context=lines[at],
            continuations=tuple(f" {ending}" for ending in lines[at + 2 : at + _LINES_PER_ITEM]),
            boundary=TokenBoundary.COMMON_PREFIX,
        )
        for at in range(0, len(lines), _LINES_PER_ITEM)
    ]


def score_ours(model: Path, threads: int, items: Sequence[ContinuationSet]) -> Scored:
    """Score through an engine process."""
    engine = start_llama_engine()
    try:
        engine.load(LoadModel(path=str(model), threads=threads))
        started = time.perf_counter()
        events = list(engine.score_continuations(items))
        seconds = time.perf_counter() - started
    finally:
        engine.close()
    correct = 0
    for event in events:
        if isinstance(event, ContinuationsScored):
            means = [score.log_probability / score.tokens for score in event.scores]
            correct += means.index(max(means)) == int(event.key.split()[1])
    return Scored(items_per_second=len(items) / seconds, correct=correct)


def score_theirs(model: Path, threads: int, file: Path, count: int) -> Scored:
    """Let llama-perplexity score, and take its time from when its lines come."""
    command = [
        *(str(peers.find_tool("llama-perplexity")), "-m", str(model), "-t", str(threads)),
        *("--hellaswag", "--hellaswag-tasks", str(count), "-f", str(file)),
    ]
    started = ended = share = 0.0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            if line.startswith("task\t"):
                started = time.perf_counter()
            elif line.startswith(f"{count}\t"):
                ended = time.perf_counter()
                share = float(line.split()[1].rstrip("%")) / 100
    if not 0 < started < ended:
        print(f"llama-perplexity did not score {count} items of {file} with {model.name}.")
        sys.exit(quiet.NOT_JUDGED)
    return Scored(items_per_second=count / (ended - started), correct=round(share * count))


def ask_about_document() -> list[ContinuationSet]:
    """Return questions on one document of about 1,500 tokens."""
    document = _WIKITEXT.read_text(encoding="utf-8")[:_DOCUMENT_CHARACTERS]
    words = sorted({word for word in document.split() if word.isalpha()}, key=len)
    return [
        ContinuationSet(
            key=str(number),
            context=f"{document}\n\nQuestion: Does the text speak of “{word}”?\nAnswer:",
            continuations=(" Yes, it does.", " No.", " Only in passing.", " It does not say."),
        )
        for number, word in enumerate(words[-_QUESTIONS:])
    ]


def time_scoring(engine: EngineProcess, parts: Sequence[Sequence[ContinuationSet]]) -> float:
    """Return the seconds that one call for each part takes."""
    started = time.perf_counter()
    for part in parts:
        if any(isinstance(e, LikelihoodFailed) for e in engine.score_continuations(part)):
            print("A question about the document could not be scored.")
            sys.exit(quiet.NOT_JUDGED)
    return time.perf_counter() - started


def share_document(model: Path, threads: int, rounds: int) -> float:
    """Return how many times faster all questions at once are than one by one."""
    items = ask_about_document()
    engine = start_llama_engine()
    try:
        engine.load(LoadModel(path=str(model), threads=threads))
        ratios = []
        for _ in range(rounds):
            one_by_one = time_scoring(engine, [[item] for item in items])
            ratios.append(one_by_one / time_scoring(engine, [items]))
    finally:
        engine.close()
    return statistics.median(ratios)


def compare(
    model: Path, threads: int, file: Path, rounds: int
) -> tuple[tuple[object, ...], bool | None]:
    """Return a model's row, and whether the aim is reached."""
    items = read_items(file.read_text(encoding="utf-8").splitlines())
    ours: list[Scored] = []
    theirs: list[Scored] = []
    for turn in range(rounds):
        # Whoever comes second may find the processor warmer: the order is turned each time.
        if turn % 2:
            ours.append(score_ours(model, threads, items))
        theirs.append(score_theirs(model, threads, file, len(items)))
        if not turn % 2:
            ours.append(score_ours(model, threads, items))
    our_rates = [scored.items_per_second for scored in ours]
    their_rates = [scored.items_per_second for scored in theirs]
    ratio = paired_ratio(our_rates, their_rates)
    # Weights of few bits leave near ties, which another order of adding up may turn.
    same = abs(ours[0].correct - theirs[0].correct) <= 1
    row = (
        *(model.name, f"{statistics.median(their_rates):.2f}"),
        *(f"{statistics.median(our_rates):.2f}", ratio, rounds),
        *(f"{each.correct / len(items):.1%}" for each in (theirs[0], ours[0])),
    )
    if not same or ratio.high < AT_LEAST:
        return row, False
    return row, True if ratio.low >= AT_LEAST else None


def main() -> int:
    """Return 0 if ours is as fast and as right, 1 if not, 2 if it can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    options = parser.parse_args()

    models = peers.sample_models()
    missing = [str(file) for file in (_HELLASWAG, _WIKITEXT) if not file.is_file()]
    if missing:
        print(f"Missing: {', '.join(missing)}; this benchmark needs the public test data.")
        return quiet.NOT_JUDGED
    peers.find_tool("llama-perplexity")
    watch = quiet.begin(force=options.force)
    lines = _HELLASWAG.read_text(encoding="utf-8").splitlines()[: _LINES_PER_ITEM * options.items]
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        file = Path(folder) / "items.txt"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        compared = [compare(model, options.threads, file, options.rounds) for model in models]
    shared = [share_document(model, options.threads, options.rounds) for model in models]
    verdicts = [verdict for _, verdict in compared]
    verdicts += [ratio >= SHARED_AT_LEAST for ratio in shared]
    reached = False if False in verdicts else None if None in verdicts else True
    verdict, status = quiet.judge(reached=reached, load=watch.read(), force=options.force)
    results.record(
        "Multiple choice beside llama-perplexity",
        aim="at least the items a second of `llama-perplexity --hellaswag`, with as many right but"
        f" for one near tie, {options.threads} threads; {_QUESTIONS} questions on one document at"
        f" least {SHARED_AT_LEAST:g} times as fast together as one by one",
        body=results.table(
            (
                *("model", "llama-perplexity, items/s", "ours, items/s"),
                *("ratio, median of rounds (range)", "rounds", "its accuracy", "ours"),
            ),
            [row for row, _ in compared],
        )
        + "\n\n"
        + results.table(
            ("model", "together over one by one"),
            [(model.name, f"{ratio:.1f}") for model, ratio in zip(models, shared, strict=True)],
        ),
        verdict=verdict,
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
