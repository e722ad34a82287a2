"""Runs in words: what they are called, how they ended, what they were made with."""

from PySide6.QtCore import QCoreApplication

from desktop.domain.run import Run, RunCounts, RunStatus, RunSummary
from desktop.domain.settings import RunSettings
from desktop.ui.engine_wording import describe_mode, list_unusual_options
from desktop.ui.formatting import UNKNOWN, format_number, format_share
from desktop.ui.widgets.pill import Tone

RESUMABLE = frozenset({RunStatus.INTERRUPTED, RunStatus.CANCELLED, RunStatus.QUEUED})


def _tr(text: str) -> str:
    return QCoreApplication.translate("history", text)


def name_run(run: Run) -> str:
    """Return what people called the run, or the model's name."""
    return run.name or label_model(run)


def label_model(run: Run) -> str:
    """Return the model's name, or its file's."""
    return run.model.facts.name or run.model.path.replace("\\", "/").rsplit("/", 1)[-1]


def name_work(run: Run) -> str:
    """Return what was asked: the suite with its version, or the probe."""
    if run.suite is not None:
        return f"{run.suite.title} {run.suite.version}".strip()
    return _tr("Speed probe")


def name_status(status: RunStatus) -> str:
    """Return a status in the user's language."""
    return {
        RunStatus.QUEUED: _tr("waits"),
        RunStatus.RUNNING: _tr("running"),
        RunStatus.FINISHED: _tr("finished"),
        RunStatus.CANCELLED: _tr("cancelled"),
        RunStatus.INTERRUPTED: _tr("interrupted"),
        RunStatus.FAILED: _tr("failed"),
    }[status]


def show_status(summary: RunSummary) -> tuple[str, Tone]:
    """Return a status as a pill, with a sign beside the colour."""
    status = summary.run.status
    sign, tone = {
        RunStatus.QUEUED: ("…", Tone.NEUTRAL),
        RunStatus.RUNNING: ("▸", Tone.ACCENT),
        RunStatus.FINISHED: ("✓", Tone.GOOD),
        RunStatus.CANCELLED: ("–", Tone.NEUTRAL),  # noqa: RUF001 -- a dash as a sign
        RunStatus.INTERRUPTED: ("!", Tone.WARNING),
        RunStatus.FAILED: ("✕", Tone.BAD),
    }[status]
    if status is RunStatus.FINISHED and (summary.counts.errors or summary.run.problem):
        sign, tone = "⚠", Tone.WARNING
    return f"{sign} {name_status(status)}", tone


def describe_passed(summary: RunSummary) -> str:
    """Return passed cases of those judged; a run that is not finished says "so far"."""
    counts = summary.counts
    if summary.run.suite is None or not counts.done:
        return UNKNOWN
    if counts.measured and not counts.scored:
        return _tr("{0} measured").format(counts.measured)
    if summary.run.status is not RunStatus.FINISHED:
        return _tr("{0} of {1} so far").format(counts.passed, counts.scored)
    return _tr("{0} of {1}").format(counts.passed, counts.scored)


def share_passed(summary: RunSummary) -> float | None:
    """Return the share of judged cases that passed; none for a part of a suite.

    The first cases of a suite are no sample of it, so a share of them would mislead.
    """
    counts = summary.counts
    if summary.run.suite is None or not counts.scored:
        return None
    return counts.passed / counts.scored if summary.run.status is RunStatus.FINISHED else None


def explain_passed(summary: RunSummary) -> str:
    """Return the whole truth about the counts, for a tool tip and the panel."""
    counts = summary.counts
    suite = summary.run.suite
    if suite is None:
        return _tr("A speed probe has no cases.")
    asked = suite.cases * summary.run.settings.repeats
    parts = []
    if counts.done:
        parts.append(_tr("{0} passed").format(counts.passed))
        parts.append(_describe_failed(counts))
    if counts.errors:
        parts.append(_tr("{0} ended in an error and do not count").format(counts.errors))
    if counts.measured:
        parts.append(
            _tr("{0} were measured, which nothing passes or fails").format(counts.measured)
        )
    if counts.done < asked:
        parts.append(_tr("{0} not asked yet").format(asked - counts.done))
    share = share_passed(summary)
    if share is not None:
        parts.append(_tr("{0} correct").format(format_share(share)))
    return ", ".join(parts)


def _describe_failed(counts: RunCounts) -> str:
    if not counts.truncated:
        return _tr("{0} failed").format(counts.failed)
    text = _tr("{0} failed ({1} of them cut off)")
    return text.format(counts.failed, counts.truncated)


def describe_thinking(summary: RunSummary) -> str:
    """Return how much was thought, empty if nothing was."""
    if summary.mean_thinking_tokens is None:
        return ""
    tokens = format_number(summary.mean_thinking_tokens)
    return _tr("{0} tokens an answer on average").format(tokens)


def describe_for_search(summary: RunSummary) -> str:
    """Return everything of a run that people may search for."""
    run = summary.run
    return " ".join(
        (
            name_run(run),
            label_model(run),
            run.model.facts.organization,
            run.model.facts.quantization,
            name_work(run),
            name_status(run.status),
            run.note,
            run.problem,
            run.id,
            *run.tags,
        )
    )


def describe_settings(settings: RunSettings) -> str:
    """Return the settings that a run was asked to keep, in one line."""
    sampling = settings.sampling
    if sampling.temperature == 0:
        chosen = _tr("the likeliest token each time")
    else:
        chosen = _tr(
            "temperature {0}, top-k {1}, top-p {2}, min-p {3}, repeat penalty {4}, seed {5}"
        ).format(
            format_number(sampling.temperature, 2),
            sampling.top_k,
            format_number(sampling.top_p, 2),
            format_number(sampling.min_p, 2),
            format_number(sampling.repeat_penalty, 2),
            sampling.seed,
        )
    parts = [
        describe_mode(settings),
        chosen,
        _tr("at most {0} tokens an answer").format(settings.max_tokens),
    ]
    usual = RunSettings()
    if settings.max_thinking_tokens != usual.max_thinking_tokens:
        parts.append(_tr("at most {0} of thinking").format(settings.max_thinking_tokens))
    if settings.thinking_budget is not None:
        parts.append(_tr("thinking ended after {0}").format(settings.thinking_budget))
    if settings.gpu_layers != usual.gpu_layers:
        parts.append(_tr("{0} layers on the GPU").format(settings.gpu_layers))
    parts += list_unusual_options(settings.engine)
    if settings.repeats > 1:
        parts.append(_tr("each case {0} times").format(settings.repeats))
    return ", ".join(parts)
