"""Result files of lm-evaluation-harness as finished runs: its answers and its scores, unchanged.

A results file gives a run for each of its tasks. Where the file of its answers lies beside it
(`samples_TASK_DATE.jsonl`), the run has them, each with the verdict that the harness gave. Files
of before 2023 have scores only.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import JsonValue, Value, new_id, utc_now
from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.domain.run import (
    EngineFacts,
    ForeignFigure,
    Run,
    RunOrigin,
    RunStatus,
    SuiteReference,
)
from desktop.domain.settings import RunSettings, Sampling
from desktop.domain.suite import SourceFile, Suite
from desktop.errors import Cancelled, UserError
from desktop.suites.importers.harness_answers import make_answers, match_cases
from desktop.suites.importers.harness_samples import Sample, find_headline, make_case, read_samples
from desktop.suites.importers.layouts import parse_json
from desktop.suites.importers.rows import Row
from desktop.suites.source import decode_utf8, read_bytes

PROGRAM = "lm-evaluation-harness"
MOST_BYTES = 50_000_000
MOST_FILES = 10_000
_SCHEME = "lm-evaluation-harness"
_HOTTEST = 100.0  # the limit of our own settings
_EARLIEST, _LATEST = 1_500_000_000, 4_000_000_000  # seconds: 2017 and 2096


class ForeignRun(Value, frozen=True, kw_only=True):
    """A run as it was found, with all that belongs to it; `notices` tell what could not be kept."""

    run: Run
    suite: Suite
    answers: tuple[Answer, ...] = ()
    notices: tuple[str, ...] = ()


def read_harness_results(
    paths: Sequence[Path],
    *,
    suite: Suite | None = None,
    model_name: str = "",
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[ForeignRun, ...]:
    """Return the runs of results files, and of all results files in folders.

    With `suite` the answers are those to its cases, so that our own runs of it can be held
    against them; else each task becomes a suite. `model_name` is for files that name no model.
    Raises `UserError` that names file and line, and `Cancelled`.
    """
    found: list[ForeignRun] = []
    for path in _list_files(paths):
        if is_cancelled():
            raise Cancelled
        found += _read_file(path, suite, model_name)
    if not found:
        raise UserError(
            f"{paths[0] if paths else 'The folder'} holds no results of {PROGRAM}.",
            remedy="Choose the folder that its --output_path named.",
        )
    if suite is not None and not any(each.suite is suite for each in found):
        raise UserError(
            f"{paths[0]} holds no answer to a question of the suite {suite.id}.",
            remedy="Import the results without a suite, or name the suite of the same benchmark.",
        )
    return tuple(found)


def _list_files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        within = sorted(path.rglob("*.json"))
        if len(within) > MOST_FILES:
            raise UserError(
                f"{path} holds more than {MOST_FILES:,} files.", remedy="Choose a folder in it."
            )
        files += within
    return list(dict.fromkeys(files))


def _read_file(path: Path, suite: Suite | None, model_name: str) -> list[ForeignRun]:
    content = read_bytes(path, MOST_BYTES)
    value = parse_json(decode_utf8(path, content), str(path))
    if not isinstance(value, dict) or not isinstance(value.get("results"), dict):
        raise UserError(
            f'{path} is no results file of {PROGRAM}: the key "results" is missing.',
            remedy="Choose the results_….json that it wrote, or its folder.",
        )
    source = SourceFile(name=path.name, sha256=hashlib.sha256(content).hexdigest())
    file = _ResultsFile(Row(value, path, 1, unit="document"), source, model_name)
    return [file.read_task(task, suite) for task in file.tasks]


class _ResultsFile:
    """One results file, whose tasks share a model and settings."""

    def __init__(self, document: Row, source: SourceFile, model_name: str) -> None:
        self._document = document
        self._source = source
        self._results = document.part("results")
        self.tasks = list(self._results.values)
        if not self.tasks:
            raise document.problem('"results" has no task')
        self._config = document.part("config") if "config" in document else None
        self._began = self._find_date()
        self._evaluation_id = new_id()
        self._model = self._make_model(model_name)

    def read_task(self, task: str, suite: Suite | None) -> ForeignRun:
        """Return the run of one task, with its answers if their file is there."""
        scores = self._results.part(task)
        samples, samples_file = self._find_samples(task)
        files = (self._source, samples_file) if samples_file else (self._source,)
        version = self._of_task("versions", task)
        origin = RunOrigin(
            program=PROGRAM,
            version=self._word("lm_eval_version") or self._word("git_hash"),
            task=task,
            files=files,
            figures=_read_figures(scores),
            task_version="" if version is None else str(version)[:40],
            shots=_whole(self._of_task("n-shot", task)),
            cases=self._count_cases(task),
            imported_at=utc_now(),
        )
        case_ids = match_cases(samples, suite) if suite is not None else {}
        notices = self._tell_missing(task, samples, len(case_ids)) if suite is not None else ()
        if suite is None or not case_ids:
            suite = _make_suite(task, origin.task_version, samples)
            case_ids = {sample.doc_id: f"{_identifier(task)}:{sample.doc_id}" for sample in samples}
        run = self._make_run(task, origin, suite, samples)
        headline = find_headline(samples, self._lower_is_better(task))
        answers = make_answers(run, samples, case_ids, headline, suite)
        return ForeignRun(run=run, suite=suite, answers=answers, notices=notices)

    def _tell_missing(self, task: str, samples: Sequence[Sample], matched: int) -> tuple[str, ...]:
        missing = len(samples) - matched
        place = f"{self._document.path}, {task}"
        if not missing:
            return ()
        if not matched:
            return (f"{place}: its questions are not in the suite; they make one of their own.",)
        told = f"{place}: {missing:,} of {len(samples):,} answers are to questions that are not"
        return (f"{told} in the suite; they are left out.",)

    def _find_samples(self, task: str) -> tuple[tuple[Sample, ...], SourceFile | None]:
        path = self._document.path
        date = path.stem.rpartition("_")[2]
        name = f"samples_{task}_{date}.jsonl"
        if "/" in name or "\\" in name or not (path.parent / name).is_file():
            return (), None
        samples, sha256 = read_samples(path.parent / name)
        return samples, SourceFile(name=name, sha256=sha256)

    def _make_run(
        self, task: str, origin: RunOrigin, suite: Suite, samples: Sequence[Sample]
    ) -> Run:
        return Run(
            id=new_id(),
            evaluation_id=self._evaluation_id,
            model=self._model,
            settings=_make_settings(samples, self._word("system_instruction")),
            status=RunStatus.FINISHED,
            created_at=self._began,
            started_at=self._began,
            finished_at=self._began,
            suite=SuiteReference(
                id=suite.id,
                title=suite.title,
                version=suite.version,
                sha256=suite.sha256,
                cases=len(suite.cases),
            ),
            engine=EngineFacts(
                name=", ".join(filter(None, (PROGRAM, self._word("model_source")))),
                version=origin.version,
            ),
            prompt_format="chat_template" if self._word("chat_template") else "",
            name=f"{task} ({PROGRAM})",
            note=_tell_figures(origin),
            origin=origin,
        )

    def _make_model(self, given: str) -> LanguageModel:
        name = (given or self._find_model_name())[:500]
        short = re.split(r"[/\\]", name.rstrip("/\\"))[-1] or name
        organization = name.partition("/")[0] if re.fullmatch(r"[^/\\]+/[^/\\]+", name) else ""
        facts = ModelFacts(name=short, architecture="", organization=organization)
        # No file of this machine: the place is a name that no path can have.
        return LanguageModel(id=new_id(), paths=(f"{_SCHEME}:{name}",), facts=facts, modified_ns=0)

    def _find_model_name(self) -> str:
        named = self._word("model_name")
        arguments = self._config.values.get("model_args") if self._config else None
        if isinstance(arguments, str):
            pairs = (part.partition("=") for part in arguments.split(","))
            arguments = {key.strip(): value.strip() for key, _, value in pairs}
        if not named and isinstance(arguments, dict):
            keys = ("pretrained", "model", "path", "engine")
            named = next((str(arguments[k]) for k in keys if arguments.get(k)), "")
        if not named:
            path = self._document.path
            raise UserError(
                f"{path} does not say which model it is about.",
                remedy="Name it with --model-name.",
            )
        return named

    def _find_date(self) -> datetime:
        date = self._document.values.get("date")
        if not isinstance(date, int | float) or not _EARLIEST < date < _LATEST:
            date = self._document.path.stat().st_mtime
        return datetime.fromtimestamp(date, UTC)

    def _word(self, key: str) -> str:
        value = self._document.values.get(key)
        return value[:200] if isinstance(value, str) else ""

    def _of_task(self, key: str, task: str) -> JsonValue:
        table = self._document.values.get(key)
        return table.get(task) if isinstance(table, dict) else None

    def _count_cases(self, task: str) -> int | None:
        counts = self._of_task("n-samples", task)
        return _whole(counts.get("effective")) if isinstance(counts, dict) else None

    def _lower_is_better(self, task: str) -> tuple[str, ...]:
        table = self._of_task("higher_is_better", task)
        pairs = table.items() if isinstance(table, dict) else ()
        return tuple(str(name) for name, higher in pairs if higher is False)


def _read_figures(scores: Row) -> tuple[ForeignFigure, ...]:
    """Return every number of a task under its own name: `acc,none`, in old files `acc`."""
    figures = []
    for name, value in scores.values.items():
        metric, comma, filtered = name.partition(",")
        if metric.endswith("_stderr") or name in ("alias", "name", "sample_len"):
            continue
        number = _number(value)
        if number is None:
            continue
        figures.append(
            ForeignFigure(
                name=name,
                value=number,
                error=_number(scores.values.get(f"{metric}_stderr{comma}{filtered}")),
            )
        )
    return tuple(figures)


def _tell_figures(origin: RunOrigin) -> str:
    """Return the harness's own scores as lines for people."""
    lines = [
        f"{figure.name} = {figure.value:.6g}"
        + (f" ± {figure.error:.2g} (standard error)" if figure.error is not None else "")
        for figure in origin.figures
    ]
    return "\n".join([f"As {PROGRAM} reported:", *lines]) if lines else ""


