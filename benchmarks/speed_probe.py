"""Our speed probe beside llama-bench, on the sample models, in turn.

`python benchmarks/speed_probe.py` builds llama-bench once from the source that the installed
llama-cpp-python was built from (a few minutes), runs both for each sample model, and prints both
figures and their ratio. It refuses to judge on a busy machine unless `--force` is given.
`--sequences` measures instead what answering several prompts at once brings.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import psutil

from desktop import paths
from desktop.domain.settings import Sampling, SpeedTest
from desktop.inference.allowance import usable_cores
from desktop.inference.engine import GenerationFinished, LoadModel, Prompt
from desktop.worker.engine_process import EngineProcess, start_llama_engine

BINDING = "0.3.36"
MODELS = ("SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf")
TESTS = (SpeedTest(prompt_tokens=512), SpeedTest(generated_tokens=128))
ALLOWED_SHARE = 0.05
BUSY_CORES = 0.3
LOOK_SECONDS = 2.0
ROOT = Path(__file__).resolve().parent.parent
# The options of the binding's own build, as far as they reach ggml and llama.
CMAKE_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
)


def build_llama_bench() -> Path:
    """Return llama-bench, built on first use into the cache folder."""
    folder = paths.cache_folder() / f"llama-bench-{BINDING}"
    program = folder / "build" / "bin" / "llama-bench"
    if program.is_file():
        return program
    source = folder / "source"
    if not source.is_dir():
        unpack_source(folder, source)
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if cmake is None:
        sys.exit("cmake is missing; `make environment` installs it.")
    flags = f"-include {ROOT / 'packaging' / 'amx_tiles.h'}"
    print("Building llama-bench; this takes some minutes …")
    subprocess.run(
        [
            *(cmake, "-S", source, "-B", folder / "build"),
            *(*CMAKE_OPTIONS, f"-DCMAKE_CXX_FLAGS={flags}"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run(
        [cmake, "--build", folder / "build", "--target", "llama-bench", "--parallel", "2"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return program


def unpack_source(folder: Path, source: Path) -> None:
    """Fetch the binding's source distribution through pip and unpack llama.cpp out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-binary", ":all:"),
            *(f"llama-cpp-python=={BINDING}", "-d", folder),
        ],
        check=True,
    )
    archive = next(folder.glob("llama_cpp_python-*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "unpacked", filter="data")
    next(folder.glob("unpacked/*/vendor/llama.cpp")).rename(source)
    shutil.rmtree(folder / "unpacked")
    archive.unlink()


def busy_cores() -> float:
    """Return how many cores other programs keep busy, looking for two seconds."""
    before, own = psutil.cpu_times(), psutil.Process().cpu_times()
    time.sleep(LOOK_SECONDS)
    after, own_after = psutil.cpu_times(), psutil.Process().cpu_times()
    used = (sum(after) - after.idle) - (sum(before) - before.idle)
    return float(used - (own_after.user - own.user)) / LOOK_SECONDS


def run_llama_bench(program: Path, model: Path, threads: int, repetitions: int) -> dict[str, float]:
    """Return llama-bench's mean tokens per second by test."""
    done = subprocess.run(
        [
            *(program, "-m", model, "-p", "512", "-n", "128"),
            *("-t", str(threads), "-r", str(repetitions), "-o", "json"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = json.loads(done.stdout)
    return {
        f"pp{row['n_prompt']}" if row["n_prompt"] else f"tg{row['n_gen']}": float(row["avg_ts"])
        for row in rows
    }


def run_ours(model: Path, threads: int, repetitions: int) -> dict[str, float]:
    """Return our mean tokens per second by test, through an engine process."""
    engine = start_llama_engine()
    try:
        engine.load(LoadModel(path=str(model), context_tokens=512, threads=threads))
        rates: dict[str, list[float]] = {}
        for sample in engine.measure_speed(TESTS, repetitions):
            rates.setdefault(sample.test, []).append(sample.tokens / sample.seconds)
    finally:
        engine.close()
    return {test: statistics.fmean(values) for test, values in rates.items()}


def compare(models: list[Path], threads: int, arguments: argparse.Namespace) -> bool:
    """Run both for each model, print a table, and return whether all ratios are close to 1."""
    program = build_llama_bench()
    print(f"{'model':34} {'test':6} {'llama-bench':>12} {'ours':>9} {'ratio':>7}   tokens/s")
    close = True
    for model in models:
        theirs, ours = [], []
        for turn in range(arguments.rounds):
            # Whoever comes second may find the processor warmer: the order is turned each time.
            if turn % 2:
                ours.append(run_ours(model, threads, arguments.repetitions))
            theirs.append(run_llama_bench(program, model, threads, arguments.repetitions))
            if not turn % 2:
                ours.append(run_ours(model, threads, arguments.repetitions))
        for test in (t.name for t in TESTS):
            their = statistics.median(row[test] for row in theirs)
            our = statistics.median(row[test] for row in ours)
            close = close and abs(our / their - 1) <= ALLOWED_SHARE
            print(f"{model.name:34} {test:6} {their:12.1f} {our:9.1f} {our / their:7.3f}")
    return close


def answer_in_parallel(engine: EngineProcess, model: Path, sequences: int) -> tuple[float, float]:
    """Answer 32 short questions; return seconds and generated tokens per second."""
    engine.load(LoadModel(path=str(model), context_tokens=512, parallel_sequences=sequences))
    prompts = [
        Prompt(
            key=str(n),
            text=f"Question: Write a short text about the number {n} and what it is good for."
            " Say where it is met in daily life, and give three examples.\n\nAnswer:",
            has_special_tokens=False,
            sampling=Sampling(),
            max_tokens=48,
        )
        for n in range(32)
    ]
    started = time.perf_counter()
    ends = [e for e in engine.generate(prompts) if isinstance(e, GenerationFinished)]
    seconds = time.perf_counter() - started
    return seconds, sum(end.generated_tokens for end in ends) / seconds


def measure_sequences(models: list[Path]) -> None:
    """Print what several sequences at once bring for short answers."""
    print(f"{'model':34} {'sequences':>9} {'seconds':>8} {'tokens/s':>9}")
    for model in models:
        engine = start_llama_engine()
        try:
            for sequences in (1, 2, 4, 8, 16, 32):
                seconds, rate = answer_in_parallel(engine, model, sequences)
                print(f"{model.name:34} {sequences:9} {seconds:8.1f} {rate:9.1f}")
        finally:
            engine.close()


def main() -> int:
    """Return 0 if all is within 5 %, 1 if not, 2 if it can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="judge on a busy machine too")
    parser.add_argument("--sequences", action="store_true", help="measure parallel sequences")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=4, help="turns of both, of which the median")
    parser.add_argument("--threads", type=int, default=usable_cores())
    arguments = parser.parse_args()
    models = [paths.sample_models_folder() / name for name in MODELS]
    missing = [str(model) for model in models if not model.is_file()]
    if missing:
        print(f"Missing: {', '.join(missing)}; run `make sample-models` first.")
        return 2
    busy = busy_cores()
    print(f"Other programs keep {busy:.2f} of {psutil.cpu_count()} cores busy.")
    if busy > BUSY_CORES and not arguments.force:
        print("That is too much for a comparison; wait, or use --force.")
        return 2
    if arguments.sequences:
        measure_sequences(models)
        return 0
    return 0 if compare(models, arguments.threads, arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
