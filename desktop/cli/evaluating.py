"""`run`, `resume` and `probe speed`: long work, followed on stderr until it ends."""

import argparse
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import msgspec

from desktop.cli.documents import (
    describe_measurement,
    describe_run_closely,
    describe_speed,
    say_passed,
    sum_texts,
)
from desktop.cli.judging import describe_decided, judge_runs, prepare_judge, say_judged
from desktop.cli.output import (
    CANCELLED,
    CUT_OFF,
    NONE,
    THINKING,
    Output,
    align,
    say_unless_none,
)
from desktop.cli.progress import ProgressLines
from desktop.cli.run_settings import read_settings
from desktop.cli.scoring import describe_scoring
from desktop.cli.selecting import tell_estimates
from desktop.cli.suite_files import tell_notices
from desktop.domain.base import new_id
from desktop.domain.events import EvaluationFinished, RunEvent
from desktop.domain.language_model import LanguageModel
from desktop.domain.rescoring import Scoring
from desktop.domain.run import EvaluationPlan, PlannedRun, Run, RunStatus
from desktop.domain.settings import ProbePlan, RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.scoring.multiple_choice import explain_figures
from desktop.suites.selections import read_selection
from desktop.worker.library import read_model
from desktop.worker.operations import RunDetails
from desktop.worker.suite_exchange import read_any_suite

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend


