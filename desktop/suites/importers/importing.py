"""From a benchmark's files to a suite."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Case, FewShot, Imported, SourceFile, Suite
from desktop.errors import Cancelled, UserError
from desktop.suites.importers.assembling import few_shot_id, make_case, make_few_shot
from desktop.suites.importers.benchmark_layouts import MMLU_TABLE
from desktop.suites.importers.item import Benchmark, Item
from desktop.suites.importers.layouts import MOST_ROWS, Layout
from desktop.suites.importers.registry import find_benchmark
from desktop.suites.importers.rows import Row, content_key
from desktop.suites.importers.sampling import draw
from desktop.suites.source import decode_utf8, read_bytes

MOST_BYTES = 200_000_000
MOST_SHOTS = 100
_MOST_ID = 100
_LABELS = ".lst"


class ImportOptions(Value, frozen=True, kw_only=True):
    """What to take of a benchmark, and how to ask it.

    `sample` questions are drawn under `seed`, evenly by `stratify` (a key of the rows, or
    `language`). Each question comes after `shots` worked examples: the first of `shot_paths`, or,
    without such files, drawn from the questions themselves, which are then not asked. `None` is
    the benchmark's own number if there are files to take them from, else none.
    """

    sample: int | None = None
    seed: int = 0
    stratify: str = ""
    shots: int | None = None
    shot_paths: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Source:
    """What was read: rows with their items, in the order of the files."""

    rows: list[Row] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)

    def take(self, places: Sequence[int]) -> None:
        self.rows = [self.rows[place] for place in places]
        self.items = [self.items[place] for place in places]


def import_benchmark(
    name: str,
    paths: Sequence[Path],
    options: ImportOptions | None = None,
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Suite:
    """Return the suite of a benchmark's files; `sha256` and `path` come with writing it.

    Raises `UserError` that names file and line, and `Cancelled`.
    """
    options = options or ImportOptions()
    benchmark = find_benchmark(name)
    _check_options(benchmark, options)
    reader = _Reader(benchmark, is_cancelled)
    asked = [path for path in paths if not _is_shot_file(path)]
    examples = [path for path in paths if _is_shot_file(path)] + list(options.shot_paths)
    source, shown = reader.read(asked), reader.read(examples)
    if not source.rows:
        raise UserError(
            f"{_name_files(asked)} no question of {benchmark.title}.",
            remedy="Name the files that hold the questions.",
        )
    layout = reader.layout_of(asked[0])
    total = len(source.rows)
    identity, title = _identify(benchmark, asked, source)
    shots = options.shots if options.shots is not None else benchmark.shots if shown.rows else 0
    few_shot = _make_examples(benchmark, source, shown, shots, options.seed) if shots else ()
    _sample(source, options)
    cases = _make_cases(benchmark, source, shots=shots)
    used = {case.few_shot for case in cases}
    return Suite(
        id=identity,
        title=title,
        version=str(benchmark.version),
        cases=cases,
        description=_describe(benchmark, len(cases), total, shots, options),
        license=benchmark.license,
        few_shot=tuple(each for each in few_shot if each.id in used),
        imported=Imported(
            importer=benchmark.name,
            version=benchmark.version,
            layout=layout.name,
            files=tuple(source.files),
            rows=total,
            shots=shots,
            shot_files=tuple(shown.files) if shots else (),
            sample=options.sample,
            seed=options.seed,
            stratify=options.stratify,
        ),
    )


def _check_options(benchmark: Benchmark, options: ImportOptions) -> None:
    if options.sample is not None and not 1 <= options.sample <= MOST_ROWS:
        raise UserError(f"A sample must be of 1 to {MOST_ROWS:,} questions, not {options.sample}.")
    if options.shots is not None and not 0 <= options.shots <= MOST_SHOTS:
        raise UserError(f"There can be 0 to {MOST_SHOTS} examples, not {options.shots}.")
    if options.shots and not benchmark.takes_shots:
        raise UserError(
            f"{benchmark.title} is asked without examples.", remedy="Leave out --shots."
        )


def _is_shot_file(path: Path) -> bool:
    """Whether the authors made the file for examples: MMLU's dev tables."""
    return path.suffix.lower() in MMLU_TABLE.suffixes and path.stem.endswith("_dev")


