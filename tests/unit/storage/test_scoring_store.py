"""Further sets of scores beside those that a run was stored with."""

from collections.abc import Callable

import msgspec
import pytest

from desktop.domain.answer import Answer, Score
from desktop.domain.base import new_id
from desktop.domain.rescoring import ScoredAnswer, Scoring
from desktop.domain.run import Outcome, Run, RunCounts, RunStatus, SuiteReference
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.storage.database import Database
from tests.unit.storage.conftest import WHEN

Maker = Callable[..., Answer]
NEW = (Score(check="gsm8k", passed=False, score=0.0, explanation="Expected 5."),)


@pytest.fixture(name="stored")
def fixture_stored(
    database: Database, suite: Suite, make_suite_run: Callable[..., Run], make_answer: Maker
) -> tuple[Run, tuple[Answer, ...]]:
    run = make_suite_run()
    answers = tuple(make_answer(run, repeat=repeat) for repeat in range(2))
    database.runs.add_suite(suite)
    database.runs.add_runs([run])
    for answer in answers:
        database.runs.add_answer(answer)
    return run, answers


def finish(database: Database, run: Run) -> None:
    database.runs.update_run(msgspec.structs.replace(run, status=RunStatus.FINISHED))


def make_scoring(run: Run, suite: Suite) -> Scoring:
    reference = SuiteReference(
        id=suite.id, title=suite.title, version="2", sha256=suite.sha256, cases=1
    )
    return Scoring(
        id=new_id(),
        run_id=run.id,
        suite=reference,
        made_at=WHEN,
        counts=RunCounts(cases=2, failed=2),
        name="stricter",
    )


def fail(answers: tuple[Answer, ...]) -> list[ScoredAnswer]:
    return [
        ScoredAnswer(answer_id=each.id, outcome=Outcome.FAILED, score=0.0, scores=NEW)
        for each in answers
    ]


def test_new_scores_lie_beside_the_old(
    database: Database, suite: Suite, stored: tuple[Run, tuple[Answer, ...]]
) -> None:
    run, answers = stored
    finish(database, run)
    scoring = make_scoring(run, suite)
    database.scorings.add_scoring(scoring, fail(answers))

    assert database.scorings.list_scorings(run.id) == (scoring,)
    assert database.runs.load_answers(run.id) == answers
    found = database.scorings.load_answers(scoring.id)
    assert found == tuple(
        msgspec.structs.replace(each, outcome=Outcome.FAILED, score=0.0, scores=NEW)
        for each in answers
    )

    database.scorings.delete_scoring(scoring.id)
    assert database.scorings.list_scorings(run.id) == ()
    assert database.runs.load_answers(run.id) == answers


def test_they_go_with_their_run(
    database: Database, suite: Suite, stored: tuple[Run, tuple[Answer, ...]]
) -> None:
    run, answers = stored
    finish(database, run)
    scoring = make_scoring(run, suite)
    database.scorings.add_scoring(scoring, fail(answers))
    database.runs.delete_runs([run.id])
    database.runs.purge_deleted()
    with pytest.raises(UserError, match="no set of scores"):
        database.scorings.load_answers(scoring.id)


def test_a_run_under_way_and_foreign_answers_are_refused(
    database: Database, suite: Suite, stored: tuple[Run, tuple[Answer, ...]]
) -> None:
    run, answers = stored
    scoring = make_scoring(run, suite)
    with pytest.raises(UserError, match="under way"):
        database.scorings.add_scoring(scoring, fail(answers))
    finish(database, run)
    stranger = msgspec.structs.replace(answers[0], id=new_id())
    with pytest.raises(UserError, match="not one of run"):
        database.scorings.add_scoring(scoring, fail((stranger,)))
    assert database.scorings.list_scorings(run.id) == ()
