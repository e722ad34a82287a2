"""What the PDF says, as plain data with every figure already in words; the template sets it."""

import string
from collections.abc import Sequence
from typing import Any

from desktop.domain.comparison import (
    ComparedAnswer,
    ComparedCase,
    ComparedModel,
    ComparedPair,
    Comparison,
    Standing,
)
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome
from desktop.reports import paper_wording, wording
from desktop.reports.labels import LABELS
from desktop.reports.numbers import (
    UNKNOWN,
    bytes_text,
    count_text,
    day_text,
    interval_text,
    points_text,
    probability_text,
    rate_text,
    share_text,
)
from desktop.reports.printable import one_line, shorten
from desktop.reports.shares import share_interval
from desktop.reports.sources import describe_machine, list_sources

Json = dict[str, Any]

# Okabe and Ito's colours, which colour-blind readers can tell apart, with the text on them.
_PALETTE = (
    ("#0072B2", "#FFFFFF"),
    ("#E69F00", "#000000"),
    ("#009E73", "#FFFFFF"),
    ("#CC79A7", "#000000"),
    ("#56B4E9", "#000000"),
    ("#D55E00", "#FFFFFF"),
    ("#F0E442", "#000000"),
    ("#000000", "#FFFFFF"),
)
_LONGEST_LABEL = 48
_LONGEST_TITLE = 90
_LONGEST_PROMPT = 500
_MOST_CASES_SHOWN = 80
# All answers together; some twenty pages.
_ALL_ANSWERS = 60_000
_LONGEST_ANSWER = 700
_SHORTEST_ANSWER = 160
_MARKS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.REFUSED: "failed",
    Outcome.TRUNCATED: "truncated",
    Outcome.THINKING_ONLY: "failed",
    Outcome.ERROR: "error",
    Outcome.OPEN: "none",
    Outcome.MEASURED: "none",
}

_NOTHING_TO_SEE = (Outcome.PASSED, Outcome.MEASURED)
_WITHOUT_TEXT = (Outcome.ERROR, Outcome.TRUNCATED, Outcome.THINKING_ONLY, Outcome.MEASURED)


def build_sheet(comparison: Comparison) -> Json:
    """Return the whole document as JSON data."""
    return {
        "words": dict(LABELS),
        "palette": [{"fill": fill, "text": text} for fill, text in _PALETTE],
        "title": one_line(comparison.title, 120),
        "short_title": one_line(comparison.title, 70),
        "made_on": day_text(comparison.created_at),
        "headline": one_line(comparison.headline, 600),
        "supporting": one_line(comparison.supporting, 900),
        "made": _made(comparison),
        "models": [_card(place, model) for place, model in enumerate(comparison.models)],
        "has_shares": any(model.interval for model in comparison.models),
        "limits": [one_line(text, 400) for text in _limits(comparison)],
        "measured": _measured(comparison),
        "reasons": [one_line(reason, 900) for reason in comparison.reasons],
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "tags": _tags(comparison),
        "speeds": _speeds(comparison.models),
        "has_truncated": any(
            answer and answer.outcome is Outcome.TRUNCATED
            for case in comparison.cases
            for answer in case.answers
        ),
        "cases": [_row(case) for case in comparison.cases],
        **_answers(comparison),
        "sources": list_sources(comparison),
    }


def _letter(place: int) -> str:
    letters = string.ascii_uppercase
    return letters[place] if place < len(letters) else str(place + 1)


def _made(comparison: Comparison) -> str:
    models = len(comparison.models)
    parts = [
        f"{count_text(models)} {'model' if models == 1 else 'models'}",
        wording.cases_text(len(comparison.cases)) if comparison.cases else "",
        day_text(comparison.created_at),
    ]
    return " · ".join(part for part in parts if part)


def _measured(comparison: Comparison) -> str:
    machines = "; ".join(describe_machine(machine) for machine in comparison.machines)
    engines = ", ".join(
        dict.fromkeys(
            " ".join(part for part in (engine.name, engine.version) if part)
            for engine in comparison.engines
        )
    )
    suites = ", ".join(f"{suite.title} {suite.version}".strip() for suite in comparison.suites)
    return one_line(
        paper_wording.how_measured(suites, machines, engines, judged=bool(comparison.cases)), 600
    )


def _limits(comparison: Comparison) -> tuple[str, ...]:
    tested = [pair for pair in comparison.pairs if pair.cases]
    limits = []
    undecided = any(pair.standing is Standing.UNDECIDED for pair in tested)
    if undecided and comparison.smallest_difference is not None:
        fewest = min(pair.cases for pair in tested)
        limits.append(wording.could_have_shown(comparison.smallest_difference, fewest, len(tested)))
    return (*limits, *comparison.caveats, *paper_wording.standing_limits(bool(comparison.cases)))


def _card(place: int, model: ComparedModel) -> Json:
    facts = model.model.facts
    about = (facts.organization, facts.quantization, bytes_text(facts.file_bytes), facts.license)
    speed = model.generation
    memory = bytes_text(model.peak_memory_bytes).split("\N{NO-BREAK SPACE}")
    interval = model.interval
    return {
        "label": one_line(model.label, _LONGEST_LABEL),
        "letter": _letter(place),
        "color": model.color % len(_PALETTE),
        "description": " · ".join(one_line(part, 40) for part in about if part),
        "share": model.share_passed,
        "low": interval.low if interval else 0.0,
        "high": interval.high if interval else 0.0,
        "correct": share_text(model.share_passed),
        "correct_note": paper_wording.correct_note(
            model.cases_passed, model.cases_scored, interval
        ),
        "rate": rate_text(speed.value) if speed else UNKNOWN,
        "rate_note": paper_wording.rate_note(valid=speed.valid if speed else True),
        "memory": memory[0],
        "memory_unit": memory[1] if len(memory) > 1 else "",
        "notes": [one_line(problem, 160) for problem in model.problems[:2]],
    }