def _name_files(paths: Sequence[Path]) -> str:
    if not paths:
        return "The files hold"
    return f"{paths[0]} holds" if len(paths) == 1 else f"{paths[0]} and the other files hold"


class _Reader:
    """Reads files of one benchmark, all of one layout."""

    def __init__(self, benchmark: Benchmark, is_cancelled: Callable[[], bool]) -> None:
        self._benchmark = benchmark
        self._is_cancelled = is_cancelled
        self._layout: Layout | None = None

    def layout_of(self, path: Path) -> Layout:
        """Return the layout that a file's ending stands for."""
        suffix = path.suffix.lower()
        for layout in self._benchmark.layouts:
            if suffix in layout.suffixes:
                return layout
        known = [suffix for layout in self._benchmark.layouts for suffix in layout.suffixes]
        raise UserError(
            f"{path} is of no kind that {self._benchmark.title} is published in:"
            f" {', '.join(dict.fromkeys(known))}.",
            remedy=f"The files are at {self._benchmark.source}.",
        )

    def read(self, paths: Sequence[Path]) -> _Source:
        """Return all rows and their items, in the order of the files."""
        source = _Source()
        begins = 0
        for path in paths:
            if self._is_cancelled():
                raise Cancelled
            content = read_bytes(path, MOST_BYTES)
            text = decode_utf8(path, content).replace("\r\n", "\n")
            digest = hashlib.sha256(content).hexdigest()
            source.files.append(SourceFile(name=path.name, sha256=digest))
            if path.suffix.lower() == _LABELS:
                source.rows[begins:] = _add_labels(path, text, source.rows[begins:])
            else:
                begins = len(source.rows)
                source.rows += self._read_rows(path, text)
        for row in source.rows:
            source.items.append(self._benchmark.build(row))
        return source

    def _read_rows(self, path: Path, text: str) -> list[Row]:
        layout = self.layout_of(path)
        if self._layout not in (None, layout):
            raise UserError(
                f"{path} has another form than the files before it.",
                remedy="Import files of one form at a time.",
            )
        self._layout = layout
        return layout.read(path, text)


def _add_labels(path: Path, text: str, rows: Sequence[Row]) -> list[Row]:
    """Return rows with the labels that the authors keep in a file of their own."""
    labels = text.split()
    if len(labels) != len(rows):
        raise UserError(
            f"{path} has {len(labels)} labels, and the file named before it {len(rows)} questions.",
            remedy="Name the questions first, then their labels.",
        )
    return [
        Row({**row.values, "label": label}, row.path, row.line)
        for row, label in zip(rows, labels, strict=True)
    ]


def _make_examples(
    benchmark: Benchmark, source: _Source, shown: _Source, shots: int, seed: int
) -> tuple[FewShot, ...]:
    """Return worked examples for each group; those drawn from the questions are taken out."""
    groups = list(dict.fromkeys(item.shot_group for item in source.items))
    if shown.rows:
        pool = shown
        taken = {group: _first_of(shown, group, shots) for group in groups}
    else:
        pool = _Source(rows=list(source.rows), items=list(source.items))
        taken = {group: _draw_of(source, group, shots, seed) for group in groups}
        gone = {place for places in taken.values() for place in places}
        source.take([place for place in range(len(source.rows)) if place not in gone])
    for group, places in taken.items():
        if len(places) < shots:
            about = f" about {group}" if group else ""
            raise UserError(
                f"{shots} examples{about} are wanted, and there are {len(places)}.",
                remedy="Ask for fewer with --shots, or name files of examples with --shots-from.",
            )
    if not source.rows:
        raise UserError("All questions would be examples.", remedy="Ask for fewer with --shots.")
    return tuple(
        make_few_shot(benchmark, group, [pool.items[place] for place in places])
        for group, places in taken.items()
    )


