"""Stand-ins for operations and queue, so that the window can be tried without engine or disk."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication

from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.comparison import Comparison
from desktop.domain.events import EvaluationQueued, QueuePaused, RunEvent
from desktop.domain.hardware import Capacity, CatalogueMachine
from desktop.domain.language_model import (
    HashCheck,
    HashVerdict,
    LanguageModel,
    MemoryNeed,
    ModelAnnotation,
)
from desktop.domain.machine import Machine, MachineLoad
from desktop.domain.rescoring import Rating, Scoring
from desktop.domain.run import (
    EvaluationPlan,
    Outcome,
    PlannedRun,
    Run,
    RunCounts,
    RunStatus,
    RunSummary,
)
from desktop.domain.settings import EngineOptions, ProbePlan, RunSettings
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.gguf.hashing import HashProgress
from desktop.scoring.kind import Verdict
from desktop.settings.options import Options
from desktop.worker.collection import LibraryChange, OnFind
from desktop.worker.hashing import HashingEvent, HashingListener
from desktop.worker.library import check_capacity
from desktop.worker.machine_catalogue import THIS_MACHINE, describe_this_machine, list_machines
from desktop.worker.operations import DatabaseFacts, MemoryFit, ModelPlace, RunDetails, ScanResult
from tests.gui.samples import (
    GIGA,
    NOW,
    make_answers,
    make_comparison,
    make_machine,
    make_measurement,
    make_model,
    make_models,
    make_problem,
    make_run,
    make_second_suite,
    make_suite,
)


def count_answers(run: Run, position: int) -> RunCounts:
    """Return the counts of the answers that `make_answers` gives."""
    outcomes = [answer.outcome for answer in make_answers(run, position)]
    return RunCounts(
        cases=len(outcomes),
        passed=outcomes.count(Outcome.PASSED),
        failed=outcomes.count(Outcome.FAILED),
        errors=outcomes.count(Outcome.ERROR),
    )


def make_summaries(models: Sequence[LanguageModel]) -> list[RunSummary]:
    """Return one evaluation of yesterday and one of today."""
    found = []
    for evaluation, days in (("evaluation-1", 0), ("evaluation-0", 1)):
        for position, model in enumerate(models):
            at = NOW - timedelta(days=days, minutes=-position)
            rate = (31.2, 110.4, 194.3)[position % 3]
            for suite in (make_suite(), None):
                run = make_run(model, suite=suite, evaluation_id=evaluation, at=at)
                found.append(
                    RunSummary(
                        run=run,
                        counts=count_answers(run, position % 3) if suite else RunCounts(),
                        tokens_per_second=None if suite else rate,
                        prompt_tokens_per_second=None if suite else rate * 4.1,
                        peak_memory_bytes=(1_620_000_000, 710_000_000, 380_000_000)[position % 3],
                        seconds=240.0,
                    )
                )
    return found


class FakeOperations:
    """Keeps everything in memory; `calls` remembers what was asked, `fail` what must go wrong."""

    def __init__(self, *, models: Sequence[LanguageModel] | None = None, runs: bool = True) -> None:
        """Begin with three models and two evaluations, unless told otherwise."""
        self.models = list(make_models() if models is None else models)
        self.samples: tuple[LanguageModel, ...] = self.models_of_samples()
        self.suites = [make_suite(), make_second_suite()]
        self.summaries = make_summaries(self.models) if runs else []
        self.change: LibraryChange | None = None
        self.annotations: dict[str, ModelAnnotation] = {}
        self.removed: dict[str, LanguageModel] = {}
        self.deleted: dict[str, RunSummary] = {}
        self.options = Options()
        self.calls: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.available_bytes = 21_400_000_000
        self.read_only_reason = ""
        self.comparison: Comparison | None = None

    @staticmethod
    def models_of_samples() -> tuple[LanguageModel, ...]:
        """Return the two sample models."""
        return make_models()[1:]

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]

    def list_models(self) -> tuple[LanguageModel, ...]:
        self._note("list_models")
        return tuple(self.models)

    def add_paths(self, paths: Sequence[Path]) -> ScanResult:
        self._note("add_paths")
        added = tuple(make_model(path.stem, size=GIGA) for path in paths)
        self.models.extend(added)
        return ScanResult(models=added, problems=(make_problem(),))

    def list_stores(self) -> tuple[ModelPlace, ...]:
        self._note("list_stores")
        return (ModelPlace(store="Ollama", folder="/home/ada/.ollama/models"),)

    def refresh(
        self,
        on_find: OnFind = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> LibraryChange:
        del is_cancelled
        self._note("refresh")
        on_find(self.models)
        change, self.change = self.change, None
        return change or LibraryChange(models=tuple(self.models))

    def check_hash(
        self,
        model: LanguageModel,
        text: str = "",
        on_progress: HashProgress | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> HashCheck:
        del on_progress, is_cancelled
        self._note("check_hash")
        check = HashCheck(
            verdict=HashVerdict.MATCHES if text else HashVerdict.NOT_LISTED,
            source="typed in" if text else "",
            message=f"{model.facts.name} was compared.",
            checked_at=utc_now(),
        )
        self.models = [
            msgspec.structs.replace(m, hash_check=check) if m.id == model.id else m
            for m in self.models
        ]
        return check

    def list_annotations(self) -> dict[str, ModelAnnotation]:
        self._note("list_annotations")
        return dict(self.annotations)

    def annotate_models(self, annotations: Mapping[str, ModelAnnotation]) -> None:
        self._note("annotate_models")
        self.annotations |= annotations

    def remove_models(self, ids: Sequence[str]) -> None:
        self._note("remove_models")
        self.removed |= {m.id: m for m in self.models if m.id in ids}
        self.models = [m for m in self.models if m.id not in ids]

    def restore_models(self, ids: Sequence[str]) -> None:
        self._note("restore_models")
        self.models += [self.removed.pop(i) for i in ids]

    def find_sample_models(self) -> tuple[LanguageModel, ...]:
        self._note("find_sample_models")
        return self.samples

    def list_machines(self) -> tuple[CatalogueMachine, ...]:
        self._note("list_machines")
        return list_machines()

    def find_this_machine(self) -> CatalogueMachine:
        self._note("find_this_machine")
        return describe_this_machine(self.available_bytes)

    def check_capacity(
        self,
        model: LanguageModel,
        machine: CatalogueMachine,
        context_tokens: int,
        users: int,
        options: EngineOptions = EngineOptions(),  # noqa: B008 -- immutable
    ) -> Capacity:
        self._note("check_capacity")
        share = 0.0 if machine.id == THIS_MACHINE else None
        return check_capacity(model, machine, context_tokens, users, options, reserved_share=share)

    def check_memory(self, model: LanguageModel, settings: RunSettings) -> MemoryFit:
        self._note("check_memory")
        context = settings.context_tokens or 4096
        need = MemoryNeed(
            context_tokens=context,
            sequences=settings.parallel_sequences or 1,
            weights_bytes=model.facts.weights_bytes,
            kv_cache_bytes=context * (settings.parallel_sequences or 1) * 57_344,
            compute_bytes=180_000_000,
            source="formula",
        )
        return MemoryFit(need=need, available_bytes=self.available_bytes)

    def list_suites(self) -> tuple[Suite, ...]:
        self._note("list_suites")
        return tuple(self.suites)

    def add_suite(self, path: Path) -> Suite:
        self._note("add_suite")
        suite = msgspec.structs.replace(make_second_suite(), path=str(path), title=path.stem)
        self.suites.append(suite)
        return suite

    def plan_evaluation(
        self,
        models: Sequence[LanguageModel],
        suites: Sequence[Suite],
        *,
        speed: bool,
        settings: RunSettings,
    ) -> EvaluationPlan:
        self._note("plan_evaluation")
        runs = []
        for model in models:
            if speed:
                runs.append(PlannedRun(model=model, settings=settings, probe=ProbePlan()))
            runs += [PlannedRun(model=model, settings=settings, suite=s) for s in suites]
        title = f"{suites[0].title if suites else 'Speed probe'}, {len(models)} models"
        return EvaluationPlan(id=new_id(), title=title, runs=tuple(runs))

    def foresee(self, suites: Sequence[Suite], models: int) -> str:
        self._note("foresee")
        return "differences of 24 points or more will show" if suites and models > 1 else ""

    def list_runs(self) -> tuple[RunSummary, ...]:
        self._note("list_runs")
        return tuple(self.summaries)

    def rescore_run(
        self,
        run_id: str,
        suite: Suite,
        *,
        name: str = "",
        judge: str = "",
        decided: Mapping[str, Mapping[int, Verdict]] | None = None,
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        self._note("rescore_run")
        del suite, name, judge, decided
        raise UserError(f"There is no run {run_id}.")

    def judge_run(
        self, run_id: str, model: LanguageModel, **more: object
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        raise UserError(f"There is no run {run_id} to judge.", details=f"{model} {more}")

    def rate_run(
        self, run_id: str, ratings: Sequence[Rating], **more: object
    ) -> tuple[Scoring, tuple[Answer, ...]]:
        raise UserError(f"There is no run {run_id} to rate.", details=f"{ratings} {more}")

    def list_scorings(self, run_id: str) -> tuple[Scoring, ...]:
        self._note("list_scorings")
        del run_id
        return ()

    def load_scoring(self, scoring_id: str) -> tuple[Answer, ...]:
        self._note("load_scoring")
        raise UserError(f"There is no set of scores {scoring_id}.")

    def load_run(self, run_id: str) -> RunDetails:
        self._note("load_run")
        for position, summary in enumerate(self.summaries):
            if summary.run.id == run_id:
                answers = make_answers(summary.run, position // 2 % 3) if summary.run.suite else ()
                return RunDetails(
                    run=summary.run,
                    suite=make_suite() if summary.run.suite else None,
                    answers=answers,
                    measurements=(make_measurement(run_id, "tg128", 31.2),),
                )
        raise UserError(f"There is no run {run_id}.", remedy="Choose one from History.")

    def annotate_run(
        self,
        run_id: str,
        *,
        name: str | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Run:
        self._note("annotate_run")
        for position, summary in enumerate(self.summaries):
            if summary.run.id == run_id:
                run = summary.run
                changed = msgspec.structs.replace(
                    run,
                    name=run.name if name is None else name,
                    note=run.note if note is None else note,
                    tags=run.tags if tags is None else tuple(tags),
                )
                self.summaries[position] = msgspec.structs.replace(summary, run=changed)
                return changed
        raise UserError(f"There is no run {run_id}.")

    def delete_runs(self, ids: Sequence[str]) -> None:
        self._note("delete_runs")
        self.deleted |= {s.run.id: s for s in self.summaries if s.run.id in ids}
        self.summaries = [s for s in self.summaries if s.run.id not in ids]

    def restore_runs(self, ids: Sequence[str]) -> None:
        self._note("restore_runs")
        self.summaries += [self.deleted.pop(i) for i in ids]

    def compare_runs(self, run_ids: Sequence[str], *, apart: bool = False) -> Comparison:
        del apart
        self._note("compare_runs")
        if self.comparison is not None:
            return self.comparison
        chosen: dict[str, LanguageModel] = {}
        for summary in self.summaries:
            if summary.run.id in run_ids:
                chosen[summary.run.model.id] = summary.run.model
        return make_comparison(tuple(chosen.values()))

    def export_pdf(self, comparison: Comparison, path: Path) -> None:
        self._note("export_pdf")
        path.write_bytes(b"%PDF-1.7 " + comparison.title.encode())

    def export_csv(self, comparison: Comparison, path: Path) -> None:
        self._note("export_csv")
        path.write_text(comparison.title, encoding="utf-8")

    def export_json(self, comparison: Comparison, path: Path) -> None:
        self._note("export_json")
        path.write_bytes(msgspec.json.encode(comparison))

    def inspect_machine(self) -> Machine:
        self._note("inspect_machine")
        return make_machine()

    def sample_load(self) -> MachineLoad:
        self._note("sample_load")
        return MachineLoad(
            at=NOW,
            processor_share=0.98,
            other_processes_share=0.02,
            free_bytes=self.available_bytes,
            engine_resident_bytes=1_610_000_000,
        )

    def describe_database(self) -> DatabaseFacts:
        self._note("describe_database")
        return DatabaseFacts(
            path="/home/ada/.local/share/touchstone/touchstone.sqlite",
            file_bytes=4_200_000,
            schema_version="0001",
            runs=len(self.summaries),
            answers=432,
            read_only=bool(self.read_only_reason),
            read_only_reason=self.read_only_reason,
        )

    def back_up(self, folder: Path | None = None) -> Path:
        self._note("back_up")
        return (folder or Path("/home/ada/backups")) / "touchstone-2026-11-21.sqlite"

    def collect_diagnostics(self) -> str:
        self._note("collect_diagnostics")
        return "Touchstone 0.1.0\nllama.cpp 0c1e570\nDebian GNU/Linux 12\n"

    def load_options(self) -> Options:
        return self.options

    def save_options(self, options: Options) -> None:
        self._note("save_options")
        self.options = options


class FakeHashing:
    """Hashes nothing by itself: tests `tell` it what happens, and see what was asked."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.listeners: list[HashingListener] = []
        self.submitted: list[LanguageModel] = []
        self.cancelled: list[str | None] = []
        self.turns: list[str] = []
        self.is_held = False

    def subscribe(self, listener: HashingListener) -> None:
        self.listeners.append(listener)

    def tell(self, *events: HashingEvent) -> None:
        """Send events, as the hashing thread would, and let them arrive."""
        for event in events:
            for listener in self.listeners:
                listener(event)
        QCoreApplication.sendPostedEvents()

    def submit(self, models: Sequence[LanguageModel], *, first: bool = False) -> None:
        del first
        self.submitted += models

    def pause(self) -> None:
        self.turns.append("pause")

    def proceed(self) -> None:
        self.turns.append("proceed")

    def cancel(self, model_id: str | None = None) -> None:
        self.cancelled.append(model_id)

    @property
    def held(self) -> bool:
        return self.is_held


