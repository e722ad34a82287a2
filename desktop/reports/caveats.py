"""What may not be concluded, or was odd: sentences, each raised by facts of the chosen runs."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from desktop.domain.comparison import ComparedModel
from desktop.domain.measurement import Disturbance, Measurement
from desktop.domain.run import Outcome, Run, RunStatus, StopReason
from desktop.domain.settings import RunSettings
from desktop.reports.numbers import count_text
from desktop.reports.selection import ModelRuns
from desktop.reports.speed import setup_of
from desktop.reports.wording import cases_text, join

# From this share of cut answers on, the limit rather than the model may decide.
_MANY_CUT = 0.1
# By the codes of `probes.validity`; others are told with the model only.
_CAUSES = {
    "other_processes": "other programs used the processor",
    "swapping": "memory was swapped to disk",
    "throttled": "the processor was throttled",
    "frequency": "the processor's frequency fell",
    "battery": "the machine ran on battery",
    "steal": "the host took processor time away",
    "spread": "repetitions differed widely",
}
# What answers depend on, and what only their rounding does.
_SETTING_NAMES = {
    "sampling": "sampling",
    "max_tokens": "longest answer",
    "max_thinking_tokens": "longest thinking",
    "thinking_budget": "budget for thinking",
    "context_tokens": "context",
    "system_prompt": "system prompt",
    "repeats": "repeats",
    "case_timeout_seconds": "time limit",
    "engine.key_cache_type": "key cache type",
    "engine.value_cache_type": "value cache type",
    "engine.rope_frequency_base": "RoPE frequency base",
    "engine.rope_frequency_scale": "RoPE frequency scale",
}
_ROUNDING_NAMES = {
    "parallel_sequences": "cases at once",
    "threads": "threads",
    "gpu_layers": "layers on the GPU",
    "engine.flash_attention": "flash attention",
    "engine.physical_batch_tokens": "physical batch",
}


def find_problems(model: ModelRuns) -> tuple[str, ...]:
    """Return what went wrong in one model's own runs."""
    sentences = []
    for record in model.chosen:
        what = _subject(record.run)
        if record.run.status is not RunStatus.FINISHED:
            sentences.append(_unfinished(record.run, what))
        elif record.run.problem:
            sentences.append(record.run.problem)
        invalid = [each for each in record.measurements if not each.valid]
        if invalid:
            tests = join([each.test for each in invalid])
            verb = "were" if len(invalid) > 1 else "was"
            sentences.append(f"{tests} {verb} disturbed. {_reasons(invalid)}".rstrip())
    return tuple(dict.fromkeys(sentences))


def find_caveats(models: Sequence[ModelRuns], compared: Sequence[ComparedModel]) -> tuple[str, ...]:
    """Return everything a reader must know before believing the headline."""
    sentences = [
        *_incomplete(models, compared),
        *_different_cases(models),
        *_different_settings(models),
        *_different_places(models, compared),
        *_formats(compared),
        *_cut_thinking(compared),
        *_cut_answers(models),
        *_sampled(models),
        *_disturbed(compared),
        *_left_out(models),
        *_different_rounding(models),
    ]
    return tuple(dict.fromkeys(sentences))


def _subject(run: Run) -> str:
    return run.suite.title if run.suite else "speed"


def _unfinished(run: Run, what: str) -> str:
    ending = f" {run.problem}" if run.problem else ""
    words = {
        RunStatus.QUEUED: f"The run on {what} has not begun.",
        RunStatus.RUNNING: f"The run on {what} is still going on.",
        RunStatus.CANCELLED: f"The run on {what} was cancelled.",
        RunStatus.INTERRUPTED: f"The run on {what} was interrupted and can be resumed.",
        RunStatus.FAILED: f"The run on {what} failed.",
    }
    return words[run.status] + ending


def _incomplete(models: Sequence[ModelRuns], compared: Sequence[ComparedModel]) -> Iterator[str]:
    for model, shown in zip(models, compared, strict=True):
        if shown.unanswered:
            yield (
                f"{shown.label} has not answered {cases_text(shown.unanswered)}; "
                "only cases with an answer count."
            )
        if shown.counts.errors:
            answers = (
                f"1 answer of {shown.label} ended in an error and counts"
                if shown.counts.errors == 1
                else f"{count_text(shown.counts.errors)} answers of {shown.label} ended in an "
                "error and count"
            )
            yield f"{answers} neither as right nor as wrong."
        for record in model.chosen:
            if record.run.status is not RunStatus.FINISHED:
                yield f"{shown.label}: {_unfinished(record.run, _subject(record.run))}"


def _different_cases(models: Sequence[ModelRuns]) -> Iterator[str]:
    asked = [m for m in models if m.suite_runs]
    sets = [{r.run.suite.id for r in m.suite_runs if r.run.suite} for m in asked]
    if any(one != sets[0] for one in sets[1:]):
        yield (
            "Not every model was asked the same suites: shares are of different cases, and pairs "
            "are compared on the cases that both answered."
        )
    missing = [m.label for m in models if not m.suite_runs]
    if asked and missing:
        yield f"{join(missing)}: no suite was run, so nothing is known of the answers."
    versions: dict[str, dict[str, str]] = {}
    for model in asked:
        for record in model.suite_runs:
            if record.run.suite:
                suite = record.run.suite
                versions.setdefault(suite.title, {})[suite.sha256] = suite.version
    for title, found in versions.items():
        if len(found) > 1:
            names = join(sorted(set(found.values())))
            yield (
                f"{title} was run in different versions ({names}): only cases that are the same "
                "in both are compared."
            )