def _make_settings(samples: Sequence[Sample], system_prompt: str) -> RunSettings:
    used = samples[0].settings if samples else {}
    temperature = _number(used.get("temperature")) or 0.0
    return RunSettings(
        sampling=Sampling(temperature=min(max(temperature, 0.0), _HOTTEST)),
        max_tokens=_whole(used.get("max_gen_toks")) or RunSettings().max_tokens,
        system_prompt=system_prompt or None,
    )


def _make_suite(task: str, version: str, samples: Sequence[Sample]) -> Suite:
    cases = tuple(make_case(sample, _identifier(task)) for sample in samples)
    suite = Suite(
        id=f"{_SCHEME}:{_identifier(task)}"[:128],
        title=f"{task} ({PROGRAM})",
        version=version or "0",
        cases=cases,
        description=f"The task {task} as {PROGRAM} asked it.",
    )
    digest = hashlib.sha256(msgspec.msgpack.encode(suite)).hexdigest()
    return msgspec.structs.replace(suite, sha256=digest)


def _identifier(task: str) -> str:
    return re.sub(r"[^A-Za-z0-9._/-]+", "-", task)[:90]


def _number(value: JsonValue) -> float | None:
    """Return a number, `None` for what is none: the harness writes N/A where it can't tell."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _whole(value: JsonValue) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return value if good else None
