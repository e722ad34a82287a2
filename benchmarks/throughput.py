"""How fast 64 cases are answered: ours, llama-server, the high-level loop, and the ceiling.

`python benchmarks/throughput.py` answers the same prompts with each sample model by each way, end
to end and greedily, and prints cases a minute, tokens a second and ratios. Peers get the best of
several settings; ours chooses by itself, and its trial is counted. A second part asks 64 questions
about one document. It refuses to judge on a busy machine unless forced.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import peers
import quiet
import results
from contenders import (
    Answered,
    Ours,
    Setting,
    answer_by_server,
    answer_in_a_loop,
    answer_ours,
    measure_ceiling,
)
from ratios import Ratio, paired_ratio

from desktop.inference.engine import LoadModel

SHORT_TOKENS, SHARED_TOKENS = 48, 16
OF_CEILING, OF_SERVER, OF_LOOP, OF_UNSHARED = 0.9, 2.0, 1.5, 3.0
_SLOTS = (4, 8, 16, 32)
_SEQUENCES = (8, 16, 32, 64)
# `auto`, llama.cpp's own choice, is `on` for both models.
_ATTENTION = ("on", "off")
_PROMPTS = Path(__file__).resolve().with_name("prompts")
_CONTEXT = 256
_HEAD = ("model and way", "settings", "s", "cases/min", "tokens/s", "ours is", "same answers")
_QUESTIONS = (
    "Who is the owner of the boat that is called the {name}, and from which town does he come?",
    "How much does the owner of the {name} pay to the harbour every week, according to the list?",
    "What kind of boat is the {name}, as far as the harbour master's register tells us about it?",
    "At which berth in the harbour would a visitor look for the {name}, if the register is right?",
    "Would the weekly fee of the {name} become higher or lower if every boat paid 60 a week?",
    "Which boat lies at the berth directly after that of the {name}, and what does its owner pay?",
)
_BOATS = (
    *("Alma", "Borea", "Corvus", "Dione", "Ebba", "Fenja"),
    *("Gerda", "Hilda", "Iris", "Juno", "Klio", "Luna"),
)


def read_short_cases() -> list[str]:
    """Return 64 questions that have nothing in common."""
    lines = (_PROMPTS / "short_cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def write_shared_cases() -> list[str]:
    """Return 64 questions about one document of about 400 tokens."""
    document = (_PROMPTS / "shared_document.txt").read_text(encoding="utf-8")
    questions = [question.format(name=boat) for question in _QUESTIONS for boat in _BOATS]
    return [f"{document}{question}" for question in questions[:64]]


class Bench:
    """Runs the ways for one set of questions and keeps the rows of the table."""

    def __init__(
        self, questions: Sequence[str], max_tokens: int, options: argparse.Namespace
    ) -> None:
        """Ask these, and have them answered in up to so many tokens each."""
        self._questions = questions[: options.cases]
        self._max_tokens = max_tokens
        self._options = options
        self.rows: list[tuple[object, ...]] = []
        self.notes: list[str] = []

    def _prompts(self, model: Path) -> list[str]:
        return [peers.write_prompt(model, question) for question in self._questions]

    def run_ours(self, model: Path) -> Ours:
        """Answer by our engine with what it chooses, or with what was set for a test."""
        request = LoadModel(
            path=str(model),
            threads=self._options.threads,
            parallel_sequences=self._options.sequences,
            context_tokens=self._options.context,
        )
        return answer_ours(model, self._prompts(model), self._max_tokens, request)

    def compare_with_ceiling(
        self, model: Path, sequences: Sequence[int]
    ) -> tuple[list[Ours], Ratio]:
        """Run ours and llama-batched-bench in turn; return ours and its speed over the ceiling's.

        The first round looks for the settings that are best for llama-batched-bench.
        """
        ours = [self.run_ours(model)]
        threads = ours[0].facts.threads
        settings = [Setting(count, way) for way in _ATTENTION for count in sequences]
        seconds = measure_ceiling(model, ours[0], settings, threads=threads)
        best = min(seconds, key=lambda setting: seconds[setting])
        ceilings = [seconds[best]]
        for turn in range(1, self._options.rounds):
            # Whoever comes second may find the processor warmer: the order is turned each time.
            if turn % 2 == 0:
                ours.append(self.run_ours(model))
            ceilings.append(measure_ceiling(model, ours[0], [best], threads=threads)[best])
            if turn % 2 == 1:
                ours.append(self.run_ours(model))
        ratio = paired_ratio(ceilings, [run.answered.seconds for run in ours])
        self._add_ours(model, ours)
        self._add(
            f"{model.name}: ceiling",
            str(best),
            Answered(
                seconds=statistics.median(ceilings), tokens=ours[-1].answered.tokens, texts=()
            ),
            ratio=f"{ratio.median:.2f} x ({ratio.low:.2f} to {ratio.high:.2f})",
        )
        return ours, ratio

    def compare_with_peers(self, model: Path, ours: Sequence[Ours]) -> tuple[float, float]:
        """Return our speed over llama-server's best and over the high-level loop's."""
        prompts, threads = self._prompts(model), ours[0].facts.threads
        seconds = statistics.median(run.answered.seconds for run in ours)
        served = {
            slots: answer_by_server(
                model,
                prompts,
                self._max_tokens,
                threads=threads,
                context=_CONTEXT,
                slots=slots,
            )
            for slots in _SLOTS
        }
        best = min(served, key=lambda slots: served[slots].seconds)
        looped = answer_in_a_loop(
            model, prompts, self._max_tokens, threads=threads, context=_CONTEXT
        )
        for way, settings, answered in (
            ("llama-server", f"{best} slots", served[best]),
            ("high-level loop", "1 sequence", looped),
        ):
            same = sum(
                one.strip() == other.strip()
                for one, other in zip(answered.texts, ours[-1].answered.texts, strict=True)
            )
            self._add(
                f"{model.name}: {way}",
                settings,
                answered,
                ratio=f"{answered.seconds / seconds:.2f} x",
                same=f"{same} of {len(self._questions)}",
            )
        tried = ", ".join(f"{slots}: {each.seconds:.1f} s" for slots, each in served.items())
        self.notes.append(f"{model.name}, llama-server by slots: {tried}.")
        return served[best].seconds / seconds, looped.seconds / seconds

    def _add_ours(self, model: Path, ours: Sequence[Ours]) -> None:
        seconds = [run.answered.seconds for run in ours]
        last = ours[-1]
        median = statistics.median(seconds)
        self._add(
            f"{model.name}: ours",
            f"{last.facts.parallel_sequences} sequences, {_attention(last)},"
            f" {last.facts.threads} threads",
            Answered(seconds=median, tokens=last.answered.tokens, texts=()),
        )
        self.notes.append(
            f"{model.name}, ours: {', '.join(f'{value:.1f}' for value in seconds)} s, of which"
            f" {last.choosing_seconds:.2f} s found settings; a case has {last.prompt_tokens:.1f}"
            f" prompt tokens ({last.shared_tokens:.1f} shared) and {last.generated_tokens:.1f}"
            f" generated ones; events and pipe took {last.pipe_seconds / median:.2%} of the time of"
            f" a core on both ends, the whole parent {last.parent_seconds / median:.2%}."
        )

    def _add(
        self, name: str, settings: str, answered: Answered, *, ratio: str = "", same: str = ""
    ) -> None:
        seconds = answered.seconds
        minute, rate = 60 * len(self._questions) / seconds, answered.tokens / seconds
        self.rows.append(
            (name, settings, f"{seconds:.1f}", f"{minute:.0f}", f"{rate:.1f}", ratio, same)
        )

    def body(self) -> str:
        """Return the table and the notes in Markdown."""
        return results.table(_HEAD, self.rows) + "\n\n" + "\n".join(f"- {n}" for n in self.notes)


def _attention(run: Ours) -> str:
    options = run.facts.options
    return f"flash attention {options.flash_attention if options else 'unknown'}"


def bench_short_cases(models: Sequence[Path], options: argparse.Namespace) -> int:
    """Run the first part and record it; return the exit status."""
    watch = quiet.begin(force=options.force)
    bench = Bench(read_short_cases(), SHORT_TOKENS, options)
    reached = True
    for model in models:
        ours, ceiling = bench.compare_with_ceiling(model, _SEQUENCES)
        server, loop = bench.compare_with_peers(model, ours)
        reached &= ceiling.median >= OF_CEILING and server >= OF_SERVER and loop >= OF_LOOP
    verdict, status = quiet.judge(reached=reached, load=watch.read(), force=options.force)
    results.record(
        "Throughput of 64 short cases",
        aim=f"at least {OF_CEILING:g} of the ceiling of llama-batched-bench, {OF_SERVER:g} times"
        f" llama-server, {OF_LOOP:g} times a loop over llama-cpp-python's high-level class",
        body=bench.body(),
        verdict=verdict,
    )
    return status


def bench_shared_cases(models: Sequence[Path], options: argparse.Namespace) -> int:
    """Run the second part and record it; return the exit status."""
    watch = quiet.begin(force=options.force)
    bench = Bench(write_shared_cases(), SHARED_TOKENS, options)
    reached = True
    for model in models:
        # Reading dominates, so the ceiling hardly depends on the number, and more takes minutes.
        _, ceiling = bench.compare_with_ceiling(model, _SEQUENCES[:2])
        reached &= ceiling.median >= OF_UNSHARED
    verdict, status = quiet.judge(reached=reached, load=watch.read(), force=options.force)
    results.record(
        "Throughput of 64 questions about one document",
        aim=f"at least {OF_UNSHARED:g} times the ceiling without sharing; about 400 tokens shared,"
        f" 30 of a case's own, {SHARED_TOKENS} generated",
        body=bench.body(),
        verdict=verdict,
    )
    return status


def main() -> int:
    """Return 0 if all aims are reached, 1 if one is missed, 2 if that can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--part", choices=("short", "shared"), help="one part alone")
    parser.add_argument("--rounds", type=int, default=3, help="turns of ours and the ceiling")
    parser.add_argument("--cases", type=int, default=64, help="fewer, to try it out")
    parser.add_argument("--threads", type=int, help="instead of what the engine chooses")
    parser.add_argument("--sequences", type=int, help="instead of what the engine chooses")
    parser.add_argument("--context", type=int, help="instead of what the engine chooses")
    options = parser.parse_args()

    models = peers.sample_models()
    peers.find_tool("llama-batched-bench")
    parts = {"short": bench_short_cases, "shared": bench_shared_cases}
    statuses = [
        part(models, options) for name, part in parts.items() if options.part in (None, name)
    ]
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
