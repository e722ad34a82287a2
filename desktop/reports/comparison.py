"""Runs in, a comparison out: the one that every screen, file and command shows."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import utc_now
from desktop.domain.comparison import (
    ComparedModel,
    ComparedPair,
    Comparison,
    Interval,
    RepeatFigures,
)
from desktop.domain.run import Outcome, RunCounts
from desktop.errors import UserError
from desktop.reports import wording
from desktop.reports.caveats import find_caveats, find_problems
from desktop.reports.conclusions import Quality, conclude_speed
from desktop.reports.pairs import compare_pairs, group_models, smallest_difference
from desktop.reports.records import RunRecord
from desktop.reports.rows import CaseBook, Cells
from desktop.reports.selection import ModelRuns, select_runs
from desktop.reports.shares import share_interval
from desktop.reports.speed import find_generation, find_peak_memory, find_prompt_processing
from desktop.reports.verdicts import explain_pair, judge_pair
from desktop.statistics.repeats import summarise_repeats
from desktop.statistics.summaries import median

_T = TypeVar("_T")
# Three models have three pairs, four have six; beyond that a table reads better than sentences.
_MOST_PAIRS_EXPLAINED = 6


def compare_runs(
    runs: Sequence[RunRecord],
    *,
    title: str = "",
    created_at: datetime | None = None,
    apart: bool = False,
) -> Comparison:
    """Make runs ready to be shown side by side, the best share first.

    Of several runs of one model on one suite the newest finished one counts, unless `apart` asks
    for every run by itself. The order of the
    runs makes no difference. Raises `UserError` without runs.
    """
    if not runs:
        raise UserError("There is nothing to compare.", remedy="Choose at least one run.")
    models = select_runs(runs, apart=apart)
    book = CaseBook(models)
    columns = [book.cells(model) for model in models]
    order = sorted(range(len(models)), key=lambda i: (-_share(columns[i]), models[i].color))
    models = tuple(models[i] for i in order)
    columns = [columns[i] for i in order]
    compared = tuple(
        _compare_model(model, cells, book) for model, cells in zip(models, columns, strict=True)
    )
    labels = [model.label for model in compared]
    pairs = compare_pairs(columns, book.group_of, book.weight_of)
    verdicts = [judge_pair(pair, labels) for pair in pairs]
    pairs = tuple(
        msgspec.structs.replace(pair, verdict=verdict, sentence=verdict.sentence)
        for pair, verdict in zip(pairs, verdicts, strict=True)
    )
    comparison = Comparison(
        title=title or _title(models),
        created_at=created_at or utc_now(),
        models=compared,
        cases=book.compare(columns),
        pairs=pairs,
        headline="",
        smallest_difference=smallest_difference(pairs),
        groups=_groups(compared, pairs),
        caveats=find_caveats(models, compared),
    )
    return _add_sources(_conclude(comparison, models), models)


def _share(cells: Cells) -> float:
    """Return the share to sort by; models without scored cases come last."""
    passed, scored = _verdicts(cells)
    return passed / scored if scored else -1.0


def _verdicts(cells: Cells) -> tuple[int, int]:
    scored = [cell for cell in cells.values() if cell.outcome.is_judged]
    return sum(cell.outcome is Outcome.PASSED for cell in scored), len(scored)


def _interval(cells: Cells, book: CaseBook) -> tuple[Interval | None, float | None]:
    """Return Wilson's interval, and as how many independent cases the scored ones count.

    The latter is `None` where none share anything: then it is the number of cases.
    """
    scored = {key: cell for key, cell in cells.items() if cell.outcome.is_judged}
    if not scored:
        return None, None
    passed = [cell.outcome is Outcome.PASSED for cell in scored.values()]
    return share_interval(passed, [book.group_of(key) for key in scored])


def _mean_score(cells: Cells, book: CaseBook) -> float | None:
    """Return the mean score, each case with its weight in its suite."""
    scored = [
        (book.weight_of(key), cell.score)
        for key, cell in cells.items()
        if cell.outcome.is_judged and math.isfinite(cell.score)
    ]
    weights = sum(weight for weight, _ in scored)
    return sum(weight * score for weight, score in scored) / weights if weights else None


def _repeats(cells: Cells) -> RepeatFigures | None:
    judged = [cell for cell in cells.values() if cell.outcome.is_judged]
    if all(cell.repeats == 1 for cell in judged):
        return None
    return summarise_repeats([(cell.repeats, cell.repeats_passed) for cell in judged])


def _groups(
    models: Sequence[ComparedModel], pairs: Sequence[ComparedPair]
) -> tuple[tuple[int, ...], ...]:
    """Return who can't be told apart; models that were compared with none are left out."""
    tested = {place for pair in pairs if pair.cases for place in (pair.first, pair.second)}
    return tuple(
        group for group in group_models(len(models), pairs) if len(group) > 1 or group[0] in tested
    )