def _different_settings(models: Sequence[ModelRuns]) -> Iterator[str]:
    names = _differing(models, _SETTING_NAMES)
    if names:
        yield (
            f"The runs differ in their settings ({join(names)}): a difference may come from "
            "there as well as from the models."
        )


def _different_rounding(models: Sequence[ModelRuns]) -> Iterator[str]:
    names = _differing(models, _ROUNDING_NAMES)
    if names:
        yield (
            f"The runs differ in how they were computed ({join(names)}): rounding differs with it, "
            "which may change a few single answers and favours no model."
        )


def _differing(models: Sequence[ModelRuns], names: Mapping[str, str]) -> list[str]:
    settings = [record.run.settings for model in models for record in model.suite_runs]
    return [
        words
        for field, words in names.items()
        if len({repr(attrgetter(field)(each)) for each in settings}) > 1
    ]


def _different_places(
    models: Sequence[ModelRuns], compared: Sequence[ComparedModel]
) -> Iterator[str]:
    measured = [
        (model, shown.generation)
        for model, shown in zip(models, compared, strict=True)
        if shown.generation
    ]
    setups = {setup_of(model, speed) for model, speed in measured}
    known = {setup for setup in setups if setup}
    if len({setup.machine_id for setup in known}) > 1:
        yield "Speeds were measured on different machines and are not compared across them."
    elif len(setups) > 1:
        yield (
            "Speeds were measured with different engines, options, threads or devices and are not "
            "compared across them."
        )
    if len({speed.test for _, speed in measured}) > 1:
        yield "Speeds were measured by different tests and are not compared across them."
    engines = {
        (r.run.engine.name, r.run.engine.version, r.run.engine.build)
        for model in models
        for r in model.suite_runs
        if r.run.engine
    }
    if len(engines) > 1:
        names = join(sorted(" ".join(part for part in engine if part) for engine in engines))
        yield f"Answers come from different engines ({names})."


def _formats(compared: Sequence[ComparedModel]) -> Iterator[str]:
    plain = [model.label for model in compared if model.prompt_format == "plain_text"]
    if plain:
        brings = "brings" if len(plain) == 1 else "bring"
        yield (
            f"{join(plain)} {brings} no chat template and got the questions as plain text; "
            "models that were not made for conversations answer questions less well."
        )


def _cut_thinking(compared: Sequence[ComparedModel]) -> Iterator[str]:
    for model in compared:
        cut = model.counts.truncated
        if cut:
            answers = (
                f"1 answer of {model.label} was cut off before it passed and counts"
                if cut == 1
                else f"{count_text(cut)} answers of {model.label} were cut off before they "
                "passed and count"
            )
            yield f"{answers} as not passed; a larger limit may change its share."


def _cut_answers(models: Sequence[ModelRuns]) -> Iterator[str]:
    for model in models:
        answers = [
            answer
            for record in model.suite_runs
            for answer in record.answers
            if answer.outcome.is_judged
        ]
        cut = sum(
            answer.stop_reason in (StopReason.MAX_TOKENS, StopReason.CONTEXT_FULL)
            and answer.outcome is not Outcome.TRUNCATED
            for answer in answers
        )
        if answers and cut >= _MANY_CUT * len(answers):
            yield (
                f"{count_text(cut)} of {count_text(len(answers))} answers of {model.label} were "
                "cut off at the longest answer allowed."
            )


def _sampled(models: Sequence[ModelRuns]) -> Iterator[str]:
    settings: list[RunSettings] = [r.run.settings for m in models for r in m.suite_runs]
    if any(each.sampling.temperature > 0 and each.repeats == 1 for each in settings):
        yield (
            "Answers were drawn at random (temperature above 0) and each case was asked once: "
            "another run would give somewhat different answers."
        )


def _disturbed(compared: Sequence[ComparedModel]) -> Iterator[str]:
    """Name the models in one sentence; what disturbed each stands with that model."""
    speeds_of: list[str] = []
    causes: dict[str, Disturbance] = {}
    for model in compared:
        speeds = (model.generation, model.prompt_processing)
        invalid = [speed for speed in speeds if speed and not speed.valid]
        if invalid:
            tests = join([speed.test for speed in invalid])
            speeds_of.append(f"{model.label} ({tests})")
            causes.update({d.code: d for each in invalid for d in each.disturbances})
    if speeds_of:
        known = [_CAUSES[code] for code in causes if code in _CAUSES]
        reason = f" ({join(known)})" if known else ""
        yield (
            f"A speed of {join(speeds_of)} was disturbed{reason} and is not compared; measure "
            "again on a quiet machine."
        )


def _reasons(invalid: Sequence[Measurement]) -> str:
    """Return one sentence a kind of disturbance: several tests say nearly the same."""
    by_code = {d.code: d.message for each in invalid for d in reversed(each.disturbances)}
    return " ".join(by_code.values())


def _left_out(models: Sequence[ModelRuns]) -> Iterator[str]:
    for model in models:
        for kept in model.chosen:
            what = _subject(kept.run)
            number = sum(_same_kind(kept.run, record.run) for record in model.left_out)
            if not number:
                continue
            if kept.run.status is not RunStatus.FINISHED:
                which = "the newest with results"
            else:
                which = "the newest that finished" if kept.run.suite else "the newest undisturbed"
            yield f"Of {number + 1} runs of {model.label} on {what} one counts: {which}."


def _same_kind(one: Run, other: Run) -> bool:
    return (one.suite.id if one.suite else None) == (other.suite.id if other.suite else None)
