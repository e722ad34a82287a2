"""Every kind of check, and the two questions asked of them: is this answer good, what is wanted.

Two rules hold for all kinds. An empty answer passes no check, not even one that forbids. A
scorer that cannot judge makes the case an error, which is left out of the score; it never passes
or fails it. No output of a model is ever run.
"""

import logging
import unicodedata
from collections.abc import Mapping, Sequence

import regex
from msgspec.structs import replace

from desktop.domain.answer import Score, Span
from desktop.domain.base import JsonValue
from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Check
from desktop.scoring import (
    bleu,
    choice,
    chrf,
    citation,
    contains,
    counts,
    declines,
    edges,
    edit_distance,
    equals,
    gsm8k,
    ifeval,
    items,
    json_fields,
    json_schema,
    language,
    letters,
    number,
    opinion,
    pattern,
    refusal,
    rouge,
    squad,
)
from desktop.scoring.clock import one_case
from desktop.scoring.combinators import Parts, make_combinators
from desktop.scoring.kind import CheckKind, ScorerFault, Verdict, Waiting
from desktop.scoring.refusal import find_refusal
from desktop.scoring.thinking import Split, explain_cut, split_thinking

_log = logging.getLogger(__name__)

# What no encoding can carry; it comes from broken files and from tokens that were cut apart.
_LONE_SURROGATE = regex.compile("[\ud800-\udfff]")
_ONLY_THOUGHT = "The model ended after its thinking, without an answer; nothing was checked."
_CUT_OFF = (StopReason.MAX_TOKENS, StopReason.CONTEXT_FULL)
_ABOUT_DECLINING = ("refuses", "declines")


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
        gsm8k.KIND,
        json_fields.KIND,
        json_schema.KIND,
        choice.KIND,
        items.KIND,
        declines.KIND,
        refusal.KIND,
        *citation.KINDS,
        language.KIND,
        ifeval.KIND,
        *squad.KINDS,
        edit_distance.KIND,
        chrf.KIND,
        rouge.KIND,
        bleu.KIND,
        *counts.KINDS,
        *letters.KINDS,
        *opinion.KINDS,
    )
    parts = Parts(parse=parse_check, judge=judge, describe=describe_check)
    return {kind.name: kind for kind in (*simple, *make_combinators(parts))}


KINDS: Mapping[str, CheckKind] = _registered()


def score_answer(
    text: str,
    case: Case,
    *,
    stop_reason: StopReason | None = None,
    thinking: str = "",
    decided: Mapping[int, Verdict] | None = None,
) -> tuple[Outcome, float, tuple[Score, ...]]:
    """Judge an answer: its outcome, its score from 0 to 1, and one `Score` for each check.

    `thinking` is what was split from the answer already, `stop_reason` why it ended, `None` for
    an answer made elsewhere. `decided` holds the verdicts of people and judge models, by the
    place of their check in the case; without them the case stays `Outcome.OPEN`. A case passes
    when every check passes; its score is the weighted mean of its checks. Where there is nothing
    but thinking, no check is run. With `Outcome.ERROR` the explanation of the first score that
    did not pass says what went wrong. Never raises.
    """
    if not case.checks:
        return Outcome.ERROR, 0.0, (_score(Check(kind="none"), "The case has no checks."),)
    text = _LONE_SURROGATE.sub("\ufffd", text)
    # Once it was split, tags are the answer's own: it may be about them.
    split = Split(start=0) if thinking else split_thinking(text)
    cut = explain_cut(split, text, thinking, stop_reason)
    if cut:
        return Outcome.TRUNCATED, 0.0, tuple(_score(check, cut) for check in case.checks)
    thought = bool(thinking) or split.start > 0
    if split.unfinished or (thought and not text[split.start :].strip()):
        said = tuple(_score(check, _ONLY_THOUGHT) for check in case.checks)
        limited = stop_reason in _CUT_OFF
        return Outcome.TRUNCATED if limited else Outcome.THINKING_ONLY, 0.0, said
    return _judge_all(_Answer(text, split.start), case, stop_reason, decided or {})


def _judge_all(
    answer: "_Answer",
    case: Case,
    stop_reason: StopReason | None,
    decided: Mapping[int, Verdict],
) -> tuple[Outcome, float, tuple[Score, ...]]:
    scores: list[Score] = []
    with one_case():
        for place, check in enumerate(case.checks):
            try:
                scores.append(answer.judge(check, decided.get(place)))
            except ScorerFault as fault:
                return Outcome.ERROR, 0.0, (*scores, _score(check, str(fault)))
            except Waiting as wait:
                scores.append(replace(_score(check, str(wait)), open=True))
    if any(score.open for score in scores):
        return Outcome.OPEN, 0.0, tuple(scores)
    total = sum(score.weight for score in scores)
    weights = [score.weight / total if total else 1 / len(scores) for score in scores]
    share = sum(w * score.score for w, score in zip(weights, scores, strict=True))
    if all(score.passed for score in scores):
        return Outcome.PASSED, share, tuple(scores)
    return _name_failure(answer, scores, stop_reason), share, tuple(scores)


def _name_failure(
    answer: "_Answer", scores: Sequence[Score], stop_reason: StopReason | None
) -> Outcome:
    """Return in which way an answer that was judged did not pass."""
    if stop_reason in _CUT_OFF:
        return Outcome.TRUNCATED
    # Where a check is about declining, it has been judged whether that was right.
    asked = any(score.check in _ABOUT_DECLINING for score in scores)
    refused = not asked and find_refusal(answer.told) is not None
    return Outcome.REFUSED if refused else Outcome.FAILED


class _Answer:
    """What is left of a text without its thinking, as it is and in Unicode's composed form."""

    def __init__(self, text: str, start: int) -> None:
        self.told = text[start:]
        self._start = start
        self._composed = self.told
        if not unicodedata.is_normalized("NFC", self.told):
            self._composed = unicodedata.normalize("NFC", self.told)

    def judge(self, check: Check, decided: Verdict | None) -> Score:
        if not self.told.strip():
            return _score(check, "The answer is empty.")
        if decided is not None:
            return _as_score(decided, check, None)
        kind = KINDS.get(check.kind)
        if kind is not None and len(self.told) > kind.most_characters:
            raise ScorerFault(
                f"The answer has {len(self.told):,} characters; {check.kind} judges no more than"
                f" {kind.most_characters:,}."
            )
        raw = kind is not None and kind.raw
        found = _judge_safely(self.told if raw else self._composed, check)
        # Composing moves characters: then no place in the stored text can be pointed at.
        same = raw or self._composed is self.told
        return _as_score(found, check, self._start if same else None)


def _judge_safely(answer: str, check: Check) -> Verdict:
    try:
        return judge(answer, check)
    except (ScorerFault, Waiting):
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
        open=found.open,
        agreed=found.agreed,
        spans=tuple(Span(start=s.start + (shift or 0), end=s.end + (shift or 0)) for s in spans),
    )


def _score(check: Check, explanation: str) -> Score:
    return Score(
        check=check.kind, passed=False, score=0.0, explanation=explanation, weight=check.weight
    )
