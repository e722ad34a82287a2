"""Likelihoods of the scripted engine: made up, but always the same and never impossible."""

import pytest

from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContinuationSet,
    ContinuationsScored,
    LikelihoodFailed,
    LoadModel,
    TokenBoundary,
)
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedFault, ScriptedReply

ITEMS = [
    ContinuationSet(
        key=str(number),
        context=f"The {number}th colour of the flag is",
        continuations=(" red.", " dark blue.", " red."),
        boundary=boundary,
    )
    for number, boundary in enumerate(TokenBoundary)
]
TEXT = "one two three four " * 8


def loaded(path: str = "model.gguf", script: EngineScript | None = None) -> ScriptedEngine:
    engine = ScriptedEngine(script)
    engine.load(LoadModel(path=path))
    return engine


def test_the_same_texts_are_as_likely_each_time_and_other_models_differ() -> None:
    first = list(loaded().score_continuations(ITEMS))
    assert first == list(loaded().score_continuations(ITEMS))
    assert first != list(loaded("other.gguf").score_continuations(ITEMS))


def test_scores_count_tokens_and_are_probabilities() -> None:
    (scored, _) = loaded().score_continuations(ITEMS)
    assert isinstance(scored, ContinuationsScored)
    assert scored.context_tokens == 7
    assert [score.tokens for score in scored.scores] == [1, 2, 1]
    assert all(score.log_probability < 0 for score in scored.scores)
    assert scored.scores[0] == scored.scores[2]


def test_a_script_can_refuse_a_context_and_bad_sets_fail_alone() -> None:
    script = EngineScript(replies=(ScriptedReply(pattern="1th", fault=ScriptedFault.REFUSE),))
    empty = ContinuationSet(key="empty", context="x", continuations=())
    events = list(loaded(script=script).score_continuations([*ITEMS, empty]))
    assert [type(event) for event in events] == [
        ContinuationsScored,
        LikelihoodFailed,
        LikelihoodFailed,
    ]


def test_perplexity_takes_the_second_half_of_each_chunk() -> None:
    chunks = list(loaded().measure_perplexity(TEXT, 8))
    assert [(chunk.chunk, chunk.chunks, chunk.tokens) for chunk in chunks] == [
        (number, 4, 3) for number in range(4)
    ]
    assert all(chunk.negative_log_likelihood > 0 for chunk in chunks)
    with pytest.raises(EngineFault, match="needs at least 1,024"):
        list(loaded().measure_perplexity(TEXT))


def test_a_cancel_ends_both() -> None:
    engine = loaded()
    scores = engine.score_continuations(ITEMS)
    next(scores)
    engine.cancel()
    assert list(scores) == []
    chunks = engine.measure_perplexity(TEXT, 8)
    next(chunks)
    engine.cancel()
    assert list(chunks) == []


def test_two_models_are_held_against_each_other_word_by_word() -> None:
    chunks = list(loaded().measure_divergence(LoadModel(path="other.gguf"), TEXT, 8))
    own = list(loaded().measure_perplexity(TEXT, 8))
    other = list(loaded("other.gguf").measure_perplexity(TEXT, 8))
    assert [chunk.model for chunk in chunks] == own
    assert [chunk.reference for chunk in chunks] == other
    assert all(len(c.divergences) == len(c.changes) == c.model.tokens for c in chunks)
    (first, *_) = loaded().measure_divergence(LoadModel(path="model.gguf"), TEXT, 8)
    assert set(first.divergences) == {0.0}
    assert first.same_top == first.model.tokens
