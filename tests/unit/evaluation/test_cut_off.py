"""Answers that were cut off while thinking, when a run goes on."""

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import new_id
from desktop.domain.events import RunStarted
from desktop.domain.run import Outcome, StopReason
from tests.unit.evaluation.bench import NOW, Bench, answer_all, make_run, make_suite


def test_they_are_not_asked_again(bench: Bench) -> None:
    """The same limits would cut them off at the same place."""
    suite = make_suite(3)
    run = make_run(suite)
    cut = Answer(
        id=new_id(),
        run_id=run.id,
        case_id="case-2",
        repeat=0,
        text="",
        outcome=Outcome.TRUNCATED,
        score=0.0,
        scores=(),
        stop_reason=StopReason.MAX_THINKING,
        finished_at=NOW,
    )
    failed = msgspec.structs.replace(cut, id=new_id(), case_id="case-3", outcome=Outcome.ERROR)
    bench.recorder.answers += [cut, failed]
    bench.scripts = [answer_all()]

    events = list(bench.carry_out(run, suite))

    assert [event.answers_kept for event in events if isinstance(event, RunStarted)] == [1]
    outcomes = {answer.case_id: answer.outcome for answer in bench.recorder.answers}
    assert outcomes == {
        "case-1": Outcome.PASSED,
        "case-2": Outcome.TRUNCATED,
        "case-3": Outcome.PASSED,
    }
