"""Stored answers judged again by changed checks, and what a judge model says of open ones.

Only checks may have changed: a case that asks something else is another case, and its old answer
says nothing about it.
"""

from collections.abc import Iterator, Mapping, Sequence

from desktop.domain.answer import Answer
from desktop.domain.judging import JudgeModel
from desktop.domain.rescoring import ScoredAnswer
from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.scoring.judging import Opinion, ask_judge
from desktop.scoring.kind import ScorerFault, Verdict
from desktop.scoring.registry import KINDS, score_answer

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


def list_open_checks(case: Case, kind: str) -> tuple[int, ...]:
    """Return the places of a case's checks that a person (`rating`) or a judge decides."""
    return tuple(
        place
        for place, check in enumerate(case.checks)
        if check.kind == kind and KINDS[kind].decided_elsewhere
    )


def ask_about_answers(
    judge: JudgeModel, answers: Sequence[Answer], suite: Suite
) -> Iterator[tuple[Answer, int, Opinion | ScorerFault]]:
    """Ask a judge about every answer with a `judge` check; yield each opinion as it comes.

    A reply without a verdict is yielded as its `ScorerFault`: the check stays open. What is
    collected by answer and place goes to `rescore` as `decided`.
    """
    cases = {case.id: case for case in suite.cases}
    for answer in answers:
        case = cases[answer.case_id]
        if not answer.text.strip() or answer.stop_reason is StopReason.ERROR:
            continue
        question = "\n\n".join(message.content for message in case.messages)
        for place in list_open_checks(case, "judge"):
            try:
                yield answer, place, ask_judge(judge, question, answer.text, case.checks[place])
            except ScorerFault as fault:
                yield answer, place, fault
