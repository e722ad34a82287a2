"""A workshop with a scripted engine in this process and a recorder in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from desktop.domain.answer import Answer
from desktop.domain.events import RunEvent
from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.domain.machine import Machine, Processor
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome, Run, RunStatus
from desktop.domain.settings import ProbePlan, RunSettings, Sampling
from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.evaluation.control import RunControl
from desktop.evaluation.evaluator import RunLife, refer_to
from desktop.evaluation.workshop import Workshop
from desktop.inference.engine import Conversation, Engine, RenderedPrompt
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedReply

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class MemoryRecorder:
    """Keeps everything in lists, with the rule that a second answer only replaces an error."""

    runs: dict[str, Run] = field(default_factory=dict)
    statuses: list[RunStatus] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)

    def add_suite(self, suite: Suite) -> None:
        pass

    def add_runs(self, runs: Sequence[Run]) -> None:
        self.runs.update({run.id: run for run in runs})

    def update_run(self, run: Run) -> None:
        self.runs[run.id] = run
        self.statuses.append(run.status)

    def add_answer(self, answer: Answer) -> None:
        same = [a for a in self.answers if (a.case_id, a.repeat) == (answer.case_id, answer.repeat)]
        assert all(a.outcome is Outcome.ERROR for a in same)
        self.answers = [a for a in self.answers if a not in same] + [answer]

    def add_measurement(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)

    def load_answers(self, run_id: str) -> tuple[Answer, ...]:
        return tuple(a for a in self.answers if a.run_id == run_id)

    def load_measurements(self, run_id: str) -> tuple[Measurement, ...]:
        return tuple(m for m in self.measurements if m.run_id == run_id)


def render_plainly(
    conversations: Sequence[Conversation],
    *,
    template: str,
    bos_text: str,
    eos_text: str,
    today: str,
    control_texts: Sequence[str] = (),
) -> tuple[RenderedPrompt, ...]:
    """Write the roles and contents in a way that tests can look for."""
    del template, bos_text, eos_text, control_texts
    return tuple(
        RenderedPrompt(
            text="\n".join(f"[{role}] {content}" for role, content in c.messages) + f"\n({today})"
        )
        for c in conversations
    )


def make_case(number: int, *, expected: str = "yes") -> Case:
    return Case(
        id=f"case-{number}",
        title=f"Case {number}",
        messages=(Message(role=Role.USER, content=f"Question {number}?"),),
        checks=(Check(kind="contains", expected=expected),),
    )


def make_suite(cases: int = 4) -> Suite:
    return Suite(
        id="small",
        title="Small",
        version="1",
        cases=tuple(make_case(number) for number in range(1, cases + 1)),
        sha256="5" * 64,
    )


def make_model() -> LanguageModel:
    return LanguageModel(
        id="model",
        paths=("model.gguf",),
        facts=ModelFacts(name="Tiny", architecture="llama", context_length=2048),
        modified_ns=1,
        sha256="a" * 64,
    )


def make_run(
    suite: Suite | None = None,
    *,
    probe: ProbePlan | None = None,
    repeats: int = 1,
    parallel: int = 1,
    temperature: float = 0.0,
    system_prompt: str | None = None,
    timeout: float = 600.0,
) -> Run:
    return Run(
        id="run",
        evaluation_id="evaluation",
        model=make_model(),
        settings=RunSettings(
            sampling=Sampling(temperature=temperature, seed=7),
            repeats=repeats,
            parallel_sequences=parallel,
            system_prompt=system_prompt,
            case_timeout_seconds=timeout,
        ),
        status=RunStatus.QUEUED,
        created_at=NOW,
        suite=refer_to(suite) if suite else None,
        probe=probe,
    )


@dataclass
class Bench:
    """Everything that one evaluation test needs."""

    recorder: MemoryRecorder
    control: RunControl
    engines: list[Engine]
    scripts: list[EngineScript]
    checked: list[str] = field(default_factory=list)

    def start_engine(self) -> Engine:
        """Start an engine with the next script; the last script stays in force."""
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        engine = ScriptedEngine(script)
        self.engines.append(engine)
        return engine

    def workshop(self, start: Callable[[], Engine] | None = None) -> Workshop:
        return Workshop(
            recorder=self.recorder,
            start_engine=start or self.start_engine,
            render=render_plainly,
            inspect_machine=make_machine,
            control=self.control,
            now=lambda: NOW,
        )

    def carry_out(self, run: Run, suite: Suite | None = None) -> Iterator[RunEvent]:
        return RunLife(run, suite, self.workshop(), self.check_model).carry_out()

    def check_model(self, model: LanguageModel) -> LanguageModel:
        self.checked.append(model.path)
        return model


def make_machine() -> Machine:
    return Machine(
        id="machine",
        system="Test",
        processor=Processor(
            name="Test", architecture="x86_64", physical_cores=2, logical_cores=2, usable_cores=2
        ),
        memory_bytes=8 << 30,
    )


def answer_all(text: str = "yes") -> EngineScript:
    return EngineScript(replies=(ScriptedReply(pattern="", text=text),))
