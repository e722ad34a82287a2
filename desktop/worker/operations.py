"""Short work, one verb a method: what the window and the command line ask for.

Every method is synchronous, may raise `UserError`, and is safe on any one thread at a time; the
window hands them to a `Runner`. `refresh` and `check_memory`, which can take long over many files,
may run beside the others. Long work (evaluating) is `worker/thread.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from desktop.domain.answer import Answer
from desktop.domain.base import Value
from desktop.domain.comparison import Comparison
from desktop.domain.hardware import Capacity, CatalogueMachine
from desktop.domain.language_model import (
    FileProblem,
    HashCheck,
    LanguageModel,
    MemoryNeed,
    ModelAnnotation,
)
from desktop.domain.machine import Machine, MachineLoad
from desktop.domain.measurement import Measurement
from desktop.domain.rescoring import Rating, Scoring
from desktop.domain.run import EvaluationPlan, Run, RunSummary
from desktop.domain.settings import EngineOptions, RunSettings
from desktop.domain.suite import Suite
from desktop.gguf.hashing import HashProgress
from desktop.scoring.kind import Verdict
from desktop.settings.options import Options
from desktop.worker.collection import LibraryChange, OnFind


class ScanResult(Value, frozen=True, kw_only=True):
    """What a search for models found: all of it, and what could not be read."""

    models: tuple[LanguageModel, ...]
    problems: tuple[FileProblem, ...]


class ModelPlace(Value, frozen=True, kw_only=True):
    """A folder in which another program keeps models; `store` is the program's name."""

    store: str
    folder: str


class StoreScan(ScanResult, frozen=True, kw_only=True):
    """What was found where, when other programs' stores were searched."""

    stores: tuple[ModelPlace, ...]


class MemoryFit(Value, frozen=True, kw_only=True):
    """What a model needs beside what the machine has free, in bytes."""

    need: MemoryNeed
    available_bytes: int

    @property
    def fits(self) -> bool:
        """Whether it can be loaded without swapping."""
        return self.need.total_bytes <= self.available_bytes


class RunDetails(Value, frozen=True, kw_only=True):
    """A run with everything it holds."""

    run: Run
    suite: Suite | None
    answers: tuple[Answer, ...]
    measurements: tuple[Measurement, ...]


class DatabaseFacts(Value, frozen=True, kw_only=True):
    """Where results lie. `read_only_reason` is a sentence if another copy is writing."""

    path: str
    file_bytes: int
    schema_version: str
    runs: int
    answers: int
    read_only: bool
    read_only_reason: str = ""