def _compare_model(model: ModelRuns, cells: Cells, book: CaseBook) -> ComparedModel:
    passed, scored = _verdicts(cells)
    interval, effective = _interval(cells, book)
    answers = [answer for record in model.suite_runs for answer in record.answers]
    good = [answer for answer in answers if answer.outcome.is_judged]
    alone = all(record.run.answers_alone for record in model.suite_runs)
    waits = [
        answer.time_to_first_token_seconds
        for answer in good
        if answer.time_to_first_token_seconds is not None
    ]
    thinking = sum(answer.thinking_tokens for answer in good)
    peak = find_peak_memory(model)
    formats = {record.run.prompt_format for record in model.suite_runs} - {""}
    return ComparedModel(
        label=model.label,
        color=model.color,
        model=model.model,
        run_ids=tuple(record.run.id for record in model.chosen),
        statuses=tuple(record.run.status for record in model.chosen),
        counts=_counts(model, answers),
        unanswered=sum(key not in cells for key in book.asked(model)),
        cases_passed=passed,
        cases_scored=scored,
        share_passed=passed / scored if scored else None,
        interval=interval,
        effective_cases=effective,
        repeats=_repeats(cells),
        mean_score=_mean_score(cells, book),
        generation=find_generation(model),
        prompt_processing=find_prompt_processing(model),
        peak_memory_bytes=round(peak.value) if peak else None,
        median_answer_seconds=median([a.seconds for a in good]) if good and alone else None,
        median_first_token_seconds=median(waits) if waits and alone else None,
        generated_tokens=sum(answer.generated_tokens for answer in answers),
        mean_thinking_tokens=thinking / len(good) if thinking else None,
        prompt_format="plain_text" if "plain_text" in formats else ", ".join(sorted(formats)),
        problems=find_problems(model),
    )


def _counts(model: ModelRuns, answers: Sequence[Answer]) -> RunCounts:
    planned = sum(
        record.run.suite.count_answers(record.run.settings.repeats)
        for record in model.suite_runs
        if record.run.suite
    )
    outcomes = Counter(answer.outcome for answer in answers)
    return RunCounts.of_outcomes(outcomes, max(planned, len(answers)))


def _title(models: Sequence[ModelRuns]) -> str:
    suites = [r.run.suite.title for m in models for r in m.suite_runs if r.run.suite]
    return wording.title(sorted(set(suites)), [model.label for model in models])


def _conclude(comparison: Comparison, models: Sequence[ModelRuns]) -> Comparison:
    quality, rest = Quality(comparison.models, comparison.pairs).conclude()
    speed = conclude_speed(models, comparison.models)
    nothing = wording.nothing_measured(len(models))
    caveats = comparison.caveats
    if quality and not any(m.generation for m in comparison.models):
        caveats += (wording.speed_unknown(),)
    if speed and not quality:
        caveats += (wording.quality_unknown(),)
    return msgspec.structs.replace(
        comparison,
        headline=quality or speed or nothing,
        supporting=" ".join((*rest, speed)).strip() if quality else "",
        caveats=caveats,
        reasons=_reasons(comparison, models),
    )


def _reasons(comparison: Comparison, models: Sequence[ModelRuns]) -> tuple[str, ...]:
    shown = comparison.models
    scored = [model for model in shown if model.interval]
    rated = sum(model.generation is not None for model in shown)
    if not scored:
        return (wording.speed_rule(),) if rated > 1 else ()
    tested = [pair for pair in comparison.pairs if pair.cases]
    labels = [model.label for model in shown]
    reasons = [explain_pair(pair, labels) for pair in tested[:_MOST_PAIRS_EXPLAINED]]
    if len(tested) > _MOST_PAIRS_EXPLAINED:
        reasons.append(wording.more_pairs(len(tested) - _MOST_PAIRS_EXPLAINED))
    together = [group for group in comparison.groups if len(group) > 1]
    if together and len(shown) > 2:  # noqa: PLR2004 - two are a pair
        reasons.append(
            wording.groups_of_models([[labels[i] for i in group] for group in comparison.groups])
        )
    if tested:
        fewest = min(pair.cases for pair in tested)
        reasons.append(
            wording.could_have_shown(comparison.smallest_difference, fewest, len(tested))
            if comparison.smallest_difference is not None
            else wording.could_show_nothing(fewest)
        )
    reasons += [
        wording.share_of_model(m.label, m.cases_passed, m.cases_scored, m.interval)
        for m in scored
        if m.interval
    ]
    shared = [
        (m.label, m.cases_scored, m.effective_cases)
        for m in scored
        if m.effective_cases is not None
    ]
    if shared:
        reasons.append(wording.hang_together(shared))
    reasons += [wording.repeats_of_model(m.label, m.repeats) for m in scored if m.repeats]
    repeats = max(record.run.settings.repeats for model in models for record in model.chosen)
    truncated = any(model.counts.truncated for model in shown)
    reasons.append(wording.method(len(shown), repeats, truncated=truncated))
    if rated > 1:
        reasons.append(wording.speed_rule())
    return (*reasons, wording.reach())


def _add_sources(comparison: Comparison, models: Sequence[ModelRuns]) -> Comparison:
    """Name what was asked, where, with which engine and settings; each once."""
    runs = [record.run for model in models for record in model.chosen]
    return msgspec.structs.replace(
        comparison,
        suites=_distinct([run.suite for run in runs], lambda suite: suite.sha256),
        machines=_distinct([run.machine for run in runs], lambda machine: machine.id),
        engines=_distinct(
            [run.engine for run in runs],
            # All but what was measured: two loads of one model take different times.
            lambda engine: msgspec.structs.replace(
                engine,
                load_seconds=None,
                weights_bytes=None,
                kv_cache_bytes=None,
                compute_bytes=None,
            ),
        ),
        settings=_distinct([run.settings for run in runs if run.suite], repr)
        or _distinct([run.settings for run in runs], repr),
    )


def _distinct(values: Sequence[_T | None], identity: Callable[[_T], object]) -> tuple[_T, ...]:
    found: dict[object, _T] = {}
    for value in values:
        if value is not None:
            found.setdefault(identity(value), value)
    return tuple(found.values())
