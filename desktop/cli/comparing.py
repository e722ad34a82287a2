"""`compare`: runs side by side, and a gate that only a loss beyond chance closes."""

import argparse
from typing import TYPE_CHECKING

import msgspec

from desktop.cli.output import (
    CUT_OFF,
    NONE,
    THINKING,
    Output,
    align,
    say_unless_none,
    shorten_bytes,
)
from desktop.domain.base import JsonValue
from desktop.domain.comparison import ComparedModel, Comparison, Saying, Verdict
from desktop.domain.measurement import Measurement
from desktop.errors import UserError
from desktop.reports.json_file import describe_comparison
from desktop.reports.numbers import interval_text, share_text
from desktop.reports.verdicts import may_say_better
from desktop.reports.wording import join

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend

_WORSE = 1


def compare_runs(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """`compare`: put runs side by side, and write the PDF and CSV that are asked for."""
    gate = bool(arguments.fail_if_worse)
    if gate and len(arguments.runs) < 2:  # noqa: PLR2004 - one against another
        raise UserError(
            "--fail-if-worse needs a run to start from and at least one to hold against it.",
            remedy="Name the run to start from first: touchstone compare BASE NEW --fail-if-worse.",
        )
    comparison = backend.operations.compare_runs(arguments.runs, apart=gate)
    verdicts = _hold_against(comparison, arguments.runs[0]) if gate else {}
    if arguments.pdf:
        backend.operations.export_pdf(comparison, arguments.pdf)
        output.tell(f"Wrote {arguments.pdf}")
    if arguments.csv:
        backend.operations.export_csv(comparison, arguments.csv)
        output.tell(f"Wrote {arguments.csv}")
    said = [comparison.headline, comparison.supporting, *comparison.caveats]
    lines = [line for line in said if line]
    document = describe_comparison(comparison)
    worse = [label for label, verdict in verdicts.items() if verdict.saying is Saying.YES]
    if gate:
        document["gate"] = _describe_gate(verdicts, worse)
        lines += ["", *_say_gate(verdicts, worse)]
    lines += ["", *_tabulate(comparison.models)]
    output.print_document(document, lines)
    return _WORSE if worse else 0


def _hold_against(comparison: Comparison, base: str) -> dict[str, Verdict]:
    """Ask of each other run whether the first may be called better than it.

    Raises `UserError` where a pair has no case in common: a gate that nothing went through must
    not look open.
    """
    places = [
        place
        for place, model in enumerate(comparison.models)
        if any(run_id.startswith(base) for run_id in model.run_ids)
    ]
    if len(comparison.models) < 2 or len(places) != 1:  # noqa: PLR2004 - a run named twice
        raise UserError(
            "There is only one run: a run can't be held against itself.",
            remedy="Name two runs; touchstone runs lists them.",
        )
    first = places[0]
    verdicts = {}
    for place, model in enumerate(comparison.models):
        if place == first:
            continue
        pair = next(p for p in comparison.pairs if {p.first, p.second} == {first, place})
        if not pair.cases:
            raise UserError(
                f"{model.label} can't be held against {comparison.models[first].label}: no case "
                "was scored for both.",
                remedy="Name runs of the same suite whose cases have been answered.",
            )
        verdicts[model.label] = may_say_better(comparison, first, place)
    return verdicts


def _describe_gate(verdicts: dict[str, Verdict], worse: list[str]) -> dict[str, JsonValue]:
    return {
        "passed": not worse,
        "worse": worse,
        "verdicts": {label: msgspec.to_builtins(verdict) for label, verdict in verdicts.items()},
    }


def _say_gate(verdicts: dict[str, Verdict], worse: list[str]) -> list[str]:
    """Say what the gate found, and with its reasons why."""
    if worse:
        lines = [f"Worse by more than chance: {join(worse)}."]
    else:
        lines = ["Nothing is worse by more than chance."]
    for verdict in verdicts.values():
        lines.append(verdict.sentence)
        lines += [f"  {reason}" for reason in verdict.reasons]
    return lines


def _tabulate(models: tuple[ComparedModel, ...]) -> list[str]:
    title = ("model", "passed", "share", "interval", "errors", CUT_OFF, THINKING)
    rows = [(*title, "tokens/s", "peak memory")]
    rows += [
        (
            model.label,
            f"{model.cases_passed} of {model.cases_scored}",
            share_text(model.share_passed) if model.share_passed is not None else NONE,
            interval_text(model.interval) if model.interval else NONE,
            str(model.counts.errors),
            say_unless_none(model.counts.truncated),
            say_unless_none(model.mean_thinking_tokens),
            _say_rate(model.generation),
            shorten_bytes(model.peak_memory_bytes) if model.peak_memory_bytes else NONE,
        )
        for model in models
    ]
    return align(rows, right=range(1, len(rows[0])), optional=(5, 6))


def _say_rate(rate: Measurement | None) -> str:
    if rate is None:
        return NONE
    return f"{rate.value:.1f}" if rate.valid else f"{rate.value:.1f} (disturbed)"