def carry_out_run(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """Evaluate models on suites and probes."""
    if not arguments.suite and not arguments.selection and not arguments.probe:
        raise UserError(
            "There is nothing to do.",
            remedy="Name a suite with --suite, a --selection, or --probe speed.",
        )
    settings = read_settings(arguments, backend.operations.load_options().run)
    # A suite may be named twice, by its id and its file.
    found = [find_suite(name, backend, output) for name in arguments.suite]
    if arguments.selection:
        found += read_selection(arguments.selection)
    suites = list({suite.sha256: suite for suite in found}.values())
    judge = _prepare_judge(arguments.judge, suites, backend, settings)
    models = _prepare_models(arguments.model, backend, settings, output)
    if suites:
        tell_estimates(models, suites, settings, backend.operations.list_runs(), output)
    plan = backend.operations.plan_evaluation(
        models, suites, speed="speed" in arguments.probe, settings=settings
    )
    runs, cancelled = _follow_plan(plan, backend, output)
    judged, failed = judge_runs(() if cancelled else runs, judge, backend, output, settings)
    code = _report(runs, backend, output, cancelled=cancelled, judged=judged)
    return code or int(failed)


def _prepare_judge(
    path: Path | None, suites: Sequence[Suite], backend: "Backend", settings: RunSettings
) -> LanguageModel | None:
    if path is None:
        return None
    if not any(check.kind == "judge" for s in suites for case in s.cases for check in case.checks):
        raise UserError(
            "There is nothing to judge.",
            remedy="Name a suite with checks of the kind judge, or leave out --judge.",
        )
    return prepare_judge(path, backend, settings)


def resume_runs(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """Go on with runs that did not finish."""
    runs = [backend.operations.load_run(run_id).run for run_id in arguments.runs]
    follower = _Follower(backend, output, [run.evaluation_id for run in runs])
    backend.queue.resume_runs(tuple(runs))
    cancelled = follower.wait()
    return _report(runs, backend, output, cancelled=cancelled)


def measure_speed(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """Measure pp512 and tg128 of one model; the figures are stored as a run."""
    settings = RunSettings(threads=arguments.threads, gpu_layers=arguments.gpu_layers)
    models = _prepare_models([arguments.model], backend, settings, output)
    probe = msgspec.structs.replace(ProbePlan(), repetitions=arguments.repetitions)
    planned = PlannedRun(model=models[0], settings=settings, probe=probe)
    plan = EvaluationPlan(id=new_id(), title="Speed probe", runs=(planned,))
    runs, cancelled = _follow_plan(plan, backend, output)
    details = backend.operations.load_run(runs[0].id)
    speeds = [m for m in details.measurements if m.unit == "tokens/s"]
    rows = [("test", "tokens/s", "±", "valid")] + [
        (
            m.test,
            f"{m.value:.1f}",
            NONE if m.standard_deviation is None else f"{m.standard_deviation:.1f}",
            "yes" if m.valid else "no: " + "; ".join(d.message for d in m.disturbances),
        )
        for m in speeds
    ]
    code = _choose_exit_code([details], backend, cancelled=cancelled)
    output.print_document(
        {
            "run": runs[0].id,
            "model": models[0].facts.name,
            "status": details.run.status.value,
            "problem": details.run.problem or None,
            "results": [describe_speed(m) for m in speeds],
            "measurements": [describe_measurement(m) for m in details.measurements],
        },
        align(rows, right=(1, 2)),
    )
    return code


def find_suite(name: str, backend: "Backend", output: Output) -> Suite:
    """Return a suite by its id, or read the file of that name."""
    known = backend.operations.list_suites()
    for suite in known:
        if suite.id == name:
            return suite
    path = Path(name)
    if path.exists() or path.suffix in {".yaml", ".yml"} or path.name != name:
        found = read_any_suite(path)
        tell_notices(found.notices, output)
        return found.suite
    ids = ", ".join(suite.id for suite in known)
    raise UserError(
        f"There is no suite {name!r}.", remedy=f"Name a file, or one of these suites: {ids}."
    )


def _prepare_models(
    paths: Sequence[Path], backend: "Backend", settings: RunSettings, output: Output
) -> list[LanguageModel]:
    """Read the headers, and ask the engine whether it could load them.

    A model that it can't load is refused at once when it is the only one; among others it is
    left to fail in a run of its own, so that the others are measured.
    """
    models = [read_model(path) for path in dict.fromkeys(path.resolve() for path in paths)]
    refusals: list[UserError] = []
    for model in models:
        try:
            backend.memory.require(model, settings)
        except UserError as refusal:
            refusals.append(refusal)
    if len(refusals) == len(models):
        environment = [r for r in refusals if isinstance(r, EnvironmentFault)]
        raise (environment or refusals)[0]
    for told in refusals:
        output.tell(f"touchstone: {told}")
    return list(backend.remember_models(models))


def _follow_plan(
    plan: EvaluationPlan, backend: "Backend", output: Output
) -> tuple[tuple[Run, ...], bool]:
    follower = _Follower(backend, output, [plan.id])
    runs = backend.queue.submit(plan)
    return runs, follower.wait()


class _Follower:
    """Prints progress until the named evaluations end; the first interrupt cancels them."""

    def __init__(self, backend: "Backend", output: Output, evaluations: Sequence[str]) -> None:
        self._backend = backend
        self._left = set(evaluations)
        self._lines = ProgressLines(output)
        self._ended = threading.Event()
        self._cancelled = False
        backend.queue.subscribe(self._receive)

    def wait(self) -> bool:
        """Return when all have ended: whether they were cancelled."""
        before = {number: signal.getsignal(number) for number in _INTERRUPTS}
        try:
            for number in _INTERRUPTS:
                signal.signal(number, self._cancel)
            # A wait without a limit can't be interrupted by a signal on Windows.
            while not self._ended.wait(0.5):
                pass
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self._lines.close()
        return self._cancelled

    def _cancel(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._cancelled = True
        # The queue's lock may be held by this very thread when the signal comes.
        threading.Thread(target=self._backend.queue.cancel_all, daemon=True).start()

    def _receive(self, event: RunEvent) -> None:
        self._lines.show(event)
        if isinstance(event, EvaluationFinished):
            self._left.discard(event.evaluation_id)
            if not self._left:
                self._ended.set()


_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def _report(
    runs: Sequence[Run],
    backend: "Backend",
    output: Output,
    *,
    cancelled: bool,
    judged: Sequence[Scoring] = (),
) -> int:
    details = [backend.operations.load_run(run.id) for run in runs]
    details.sort(key=lambda d: d.run.suite is None)
    summaries = {summary.run.id: summary for summary in backend.operations.list_runs()}
    described = [describe_run_closely(summaries[d.run.id], d) for d in details]
    title = ("run", "model", "suite or probe", "status", "passed", "errors", CUT_OFF, THINKING)
    rows = [(*title, "tokens/s")]
    rows += [
        (
            str(document["id"])[:8],
            str(document["model"]),
            str(document["suite"] or document["probe"]),
            str(document["status"]),
            say_passed(document),
            str(document["errors"]) if document["suite"] else "",
            say_unless_none(document["truncated"]),
            say_unless_none(document["mean_thinking_tokens"]),
            _say_speed(document["metrics"]) if document["probe"] else "",
        )
        for document in described
    ]
    problems = [f"{d.run.model.facts.name}: {d.run.problem}" for d in details if d.run.problem]
    told = [
        f"{d.run.model.facts.name}: {explain_figures(texts)}"
        for d in details
        if (texts := sum_texts(d))
    ]
    # Before anything is printed: a fault is the one document then.
    code = _choose_exit_code(details, backend, cancelled=cancelled)
    output.print_document(
        {
            "runs": described,
            "measurements": [describe_measurement(m) for d in details for m in d.measurements],
            "judged": [{**describe_scoring(s), **describe_decided(s)} for s in judged],
        },
        [
            *align(rows, right=(4, 5, 6, 7, 8), optional=(6, 7)),
            *(line for scoring in judged for line in say_judged(scoring)),
            *told,
            *problems,
        ],
    )
    return code


def _say_speed(metrics: Mapping[str, float]) -> str:
    """Return the speed of generation; one that was disturbed is none."""
    speed = metrics.get("generation_tokens_per_second")
    return NONE if speed is None else f"{speed:.1f}"


def _choose_exit_code(details: Sequence[RunDetails], backend: "Backend", *, cancelled: bool) -> int:
    fault = backend.queue.fault
    if fault is not None:
        if isinstance(fault, UserError):
            raise fault
        raise UserError(
            f"An unexpected fault ended the evaluation: {fault}.",
            remedy="The log has the details.",
        ) from fault
    if cancelled:
        return CANCELLED
    errors = any(a.outcome.value == "error" for d in details for a in d.answers)
    unfinished = any(d.run.status is not RunStatus.FINISHED for d in details)
    return 1 if errors or unfinished else 0
