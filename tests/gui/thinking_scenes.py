"""A model that thinks first among others that don't: stored, compared, and in the middle of it."""

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.comparison import Comparison
from desktop.domain.events import AnswerFinished, AnswerGrew, AnswerStarted, Progress
from desktop.domain.run import EvaluationPlan, PlannedRun, Run, StopReason
from desktop.domain.settings import RunSettings
from desktop.reports.comparison import compare_runs
from desktop.reports.records import RunRecord
from desktop.scoring.registry import score_answer
from tests.gui.fakes import FakeQueue
from tests.gui.samples import (
    NOW,
    make_answers,
    make_case_id,
    make_measurement,
    make_models,
    make_run,
    make_suite,
)
from tests.gui.scenes import begin_run

THOUGHTS = (
    "Okay, let me look at what is asked here. The user wants an answer in a certain form, so I "
    "should first find out what the form is and then what belongs in it.\n\n"
    "The text names two figures. One of them is net, the other is the total that is due. Wait, "
    "is there a third one? Yes, the tax, but nobody asked for it.\n\n"
    "So the answer should hold the total and the currency, and nothing else. Let me check the sum "
    "once more: it fits. "
)
CUT_OFF = ("Count the e's", "Three bullets, no verbs", "Date 90 days after 14 March")


def add_thinking(answer: Answer) -> Answer:
    """Return an answer with thinking before it; three of the cases never get beyond it."""
    if answer.case_id not in {make_case_id(title) for title in CUT_OFF}:
        return msgspec.structs.replace(
            answer, thinking=THOUGHTS, thinking_tokens=112, generated_tokens=136, seconds=4.4
        )
    case = next(case for case in make_suite().cases if case.id == answer.case_id)
    stop = StopReason.MAX_THINKING
    outcome, score, scores = score_answer("", case, stop_reason=stop, thinking=THOUGHTS)
    return msgspec.structs.replace(
        answer,
        text="",
        outcome=outcome,
        score=score,
        scores=scores,
        stop_reason=stop,
        thinking=THOUGHTS * 30,
        thinking_tokens=4096,
        generated_tokens=4096,
        seconds=131.0,
    )


def make_thinking_comparison() -> Comparison:
    """Return a real comparison of three models, the first of which thinks."""
    records = []
    for position, model in enumerate(make_models()):
        run = make_run(model, suite=make_suite())
        answers = make_answers(run, position)
        if position == 0:
            answers = tuple(add_thinking(answer) for answer in answers)
        speed = make_measurement(run.id, "tg128", (31.2, 110.4, 194.3)[position])
        probe = make_run(model)
        records += [
            RunRecord(run=run, suite=make_suite(), answers=answers),
            RunRecord(run=probe, measurements=(speed,)),
        ]
    return compare_runs(records, title="Starter suite, three models", created_at=NOW)


def play_thinking(queue: FakeQueue) -> Run:
    """Tell a run of a model that thinks: some answers, one of them cut off, and two under way."""
    planned = PlannedRun(model=make_models()[0], settings=RunSettings(), suite=make_suite())
    plan = EvaluationPlan(id="plan-thinking", title="Thinking model", runs=(planned,))
    (queued,) = queue.submit(plan)
    run = begin_run(queue, queued)
    for number, answer in enumerate(make_answers(run, 0)[:5]):
        queue.tell(
            AnswerStarted(run_id=run.id, case_id=answer.case_id),
            AnswerFinished(run_id=run.id, answer=add_thinking(answer)),
            Progress(run_id=run.id, done=number + 1, total=36, seconds_left=600.0 - number),
        )
    writing, thinking = make_case_id("Classify the complaint"), make_case_id("17 % of 2,340")
    for case_id in (writing, thinking):
        queue.tell(AnswerStarted(run_id=run.id, case_id=case_id))
        for part in THOUGHTS.splitlines(keepends=True):
            queue.tell(AnswerGrew(run_id=run.id, case_id=case_id, text=part, is_thinking=True))
    queue.tell(AnswerGrew(run_id=run.id, case_id=writing, text="deliv"))
    return run
