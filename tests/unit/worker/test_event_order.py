"""What a job may bring, in which order."""

import math
from typing import Any

import msgspec
import pytest

from desktop.domain.run import EngineFacts, StopReason
from desktop.domain.settings import Sampling, SpeedTest
from desktop.inference.engine import (
    ContextMade,
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    DivergenceMeasured,
    Frame,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LikelihoodFailed,
    PerplexityMeasured,
    Prompt,
    SpeedSampled,
    TextGenerated,
)
from desktop.worker.engine_frames import EngineReady, PeakMemory
from desktop.worker.event_order import (
    DivergenceOrder,
    GenerationOrder,
    LikelihoodOrder,
    OneAnswer,
    PerplexityOrder,
    SpeedOrder,
)

PROMPTS = [
    Prompt(key=key, text=key, has_special_tokens=False, sampling=Sampling(), max_tokens=4)
    for key in ("a", "b")
]
MADE = ContextMade(
    facts=EngineFacts(
        name="x",
        version="1",
        devices=("CPU",),
        context_tokens=1,
        parallel_sequences=1,
        threads=1,
        load_seconds=0.0,
    )
)


def begin(key: str) -> GenerationStarted:
    return GenerationStarted(key=key, prompt_tokens=3)


def grow(key: str) -> TextGenerated:
    return TextGenerated(key=key, text="x")


def finish(key: str) -> GenerationFinished:
    return GenerationFinished(
        key=key,
        text="x",
        stop_reason=StopReason.END_OF_ANSWER,
        prompt_tokens=3,
        generated_tokens=1,
        time_to_first_token_seconds=0.1,
        seconds=0.2,
    )


def fail(key: str) -> GenerationFailed:
    return GenerationFailed(key=key, message="no")


def first_refused(events: list[Frame]) -> int | None:
    """Return the index of the first event that is not accepted."""
    order = GenerationOrder(PROMPTS)
    return next((n for n, event in enumerate(events) if not order.accept(event)), None)


def test_prompts_may_be_answered_in_any_order_and_fail_before_they_begin() -> None:
    order = GenerationOrder(PROMPTS)
    events = [MADE, begin("a"), begin("b"), grow("b"), finish("b"), grow("a"), fail("a")]
    assert all(order.accept(event) for event in events)
    assert order.may_end(cancelled=False)
    assert first_refused([fail("a"), fail("b")]) is None


@pytest.mark.parametrize(
    "events",
    [
        [begin("c")],
        [grow("a")],
        [finish("a")],
        [begin("a"), begin("a")],
        [begin("a"), finish("a"), grow("a")],
        [begin("a"), finish("a"), finish("a")],
        [fail("a"), fail("a")],
        [fail("a"), begin("a")],
        [begin("a"), MADE],
        [EngineReady()],
        [PeakMemory(peak_bytes=1)],
        [GenerationStarted(key="a", prompt_tokens=-1)],
    ],
)
def test_what_is_out_of_place_is_refused(events: list[Frame]) -> None:
    assert first_refused(events) == len(events) - 1


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": math.nan},
        {"seconds": -1.0},
        {"time_to_first_token_seconds": math.inf},
        {"prompt_tokens": -1},
        {"generated_tokens": -1},
        {"thinking_tokens": 2},
        {"shared_tokens": 4},
    ],
)
def test_figures_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    wrong = msgspec.structs.replace(finish("a"), **change)
    assert first_refused([begin("a"), wrong]) == 1


def test_a_job_that_leaves_prompts_out_may_end_only_after_a_cancel() -> None:
    order = GenerationOrder(PROMPTS)
    order.accept(begin("a"))
    assert not order.may_end(cancelled=True)
    order.accept(finish("a"))
    assert order.may_end(cancelled=True)
    assert not order.may_end(cancelled=False)


def test_one_answer_is_one() -> None:
    order = OneAnswer(PeakMemory)
    assert not order.may_end(cancelled=True)
    assert order.accept(PeakMemory(peak_bytes=1))
    assert order.may_end(cancelled=False)
    assert not order.accept(PeakMemory(peak_bytes=1))
    assert not OneAnswer(PeakMemory).accept(EngineReady())


