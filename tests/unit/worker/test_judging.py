"""Judge models and people decide what a stored run left open; the old scores stay."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.domain.answer import Answer
from desktop.domain.base import new_id, utc_now
from desktop.domain.rescoring import Rating
from desktop.domain.run import Outcome, Run, RunStatus, StopReason
from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.errors import EngineFault, UserError
from desktop.evaluation.judge_model import EngineJudge
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedFault, ScriptedReply
from desktop.scoring.registry import score_answer
from desktop.settings.store import SettingsStore
from desktop.storage.database import Database
from desktop.worker.library import MemoryAccountant
from desktop.worker.local_operations import LocalOperations
from tests.unit.evaluation.bench import make_model, make_run, render_plainly

KIND = Check(kind="judge", expected="It is kind.")
SCRIPT = EngineScript(
    replies=(
        ScriptedReply(pattern="Hello, dear", text="Very. GRADE: 5"),
        ScriptedReply(pattern="(?s)Go away.*down to", text="GRADE: 5"),
        ScriptedReply(pattern="Go away", text="GRADE: 1"),
        ScriptedReply(pattern="", text="I like turtles."),
    )
)
TEXTS = ("Hello, dear!", "Go away!", "Hm.", "")


@pytest.fixture(name="database")
def fixture_database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened


def operate(database: Database, tmp_path: Path, script: EngineScript = SCRIPT) -> LocalOperations:
    def start() -> ScriptedEngine:
        return ScriptedEngine(script)

    def make_judge(model: object, **more: object) -> EngineJudge:
        return partial(EngineJudge, model, start, render_plainly)(**more)  # type: ignore[arg-type]

    return LocalOperations(
        database,
        SettingsStore(tmp_path / "settings.json"),
        MemoryAccountant(ScriptedEngine, lambda: 10**12),
        make_judge=make_judge,
    )


def make_suite(*checks: Check) -> Suite:
    message = Message(role=Role.USER, content="Greet me.")
    case = Case(id="greeting", title="Greeting", messages=(message,), checks=checks)
    return Suite(id="tone", title="Tone", version="1", cases=(case,), sha256="7" * 64)


def add_run(
    database: Database, *checks: Check, status: RunStatus = RunStatus.FINISHED
) -> tuple[Run, tuple[Answer, ...]]:
    suite = make_suite(*checks)
    run = replace(make_run(suite, repeats=len(TEXTS)), id=new_id())
    database.runs.add_suite(suite)
    database.runs.add_runs([run])
    for repeat, text in enumerate(TEXTS):
        outcome, score, scores = score_answer(text, suite.cases[0])
        answer = Answer(
            id=new_id(),
            run_id=run.id,
            case_id="greeting",
            repeat=repeat,
            text=text,
            outcome=outcome,
            score=score,
            scores=scores,
            stop_reason=StopReason.END_OF_ANSWER,
            finished_at=utc_now(),
        )
        database.runs.add_answer(answer)
    database.runs.update_run(replace(run, status=status))
    return run, database.runs.load_answers(run.id)


def test_a_judge_decides_beside_the_old_scores_and_its_agreement_is_kept(
    database: Database, tmp_path: Path
) -> None:
    run, before = add_run(database, KIND)
    operations, told = operate(database, tmp_path), list[tuple[int, int]]()
    scoring, answers = operations.judge_run(
        run.id, make_model(), name="kind?", on_progress=lambda *done: told.append(done)
    )
    assert [answer.outcome for answer in answers] == [
        *(Outcome.PASSED, Outcome.FAILED, Outcome.OPEN, Outcome.FAILED)
    ]
    assert "does not agree with itself: 1, and 5" in answers[1].scores[0].explanation
    assert "Still open: Tiny gave no verdict" in answers[2].scores[0].explanation
    assert (scoring.judge, scoring.name) == ("Tiny", "kind?")
    assert (scoring.judge_opinions, scoring.judge_agreements) == (2, 1)
    assert scoring.judge_agreement == pytest.approx(0.5)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert operations.list_scorings(run.id) == (scoring,)
    assert operations.load_scoring(scoring.id) == answers
    assert database.runs.load_answers(run.id) == before


def test_another_suite_of_the_same_questions_may_bring_the_judge(
    database: Database, tmp_path: Path
) -> None:
    run, _ = add_run(database, Check(kind="contains", expected="Hello"))
    operations = operate(database, tmp_path)
    with pytest.raises(UserError, match="waits for a judge"):
        operations.judge_run(run.id, make_model())
    suite = replace(make_suite(KIND), sha256="8" * 64)
    scoring, _ = operations.judge_run(run.id, make_model(), suite=suite)
    assert scoring.suite.sha256 == suite.sha256


def test_nothing_is_judged_while_a_run_is_under_way(database: Database, tmp_path: Path) -> None:
    run, _ = add_run(database, KIND)
    add_run(database, KIND, status=RunStatus.RUNNING)
    with pytest.raises(UserError, match="would disturb"):
        operate(database, tmp_path).judge_run(run.id, make_model())


def test_a_judge_that_is_lost_again_and_again_leaves_the_old_scores_alone(
    database: Database, tmp_path: Path
) -> None:
    run, before = add_run(database, KIND)
    reply = ScriptedReply(pattern="", text="Well", fault=ScriptedFault.DIE)
    with pytest.raises(EngineFault, match="told the engine to die"):
        operate(database, tmp_path, EngineScript(replies=(reply,))).judge_run(run.id, make_model())
    assert database.scorings.list_scorings(run.id) == ()
    assert database.runs.load_answers(run.id) == before


RATING = Check(kind="rating", expected="Is it kind?")


def test_ratings_build_on_what_the_judge_decided_and_say_who_gave_them(
    database: Database, tmp_path: Path
) -> None:
    run, before = add_run(database, KIND, RATING)
    operations = operate(database, tmp_path)
    operations.judge_run(run.id, make_model())
    first = [
        Rating(case_id="greeting", rating=5, note="Warm."),
        Rating(case_id="greeting", repeat=2, check=0, rating=4),
    ]
    operations.rate_run(run.id, first, person=" Ann  B. ")
    second = [Rating(case_id="greeting", repeat=1, rating=2)]
    scoring, answers = operations.rate_run(run.id, second, person="Cem", name="by us")
    assert [answer.outcome for answer in answers] == [
        *(Outcome.PASSED, Outcome.FAILED, Outcome.OPEN, Outcome.FAILED)
    ]
    assert answers[0].scores[1].explanation == "Ann B. rates this 5 of 5; 4 is wanted. Warm."
    assert "Ann B. rates this 4" in answers[2].scores[0].explanation
    assert (scoring.rated_by, scoring.judge, scoring.name) == ("Ann B., Cem", "Tiny", "by us")
    assert (scoring.judge_opinions, scoring.judge_agreements) == (2, 1)
    assert len(operations.list_scorings(run.id)) == 3
    assert database.runs.load_answers(run.id) == before
    _, judged = operations.judge_run(run.id, make_model())
    assert judged[0].scores[1].passed


@pytest.mark.parametrize(
    ("rating", "words"),
    [
        (Rating(case_id="greetings", rating=3), "no answer for the rating of case greetings"),
        (Rating(case_id="greeting", repeat=9, rating=3), "repeat 9"),
        (Rating(case_id="greeting", rating=6), "from 1 to 5, not 6, in the rating of case"),
        (Rating(case_id="greeting", rating=float("nan")), "from 1 to 5"),
        (Rating(case_id="greeting", check=2, rating=3), "names check 2"),
        (Rating(case_id="greeting", check=-1, rating=3), "names check -1"),
    ],
)
def test_ratings_that_fit_nothing_are_refused_and_nothing_is_kept(
    database: Database, tmp_path: Path, rating: Rating, words: str
) -> None:
    run, _ = add_run(database, KIND, RATING)
    operations = operate(database, tmp_path)
    good = Rating(case_id="greeting", repeat=1, rating=3)
    with pytest.raises(UserError, match=words):
        operations.rate_run(run.id, [good, rating], person="Ann")
    with pytest.raises(UserError, match="rated twice"):
        operations.rate_run(run.id, [good, good], person="Ann")
    with pytest.raises(UserError, match="Nobody is named"):
        operations.rate_run(run.id, [good], person=" ")
    assert operations.list_scorings(run.id) == ()
