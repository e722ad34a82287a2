"""Predicted beside measured memory: what a fresh engine's peak resident set grows by.

`python benchmarks/memory_prediction.py` starts an engine for each shape, notes its peak while it
is idle, loads a model, has every sequence read a prompt and write two tokens, and takes the
difference of the peaks. Figures of time play no part, so it needs no quiet machine; with
`--quick` it goes through contexts of 2048 only.
"""

import argparse
import itertools
from pathlib import Path

import peers
import quiet
import results

from desktop.domain.settings import CacheType, EngineOptions, Sampling
from desktop.gguf.header import read_header
from desktop.gguf.memory import estimate_need
from desktop.gguf.residence import Residence, estimate_residence
from desktop.gguf.shape import shape_of_headers
from desktop.inference.engine import LoadModel, Prompt
from desktop.probes.machine import inspect_machine
from desktop.worker.engine_process import start_llama_engine

WITHIN = 0.05
_CONTEXTS = (512, 1024, 2048, 4096, 8192)
_TYPES = (CacheType.F16, CacheType.Q8_0)
_SEQUENCES = (1, 8)
# A whole physical batch and a little more, so that every buffer is used.
_READ_TOKENS = 600
_MEBIBYTE = 1 << 20


def measure_growth(model: Path, context: int, sequences: int, options: EngineOptions) -> int:
    """Return by how many bytes the peak of an engine's resident set grows."""
    engine = start_llama_engine()
    try:
        idle = engine.peak_memory_bytes()
        engine.load(
            LoadModel(
                path=str(model),
                context_tokens=context,
                parallel_sequences=sequences,
                threads=1,
                options=options,
            )
        )
        words = min(context - 64, -(-_READ_TOKENS // sequences))
        # Each begins in its own way, so that nothing is shared.
        prompts = [
            Prompt(
                key=letter,
                text=f"{letter} " + "a " * words,
                has_special_tokens=False,
                sampling=Sampling(),
                max_tokens=2,
            )
            for letter in "ABCDEFGH"[:sequences]
        ]
        for _ in engine.generate(prompts):
            pass
        return engine.peak_memory_bytes() - idle
    finally:
        engine.close()


def predict(model: Path, context: int, sequences: int, options: EngineOptions) -> Residence:
    """Return what the header and this processor's features let expect."""
    header = read_header(model)
    need = estimate_need(shape_of_headers([header]), context, sequences, options)
    features = inspect_machine().processor.features
    return estimate_residence([header], need, features, memory_mapping=options.memory_mapping)


def main() -> int:
    """Return 0 if every prediction is within 5 % of what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="accepted as everywhere; no effect")
    parser.add_argument("--quick", action="store_true", help="contexts of 2048 only")
    chosen = parser.parse_args()
    contexts = (2048,) if chosen.quick else _CONTEXTS
    watch = quiet.Watch()
    rows: list[tuple[object, ...]] = []
    worst = 0.0
    shapes = itertools.product(peers.sample_models(), (True, False), _TYPES, _SEQUENCES, contexts)
    for model, mapping, kind, sequences, context in shapes:
        options = EngineOptions(key_cache_type=kind, value_cache_type=kind, memory_mapping=mapping)
        expected = predict(model, context, sequences, options)
        measured = measure_growth(model, context, sequences, options)
        deviation = expected.total_bytes / measured - 1
        worst = max(worst, abs(deviation))
        rows.append(
            (
                f"{model.stem}, {'mapped' if mapping else 'not mapped'}, {kind.value}",
                f"{sequences} x {context:,}",
                *(
                    f"{size / _MEBIBYTE:.1f}"
                    for size in (
                        expected.weights_bytes,
                        expected.packed_bytes,
                        expected.vocabulary_bytes,
                        expected.kv_cache_bytes,
                        expected.compute_bytes,
                        expected.working_bytes,
                        expected.total_bytes,
                        measured,
                    )
                ),
                f"{deviation:+.1%}",
            )
        )
        print(*rows[-1], flush=True)
    parts = ("weights", "packed", "vocabulary", "KV", "compute", "working")
    head = ("model, mapping, cache", "context", *parts)
    reached = worst <= WITHIN
    word = "reached" if reached else "missed"
    results.record(
        "Predicted memory beside measured",
        aim="the growth of a fresh engine's peak resident set predicted within 5 %",
        body=results.table((*head, "predicted, MiB", "measured, MiB", "deviation"), rows)
        + f"\n\nThe largest deviation is {worst:.1%}.",
        verdict=f"The aim is **{word}**. {watch.read().in_words()}; memory does not depend on it.",
    )
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
