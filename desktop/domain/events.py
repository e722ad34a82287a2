"""What an evaluation tells while it goes on; the window, the command line and tests see the same.

Whatever an event acknowledges has been stored before. All are frozen, so that they can cross
threads.
"""

from typing import TypeAlias

from desktop.domain.answer import Answer
from desktop.domain.base import Value
from desktop.domain.measurement import Measurement
from desktop.domain.run import EngineFacts, EvaluationPlan, Run


class EvaluationQueued(Value, frozen=True, kw_only=True):
    """A plan was taken into the queue; its runs are stored as `queued`."""

    plan: EvaluationPlan
    runs: tuple[Run, ...]


class EvaluationFinished(Value, frozen=True, kw_only=True):
    """The last run of an evaluation has ended, whichever way."""

    evaluation_id: str


class RunStarted(Value, frozen=True, kw_only=True):
    """A run begins, or goes on after an interruption. `answers_kept` were there already."""

    run: Run
    answers_kept: int = 0


class EngineLoaded(Value, frozen=True, kw_only=True):
    """The model is in memory. `prompt_format` is as in `Run`, empty for a probe."""

    run_id: str
    engine: EngineFacts
    prompt_format: str = ""


class EngineLost(Value, frozen=True, kw_only=True):
    """The engine process ended in the middle of a run and another one takes over."""

    run_id: str
    message: str


class AnswerStarted(Value, frozen=True, kw_only=True):
    """A case was handed to the engine."""

    run_id: str
    case_id: str
    repeat: int = 0


class AnswerGrew(Value, frozen=True, kw_only=True):
    """Text of an answer that is being written; pieces come batched, several times a second.

    `is_thinking` tells that the text is what a reasoning model thinks before it answers.
    """

    run_id: str
    case_id: str
    text: str
    repeat: int = 0
    is_thinking: bool = False


class AnswerFinished(Value, frozen=True, kw_only=True):
    """An answer is scored and stored."""

    run_id: str
    answer: Answer


class MeasurementTaken(Value, frozen=True, kw_only=True):
    """A measurement is stored."""

    run_id: str
    measurement: Measurement


class Progress(Value, frozen=True, kw_only=True):
    """How far a run is, in steps of its own; `seconds_left` is `None` until it can be told."""

    run_id: str
    done: int
    total: int
    seconds_left: float | None = None


class RunFinished(Value, frozen=True, kw_only=True):
    """A run has ended; `run.status` says how."""

    run: Run


class QueuePaused(Value, frozen=True, kw_only=True):
    """The queue stands still after the present case, or goes on."""

    paused: bool


RunEvent: TypeAlias = (
    EvaluationQueued
    | EvaluationFinished
    | RunStarted
    | EngineLoaded
    | EngineLost
    | AnswerStarted
    | AnswerGrew
    | AnswerFinished
    | MeasurementTaken
    | Progress
    | RunFinished
    | QueuePaused
)
