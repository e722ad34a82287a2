"""Cases that likelihood decides, in a run."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from desktop.domain.answer import Answer
from desktop.domain.events import EngineLoaded, EngineLost, RunEvent
from desktop.domain.run import Outcome, RunStatus
from desktop.domain.suite import Case, Continuation, FewShot, Metric, Suite
from desktop.evaluation.evaluator import RunLife
from desktop.inference.engine import Conversation
from desktop.inference.scripted import EngineScript, ScriptedFault, ScriptedReply
from tests.unit.evaluation.bench import Bench, make_case, make_run, make_suite, render_plainly


def make_choice(number: int, *, metric: Metric = Metric.ACC, context: str = "") -> Case:
    asked = context or f"Question {number}?\nAnswer:"
    return Case(
        id=f"choice-{number}",
        title=f"Choice {number}",
        messages=(),
        checks=(),
        metric=metric,
        continuations=tuple(
            Continuation(context=asked, text=f" {text}", correct=text == "yes")
            for text in ("no", "yes", "perhaps")
        ),
    )


def suite_of(*cases: Case, few_shot: tuple[FewShot, ...] = ()) -> Suite:
    return msgspec.structs.replace(make_suite(1), cases=cases, few_shot=few_shot)


def carry_out(bench: Bench, suite: Suite) -> list[RunEvent]:
    return list(bench.carry_out(make_run(suite), suite))


def answers(bench: Bench) -> dict[str, Answer]:
    return {answer.case_id: answer for answer in bench.recorder.answers}


def test_every_case_is_decided_and_keeps_its_likelihoods(bench: Bench) -> None:
    events = carry_out(bench, suite_of(*(make_choice(n) for n in range(1, 6))))
    found = answers(bench)
    assert len(found) == 5
    for answer in found.values():
        assert len(answer.likelihoods) == 3
        values = [each.log_probability for each in answer.likelihoods]
        assert answer.text == ("no", "yes", "perhaps")[values.index(max(values))]
        assert (answer.outcome is Outcome.PASSED) == (answer.text == "yes")
        assert answer.scores[0].check == "acc"
        assert (answer.generated_tokens, answer.problem) == (0, "")
    assert bench.recorder.runs["run"].status is RunStatus.FINISHED
    (loaded,) = (event for event in events if isinstance(event, EngineLoaded))
    assert loaded.prompt_format == "running_text"
    context = "Question 1?\nAnswer:"
    assert found["choice-1"].prompt_sha256 == hashlib.sha256(context.encode()).hexdigest()


def test_written_and_decided_cases_stand_in_one_suite(bench: Bench) -> None:
    carry_out(bench, suite_of(make_case(1), make_choice(2), make_case(3)))
    assert bench.recorder.runs["run"].prompt_format == "chat_template"
    found = answers(bench)
    assert found["case-1"].text == "yes"
    assert found["choice-2"].likelihoods
    assert not found["case-3"].likelihoods


def test_contexts_that_differ_belong_to_one_case(bench: Bench) -> None:
    """WinoGrande's way: the context varies, the continuation doesn't."""
    pair = tuple(
        Continuation(context=f"The {name} was heavy, so the", text=" crane broke.", correct=right)
        for name, right in (("stone", True), ("feather", False))
    )
    case = msgspec.structs.replace(make_choice(1), continuations=pair)
    carry_out(bench, suite_of(case, make_choice(2)))
    assert len(answers(bench)["choice-1"].likelihoods) == 2


def test_worked_examples_come_first(bench: Bench) -> None:
    shots = FewShot(id="shots", text="Question 0?\nAnswer: yes\n\n")
    case = msgspec.structs.replace(make_choice(1), few_shot="shots")
    carry_out(bench, suite_of(case, few_shot=(shots,)))
    told = "Question 0?\nAnswer: yes\n\nQuestion 1?\nAnswer:"
    assert answers(bench)["choice-1"].prompt_sha256 == hashlib.sha256(told.encode()).hexdigest()


def render_with_an_end(conversations: Sequence[Conversation], **given: Any) -> Any:
    """Write what the bench writes, and begin the model's turn on a line of its own."""
    return tuple(
        msgspec.structs.replace(each, text=each.text + "\n")
        for each in render_plainly(conversations, **given)
    )


