"""A run of a small suite on a real model in real processes, with a hand in every event."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import psutil

from desktop.domain.answer import Answer
from desktop.domain.events import EngineLost, RunEvent, RunFinished
from desktop.domain.language_model import LanguageModel
from desktop.domain.run import Outcome, Run, RunStatus
from desktop.domain.suite import Case, Message, Role
from desktop.evaluation.control import RunControl
from desktop.evaluation.evaluator import RunLife
from desktop.inference.engine import Engine, PromptRenderer
from desktop.worker.engine_process import EngineProcess, start_llama_engine
from tests.unit.evaluation.bench import (
    Bench,
    MemoryRecorder,
    make_case,
    make_run,
    make_suite,
    render_plainly,
)

LONG = "The sea was calm and the sky was clear that day. "  # 12 tokens
STORY = "Once upon a time there was a sailor."  # goes on for 400 tokens


@dataclass
class Story:
    """What came of a run."""

    run: Run
    answers: tuple[Answer, ...]
    losses: tuple[str, ...]

    @property
    def problems(self) -> str:
        """What the answers say about themselves."""
        return "\n".join(answer.problem for answer in self.answers)

    def answers_by_case(self) -> dict[str, Answer]:
        """Return the answers by the ids of their cases."""
        return {answer.case_id: answer for answer in self.answers}

    def answered(self) -> int:
        """How many cases have an answer that is no error."""
        return sum(answer.outcome is not Outcome.ERROR for answer in self.answers)


@dataclass
class RealBench:
    """Carries out runs one after another, each with a recorder of its own."""

    model: Path
    engines: list[EngineProcess] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)

    def start_engine(self) -> Engine:
        engine = start_llama_engine()
        self.ready.append(time.monotonic())
        self.engines.append(engine)
        return engine

    @property
    def pid(self) -> int:
        """The engine process that is at work."""
        return self.engines[-1].pid

    def carry_out(
        self,
        prompts: Iterable[str],
        on_event: Callable[[RunEvent], None] = lambda _: None,
        *,
        parallel: int | None = 1,
        max_tokens: int = 12,
        model: Path | None = None,
        start: Callable[[], Engine] | None = None,
        control: RunControl | None = None,
        render: PromptRenderer = render_plainly,
    ) -> Story:
        """Run a suite of these prompts to its end."""
        cases = tuple(_make_case(n, text, max_tokens) for n, text in enumerate(prompts, 1))
        suite = msgspec.structs.replace(make_suite(1), cases=cases)
        recorder = MemoryRecorder()
        life = RunLife(
            _make_run(make_run(suite), model or self.model, parallel),
            suite,
            replace(
                Bench(recorder, control or RunControl(), [], []).workshop(
                    start or self.start_engine
                ),
                render=render,
            ),
            _as_it_is,
        )
        losses, end = [], None
        for event in life.carry_out():
            if isinstance(event, EngineLost):
                losses.append(event.message)
            elif isinstance(event, RunFinished):
                end = event.run
            on_event(event)
        assert end is not None
        assert not any(psutil.pid_exists(engine.pid) for engine in self.engines)
        return Story(end, tuple(recorder.answers), tuple(losses))

    def seconds_to_new_process(self, lost_at: float) -> float:
        """Return how long after a loss the next engine was up."""
        return min(ready for ready in self.ready if ready > lost_at) - lost_at

    def close(self) -> None:
        for engine in self.engines:
            engine.close()


def check_complete(story: Story, cases: int) -> None:
    """A fault may cost no more than what it hit."""
    assert story.run.status is RunStatus.FINISHED, story.run.problem
    assert story.answered() == cases, story.problems


def _make_case(number: int, text: str, max_tokens: int) -> Case:
    case = make_case(number)
    return msgspec.structs.replace(
        case,
        messages=(Message(role=Role.USER, content=text),),
        max_tokens=max_tokens,
    )


def _make_run(run: Run, model: Path, parallel: int | None) -> Run:
    named = msgspec.structs.replace(run.model, paths=(str(model),))
    settings = msgspec.structs.replace(run.settings, threads=1, parallel_sequences=parallel)
    return msgspec.structs.replace(run, model=named, settings=settings)


def _as_it_is(model: LanguageModel) -> LanguageModel:
    return model