def _pair(pair: ComparedPair) -> Json:
    known = pair.cases > 0
    return {
        "first": pair.first,
        "second": pair.second,
        "cases": count_text(pair.cases),
        "only_first": count_text(pair.only_first_passed),
        "only_second": count_text(pair.only_second_passed),
        "difference": points_text(pair.difference) if known else UNKNOWN,
        "interval": paper_wording.points_interval(pair.interval) if known else "",
        "p": probability_text(pair.p_adjusted) if known else UNKNOWN,
        "decided": pair.standing is not Standing.UNDECIDED,
        "result": paper_wording.pair_result(pair),
    }


def _tags(comparison: Comparison) -> list[Json]:
    tags = sorted({tag for case in comparison.cases for tag in case.tags}, key=str.casefold)
    return [
        {
            "tag": one_line(tag, 30),
            "cells": [
                _tag_cell([case for case in comparison.cases if tag in case.tags], place)
                for place in range(len(comparison.models))
            ],
        }
        for tag in tags
    ]


def _tag_cell(cases: Sequence[ComparedCase], place: int) -> Json | None:
    scored = [
        (answer.outcome is Outcome.PASSED, (case.suite_id, case.group or f"\0{case.case_id}"))
        for case in cases
        if (answer := case.answers[place]) and answer.outcome.is_judged
    ]
    if not scored:
        return None
    passed = sum(each for each, _ in scored)
    interval, _ = share_interval([each for each, _ in scored], [group for _, group in scored])
    return {
        "share": share_text(passed / len(scored)),
        "counts": paper_wording.passed_of(passed, len(scored)),
        "value": passed / len(scored),
        "low": interval.low,
        "high": interval.high,
        "interval": interval_text(interval),
    }


def _speeds(models: Sequence[ComparedModel]) -> list[Json]:
    return [
        _speed(place, measurement)
        for place, model in enumerate(models)
        for measurement in (model.generation, model.prompt_processing)
        if measurement
    ]


def _speed(place: int, measurement: Measurement) -> Json:
    reasons = " ".join(one_line(each.message, 120) for each in measurement.disturbances)
    return {
        "model": place,
        "test": one_line(measurement.test, 30),
        "rate": paper_wording.rate_with_spread(measurement),
        "repetitions": count_text(len(measurement.repetitions)),
        "valid": measurement.valid,
        "note": paper_wording.validity(valid=measurement.valid, reasons=reasons),
    }


def _row(case: ComparedCase) -> Json:
    return {
        "title": one_line(case.title, _LONGEST_TITLE),
        "tag": one_line(", ".join(case.tags), 34),
        "marks": [_mark(answer) for answer in case.answers],
    }


def _mark(answer: ComparedAnswer | None) -> Json:
    if answer is None:
        return {"mark": "none", "note": ""}
    repeated = answer.repeats > 1 and 0 < answer.repeats_passed < answer.repeats
    note = f" {answer.repeats_passed}/{answer.repeats}" if repeated else ""
    return {"mark": _MARKS[answer.outcome], "note": note}


def _answers(comparison: Comparison) -> Json:
    """Return the cases that tell models apart; without any, as for one model, the failed ones."""
    chosen = [case for case in comparison.cases if case.disagrees]
    disagree = bool(chosen)
    if not disagree:
        chosen = [
            case
            for case in comparison.cases
            if any(a and a.outcome not in _NOTHING_TO_SEE for a in case.answers)
        ]
    shown = chosen[:_MOST_CASES_SHOWN]
    room = _ALL_ANSWERS // max(1, len(shown) * len(comparison.models))
    longest = min(_LONGEST_ANSWER, max(_SHORTEST_ANSWER, room))
    return {
        "answers": [_answer_block(case, longest) for case in shown],
        "answers_note": paper_wording.answers_note(len(shown), len(chosen), disagree=disagree),
    }


def _answer_block(case: ComparedCase, longest: int) -> Json:
    return {
        "title": one_line(case.title, _LONGEST_TITLE),
        "prompt": shorten(case.prompt, _LONGEST_PROMPT, most_lines=10)[0],
        "demands": one_line(paper_wording.demands(case.demands), 300),
        "cells": [
            _answer_cell(place, answer, longest)
            for place, answer in enumerate(case.answers)
            if answer
        ],
    }


def _answer_cell(place: int, answer: ComparedAnswer, longest: int) -> Json:
    text, cut = shorten(answer.text, longest)
    none_given = answer.outcome in _WITHOUT_TEXT
    return {
        "model": place,
        **_mark(answer),
        "verdict": paper_wording.verdict(answer),
        "text": text or ("" if none_given else paper_wording.empty_answer()),
        "cut": paper_wording.cut_note(len(answer.text)) if cut else "",
        "explanation": one_line(answer.explanation, 240),
        "thinking": paper_wording.thinking_note(answer.thinking_tokens),
    }
