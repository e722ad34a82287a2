"""Model files: headers beside the reference reader, hostile ones, a thousand of them, hashing.

`make bench`, or `python benchmarks/model_files.py [headers|hostile|library|hashing ...]`. Headers
are those of the sample models and of the public vocabularies (in ../shared/data, left out where
that is not). The thousand files are written to a temporary folder: the whole beginnings of those
files with a name of their own each, and holes in place of the weights; they take 2 GB meanwhile.
Everything is in the system's cache of files when it is measured, so that no disk is.
"""

import argparse
import gc
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import gguf
import peers
import quiet
import ratios
import results
from laborious_files import LABORIOUS

from desktop.domain.language_model import FoundFile, LanguageModel
from desktop.errors import UserError
from desktop.gguf.finder import Find, read_model, stream_models
from desktop.gguf.hashing import hash_files
from desktop.gguf.header import read_header
from desktop.storage.database import Database
from desktop.worker.collection import refresh

HEADER_MS, KNOWN_MS, HOSTILE_MS, HOSTILE_MB = 20.0, 1.0, 50.0, 100.0
NAMES_SECONDS, MODELS_PER_SECOND, KNOWN_SECONDS = 0.5, 100.0, 0.3
HASHING_RATIO = 0.8
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_REPETITIONS = 15
MODELS = 1_000
_HASHING_ROUNDS = 9
# A folder for every so many of the thousand, each three levels deep.
_MODELS_PER_FOLDER = 20


class Part(NamedTuple):
    """What one part found: its section's aim and body, and whether the aim is reached."""

    title: str
    aim: str
    body: str
    reached: bool | None


def time_ms(work: Callable[[], object], repetitions: int = _REPETITIONS) -> float:
    """Return the median of several times, in milliseconds."""
    taken = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


def list_headers() -> list[Path]:
    """Return the sample models and the vocabularies."""
    return [*sorted(peers.sample_models()), *sorted((_SHARED / "gguf-vocab").glob("*.gguf"))]


def measure_headers() -> Part:
    """Time our reader and the reference, and a look at a file that is known."""
    rows = []
    slowest = slowest_known = 0.0
    read_header(list_headers()[0])  # brings NumPy
    for path in list_headers():
        header = read_header(path)
        ours = time_ms(lambda path=path: read_header(path))  # type: ignore[misc]
        known = _time_known(path)
        gc.disable()  # the reference makes millions of small objects, and would take twice as long
        reference = time_ms(lambda path=path: gguf.GGUFReader(path), 1)  # type: ignore[misc]
        gc.enable()
        slowest, slowest_known = max(slowest, ours), max(slowest_known, known)
        words = header.lengths.get("tokenizer.ggml.tokens", 0)
        cells = (path.stem, f"{words:,}", f"{ours:.1f}", f"{known:.2f}", f"{reference:,.0f}")
        rows.append((*cells, f"{reference / ours:,.0f}"))
        print(*rows[-1], flush=True)
    head = ("file", "words", "header, ms", "known, ms", "gguf, ms", "ratio")
    load = _time_numpy()
    return Part(
        "Headers of model files",
        f"at most {HEADER_MS:g} ms for 262,144 words, {KNOWN_MS:g} ms when known",
        f"{results.table(head, rows)}\n\nThe slowest takes {slowest:.1f} ms, known"
        f" {slowest_known:.2f} ms. The first header of a process also loads NumPy, {load:.0f} ms.",
        slowest <= HEADER_MS and slowest_known <= KNOWN_MS,
    )


def _time_known(path: Path) -> float:
    """Time what a search does with a file that it knows, its announcement included."""
    (model,) = _list_models(stream_models([path]))
    known = {model.stamp: model}
    return time_ms(lambda: list(stream_models([path], known=known)))


def _list_models(finds: Iterator[Find]) -> list[LanguageModel]:
    return [find for find in finds if isinstance(find, LanguageModel)]


def _time_numpy() -> float:
    code = "import time; t = time.perf_counter(); import numpy; print(time.perf_counter() - t)"
    taken = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
        for _ in range(5)
    ]
    return 1000 * statistics.median(taken)


def measure_hostile() -> Part:
    """Time and weigh the whole reading of files that were made to be laborious, and broken ones."""
    rows = []
    slowest = heaviest = 0.0
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        file = Path(folder) / "hostile.gguf"
        for name, make in LABORIOUS.items():
            file.write_bytes(make())
            taken, peak = _weigh(file)
            slowest, heaviest = max(slowest, taken), max(heaviest, peak)
            size = file.stat().st_size / 1e6
            rows.append((name, f"{size:.1f}", f"{taken:.1f}", f"{peak:.1f}"))
            print(*rows[-1], flush=True)
    broken = [p for p in (_SHARED / "gguf-malformed").rglob("*") if p.is_file()]
    if broken:
        weighed = [_weigh(path) for path in broken]
        times, peaks = [taken for taken, _ in weighed], [peak for _, peak in weighed]
        slowest, heaviest = max(slowest, *times), max(heaviest, *peaks)
        size = max(path.stat().st_size for path in broken) / 1e6
        name = f"the worst of {len(broken)} public ones"
        rows.append((name, f"{size:.1f}", f"{max(times):.1f}", f"{max(peaks):.1f}"))
    return Part(
        "Hostile model files",
        f"none takes more than {HOSTILE_MS:g} ms and {HOSTILE_MB:g} MB",
        results.table(("file", "MB", "time, ms", "memory, MB"), rows),
        slowest <= HOSTILE_MS and heaviest <= HOSTILE_MB,
    )


