"""`run --selection`: its suites, and what is said of the time before they are asked."""

from collections.abc import Sequence

from desktop.cli.output import Output
from desktop.domain.language_model import LanguageModel
from desktop.domain.run import RunSummary
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Suite
from desktop.reports.planning import foresee
from desktop.suites.duration import Workload, estimate_duration, measure_workload

_MINUTE = 60.0
_HOUR = 3600.0
# Up to here, minutes say more than hours.
_MOST_MINUTES = 90


def tell_estimates(
    models: Sequence[LanguageModel],
    suites: Sequence[Suite],
    settings: RunSettings,
    history: Sequence[RunSummary],
    output: Output,
) -> None:
    """Say how long each model will take, from its measured speed; say so if there is none."""
    workload = measure_workload(
        suites,
        max_tokens=settings.max_tokens,
        repeats=settings.repeats,
        system_prompt=settings.system_prompt or "",
    )
    noun = "suite" if len(suites) == 1 else "suites"
    output.tell(
        f"{workload.cases} cases in {len(suites)} {noun}: about {workload.prompt_tokens:,} tokens"
        f" to read, {workload.least_answer_tokens:,} to {workload.most_answer_tokens:,} to write."
    )
    foresight = foresee(suites, len(models))
    if foresight:
        output.tell(foresight.sentence)
    for model in models:
        output.tell(f"  {model.facts.name}: {_estimate(model, workload, history)}")


def _estimate(model: LanguageModel, workload: Workload, history: Sequence[RunSummary]) -> str:
    for summary in history:
        reading, writing = summary.prompt_tokens_per_second, summary.tokens_per_second
        if reading and writing and _is_of(summary, model):
            duration = estimate_duration(
                workload, prompt_tokens_per_second=reading, generated_tokens_per_second=writing
            )
            day = summary.run.created_at.date().isoformat()
            return (
                f"{_say_span(duration.least_seconds, duration.most_seconds)}, one case at a time,"
                f" at its speed of {day} ({reading:,.0f} and {writing:,.0f} tokens/s); several at"
                " once take less."
            )
    return "its speed was never measured here, so there is no estimate; touchstone probe speed."


def _is_of(summary: RunSummary, model: LanguageModel) -> bool:
    then = summary.run.model
    same_file = then.paths == model.paths and then.modified_ns == model.modified_ns
    return same_file or (model.sha256 is not None and then.sha256 == model.sha256)


def _say_span(least: float, most: float) -> str:
    if most < _MINUTE:
        return f"{least:.0f} to {most:.0f} s"
    if most < _MOST_MINUTES * _MINUTE:
        return f"{least / _MINUTE:.0f} to {most / _MINUTE:.0f} min"
    return f"{least / _HOUR:.1f} to {most / _HOUR:.1f} h"
