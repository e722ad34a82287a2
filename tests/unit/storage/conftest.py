"""An empty database, and makers of things to store in it: valid, and different where asked."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.answer import Answer, Score, Span
from desktop.domain.base import new_id, utc_now
from desktop.domain.language_model import LanguageModel, ModelFacts, ModelWarning
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome, Run, RunStatus, StopReason, SuiteReference
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.storage.database import Database

WHEN = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "results.sqlite") as opened:
        yield opened


@pytest.fixture
def make_model() -> Callable[..., LanguageModel]:
    def make(**changes: Any) -> LanguageModel:
        values: dict[str, Any] = {
            "id": new_id(),
            "paths": ("/models/tiny.gguf",),
            "facts": ModelFacts(
                name="Tiny", architecture="llama", tensor_types={"Q4_K": 3}, file_bytes=1_000
            ),
            "modified_ns": 1_700_000_000_123_456_789,
            "warnings": (ModelWarning(code="no_template", message="It has no chat template."),),
        }
        return LanguageModel(**{**values, **changes})

    return make


@pytest.fixture
def suite() -> Suite:
    case = Case(
        id="sum",
        title="A sum",
        messages=(Message(role=Role.USER, content="2 + 2 = ?"),),
        checks=(Check(kind="number", expected=4, options={"tolerance": 0.5}),),
    )
    return Suite(
        id="starter",
        title="Starter",
        version="1",
        cases=(case,),
        sha256="a" * 64,
        path="/home/someone/starter.yaml",
    )


@pytest.fixture
def make_run(make_model: Callable[..., LanguageModel]) -> Callable[..., Run]:
    def make(**changes: Any) -> Run:
        values: dict[str, Any] = {
            "id": new_id(),
            "evaluation_id": new_id(),
            "model": make_model(sha256="b" * 64),
            "settings": RunSettings(),
            "status": RunStatus.RUNNING,
            "created_at": WHEN,
        }
        return Run(**{**values, **changes})

    return make


@pytest.fixture
def make_suite_run(make_run: Callable[..., Run], suite: Suite) -> Callable[..., Run]:
    reference = SuiteReference(
        id=suite.id, title=suite.title, version=suite.version, sha256=suite.sha256, cases=3
    )

    def make(**changes: Any) -> Run:
        return make_run(**{"suite": reference, **changes})

    return make


@pytest.fixture
def make_answer() -> Callable[..., Answer]:
    def make(run: Run, case_id: str = "sum", **changes: Any) -> Answer:
        score = Score(
            check="number",
            passed=True,
            score=1.0,
            explanation="4 is 4.",
            spans=(Span(start=0, end=1),),
        )
        values: dict[str, Any] = {
            "id": new_id(),
            "run_id": run.id,
            "case_id": case_id,
            "repeat": 0,
            "text": "4 — vier ✓ \x00 end",
            "outcome": Outcome.PASSED,
            "score": 1.0,
            "scores": (score,),
            "stop_reason": StopReason.END_OF_ANSWER,
            "finished_at": WHEN,
            "seconds": 0.25,
        }
        return Answer(**{**values, **changes})

    return make


@pytest.fixture
def make_measurement() -> Callable[..., Measurement]:
    def make(run: Run, test: str, value: float, **changes: Any) -> Measurement:
        values: dict[str, Any] = {
            "id": new_id(),
            "run_id": run.id,
            "test": test,
            "value": value,
            "unit": "tokens/s",
            "taken_at": utc_now(),
            "repetitions": (value, value),
            "standard_deviation": 0.0,
        }
        return Measurement(**{**values, **changes})

    return make
