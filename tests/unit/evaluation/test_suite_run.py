"""A model answers a suite: what is stored, what is told, and what survives a lost engine."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from desktop.domain.events import (
    AnswerFinished,
    AnswerGrew,
    AnswerStarted,
    EngineLost,
    Progress,
    RunEvent,
    RunFinished,
    RunStarted,
)
from desktop.domain.language_model import LanguageModel
from desktop.domain.run import Outcome, RunStatus
from desktop.domain.suite import Check
from desktop.errors import Cancelled, EngineFault, EnvironmentFault, UserError
from desktop.evaluation.evaluator import RunLife
from desktop.inference.engine import Engine, GenerationEvent, LoadModel, ModelLoaded, Prompt
from desktop.inference.scripted import (
    EngineScript,
    ScriptedEngine,
    ScriptedFault,
    ScriptedReply,
)
from tests.unit.evaluation.bench import Bench, answer_all, make_case, make_run, make_suite


def test_every_case_is_answered_scored_and_stored(bench: Bench) -> None:
    suite = make_suite(3)
    bench.scripts = [
        EngineScript(
            replies=(
                ScriptedReply(pattern="Question 2", text="no idea"),
                ScriptedReply(pattern="", text="yes indeed"),
            )
        )
    ]

    events = list(bench.carry_out(make_run(suite), suite))

    stored = {a.case_id: a for a in bench.recorder.answers}
    assert [stored[f"case-{n}"].outcome for n in (1, 2, 3)] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.PASSED,
    ]
    assert stored["case-1"].text == "yes indeed"
    assert stored["case-1"].generated_tokens == 2
    assert len(stored["case-1"].prompt_sha256) == 64
    final = events[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.FINISHED
    assert final.run.prompt_format == "chat_template"
    assert bench.recorder.runs["run"] == final.run
    assert bench.recorder.statuses[-1] is RunStatus.FINISHED
    assert any(m.test == "peak_resident" for m in bench.recorder.measurements)


def test_an_answer_is_stored_before_it_is_told(bench: Bench) -> None:
    suite = make_suite(2)
    for event in bench.carry_out(make_run(suite), suite):
        if isinstance(event, AnswerFinished):
            assert event.answer in bench.recorder.answers


def test_events_come_in_an_order_that_a_window_can_follow(bench: Bench) -> None:
    suite = make_suite(2)
    events = list(bench.carry_out(make_run(suite), suite))
    assert isinstance(events[0], RunStarted)
    of_first = [e for e in events if getattr(e, "case_id", "") == "case-1"]
    assert isinstance(of_first[0], AnswerStarted)
    assert "".join(e.text for e in of_first if isinstance(e, AnswerGrew)) == "yes"
    progress = [e for e in events if isinstance(e, Progress)]
    assert [(p.done, p.total) for p in progress] == [(0, 2), (1, 2), (2, 2)]
    assert progress[-1].seconds_left == 0


def test_a_resumed_run_asks_only_what_is_left(bench: Bench) -> None:
    suite = make_suite(4)
    run = make_run(suite)
    list(bench.carry_out(run, make_suite(2)))
    events = list(bench.carry_out(run, suite))
    started = [e.case_id for e in events if isinstance(e, AnswerStarted)]
    assert started == ["case-3", "case-4"]
    assert isinstance(events[0], RunStarted)
    assert events[0].answers_kept == 2


def test_a_resumed_run_asks_again_what_ended_in_an_error(bench: Bench) -> None:
    suite = make_suite(2)
    run = make_run(suite)
    refuse = ScriptedReply(pattern="Question 2", fault=ScriptedFault.REFUSE)
    bench.scripts = [
        EngineScript(replies=(refuse, ScriptedReply(pattern="", text="yes"))),
        answer_all(),
    ]
    list(bench.carry_out(run, suite))
    assert {a.outcome for a in bench.recorder.answers} == {Outcome.PASSED, Outcome.ERROR}

    list(bench.carry_out(run, suite))

    assert {a.outcome for a in bench.recorder.answers} == {Outcome.PASSED}
    assert len(bench.recorder.answers) == 2


def test_a_refused_prompt_is_an_error_with_its_cause_and_the_others_go_on(bench: Bench) -> None:
    suite = make_suite(3)
    bench.scripts = [
        EngineScript(
            replies=(
                ScriptedReply(pattern="Question 2", fault=ScriptedFault.REFUSE),
                ScriptedReply(pattern="", text="yes"),
            )
        )
    ]
    list(bench.carry_out(make_run(suite), suite))
    stored = {a.case_id: a for a in bench.recorder.answers}
    assert stored["case-2"].outcome is Outcome.ERROR
    assert "refuse" in stored["case-2"].problem
    assert stored["case-3"].outcome is Outcome.PASSED


def _dying(question: int) -> EngineScript:
    return EngineScript(
        replies=(
            ScriptedReply(
                pattern=f"Question {question}",
                text="yes and more",
                fault=ScriptedFault.DIE,
                tokens_before_fault=1,
            ),
            ScriptedReply(pattern="", text="yes"),
        )
    )


@pytest.mark.parametrize("parallel", [1, 3])
def test_an_engine_lost_once_costs_nothing_but_is_told(bench: Bench, parallel: int) -> None:
    suite = make_suite(4)
    bench.scripts = [_dying(2), answer_all()]
    events = list(bench.carry_out(make_run(suite, parallel=parallel), suite))
    stored = {a.case_id: a for a in bench.recorder.answers}
    assert {a.outcome for a in stored.values()} == {Outcome.PASSED}
    assert len(bench.recorder.answers) == 4
    assert "asked again in a new process" in stored["case-2"].problem
    assert len([e for e in events if isinstance(e, EngineLost)]) == 1
    assert "die" in bench.recorder.runs["run"].problem
    assert len(bench.engines) == 2


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_case_that_always_kills_the_engine_costs_itself_only(bench: Bench, parallel: int) -> None:
    suite = make_suite(5)
    bench.scripts = [_dying(2)]
    events = list(bench.carry_out(make_run(suite, parallel=parallel), suite))
    outcomes = {a.case_id: a.outcome for a in bench.recorder.answers}
    assert outcomes.pop("case-2") is Outcome.ERROR
    assert set(outcomes.values()) == {Outcome.PASSED}
    assert len(outcomes) == 4
    assert isinstance(events[-1], RunFinished)
    assert events[-1].run.status is RunStatus.FINISHED


def test_a_model_that_never_gets_anywhere_is_given_up(bench: Bench) -> None:
    suite = make_suite(40)
    bench.scripts = [EngineScript(replies=(ScriptedReply(pattern="", fault=ScriptedFault.DIE),))]
    events = list(bench.carry_out(make_run(suite), suite))
    final = events[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.FAILED
    assert "die" in final.run.problem
    assert len(bench.engines) < 10


def test_a_model_that_cannot_be_loaded_fails_the_run_in_words(bench: Bench) -> None:
    suite = make_suite(2)
    bench.scripts = [EngineScript(load_problem="The architecture 'foo' is not known.")]
    events = list(bench.carry_out(make_run(suite), suite))
    final = events[-1]
    assert isinstance(final, RunFinished)
    assert (final.run.status, final.run.problem) == (
        RunStatus.FAILED,
        "The architecture 'foo' is not known.",
    )
    assert bench.recorder.answers == []


def test_a_model_file_that_is_gone_fails_the_run(bench: Bench) -> None:
    suite = make_suite(1)

    def check(_: LanguageModel) -> LanguageModel:
        raise UserError("The model file is gone.", remedy="Put it back.")

    life = RunLife(make_run(suite), suite, bench.workshop(), check)
    final = list(life.carry_out())[-1]
    assert isinstance(final, RunFinished)
    assert final.run.problem == "The model file is gone. Put it back."


def test_cancelled_while_the_file_is_checked(bench: Bench) -> None:
    suite = make_suite(1)

    def check(_: LanguageModel) -> LanguageModel:
        bench.control.cancel()
        raise Cancelled

    life = RunLife(make_run(suite), suite, bench.workshop(), check)
    final = list(life.carry_out())[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.CANCELLED


def test_a_database_that_cannot_be_written_is_not_taken_for_the_models_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = make_suite(1)

    def refuse(_: object) -> None:
        raise EnvironmentFault("The disk is full.")

    monkeypatch.setattr(bench.recorder, "add_answer", refuse)
    with pytest.raises(EnvironmentFault):
        list(bench.carry_out(make_run(suite), suite))


def _until(events: Iterator[RunEvent], kind: type[RunEvent], count: int = 1) -> list[RunEvent]:
    seen = []
    for event in events:
        seen.append(event)
        count -= isinstance(event, kind)
        if not count:
            break
    return seen


@pytest.mark.parametrize(
    ("end", "status"), [("cancel", RunStatus.CANCELLED), ("close", RunStatus.INTERRUPTED)]
)
def test_an_end_from_outside_keeps_what_there_is(bench: Bench, end: str, status: RunStatus) -> None:
    suite = make_suite(4)
    events = bench.carry_out(make_run(suite), suite)
    _until(events, AnswerFinished, 2)
    getattr(bench.control, end)()
    final = list(events)[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is status
    assert 2 <= len(bench.recorder.answers) < 4

    bench.control = type(bench.control)()
    list(bench.carry_out(final.run, suite))
    assert len(bench.recorder.answers) == 4


def test_a_cancel_after_the_last_answer_is_too_late(bench: Bench) -> None:
    suite = make_suite(2)
    events = bench.carry_out(make_run(suite), suite)
    _until(events, AnswerFinished, 2)
    bench.control.cancel()
    final = list(events)[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.FINISHED


def test_a_case_that_takes_too_long_is_an_error_and_the_others_are_answered(bench: Bench) -> None:
    hang = ScriptedReply(pattern="Question 2", fault=ScriptedFault.HANG)
    bench.scripts = [EngineScript(replies=(hang, ScriptedReply(pattern="", text="yes")))]
    suite = make_suite(3)
    list(bench.carry_out(make_run(suite, timeout=0.3), suite))
    stored = {a.case_id: a for a in bench.recorder.answers}
    assert stored["case-2"].outcome is Outcome.ERROR
    assert "0.3 seconds" in stored["case-2"].problem
    assert {stored[case].outcome for case in ("case-1", "case-3")} == {Outcome.PASSED}


@pytest.mark.parametrize("at", ["load", "generate"])
def test_an_engine_that_is_ended_by_a_pause_is_nobodys_fault(bench: Bench, at: str) -> None:
    class Stubborn(ScriptedEngine):
        """Does not stop when asked, so that its process is ended."""

        def _stop(self, name: str) -> None:
            if name == at and len(engines) == 1:
                bench.control.pause()
                timer.start()
                raise EngineFault("It did not stop, and was ended.", process_ended=True)

        def load(self, request: LoadModel) -> ModelLoaded:
            self._stop("load")
            return super().load(request)

        def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
            events = super().generate(prompts)
            yield next(events)
            self._stop("generate")
            yield from events

    engines: list[Engine] = []

    def start() -> Engine:
        engines.append(Stubborn(answer_all()))
        return engines[-1]

    timer = threading.Timer(0.2, bench.control.proceed)
    suite = make_suite(2)
    life = RunLife(make_run(suite), suite, bench.workshop(start), bench.check_model)
    final = list(life.carry_out())[-1]
    timer.join()
    assert isinstance(final, RunFinished)
    assert (final.run.status, final.run.problem) == (RunStatus.FINISHED, "")
    assert {a.problem for a in bench.recorder.answers} == {""}
    assert len(engines) == 2


def test_repeats_are_asked_with_seeds_of_their_own(bench: Bench) -> None:
    suite = make_suite(2)
    seeds: list[tuple[str, int]] = []

    class Watching(ScriptedEngine):
        def generate(self, prompts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            seeds.extend((p.key, p.sampling.seed) for p in prompts)
            return super().generate(prompts)

    def start() -> Engine:
        return Watching(answer_all())

    run = make_run(suite, repeats=3, temperature=0.7)
    list(RunLife(run, suite, bench.workshop(start), bench.check_model).carry_out())
    assert len(bench.recorder.answers) == 6
    assert {a.repeat for a in bench.recorder.answers} == {0, 1, 2}
    assert sorted(seed for _, seed in seeds) == [7, 7, 8, 8, 9, 9]


def test_the_system_prompt_is_the_runs_then_the_suites_unless_the_case_has_one(
    bench: Bench,
) -> None:
    suite = msgspec.structs.replace(make_suite(1), system_prompt="Be of the suite.")
    of_suite = list(bench.carry_out(make_run(suite), suite))
    assert of_suite
    first = bench.recorder.answers.pop().prompt_sha256
    list(bench.carry_out(make_run(suite, system_prompt="Be of the run."), suite))
    second = bench.recorder.answers.pop().prompt_sha256
    list(bench.carry_out(make_run(suite, system_prompt=""), suite))
    third = bench.recorder.answers.pop().prompt_sha256
    assert len({first, second, third}) == 3


def test_a_suite_run_without_its_suite_fails_in_words(bench: Bench) -> None:
    suite = make_suite(1)
    final = list(bench.carry_out(make_run(suite), None))[-1]
    assert isinstance(final, RunFinished)
    assert final.run.status is RunStatus.FAILED
    assert "is gone" in final.run.problem


def test_an_answer_that_no_scorer_can_judge_is_an_error(bench: Bench) -> None:
    suite = msgspec.structs.replace(
        make_suite(1),
        cases=(msgspec.structs.replace(make_case(1), checks=(_unknown_check(),)),),
    )
    list(bench.carry_out(make_run(suite), suite))
    (answer,) = bench.recorder.answers
    assert answer.outcome is Outcome.ERROR
    assert answer.problem
    assert answer.text == "yes"


def _unknown_check() -> Check:
    return msgspec.structs.replace(make_case(1).checks[0], kind="telepathy")