class Operations(Protocol):
    """Everything short that can be asked of Touchstone."""

    # Language models

    def list_models(self) -> tuple[LanguageModel, ...]:
        """Return the library, sorted by name; the same content in two places is one model."""

    def add_paths(self, paths: Sequence[Path]) -> ScanResult:
        """Read files, and folders with all below them, and keep the models found."""

    def list_stores(self) -> tuple[ModelPlace, ...]:
        """Return where other programs keep models on this machine; empty when they have none."""

    def refresh(
        self,
        on_find: OnFind = ...,
        is_cancelled: Callable[[], bool] = ...,
    ) -> LibraryChange:
        """Look at the stores, the user's folders and every known file, and keep what is found.

        Known files are not opened, so that a window may ask whenever it is looked at. `on_find`
        is told names and sizes first, models as they are read. Raises `Cancelled`.
        """

    def check_hash(
        self,
        model: LanguageModel,
        text: str = "",
        on_progress: HashProgress | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> HashCheck:
        """Compare a model with a publisher's SHA-256 and keep the result.

        `text` is what people type or paste; when it is empty, the lists beside the file are
        read. A model that is not hashed yet is hashed first, which takes seconds a gigabyte.
        """

    def remove_models(self, ids: Sequence[str]) -> None:
        """Take models out of the library; their files and runs stay."""

    def restore_models(self, ids: Sequence[str]) -> None:
        """Undo `remove_models`."""

    def list_annotations(self) -> dict[str, ModelAnnotation]:
        """Return what people say of models, by id; copies of one content share it."""

    def annotate_models(self, annotations: Mapping[str, ModelAnnotation]) -> None:
        """Replace what people say of models and their copies."""

    def find_sample_models(self) -> tuple[LanguageModel, ...]:
        """Return the two sample models if both lie in the cache, else nothing."""

    def list_machines(self) -> tuple[CatalogueMachine, ...]:
        """Return the catalogue of machines, the user's own among them."""

    def find_this_machine(self) -> CatalogueMachine:
        """Return this machine with the memory that is free now, as one of the catalogue."""

    def check_capacity(
        self,
        model: LanguageModel,
        machine: CatalogueMachine,
        context_tokens: int,
        users: int,
        options: EngineOptions = ...,
    ) -> Capacity:
        """Tell whether a machine carries a model for so many users, and what would fit.

        What is free here needs no reserve; of a catalogue's machine a share is kept free.
        """

    def check_memory(self, model: LanguageModel, settings: RunSettings) -> MemoryFit:
        """Tell what a run would need and what is free."""

    # Suites

    def list_suites(self) -> tuple[Suite, ...]:
        """Return the bundled suites, then the user's own files that can be read."""

    def add_suite(self, path: Path) -> Suite:
        """Read a suite file and remember its place; `UserError` names line and key."""

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

    def foresee(self, suites: Sequence[Suite], models: int) -> str:
        """Say in a few words what a run could show of so many models; empty without cases."""

    # Runs

    def list_runs(self) -> tuple[RunSummary, ...]:
        """Return all runs, the newest first."""

    def load_run(self, run_id: str) -> RunDetails:
        """Return one run; a unique beginning of its id will do."""

    def annotate_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Run:
        """Change what people say about a run; `None` leaves a field as it is."""

    def delete_runs(self, ids: Sequence[str]) -> None:
        """Take runs out of sight; they can be restored until the program ends."""

    def restore_runs(self, ids: Sequence[str]) -> None:
        """Undo `delete_runs`."""

    def rescore_run(
        self,
        run_id: str,
        suite: Suite,
        *,
        name: str = "",
        judge: str = "",
        decided: Mapping[str, Mapping[int, Verdict]] | None = None,
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Score a run's answers by other checks; both sets of scores are kept.

        `decided` holds verdicts of people and of the model `judge`, by answer and by the place
        of their check. Raises `UserError` if the suite asks something else, or the run is under
        way.
        """

    def judge_run(
        self,
        run_id: str,
        model: LanguageModel,
        *,
        settings: RunSettings = ...,
        suite: Suite | None = None,
        name: str = "",
        on_progress: Callable[[int, int], None] = ...,
        is_cancelled: Callable[[], bool] = ...,
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Have a model decide what a run's `judge` checks ask; the old scores stay.

        Takes as long as a run: each check costs two replies of the model. `on_progress` is told
        how many checks are decided, of how many. `suite` holds changed checks. Where the model
        gives no verdict the check stays open, with a sentence. Raises `UserError` if nothing
        waits for a judge or a run is under way, `EngineFault` if the model can't be loaded or its
        engine is lost again and again, `Cancelled`; then nothing is kept.
        """

    def rate_run(
        self,
        run_id: str,
        ratings: Sequence[Rating],
        *,
        person: str,
        suite: Suite | None = None,
        name: str = "",
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        """Keep a person's ratings as a new set of scores; the old ones stay.

        What a judge or people decided last under the same suite is kept where it is not rated
        anew. Raises `UserError` for a rating that fits no answer, no check or no scale.
        """

    def list_scorings(self, run_id: str) -> tuple[Scoring, ...]:
        """Return a run's further sets of scores, the oldest first."""

    def load_scoring(self, scoring_id: str) -> tuple[Answer, ...]:
        """Return a run's answers with one of its further sets of scores."""

    # Comparisons

    def compare_runs(self, run_ids: Sequence[str], *, apart: bool = False) -> Comparison:
        """Make runs ready to be shown side by side; with `apart` runs of one model too."""

    def export_pdf(self, comparison: Comparison, path: Path) -> None:
        """Write the comparison as a PDF; a half-written file is never left."""

    def export_csv(self, comparison: Comparison, path: Path) -> None:
        """Write one line a case and model."""

    def export_json(self, comparison: Comparison, path: Path) -> None:
        """Write the whole comparison as a JSON document."""

    # Machine, database, settings

    def inspect_machine(self) -> Machine:
        """Return what this machine is."""

    def sample_load(self) -> MachineLoad:
        """Return how busy it is now; cheap enough for once a second."""

    def describe_database(self) -> DatabaseFacts:
        """Return where results lie and how many there are."""

    def back_up(self, folder: Path | None = None) -> Path:
        """Write a copy of the database, checked, and return its path."""

    def collect_diagnostics(self) -> str:
        """Return versions, machine, paths and the log's tail as text without people's content."""

    def load_options(self) -> Options:
        """Return the user's options."""

    def save_options(self, options: Options) -> None:
        """Keep the user's options."""