class FakeQueue:
    """A queue that does nothing by itself: tests `tell` it what happens."""

    def __init__(self) -> None:
        """Begin empty."""
        self.listeners: list[Callable[[RunEvent], None]] = []
        self.plans: list[EvaluationPlan] = []
        self.cancelled: list[str] = []
        self.is_busy = False
        self.is_paused = False
        self.all_cancelled = False

    def subscribe(self, listener: Callable[[RunEvent], None]) -> None:
        self.listeners.append(listener)

    def tell(self, *events: RunEvent) -> None:
        """Send events, as the worker thread would."""
        for event in events:
            for listener in self.listeners:
                listener(event)

    def submit(self, plan: EvaluationPlan) -> tuple[Run, ...]:
        self.plans.append(plan)
        self.is_busy = True
        runs = tuple(
            msgspec.structs.replace(
                make_run(p.model, suite=p.suite, status=RunStatus.QUEUED, evaluation_id=plan.id),
                settings=p.settings,
            )
            for p in plan.runs
        )
        self.tell(EvaluationQueued(plan=plan, runs=runs))
        return runs

    def resume_runs(self, runs: tuple[Run, ...]) -> None:
        self.plans.append(EvaluationPlan(id=runs[0].evaluation_id, title="resumed", runs=()))

    def pause(self) -> None:
        self.is_paused = True
        self.tell(QueuePaused(paused=True))

    def proceed(self) -> None:
        self.is_paused = False
        self.tell(QueuePaused(paused=False))

    def cancel_run(self, run_id: str) -> None:
        self.cancelled.append(run_id)

    def cancel_all(self) -> None:
        self.all_cancelled = True

    def close(self, timeout_seconds: float = 10.0) -> None:
        del timeout_seconds

    @property
    def busy(self) -> bool:
        return self.is_busy

    @property
    def paused(self) -> bool:
        return self.is_paused
