"""`Operations` on this machine's own database and files."""

import json
import logging
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from desktop import __version__, paths
from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.comparison import Comparison
from desktop.domain.hardware import Capacity, CatalogueMachine
from desktop.domain.language_model import HashCheck, LanguageModel, ModelAnnotation
from desktop.domain.machine import Machine, MachineLoad
from desktop.domain.rescoring import Rating, Scoring
from desktop.domain.run import EvaluationPlan, PlannedRun, Run, RunSummary
from desktop.domain.settings import EngineOptions, ProbePlan, RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.gguf.hashing import HashProgress
from desktop.gguf.stores import find_stores
from desktop.probes.load import LoadSampler
from desktop.probes.machine import inspect_machine
from desktop.reports.comparison import compare_runs
from desktop.reports.csv_file import write_csv
from desktop.reports.json_file import write_json
from desktop.reports.planning import foresee
from desktop.reports.records import RunRecord
from desktop.scoring.kind import Verdict
from desktop.settings.options import Options
from desktop.settings.store import SettingsStore
from desktop.storage.database import Database
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.worker.collection import (
    LibraryChange,
    OnFind,
    check_hash,
    list_alike,
    refresh,
    unite_annotations,
    unite_copies,
)
from desktop.worker.demonstration import list_demonstration_models
from desktop.worker.judging import MakeJudge, OnProgress, judge_run
from desktop.worker.library import MemoryAccountant, check_capacity, find_sample_models, scan
from desktop.worker.machine_catalogue import THIS_MACHINE, describe_this_machine, list_machines
from desktop.worker.operations import DatabaseFacts, MemoryFit, ModelPlace, RunDetails, ScanResult
from desktop.worker.rating import rate_run
from desktop.worker.rescoring import rescore_run
from desktop.worker.settings_check import require_sound_settings
from desktop.worker.suite_exchange import read_any_suite

_log = logging.getLogger(__name__)

_LOG_LINES = 200


