"""Every kind of check, and the two questions asked of them: is this answer good, what is wanted.

Two rules hold for all kinds. An empty answer passes no check, not even one that forbids. A
scorer that cannot judge makes the case an error, which is left out of the score; it never passes
or fails it.
"""

import logging
import unicodedata
from collections.abc import Mapping

from desktop.domain.answer import Score, Span
from desktop.domain.base import JsonValue
from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Check
from desktop.scoring import (
    choice,
    contains,
    counts,
    declines,
    edges,
    equals,
    json_fields,
    letters,
    number,
    pattern,
)
from desktop.scoring.combinators import Parts, make_combinators
from desktop.scoring.kind import CheckKind, ScorerFault, Verdict, verdict
from desktop.scoring.thinking import Split, explain_cut, split_thinking

_log = logging.getLogger(__name__)


def parse_check(value: Mapping[str, JsonValue]) -> Check:
    """Return the check that a mapping of a suite file stands for; the reader has checked it."""
    kind = next((key for key in value if key in KINDS), None)
    if kind is None:
        raise ScorerFault(f"A check needs a kind; {', '.join(value) or 'nothing'} names none.")
    options = {key: item for key, item in value.items() if key not in (kind, "weight")}
    return Check(
        kind=kind, expected=value[kind], options=options, weight=float(value.get("weight", 1.0))
    )


def judge(text: str, check: Check) -> Verdict:
    """Return one check's verdict on a text; raises `ScorerFault` if it can't be judged."""
    kind = KINDS.get(check.kind)
    if kind is None:
        raise ScorerFault(f'This version has no scorer for checks of the kind "{check.kind}".')
    return kind.judge(text, check)


def describe_check(check: Check) -> str:
    """Return what a check wants as the end of a sentence that begins "A good answer …"."""
    kind = KINDS.get(check.kind)
    return kind.describe(check) if kind else f'passes a check of the unknown kind "{check.kind}"'


def _registered() -> dict[str, CheckKind]:
    simple = (
        equals.KIND,
        *contains.KINDS,
        edges.START,
        edges.END,
        pattern.KIND,
        number.KIND,
        json_fields.KIND,
        choice.KIND,
        declines.KIND,
        *counts.KINDS,
        *letters.KINDS,
    )
    parts = Parts(parse=parse_check, judge=judge, describe=describe_check)
    return {kind.name: kind for kind in (*simple, *make_combinators(parts))}


KINDS: Mapping[str, CheckKind] = _registered()


def score_answer(
    text: str, case: Case, *, stop_reason: StopReason | None = None, thinking: str = ""
) -> tuple[Outcome, float, tuple[Score, ...]]:
    """Judge an answer: its outcome, its score from 0 to 1, and one `Score` for each check.

    `thinking` is what was split from the answer already, `stop_reason` why it ended, `None` for
    an answer made elsewhere. A case passes when every check passes; its score is the weighted
    mean of its checks. One that was cut off in the middle of its thinking has no answer:
    `Outcome.TRUNCATED`, and no check is run. With `Outcome.ERROR` the explanation of the first
    score that did not pass says what went wrong. Never raises.
    """
    if not case.checks:
        return Outcome.ERROR, 0.0, (_score(Check(kind="none"), "The case has no checks."),)
    # Once it was split, tags are the answer's own: it may be about them.
    split = Split(start=0) if thinking else split_thinking(text)
    cut = explain_cut(split, text, thinking, stop_reason)
    if cut:
        return Outcome.TRUNCATED, 0.0, tuple(_score(check, cut) for check in case.checks)
    answer = unicodedata.normalize("NFC", text[split.start :])
    # Normalising moves characters: then no place in the stored text can be pointed at.
    shift = split.start if answer == text[split.start :] else None
    scores: list[Score] = []
    for check in case.checks:
        try:
            found = _judge_safely(answer, check, unfinished=split.unfinished)
        except ScorerFault as fault:
            return Outcome.ERROR, 0.0, (*scores, _score(check, str(fault)))
        scores.append(_as_score(found, check, shift))
    total = sum(score.weight for score in scores)
    weights = [score.weight / total if total else 1 / len(scores) for score in scores]
    share = sum(w * score.score for w, score in zip(weights, scores, strict=True))
    passed = all(score.passed for score in scores)
    return Outcome.PASSED if passed else Outcome.FAILED, share, tuple(scores)


def _judge_safely(answer: str, check: Check, *, unfinished: bool) -> Verdict:
    if unfinished:
        return verdict("The model ended while it was still thinking.", passed=False)
    if not answer.strip():
        return verdict("The answer is empty.", passed=False)
    try:
        return judge(answer, check)
    except ScorerFault:
        raise
    except Exception as error:
        # A fault in a scorer must cost one case, not a night's evaluation; the log has the rest.
        _log.exception("The scorer %s failed", check.kind)
        raise ScorerFault(
            f'The check "{check.kind}" could not judge this answer: {type(error).__name__}: {error}'
        ) from error


def _as_score(found: Verdict, check: Check, shift: int | None) -> Score:
    spans = () if shift is None else found.spans
    return Score(
        check=check.kind,
        passed=found.passed,
        score=found.score,
        explanation=found.explanation,
        weight=check.weight,
        spans=tuple(Span(start=s.start + (shift or 0), end=s.end + (shift or 0)) for s in spans),
    )


def _score(check: Check, explanation: str) -> Score:
    return Score(
        check=check.kind, passed=False, score=0.0, explanation=explanation, weight=check.weight
    )