def _first_of(source: _Source, group: str, count: int) -> list[int]:
    return [n for n, item in enumerate(source.items) if item.shot_group == group][:count]


def _draw_of(source: _Source, group: str, count: int, seed: int) -> list[int]:
    places = [n for n, item in enumerate(source.items) if item.shot_group == group]
    return [places[n] for n in draw([source.rows[n] for n in places], count, seed)]


def _sample(source: _Source, options: ImportOptions) -> None:
    if options.stratify and options.sample is None:
        raise UserError("--stratify needs to know how many to draw.", remedy="Add --sample N.")
    if options.sample is None:
        return
    if options.sample > len(source.rows):
        raise UserError(
            f"A sample of {options.sample:,} is wanted, and there are"
            f" {len(source.rows):,} questions.",
            remedy="Leave out --sample to take them all.",
        )
    strata = _strata(source, options.stratify) if options.stratify else []
    source.take(draw(source.rows, options.sample, options.seed, strata))


def _strata(source: _Source, key: str) -> list[str]:
    names = []
    for row, item in zip(source.rows, source.items, strict=True):
        value: JsonValue = item.language if key == "language" else row.values.get(key)
        if not isinstance(value, str | int | bool):
            known = [name for name, v in row.values.items() if isinstance(v, str | int | bool)]
            raise row.problem(
                f'"{key}" is nothing to stratify by',
                remedy=f"Choose one of {', '.join(map(str, known))}, or language.",
            )
        names.append(str(value))
    return names


def _make_cases(benchmark: Benchmark, source: _Source, *, shots: int) -> tuple[Case, ...]:
    cases = []
    seen: dict[str, int] = {}
    for row, item in zip(source.rows, source.items, strict=True):
        case_id = _case_id(benchmark, row, item)
        seen[case_id] = seen.get(case_id, 0) + 1
        if seen[case_id] > 1:
            case_id = f"{case_id}-{seen[case_id]}"
        shown = few_shot_id(benchmark, item.shot_group) if shots else ""
        cases.append(make_case(item, case_id, row.values, shown))
    return tuple(cases)


def _case_id(benchmark: Benchmark, row: Row, item: Item) -> str:
    """Return the publisher's id, or one that stands for the content: never for the place."""
    wanted = re.sub(r"[^A-Za-z0-9._:/-]+", "-", item.key)[:_MOST_ID].lstrip("._:/-")
    if not wanted:
        return f"{benchmark.name}-{content_key(row.values)}"
    return wanted if re.search("[A-Za-z]", wanted) else f"{benchmark.name}-{wanted}"


def _identify(benchmark: Benchmark, paths: Sequence[Path], source: _Source) -> tuple[str, str]:
    """Return id and title: with the part, language or subject that all files are of."""
    parts = [part for part in benchmark.parts if all(part in p.stem.lower() for p in paths)]
    groups = {item.shot_group for item in source.items}
    if len(groups) == 1:
        parts += [group for group in groups if group]
    more = "".join(f"_{re.sub('[^A-Za-z0-9]+', '_', part)}" for part in parts)
    title = ", ".join([benchmark.title, *(part.replace("_", " ") for part in parts)])
    return f"{benchmark.name}{more}"[:_MOST_ID], title


def _describe(
    benchmark: Benchmark, cases: int, total: int, shots: int, options: ImportOptions
) -> str:
    sentences = []
    if options.sample is not None:
        evenly = f", evenly by {options.stratify}" if options.stratify else ""
        sentences.append(
            f"{cases:,} of {total:,} questions, drawn with seed {options.seed}{evenly}."
        )
    if shots:
        sentences.append(f"{shots} worked examples stand before each question.")
    if benchmark.task:
        sentences.append(
            f"Prompts are laid out as in lm-evaluation-harness's task {benchmark.task}."
        )
    sentences.append(f"Headline: {benchmark.headline}.")
    if benchmark.deviations:
        sentences.append(benchmark.deviations)
    sentences.append(f"Source: {benchmark.source}. {benchmark.citation}.")
    return " ".join(sentences)