class LocalOperations:
    """Everything short that can be asked, answered here and now."""

    def __init__(
        self,
        database: Database,
        settings: SettingsStore,
        memory: MemoryAccountant,
        *,
        engine_pid: Callable[[], int | None] = lambda: None,
        scripted: bool = False,
        make_judge: MakeJudge | None = None,
    ) -> None:
        """Work on an open database; `engine_pid` tells whose memory is the engine's.

        With `scripted` the sample models are pretended ones that need no file. Without
        `make_judge` no model can judge.
        """
        self._database = database
        self._settings = settings
        self._memory = memory
        self._engine_pid = engine_pid
        self._scripted = scripted
        self._make_judge = make_judge
        self._sampler = LoadSampler()
        self._machine: Machine | None = None

    # Language models

    def list_models(self) -> tuple[LanguageModel, ...]:
        """Return the library, sorted by name."""
        return unite_copies(self._database.models.list_models())

    def add_paths(self, paths_: Sequence[Path]) -> ScanResult:
        """Read files and folders and keep the models found."""
        found = scan(paths_)
        return ScanResult(models=self._database.models.save(found.models), problems=found.problems)

    def list_stores(self) -> tuple[ModelPlace, ...]:
        """Return where other programs keep models on this machine."""
        return tuple(ModelPlace(store=s.kind.label, folder=str(s.folder)) for s in find_stores())

    def refresh(
        self,
        on_find: OnFind = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> LibraryChange:
        """Look at the stores, the user's folders and every known file; keep what is found.

        While another copy of the program is writing, the library is returned as it is.
        """
        if self._database.read_only:
            return LibraryChange(models=self.list_models())
        folders = [Path(folder) for folder in self._settings.load().model_folders]
        return refresh(
            self._database.models,
            [*find_stores(), *folders],
            on_find=on_find,
            is_cancelled=is_cancelled,
        )

    def check_hash(
        self,
        model: LanguageModel,
        text: str = "",
        on_progress: HashProgress | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> HashCheck:
        """Compare a model with a publisher's SHA-256 and keep the result."""
        if self._database.read_only:
            raise EnvironmentFault(
                "A check can't be kept, the database is open for reading only.",
                remedy=self._database.read_only_reason,
            )
        return check_hash(
            model,
            text,
            self._database.models,
            on_progress=on_progress,
            is_cancelled=is_cancelled,
        )

    def remove_models(self, ids: Sequence[str]) -> None:
        """Take models out of the library, with their copies; their files and runs stay."""
        shelf = self._database.models
        shelf.remove(list_alike(shelf.list_models(), ids))

    def restore_models(self, ids: Sequence[str]) -> None:
        """Undo `remove_models`."""
        shelf = self._database.models
        shelf.restore(list_alike(shelf.list_removed(), ids))

    def list_annotations(self) -> dict[str, ModelAnnotation]:
        """Return what people say of models, by id."""
        shelf = self._database.models
        return unite_annotations(shelf.list_models(), shelf.list_annotations())

    def annotate_models(self, annotations: Mapping[str, ModelAnnotation]) -> None:
        """Replace what people say of models and their copies."""
        shelf = self._database.models
        models = shelf.list_models()
        for model_id, annotation in annotations.items():
            shelf.annotate(list_alike(models, [model_id]), annotation)

    def find_sample_models(self) -> tuple[LanguageModel, ...]:
        """Return the two sample models, kept in the library, if both lie in the cache."""
        found = list_demonstration_models() if self._scripted else find_sample_models()
        if not found or self._database.read_only:
            return found
        return self._database.models.save(found)

    def list_machines(self) -> tuple[CatalogueMachine, ...]:
        """Return the catalogue of machines, the user's own among them."""
        return list_machines()

    def find_this_machine(self) -> CatalogueMachine:
        """Return this machine with the memory that is free now."""
        return describe_this_machine(self._memory.available_bytes)

    def check_capacity(
        self,
        model: LanguageModel,
        machine: CatalogueMachine,
        context_tokens: int,
        users: int,
        options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
    ) -> Capacity:
        """Tell whether a machine carries a model for so many users, and what would fit."""
        share = 0.0 if machine.id == THIS_MACHINE else None
        return check_capacity(model, machine, context_tokens, users, options, reserved_share=share)

    def check_memory(self, model: LanguageModel, settings: RunSettings) -> MemoryFit:
        """Tell what a run would need and what is free."""
        return self._memory.check(model, settings)

    # Suites

    def list_suites(self) -> tuple[Suite, ...]:
        """Return the bundled suites, then the user's own files that can be read."""
        bundled = [
            msgspec.structs.replace(read_suite(path), bundled=True)
            for path in list_bundled_suites()
        ]
        own = []
        for name in self._settings.load().suite_files:
            try:
                own.append(read_any_suite(Path(name)).suite)
            except UserError as problem:
                _log.warning("Suite left out: %s", problem)
        return (*bundled, *own)

    def add_suite(self, path: Path) -> Suite:
        """Read a suite file and remember its place."""
        suite = read_any_suite(path).suite
        options = self._settings.load()
        place = str(path.resolve())
        if place not in options.suite_files:
            self._settings.save(
                msgspec.structs.replace(options, suite_files=(*options.suite_files, place))
            )
        return suite

    # Evaluations

    def plan_evaluation(
        self,
        models: Sequence[LanguageModel],
        suites: Sequence[Suite],
        *,
        speed: bool,
        settings: RunSettings,
    ) -> EvaluationPlan:
        """Make a plan: for each model the speed probe if wanted, then each suite."""
        if not models:
            raise UserError("No model is chosen.", remedy="Choose at least one.")
        if not suites and not speed:
            raise UserError("There is nothing to do.", remedy="Choose a suite or the speed probe.")
        require_sound_settings(settings)
        runs: list[PlannedRun] = []
        for model in models:
            if speed:
                runs.append(PlannedRun(model=model, settings=settings, probe=ProbePlan()))
            runs += [PlannedRun(model=model, settings=settings, suite=suite) for suite in suites]
        return EvaluationPlan(id=new_id(), title=title_plan(models, suites), runs=tuple(runs))

    def foresee(self, suites: Sequence[Suite], models: int) -> str:
        """Say in a few words what a run could show."""
        foresight = foresee(suites, models)
        return foresight.short if foresight else ""

    # Runs

    def list_runs(self) -> tuple[RunSummary, ...]:
        """Return all runs, the newest first."""
        return self._database.runs.list_runs()

    def load_run(self, run_id: str) -> RunDetails:
        """Return one run; a unique beginning of its id will do."""
        runs = self._database.runs
        run = runs.load_run(run_id)
        return RunDetails(
            run=run,
            suite=runs.load_suite(run.suite.sha256) if run.suite else None,
            answers=runs.load_answers(run.id),
            measurements=runs.load_measurements(run.id),
        )

    def annotate_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Run:
        """Change what people say about a run."""
        return self._database.runs.annotate_run(run_id, name=name, note=note, tags=tags)

    def delete_runs(self, ids: Sequence[str]) -> None:
        """Take runs out of sight."""
        self._database.runs.delete_runs(ids)

    def restore_runs(self, ids: Sequence[str]) -> None:
        """Undo `delete_runs`."""
        self._database.runs.restore_runs(ids)

    def rescore_run(
        self,
        run_id: str,
        suite: Suite,
        *,
        name: str = "",
        judge: str = "",
        decided: Mapping[str, Mapping[int, Verdict]] | None = None,
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Score a run's answers by other checks; both sets of scores are kept."""
        details = self.load_run(run_id)
        return rescore_run(self._database, details, suite, name=name, judge=judge, decided=decided)

    def judge_run(
        self,
        run_id: str,
        model: LanguageModel,
        *,
        settings: RunSettings = RunSettings(),  # noqa: B008 -- immutable
        suite: Suite | None = None,
        name: str = "",
        on_progress: OnProgress = lambda _done, _total: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Have a model decide what a run's `judge` checks ask; the old scores stay."""
        if self._make_judge is None:
            raise UserError("There is no engine that could judge.")
        details = self.load_run(run_id)
        judge = self._make_judge(
            model, settings=settings, today=details.run.created_at.date(), is_cancelled=is_cancelled
        )
        return judge_run(self._database, details, suite, judge, name=name, on_progress=on_progress)

    def rate_run(
        self,
        run_id: str,
        ratings: Sequence[Rating],
        *,
        person: str,
        suite: Suite | None = None,
        name: str = "",
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Keep a person's ratings as a new set of scores; the old ones stay."""
        details = self.load_run(run_id)
        return rate_run(self._database, details, suite, ratings, person=person, name=name)

    def list_scorings(self, run_id: str) -> tuple[Scoring, ...]:
        """Return a run's further sets of scores, the oldest first."""
        return self._database.scorings.list_scorings(run_id)

    def load_scoring(self, scoring_id: str) -> tuple[Answer, ...]:
        """Return a run's answers with one of its further sets of scores."""
        return self._database.scorings.load_answers(scoring_id)

    # Comparisons

    def compare_runs(self, run_ids: Sequence[str], *, apart: bool = False) -> Comparison:
        """Make runs ready to be shown side by side; with `apart` runs of one model too."""
        if not run_ids:
            raise UserError("No run is chosen.", remedy="Choose at least one run to compare.")
        records = []
        for run_id in dict.fromkeys(run_ids):
            details = self.load_run(run_id)
            records.append(
                RunRecord(
                    run=details.run,
                    suite=details.suite,
                    answers=details.answers,
                    measurements=details.measurements,
                )
            )
        return compare_runs(records, apart=apart)

    def export_pdf(self, comparison: Comparison, path: Path) -> None:
        """Write the comparison as a PDF."""
        # Typst is a large library that nothing else needs.
        from desktop.reports.pdf import write_pdf  # noqa: PLC0415

        write_pdf(comparison, path)

    def export_csv(self, comparison: Comparison, path: Path) -> None:
        """Write one line a case and model."""
        write_csv(comparison, path)

    def export_json(self, comparison: Comparison, path: Path) -> None:
        """Write the whole comparison as a JSON document."""
        write_json(comparison, path)

    # Machine, database, settings

    def inspect_machine(self) -> Machine:
        """Return what this machine is; looked at once a session."""
        if self._machine is None:
            self._machine = inspect_machine()
        return self._machine

    def sample_load(self) -> MachineLoad:
        """Return how busy it is now."""
        return self._sampler.sample(self._engine_pid())

    def describe_database(self) -> DatabaseFacts:
        """Return where results lie and how many there are."""
        database = self._database
        path = database.path
        return DatabaseFacts(
            path=str(path or ""),
            file_bytes=path.stat().st_size if path and path.exists() else 0,
            schema_version=database.schema_version,
            runs=database.runs.count_runs(),
            answers=database.runs.count_answers(),
            read_only=database.read_only,
            read_only_reason=database.read_only_reason,
        )

    def back_up(self, folder: Path | None = None) -> Path:
        """Write a checked copy of the database into `folder`, or beside it."""
        if self._database.path is None:
            raise UserError(
                "This database is not a file of this machine.",
                remedy="Back it up with its server's own tools.",
            )
        target = folder or self._database.path.parent / "backups"
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(
                f"The folder {target} can't be made: {error.strerror}.",
                remedy="Choose another folder.",
            ) from error
        name = f"touchstone-{utc_now():%Y-%m-%d-%H%M%S-%f}.sqlite"
        return self._database.back_up(target / name)

    def collect_diagnostics(self) -> str:
        """Return versions, machine, paths and the log's tail, without prompts or answers."""
        machine = json.loads(msgspec.json.encode(self.inspect_machine()))
        lines = [
            f"Touchstone {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"frozen: {getattr(sys, 'frozen', False)}",
            *(f"{name} {_find_version(name)}" for name in _LIBRARIES),
            "",
            json.dumps(machine, indent=1, default=str),
            "",
            json.dumps(json.loads(msgspec.json.encode(self.describe_database())), indent=1),
            "",
            f"Log: {paths.log_folder()}",
            *_read_log_tail(),
        ]
        return "\n".join(lines)

    def load_options(self) -> Options:
        """Return the user's options."""
        return self._settings.load()

    def save_options(self, options: Options) -> None:
        """Keep the user's options."""
        self._settings.save(options)


_LIBRARIES = (
    "llama-cpp-python",
    "PySide6-Essentials",
    "SQLAlchemy",
    "alembic",
    "msgspec",
    "typst",
    "psutil",
)


def title_plan(models: Sequence[LanguageModel], suites: Sequence[Suite]) -> str:
    """Return a title such as "Starter suite, 2 models"."""
    what = ", ".join(suite.title for suite in suites) or "Speed probe"
    count = len(models)
    return f"{what}, {count} model{'s' if count != 1 else ''}"


def _find_version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _read_log_tail() -> list[str]:
    path = paths.log_folder() / "touchstone.log"
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return ["(no log yet)"]