def test_speed_samples_come_in_order_with_times_that_can_be() -> None:
    test = SpeedTest(prompt_tokens=8)
    first = SpeedSampled(test=test.name, repetition=0, tokens=8, seconds=0.1)
    second = msgspec.structs.replace(first, repetition=1)
    order = SpeedOrder([test], 2)
    assert order.accept(first)
    assert not order.may_end(cancelled=False)
    assert order.may_end(cancelled=True)
    assert order.accept(second)
    assert order.may_end(cancelled=False)
    assert not order.accept(second)
    for change in ({"tokens": 9}, {"seconds": math.nan}, {"test": "tg1"}, {"repetition": 1}):
        assert not SpeedOrder([test], 2).accept(msgspec.structs.replace(first, **change))


SETS = [
    ContinuationSet(key=key, context="x", continuations=("y", "z")) for key in ("first", "second")
]
SCORE = ContinuationScore(log_probability=-1.5, tokens=1, is_greedy=False)


def score(key: str, *scores: ContinuationScore) -> ContinuationsScored:
    return ContinuationsScored(key=key, scores=scores or (SCORE, SCORE), context_tokens=1)


def test_each_set_is_scored_or_fails_once() -> None:
    order = LikelihoodOrder(SETS)
    assert not order.may_end(cancelled=False)
    assert order.may_end(cancelled=True)
    assert order.accept(score("second"))
    assert order.accept(LikelihoodFailed(key="first", message="no"))
    assert order.may_end(cancelled=False)
    assert not order.accept(score("second"))
    assert not order.accept(LikelihoodFailed(key="first", message="no"))


@pytest.mark.parametrize(
    "event",
    [
        score("never asked"),
        score("first", SCORE),
        score("first", SCORE, msgspec.structs.replace(SCORE, log_probability=0.5)),
        score("first", SCORE, msgspec.structs.replace(SCORE, log_probability=math.nan)),
        score("first", SCORE, msgspec.structs.replace(SCORE, tokens=0)),
        msgspec.structs.replace(score("first"), context_tokens=-1),
        EngineReady(),
    ],
)
def test_scores_that_cannot_be_are_refused(event: Frame) -> None:
    assert not LikelihoodOrder(SETS).accept(event)


def chunk(number: int, **changes: float) -> PerplexityMeasured:
    measured = PerplexityMeasured(
        chunk=number,
        chunks=2,
        tokens=255,
        scored_bytes=900,
        negative_log_likelihood=800.0,
        squares=4000.0,
    )
    return msgspec.structs.replace(measured, **changes)


def test_each_chunk_of_a_text_comes_once() -> None:
    order = PerplexityOrder()
    assert not order.may_end(cancelled=False)
    assert order.accept(chunk(1))
    assert not order.may_end(cancelled=False)
    assert order.may_end(cancelled=True)
    assert order.accept(chunk(0))
    assert order.may_end(cancelled=False)
    assert not order.accept(chunk(1))


@pytest.mark.parametrize(
    "event",
    [
        chunk(2),
        chunk(-1),
        chunk(0, chunks=3),
        chunk(0, tokens=0),
        chunk(0, scored_bytes=-1),
        chunk(0, negative_log_likelihood=-1.0),
        chunk(0, negative_log_likelihood=math.inf),
        chunk(0, squares=math.nan),
        SCORE,
    ],
)
def test_chunks_that_cannot_be_are_refused(event: Frame) -> None:
    order = PerplexityOrder()
    assert order.accept(chunk(1))
    assert not order.accept(event)


def divergence(number: int, **changes: Any) -> DivergenceMeasured:
    measured = DivergenceMeasured(
        chunk=number,
        chunks=2,
        model=chunk(number, tokens=2),
        reference=chunk(number, tokens=2),
        products=3.0,
        same_top=1,
        divergences=(0.1, 0.0),
        changes=(-0.5, 0.25),
    )
    return msgspec.structs.replace(measured, **changes)


def test_each_chunk_of_two_models_comes_once() -> None:
    order = DivergenceOrder()
    assert order.accept(divergence(0))
    assert not order.may_end(cancelled=False)
    assert order.accept(divergence(1))
    assert order.may_end(cancelled=False)
    assert not order.accept(divergence(1))


@pytest.mark.parametrize(
    "event",
    [
        divergence(2),
        divergence(0, same_top=3),
        divergence(0, divergences=(0.1,)),
        divergence(0, divergences=(-0.1, 0.1)),
        divergence(0, changes=(2.0, 0.1)),
        divergence(0, products=math.nan),
        divergence(0, reference=chunk(0)),
        chunk(0),
    ],
)
def test_divergences_that_cannot_be_are_refused(event: Frame) -> None:
    assert not DivergenceOrder().accept(event)
