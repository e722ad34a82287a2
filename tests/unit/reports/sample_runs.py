"""A builder of runs for comparisons: realistic, deterministic, and each detail can be changed.

`from tests.unit.reports.sample_runs import ...` from any test. A model's answers are written as
marks, one a case: `+` passed, `-` failed, `~` cut off while thinking, `!` an error, `.` not
answered yet.
"""

import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from desktop.domain.answer import Answer, Score
from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.domain.machine import Machine, Processor
from desktop.domain.measurement import Disturbance, Measurement
from desktop.domain.run import (
    EngineFacts,
    Outcome,
    Run,
    RunStatus,
    StopReason,
    SuiteReference,
)
from desktop.domain.settings import ProbePlan, RunSettings
from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.reports.records import RunRecord
from desktop.statistics.summaries import mean

START = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
TAGS = ("extraction", "grounded", "arithmetic", "classification", "instructions")
_OUTCOMES = {
    "+": Outcome.PASSED,
    "-": Outcome.FAILED,
    "~": Outcome.TRUNCATED,
    "!": Outcome.ERROR,
}

MACHINE = Machine(
    id="machine-1",
    system="Linux 6.1 (Debian 12)",
    processor=Processor(
        name="AMD EPYC 7B13",
        architecture="x86_64",
        physical_cores=1,
        logical_cores=2,
        usable_cores=2,
    ),
    memory_bytes=24_000_000_000,
    gpu_note="No NVIDIA GPU",
)
ENGINE = EngineFacts(
    name="llama.cpp", version="0.3.36", build="0c1e570", devices=("CPU",), threads=2
)


def make_model(name: str, **changes: Any) -> LanguageModel:
    """Make a model whose file is called `name`.Q4_K_M.gguf; `changes` go to its facts."""
    facts = ModelFacts(
        name=name,
        architecture="llama",
        parameters=135_000_000,
        quantization="Q4_K_M",
        license="apache-2.0",
        organization="Example Lab",
        file_bytes=98_362_432,
        context_length=8192,
    )
    digest = name.encode().hex()
    return LanguageModel(
        id=f"id-{name}",
        paths=(f"/models/{name}.Q4_K_M.gguf",),
        facts=msgspec.structs.replace(facts, **changes),
        modified_ns=1,
        sha256=(digest * 64)[:64],
    )


def make_suite(cases: int = 36, version: str = "1.0", suite_id: str = "starter") -> Suite:
    """Make a suite of simple questions with five tags in turn."""
    return Suite(
        id=suite_id,
        title=f"{suite_id.capitalize()} suite",
        version=version,
        sha256=f"{suite_id}-{version}-{cases}".encode().hex(),
        cases=tuple(
            Case(
                id=f"case-{number:03}",
                title=f"Question number {number}",
                messages=(Message(role=Role.USER, content=f"What is {number} plus {number}?"),),
                checks=(Check(kind="contains", expected=str(2 * number)),),
                tags=(TAGS[number % len(TAGS)],),
            )
            for number in range(cases)
        ),
    )


def make_answer(run_id: str, case_id: str, mark: str, *, repeat: int = 0) -> Answer:
    """Make an answer as its mark says."""
    outcome = _OUTCOMES[mark]
    explanation = {
        "+": "It holds the expected number.",
        "-": "The expected number is missing.",
        "~": "The model was cut off in the middle of its thinking; nothing was checked.",
        "!": "",
    }[mark]
    scored = outcome is not Outcome.ERROR
    cut = outcome is Outcome.TRUNCATED
    return Answer(
        id=f"{run_id}-{case_id}-{repeat}",
        run_id=run_id,
        case_id=case_id,
        repeat=repeat,
        text=f"Answer to {case_id}: {'right' if mark == '+' else 'wrong'}." if mark in "+-" else "",
        outcome=outcome,
        score=1.0 if mark == "+" else 0.0,
        scores=(Score(check="contains", passed=mark == "+", score=1.0, explanation=explanation),)
        if scored
        else (),
        stop_reason=StopReason.MAX_THINKING
        if cut
        else StopReason.END_OF_ANSWER
        if scored
        else StopReason.ERROR,
        finished_at=START,
        prompt_tokens=40,
        generated_tokens=4096 if cut else 12,
        thinking="So many thoughts." if cut else "",
        thinking_tokens=4096 if cut else 0,
        time_to_first_token_seconds=0.2,
        seconds=0.8,
        problem="" if scored else "The engine's process ended in the middle of the case.",
    )


def make_run(model: LanguageModel, *, run_id: str = "", day: int = 0, **changes: Any) -> Run:
    """Make a finished run, `day` days after the first; `changes` go to the run."""
    begun = START + timedelta(days=day)
    run = Run(
        id=run_id or f"run-{model.facts.name}-{day}",
        evaluation_id="evaluation-1",
        model=model,
        settings=RunSettings(),
        status=RunStatus.FINISHED,
        created_at=begun,
        started_at=begun,
        finished_at=begun + timedelta(minutes=3),
        machine=MACHINE,
        engine=ENGINE,
        prompt_format="chat_template",
    )
    return msgspec.structs.replace(run, **changes)


def make_record(
    name: str,
    marks: str,
    *,
    suite: Suite | None = None,
    keep_suite: bool = True,
    model: LanguageModel | None = None,
    **changes: Any,
) -> RunRecord:
    """Make a run on a suite with one answer a mark, in the order of the suite's cases."""
    suite = suite or make_suite(len(marks))
    reference = SuiteReference(
        id=suite.id,
        title=suite.title,
        version=suite.version,
        sha256=suite.sha256,
        cases=len(suite.cases),
    )
    run = make_run(model or make_model(name), suite=reference, **changes)
    return RunRecord(
        run=run,
        suite=suite if keep_suite else None,
        answers=tuple(
            make_answer(run.id, case.id, mark)
            for case, mark in zip(suite.cases, marks, strict=False)
            if mark != "."
        ),
    )


def make_probe(
    name: str,
    rate: float,
    *,
    valid: bool = True,
    memory_bytes: int | None = 400_000_000,
    scatter: float = 0.01,
    model: LanguageModel | None = None,
    **changes: Any,
) -> RunRecord:
    """Make a speed probe with tg128, a pp512 twice as fast, and the peak of memory."""
    day = changes.pop("day", 0)
    run = make_run(
        model or make_model(name),
        run_id=changes.pop("run_id", f"probe-{name}-{day}"),
        day=day,
        probe=ProbePlan(),
        prompt_format="",
        **changes,
    )
    disturbed = (
        ()
        if valid
        else (Disturbance(code="other_processes", message="Another program used 60% of the CPU."),)
    )

    def measured(test: str, value: float) -> Measurement:
        rates = tuple(value * (1 + scatter * step) for step in (-1.5, -0.5, 0.0, 0.5, 1.5))
        return Measurement(
            id=f"{run.id}-{test}",
            run_id=run.id,
            test=test,
            value=mean(rates),
            unit="tokens/s",
            taken_at=run.created_at,
            standard_deviation=statistics.stdev(rates),
            repetitions=rates,
            valid=valid,
            disturbances=disturbed,
        )

    measurements = [measured("pp512", 2 * rate), measured("tg128", rate)]
    if memory_bytes is not None:
        measurements.append(
            Measurement(
                id=f"{run.id}-peak",
                run_id=run.id,
                test="peak_resident",
                value=float(memory_bytes),
                unit="bytes",
                taken_at=run.created_at,
            )
        )
    return RunRecord(run=run, measurements=tuple(measurements))