def test_a_chat_template_is_used_only_when_asked_for(bench: Bench) -> None:
    suite = suite_of(make_choice(1))
    run = make_run(suite)
    settings = msgspec.structs.replace(run.settings, likelihood_in_chat=True)
    run = msgspec.structs.replace(run, settings=settings)
    workshop = replace(bench.workshop(), render=render_with_an_end)
    list(RunLife(run, suite, workshop, bench.check_model).carry_out())
    told = "[user] Question 1?\nAnswer:\n(2026-11-21)\n"
    answer = answers(bench)["choice-1"]
    assert answer.prompt_sha256 == hashlib.sha256(told.encode()).hexdigest()
    assert answer.text in ("no", "yes", "perhaps")


def test_a_case_that_cant_be_scored_is_an_error_and_the_others_go_on(bench: Bench) -> None:
    refusal = ScriptedReply(pattern="Question 2", fault=ScriptedFault.REFUSE)
    bench.scripts[:] = [EngineScript(replies=(refusal,))]
    carry_out(bench, suite_of(*(make_choice(n) for n in range(1, 4))))
    found = answers(bench)
    assert found["choice-2"].outcome is Outcome.ERROR
    assert "refuse" in found["choice-2"].problem
    assert {found[f"choice-{n}"].outcome for n in (1, 3)} <= {Outcome.PASSED, Outcome.FAILED}


@pytest.mark.parametrize("deadly", [1, 20, 40])
def test_a_case_that_ends_the_engine_costs_itself_only(bench: Bench, deadly: int) -> None:
    death = ScriptedReply(pattern=f"Question {deadly}\\?", fault=ScriptedFault.DIE)
    bench.scripts[:] = [EngineScript(replies=(death,))]
    events = carry_out(bench, suite_of(*(make_choice(n) for n in range(1, 41))))
    found = answers(bench)
    assert len(found) == 40
    failed = [name for name, answer in found.items() if answer.outcome is Outcome.ERROR]
    assert failed == [f"choice-{deadly}"]
    assert any(isinstance(event, EngineLost) for event in events)
    assert bench.recorder.runs["run"].status is RunStatus.FINISHED


def test_repeats_and_a_second_start_ask_what_is_left(bench: Bench) -> None:
    suite = suite_of(make_choice(1), make_choice(2))
    carry_out(bench, suite)
    first = answers(bench)["choice-1"].id
    run = msgspec.structs.replace(bench.recorder.runs["run"], status=RunStatus.INTERRUPTED)
    list(bench.carry_out(run, suite_of(make_choice(1), make_choice(2), make_choice(3))))
    assert answers(bench)["choice-1"].id == first
    assert len(bench.recorder.answers) == 3


def test_a_text_is_measured_however_long_and_nothing_fails(bench: Bench) -> None:
    """A chat template does not touch it, and what the text is like is told in a sentence."""
    long = " ".join(f"word{n}" for n in range(6000))
    text = (Continuation(context="", text=long, correct=True),)
    case = msgspec.structs.replace(make_choice(1, metric=Metric.PERPLEXITY), continuations=text)
    suite = suite_of(case, make_choice(2))
    run = make_run(suite)
    settings = msgspec.structs.replace(run.settings, likelihood_in_chat=True)
    carried = msgspec.structs.replace(run, settings=settings)
    workshop = replace(bench.workshop(), render=render_with_an_end)
    list(RunLife(carried, suite, workshop, bench.check_model).carry_out())
    measured = answers(bench)["choice-1"]
    assert (measured.outcome, measured.problem, measured.text) == (Outcome.MEASURED, "", "")
    assert measured.likelihoods[0].tokens == 6000
    assert "over 6,000 tokens" in measured.scores[0].explanation
    assert measured.prompt_sha256 == hashlib.sha256(b"").hexdigest()
    assert answers(bench)["choice-2"].outcome.is_judged
