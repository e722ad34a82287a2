"""A stored run's open checks decided by a judge model, and kept as a further set of scores."""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeAlias

from desktop.domain.answer import Answer
from desktop.domain.language_model import LanguageModel
from desktop.domain.rescoring import Scoring
from desktop.domain.run import RunStatus
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.evaluation.judge_model import EngineJudge
from desktop.inference.engine import EngineFactory
from desktop.scoring.kind import Verdict
from desktop.scoring.rescoring import (
    ask_about_answers,
    check_same_questions,
    keep_decided,
    list_waiting,
)
from desktop.storage.database import Database
from desktop.worker.operations import RunDetails
from desktop.worker.rescoring import require_answers, rescore_run

OnProgress: TypeAlias = Callable[[int, int], None]


class MakeJudge(Protocol):
    """Makes a judge of a model; nothing is loaded yet."""

    def __call__(
        self,
        model: LanguageModel,
        *,
        settings: RunSettings,
        today: date,
        is_cancelled: Callable[[], bool],
    ) -> EngineJudge:
        """Return the judge."""


def make_judge(
    start_engine: EngineFactory,
    model: LanguageModel,
    *,
    settings: RunSettings,
    today: date,
    is_cancelled: Callable[[], bool],
) -> EngineJudge:
    """Return a judge whose engine is a process and whose template runs in another."""
    # Jinja comes with it, which most commands do without.
    from desktop.inference.chat_template import TemplateProcess  # noqa: PLC0415

    return EngineJudge(
        model,
        start_engine,
        TemplateProcess(),
        settings=settings,
        today=today,
        is_cancelled=is_cancelled,
    )


def judge_run(
    database: Database,
    details: RunDetails,
    suite: Suite | None,
    judge: EngineJudge,
    *,
    name: str = "",
    on_progress: OnProgress,
) -> tuple[Scoring, tuple[Answer, ...]]:
    """Return the new set of scores and the answers with it; see `Operations.judge_run`.

    Ratings that people gave under the same suite are kept; another judge's verdicts are not.
    """
    own = require_answers(details)
    suite = suite or own
    _require_quiet(database, details)
    check_same_questions(own, suite, details.answers)
    rated_by, decided = _keep_ratings(database, details, suite)
    waiting = len(list_waiting(details.answers, suite, "judge", decided))
    if not waiting:
        raise UserError(
            f"No answer of run {details.run.id[:8]} waits for a judge.",
            remedy="Choose a run of a suite with checks of the kind judge.",
        )
    on_progress(0, waiting)
    try:
        judge.open()
        said = ask_about_answers(judge, details.answers, suite, decided)
        for done, (answer, place, verdict) in enumerate(said, start=1):
            decided.setdefault(answer.id, {})[place] = verdict
            on_progress(done, waiting)
    finally:
        judge.close()
    return rescore_run(
        database, details, suite, name=name, judge=judge.name, rated_by=rated_by, decided=decided
    )


def _require_quiet(database: Database, details: RunDetails) -> None:
    """Refuse before hours of work what could not be kept, or would disturb a measurement."""
    if database.read_only:
        raise EnvironmentFault(
            "Verdicts can't be kept, the database is open for reading only.",
            remedy=database.read_only_reason,
        )
    under_way = details.run.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    if under_way or database.runs.has_running():
        raise UserError(
            "A judge would disturb the run that is under way.", remedy="Wait for its end."
        )


def _keep_ratings(
    database: Database, details: RunDetails, suite: Suite
) -> tuple[str, dict[str, dict[int, Verdict]]]:
    """Return who rated last under this suite, and the verdicts."""
    scorings = database.scorings.list_scorings(details.run.id)
    for scoring in reversed(scorings):
        if scoring.suite.sha256 == suite.sha256 and scoring.rated_by:
            answers = database.scorings.load_answers(scoring.id)
            return scoring.rated_by, keep_decided(answers, suite, {"rating"})
    return "", {}
