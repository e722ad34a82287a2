"""Whether the examples of a suite prove its checks: a guard against demands nobody can meet."""

from desktop.domain.base import Value
from desktop.domain.run import Outcome, StopReason
from desktop.domain.suite import Case, Suite
from desktop.scoring.registry import score_answer

# Examples are whole answers: one that only thinks was not cut off.
_WHOLE = StopReason.END_OF_ANSWER
# A refusal where an answer is wanted is as bad as a wrong one, and so is silence.
_NOT_GOOD = (Outcome.FAILED, Outcome.REFUSED, Outcome.THINKING_ONLY)


class ExampleProblem(Value, frozen=True, kw_only=True):
    """A case whose checks and examples contradict each other: one sentence why."""

    case_id: str
    message: str


def check_examples(suite: Suite) -> tuple[ExampleProblem, ...]:
    """Return the cases whose good example fails, whose bad one passes, or whose checks fail."""
    return tuple(
        ExampleProblem(case_id=case.id, message=message)
        for case in suite.cases
        for message in _problems(case)
    )


def _problems(case: Case) -> list[str]:
    problems = []
    if case.passing_example is not None:
        outcome, _, scores = score_answer(case.passing_example, case, stop_reason=_WHOLE)
        if outcome is not Outcome.PASSED:
            reason = next(score.explanation for score in scores if not score.passed)
            problems.append(f'The passing example of "{case.id}" does not pass. {reason}')
    if case.failing_example is not None:
        outcome, _, _ = score_answer(case.failing_example, case, stop_reason=_WHOLE)
        if outcome not in _NOT_GOOD:
            problems.append(f'The failing example of "{case.id}" does not fail.')
    return problems
