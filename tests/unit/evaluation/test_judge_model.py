"""A judge model over an engine: what it is asked, and what becomes of bad replies."""

from collections.abc import Iterator, Sequence

import pytest

from desktop.domain.settings import RunSettings
from desktop.domain.suite import Check, Message, Role
from desktop.errors import Cancelled, EngineFault
from desktop.evaluation.judge_model import REPLY_TOKENS, EngineJudge
from desktop.inference.engine import Engine, GenerationEvent, Prompt
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedFault, ScriptedReply
from desktop.scoring.judging import ask_judge
from desktop.scoring.kind import ScorerFault
from tests.unit.evaluation.bench import NOW, make_model, render_plainly

ASKED = (Message(role=Role.USER, content="Is this kind?"),)


class Watched(ScriptedEngine):
    """Keeps the prompts."""

    def __init__(self, script: EngineScript) -> None:
        super().__init__(script)
        self.prompts: list[Prompt] = []
        self.closed = False

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        self.prompts += prompts
        return super().generate(prompts)

    def close(self) -> None:
        self.closed = True
        super().close()


class Engines:
    """Starts one engine after another, each by the next script; the last goes on."""

    def __init__(self, *scripts: EngineScript) -> None:
        self.scripts = list(scripts)
        self.made: list[Watched] = []

    def __call__(self) -> Engine:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.made.append(Watched(script))
        return self.made[-1]


def say(text: str, **more: object) -> EngineScript:
    fault = more.pop("fault", ScriptedFault.NONE)
    reply = ScriptedReply(pattern="", text=text, fault=fault)  # type: ignore[arg-type]
    return EngineScript(replies=(reply,), **more)  # type: ignore[arg-type]


DIES = say("Well", fault=ScriptedFault.DIE)


def make(engines: Engines, settings: RunSettings | None = None, **more: object) -> EngineJudge:
    judge = EngineJudge(
        make_model(),
        engines,
        render_plainly,
        settings=settings or RunSettings(),
        today=NOW.date(),
        **more,  # type: ignore[arg-type]
    )
    judge.open()
    return judge


def test_it_is_asked_greedily_by_its_template_and_both_ways_round() -> None:
    engines = Engines(say("It is. GRADE: 4"))
    judge = make(engines)
    opinion = ask_judge(judge, "Say hello.", "Hello!", Check(kind="judge", expected="It is kind."))
    (engine,) = engines.made
    assert opinion.verdict.passed
    assert opinion.agreed
    assert "from 1" in engine.prompts[0].text
    assert "down to 1" in engine.prompts[1].text
    assert {prompt.sampling.temperature for prompt in engine.prompts} == {0.0}
    assert all(prompt.has_special_tokens for prompt in engine.prompts)


def test_a_model_without_a_template_is_stopped_where_it_asks_itself() -> None:
    engines = Engines(say("GRADE: 4\nQuestion: why?", has_chat_template=False))
    assert make(engines).ask(ASKED) == "GRADE: 4"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (say("so " * 2 * REPLY_TOKENS + "GRADE: 5"), f"cut off after {REPLY_TOKENS} tokens"),
        (say("GRADE: 5", fault=ScriptedFault.REFUSE), "could not be asked: The script says"),
        (say("GRADE: 5", trained_context=2), "the context holds 2"),
    ],
)
def test_what_is_no_whole_reply_is_no_verdict(script: EngineScript, words: str) -> None:
    with pytest.raises(ScorerFault, match=words):
        make(Engines(script)).ask(ASKED)


def test_a_judge_that_hangs_is_given_up_after_its_time() -> None:
    engines = Engines(say("GRADE: 5", fault=ScriptedFault.HANG))
    judge = make(engines, RunSettings(case_timeout_seconds=0.05))
    with pytest.raises(ScorerFault, match=r"within 0\.05 seconds"):
        judge.ask(ASKED)


def test_an_engine_that_is_lost_once_is_started_again() -> None:
    engines = Engines(DIES, say("GRADE: 2"))
    judge = make(engines)
    assert judge.ask(ASKED) == "GRADE: 2"
    assert [engine.closed for engine in engines.made] == [True, False]
    judge.close()
    assert engines.made[1].closed


def test_a_question_that_loses_the_engine_twice_stays_open_and_three_of_them_end_it() -> None:
    engines = Engines(DIES)
    judge = make(engines)
    for _ in range(2):
        with pytest.raises(ScorerFault, match="gave no verdict, twice"):
            judge.ask(ASKED)
    with pytest.raises(EngineFault, match="told the engine to die"):
        judge.ask(ASKED)
    assert all(engine.closed for engine in engines.made)


def test_a_model_that_cannot_be_loaded_is_told_and_its_engine_closed() -> None:
    engines = Engines(say("", load_problem="This file is broken."))
    with pytest.raises(EngineFault, match="broken"):
        make(engines)
    assert engines.made[0].closed


def test_cancelling_ends_the_question() -> None:
    with pytest.raises(Cancelled):
        make(Engines(say("GRADE: 5")), is_cancelled=lambda: True).ask(ASKED)
