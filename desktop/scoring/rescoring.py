"""Stored answers judged again by changed checks, and what a judge model says of open ones.

Only checks may have changed: a case that asks something else is another case, and its old answer
says nothing about it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from desktop.domain.answer import Answer, Score
from desktop.domain.judging import JudgeModel
from desktop.domain.rescoring import ScoredAnswer
from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.scoring.judging import ask_judge
from desktop.scoring.kind import ScorerFault, Verdict
from desktop.scoring.registry import score_answer

_LISTED = 5
# Verdicts of people and judges: by answer, then by the check's place in its case.
Decided = Mapping[str, Mapping[int, Verdict]]


def check_same_questions(old: Suite, new: Suite, answers: Sequence[Answer]) -> None:
    """Raise `UserError` if an answered case is missing in the new suite, or asks another thing."""
    before, after = ({case.id: case for case in suite.cases} for suite in (old, new))
    answered = dict.fromkeys(answer.case_id for answer in answers)
    missing = [case_id for case_id in answered if case_id not in after]
    changed = [
        case_id
        for case_id in answered
        if case_id in after
        and case_id in before
        and _asks(before[case_id]) != _asks(after[case_id])
    ]
    for ids, what in ((missing, "has no case"), (changed, "asks something else in")):
        if ids:
            more = " …" if len(ids) > _LISTED else ""
            raise UserError(
                f"The suite {new.id} {what} {', '.join(ids[:_LISTED])}{more}.",
                remedy="Change checks only; what asks something else needs a new run.",
            )


def _asks(case: Case) -> object:
    return (case.messages, case.few_shot, case.documents, case.continuations)


def rescore(
    answers: Sequence[Answer], suite: Suite, decided: Decided | None = None
) -> tuple[ScoredAnswer, ...]:
    """Return what stored answers are worth by a suite's checks.

    What the engine failed to answer stays an error; cases decided by likelihood stay as they are.
    """
    cases = {case.id: case for case in suite.cases}
    return tuple(
        _rescore(answer, cases[answer.case_id], (decided or {}).get(answer.id, {}))
        for answer in answers
    )


def _rescore(answer: Answer, case: Case, decided: Mapping[int, Verdict]) -> ScoredAnswer:
    if answer.stop_reason is StopReason.ERROR or case.continuations:
        return ScoredAnswer(
            answer_id=answer.id,
            outcome=answer.outcome,
            score=answer.score,
            scores=answer.scores,
            problem=answer.problem,
        )
    outcome, score, scores = score_answer(
        answer.text,
        case,
        stop_reason=answer.stop_reason,
        thinking=answer.thinking,
        decided=decided,
    )
    problem = next((s.explanation for s in scores if not s.passed), "")
    return ScoredAnswer(
        answer_id=answer.id,
        outcome=outcome,
        score=score,
        scores=scores,
        problem=problem if outcome is Outcome.ERROR else "",
    )


def keep_decided(
    answers: Sequence[Answer], suite: Suite, kinds: Collection[str]
) -> dict[str, dict[int, Verdict]]:
    """Return what people and judges decided of checks of these kinds, to be built upon.

    `answers` carry the set of scores to take it from. A check that is no longer at its place in
    the suite is another check, and decided by nobody.
    """
    cases = {case.id: case for case in suite.cases}
    decided: dict[str, dict[int, Verdict]] = {}
    for answer in answers:
        checks = cases[answer.case_id].checks
        if len(checks) != len(answer.scores):  # a scorer's fault ended the list
            continue
        found = {
            place: _as_verdict(score)
            for place, (check, score) in enumerate(zip(checks, answer.scores, strict=True))
            if check.kind == score.check and check.kind in kinds and _is_decided(answer, score)
        }
        if found:
            decided[answer.id] = found
    return decided


def _is_decided(answer: Answer, score: Score) -> bool:
    """Whether somebody gave this verdict: with other outcomes no check was run."""
    cut_short = (Outcome.TRUNCATED, Outcome.THINKING_ONLY, Outcome.ERROR)
    return not score.open and answer.outcome not in cut_short and bool(answer.text.strip())


def _as_verdict(score: Score) -> Verdict:
    return Verdict(
        passed=score.passed,
        explanation=score.explanation,
        score=score.score,
        agreed=score.agreed,
    )


def list_waiting(
    answers: Sequence[Answer], suite: Suite, kind: str, decided: Decided | None = None
) -> tuple[tuple[Answer, int], ...]:
    """Return what waits for a `judge` or a `rating`, by answer and place, in the answers' order.

    An answer that came to nothing, and so is scored without them, is not among it.
    """
    open_ones = {
        found.answer_id: found.scores
        for found in rescore(answers, suite, decided)
        if found.outcome is Outcome.OPEN
    }
    return tuple(
        (answer, place)
        for answer in answers
        for place, score in enumerate(open_ones.get(answer.id, ()))
        if score.open and score.check == kind
    )


def ask_about_answers(
    judge: JudgeModel, answers: Sequence[Answer], suite: Suite, decided: Decided | None = None
) -> Iterator[tuple[Answer, int, Verdict]]:
    """Ask a judge about every answer that waits for one; yield each verdict as it comes.

    Of a reply without a verdict an open one is yielded that says so. What is collected by answer
    and place goes to `rescore` as `decided`, to which `decided` here is a beginning.
    """
    cases = {case.id: case for case in suite.cases}
    documents = {document.id: document.text for document in suite.documents}
    for answer, place in list_waiting(answers, suite, "judge", decided):
        case = cases[answer.case_id]
        shown = [f"[{name}]\n{documents[name]}" for name in case.documents if name in documents]
        question = "\n\n".join((*shown, *(message.content for message in case.messages)))
        try:
            said = ask_judge(judge, question, answer.text, case.checks[place]).verdict
        except ScorerFault as fault:
            said = Verdict(passed=False, explanation=f"Still open: {fault}", score=0.0, open=True)
        yield answer, place, said
