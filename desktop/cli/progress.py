"""Progress on stderr: one line a finished case or measurement, and a line a run."""

from pathlib import Path

from desktop.cli.output import Output, shorten_bytes
from desktop.domain.events import (
    AnswerFinished,
    EngineLoaded,
    EngineLost,
    EvaluationQueued,
    MeasurementTaken,
    Progress,
    RunEvent,
    RunFinished,
    RunStarted,
)
from desktop.domain.run import Outcome, Run
from desktop.reports.engine_wording import describe_engine_work

_MARKS = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "fail",
    Outcome.REFUSED: "refused",
    Outcome.TRUNCATED: "cut",
    Outcome.THINKING_ONLY: "silent",
    Outcome.ERROR: "ERROR",
    Outcome.OPEN: "open",
    Outcome.MEASURED: "told",
}
_SECONDS_A_MINUTE = 60


class ProgressLines:
    """Turns events into lines."""

    def __init__(self, output: Output) -> None:
        """Print to `output`'s stderr."""
        self._output = output
        self._titles: dict[tuple[str, str], str] = {}
        self._progress: dict[str, Progress] = {}
        self._with_suite: set[str] = set()
        self._told: dict[str, str] = {}

    def show(self, event: RunEvent) -> None:
        """Print what an event says, if it says something worth a line."""
        if isinstance(event, EvaluationQueued):
            self._note_plan(event)
        elif isinstance(event, RunStarted):
            kept = f", {event.answers_kept} done before" if event.answers_kept else ""
            self._output.tell(f"{_name(event.run)}{kept}")
        elif isinstance(event, Progress):
            self._progress[event.run_id] = event
        elif isinstance(event, AnswerFinished):
            self._show_answer(event)
        elif isinstance(event, MeasurementTaken):
            self._show_measurement(event)
        elif isinstance(event, EngineLoaded):
            self._show_engine(event)
        elif isinstance(event, EngineLost):
            self._output.tell(f"  {event.message} Going on in a new process.")
        elif isinstance(event, RunFinished):
            problem = f": {event.run.problem}" if event.run.problem else ""
            self._output.tell(f"  {event.run.status.value}{problem}")

    def close(self) -> None:
        """Forget what was noted on the way."""
        self._titles.clear()
        self._progress.clear()

    def _note_plan(self, event: EvaluationQueued) -> None:
        for run, planned in zip(event.runs, event.plan.runs, strict=True):
            if planned.suite is None:
                continue
            self._with_suite.add(run.id)
            for case in planned.suite.cases:
                self._titles[run.id, case.id] = case.title

    def _show_engine(self, event: EngineLoaded) -> None:
        """Print how cases are asked, once the context for them is made."""
        work = describe_engine_work(event.engine)
        asks = event.run_id in self._with_suite and event.engine.context_tokens
        if asks and self._told.get(event.run_id) != work:
            self._told[event.run_id] = work
            self._output.tell(f"  {work}")

    def _show_answer(self, event: AnswerFinished) -> None:
        answer = event.answer
        progress = self._progress.get(event.run_id)
        place, left = "", ""
        if progress is not None:
            width = len(str(progress.total))
            place = f"{progress.done + 1:>{width}}/{progress.total}  "
            left = _say_left(progress.seconds_left)
        title = self._titles.get((event.run_id, answer.case_id), answer.case_id)
        problem = f": {answer.problem}" if answer.problem else ""
        if answer.outcome is Outcome.TRUNCATED:
            where = "" if answer.text.strip() else " while thinking"
            problem = f": cut off{where}{_say_tokens(answer.thinking_tokens)}{problem}"
        elif answer.outcome is Outcome.MEASURED and answer.scores:
            problem = f": {answer.scores[0].explanation}{problem}"
        self._output.tell(f"  {place}{_MARKS[answer.outcome]:<5} {title}{problem}{left}")

    def _show_measurement(self, event: MeasurementTaken) -> None:
        measurement = event.measurement
        if measurement.unit == "bytes":
            value = shorten_bytes(measurement.value)
        else:
            spread = measurement.standard_deviation
            value = f"{measurement.value:.2f} {measurement.unit}"
            value += f" ± {spread:.2f}" if spread is not None else ""
        doubt = "".join(f" ({d.message})" for d in measurement.disturbances)
        self._output.tell(f"  {measurement.test}: {value}{doubt}")


def _name(run: Run) -> str:
    model = run.model.facts.name or Path(run.model.path).stem
    return f"{model} · {run.suite.title if run.suite else 'speed probe'} · run {run.id[:8]}"


def _say_tokens(count: int) -> str:
    return f", after {count:,} tokens" if count else ""


def _say_left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < _SECONDS_A_MINUTE:
        return f"  ({seconds:.0f} s left)"
    return f"  ({seconds / _SECONDS_A_MINUTE:.0f} min left)"