def _weigh(path: Path) -> tuple[float, float]:
    """Return milliseconds of a whole reading, and the megabytes that it allocates at its peak."""

    def read() -> None:
        try:
            read_model(path)
        except UserError:
            return

    taken = time_ms(read, 5)
    tracemalloc.start()
    read()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return taken, peak


def measure_library() -> Part:
    """Time a look at a thousand files, first and once they are known."""
    with tempfile.TemporaryDirectory(prefix="touchstone-") as home:
        folder = Path(home) / "models"
        write_models(folder)
        with Database.open(Path(home) / "bench.sqlite") as database:
            names, first, busy = _look(database, folder)
            known = [_look(database, folder)[1] for _ in range(5)]
    again, rate = statistics.median(known), MODELS / busy
    rows = [
        ("names and sizes told, s", f"{names:.2f}", f"{NAMES_SECONDS:g}"),
        ("models a second and core, first look", f"{rate:.0f}", f"{MODELS_PER_SECOND:g}"),
        ("the whole first look, s", f"{first:.2f}", ""),
        ("the whole look when known, s", f"{again:.2f}", f"{KNOWN_SECONDS:g}"),
    ]
    return Part(
        "A thousand model files",
        "names and sizes in 0.5 s, 100 models a second and core, all in 0.3 s when known",
        results.table(
            (f"{MODELS:,} files in {MODELS // _MODELS_PER_FOLDER} folders", "measured", "aim"),
            rows,
        ),
        names < NAMES_SECONDS and rate >= MODELS_PER_SECOND and again < KNOWN_SECONDS,
    )


def _look(database: Database, folder: Path) -> tuple[float, float, float]:
    """Return the seconds until all files were told by name and size and until the end, and busy."""
    begin, busy = time.perf_counter(), time.process_time()
    named = 0.0

    def note(finds: Sequence[Find]) -> None:
        nonlocal named
        if any(isinstance(find, FoundFile) for find in finds):
            named = time.perf_counter() - begin

    change = refresh(database.models, [folder], on_find=note)
    taken = time.perf_counter() - begin
    if len(change.models) != MODELS or change.problems:
        raise SystemExit(f"{len(change.models)} models and {len(change.problems)} problems")
    return named, taken, time.process_time() - busy


def write_models(folder: Path) -> None:
    """Write the thousand files: as many of each kind, told apart by their number."""
    kinds = itertools.cycle(
        (path, read_header(path).data_offset, path.stat().st_size) for path in list_headers()
    )
    for number, (path, header_bytes, size) in zip(range(MODELS), kinds, strict=False):
        inner = folder / f"publisher {number % 7}" / f"model {number // _MODELS_PER_FOLDER}"
        inner.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as source, (inner / f"{path.stem} {number}.gguf").open("wb") as made:
            made.write(source.read(header_bytes))
            made.truncate(size)


def measure_hashing() -> Part:
    """Time our hashing beside sha256sum, in turn."""
    program = shutil.which("sha256sum")
    if program is None:
        return Part("Hashing model files", "", "There is no sha256sum here.", None)
    path = max(peers.sample_models(), key=lambda path: path.stat().st_size)
    ours, theirs = [], []
    for turn in range(_HASHING_ROUNDS + 1):
        begin = time.perf_counter()
        (digest,) = hash_files([path], on_progress=lambda _done, _total: None)
        middle = time.perf_counter()
        told = subprocess.run([program, str(path)], check=True, capture_output=True, text=True)
        end = time.perf_counter()
        if told.stdout.split()[0].lstrip("\\") != digest:
            raise SystemExit("the hashes differ")
        if turn:  # the round before filled the cache
            ours.append(middle - begin)
            theirs.append(end - middle)
    ratio = ratios.paired_ratio(theirs, ours)
    size = path.stat().st_size / 1e6
    rows = [
        (name, f"{size / statistics.median(taken):,.0f}", f"{statistics.median(taken):.3f}")
        for name, taken in (("Touchstone", ours), ("sha256sum", theirs))
    ]
    reached = None if ratio.low < HASHING_RATIO <= ratio.high else ratio.median >= HASHING_RATIO
    return Part(
        "Hashing model files",
        f"at least {HASHING_RATIO:g} of sha256sum's speed",
        f"{results.table((f'{size:.0f} MB', 'MB/s', 's'), rows)}\n\n"
        f"Touchstone's speed over sha256sum's: {ratio}, {ratio.rounds} rounds in turn.",
        reached,
    )


_PARTS: dict[str, Callable[[], Part]] = {
    "headers": measure_headers,
    "hostile": measure_hostile,
    "library": measure_library,
    "hashing": measure_hashing,
}


def main() -> int:
    """Return 0 when all aims are reached, 1 when one is missed, 2 when one can't be judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *_PARTS], metavar="|".join(_PARTS))
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    statuses = []
    for name in options.parts or _PARTS:
        watch = quiet.begin(force=options.force)
        part = _PARTS[name]()
        verdict, status = quiet.judge(reached=part.reached, load=watch.read(), force=options.force)
        results.record(part.title, aim=part.aim, body=part.body, verdict=verdict)
        statuses.append(status)
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
