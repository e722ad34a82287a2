"""A stored run scored again: its answers are loaded, judged and kept with their new scores."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.rescoring import Scoring
from desktop.domain.run import RunCounts
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.evaluation.evaluator import refer_to
from desktop.scoring.kind import Verdict
from desktop.scoring.rescoring import check_same_questions, rescore
from desktop.storage.database import Database
from desktop.worker.operations import RunDetails


def rescore_run(
    database: Database,
    details: RunDetails,
    suite: Suite,
    *,
    name: str = "",
    judge: str = "",
    rated_by: str = "",
    decided: Mapping[str, Mapping[int, Verdict]] | None = None,
) -> tuple[Scoring, tuple[Answer, ...]]:
    """Return the new set of scores and the answers with it; see `Operations.rescore_run`."""
    check_same_questions(require_answers(details), suite, details.answers)
    results = rescore(details.answers, suite, decided)
    agreed = [s.agreed for each in results for s in each.scores if s.agreed is not None]
    scoring = Scoring(
        id=new_id(),
        run_id=details.run.id,
        suite=refer_to(suite),
        made_at=utc_now(),
        counts=RunCounts.of_outcomes(Counter(each.outcome for each in results), len(results)),
        name=name,
        judge=judge,
        judge_opinions=len(agreed),
        judge_agreements=sum(agreed),
        rated_by=rated_by,
    )
    database.runs.add_suite(suite)
    database.scorings.add_scoring(scoring, results)
    return scoring, tuple(
        msgspec.structs.replace(
            answer,
            outcome=result.outcome,
            score=result.score,
            scores=result.scores,
            problem=result.problem,
        )
        for answer, result in zip(details.answers, results, strict=True)
    )


def require_answers(details: RunDetails) -> Suite:
    """Return the suite of a run; raises `UserError` for one without answers to score."""
    if details.suite is None or not details.answers:
        raise UserError(
            f"Run {details.run.id[:8]} has no answers that could be scored.",
            remedy="Choose a run of a suite.",
        )
    return details.suite
