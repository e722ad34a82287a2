from collections.abc import Iterable

import msgspec
import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContextMade,
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    Prompt,
    TextGenerated,
    ThinkingFormat,
)
from desktop.inference.scripted import (
    EngineScript,
    ScriptedEngine,
    ScriptedFault,
    ScriptedReply,
)


def loaded(script: EngineScript | None = None, parallel: int = 1) -> ScriptedEngine:
    engine = ScriptedEngine(script)
    engine.load(LoadModel(path="/m/a.gguf", context_tokens=64, parallel_sequences=parallel))
    return engine


def ask(text: str, key: str = "k", max_tokens: int = 50, stop: tuple[str, ...] = ()) -> Prompt:
    return Prompt(
        key=key,
        text=text,
        has_special_tokens=False,
        sampling=Sampling(),
        max_tokens=max_tokens,
        stop=stop,
    )


def ask_thinker(max_thinking: int = 50, budget: int | None = None) -> Prompt:
    return msgspec.structs.replace(
        ask("How far?", max_tokens=2),
        thinking=ThinkingFormat(opening="<think>", closing="</think>"),
        max_thinking_tokens=max_thinking,
        thinking_budget=budget,
    )


def only_end(events: Iterable[GenerationEvent]) -> GenerationFinished:
    ends = [e for e in events if isinstance(e, GenerationFinished)]
    assert len(ends) == 1
    return ends[0]


def test_the_first_reply_that_fits_model_and_prompt_is_given() -> None:
    script = EngineScript(
        replies=(
            ScriptedReply(pattern="capital", text="Berlin", model="other"),
            ScriptedReply(pattern="capital", text="Paris it is"),
        )
    )
    end = only_end(loaded(script).generate([ask("The capital of France?")]))
    assert (end.text, end.stop_reason) == ("Paris it is", StopReason.END_OF_ANSWER)
    assert end.generated_tokens == 3


def test_without_a_reply_it_echoes_the_question() -> None:
    end = only_end(loaded().generate([ask("<|im_start|>user\nHow far?<|im_end|>\n")]))
    assert end.text == "You said: How far?"


def test_pieces_add_up_to_the_answer_and_come_after_the_start() -> None:
    events = list(loaded().generate([ask("a b c")]))
    assert isinstance(events[0], GenerationStarted)
    assert events[0].prompt_tokens == 3
    pieces = [e.text for e in events if isinstance(e, TextGenerated)]
    end = only_end(events)
    assert "".join(pieces) == end.text


def test_limits_and_stop_texts_end_an_answer() -> None:
    script = EngineScript(replies=(ScriptedReply(pattern="", text="one two three four"),))
    cut = only_end(loaded(script).generate([ask("x", max_tokens=2)]))
    assert (cut.text, cut.stop_reason) == ("one two", StopReason.MAX_TOKENS)
    stopped = only_end(loaded(script).generate([ask("x", stop=("three",))]))
    assert (stopped.text, stopped.stop_reason) == ("one two ", StopReason.STOP_TEXT)


def test_a_prompt_beyond_the_context_fails_with_both_figures() -> None:
    events = list(loaded().generate([ask("w" + " w" * 64), ask("fine", key="next")]))
    failed = [e for e in events if isinstance(e, GenerationFailed)]
    assert [f.key for f in failed] == ["k"]
    assert "65" in failed[0].message
    assert "64" in failed[0].message
    assert only_end(events).key == "next"


def test_a_refused_prompt_leaves_the_others_alone() -> None:
    script = EngineScript(
        replies=(
            ScriptedReply(
                pattern="bad", text="a b c", fault=ScriptedFault.REFUSE, tokens_before_fault=1
            ),
        )
    )
    events = list(loaded(script, parallel=2).generate([ask("bad", key="b"), ask("good", key="g")]))
    assert [e.key for e in events if isinstance(e, GenerationFailed)] == ["b"]
    assert only_end(events).key == "g"


def test_cancel_ends_what_is_under_way_and_begins_nothing_else() -> None:
    engine = loaded()
    ends = []
    keys = set()
    for event in engine.generate([ask("a b c", key="one"), ask("d", key="two")]):
        assert not isinstance(event, ContextMade)
        keys.add(event.key)
        if isinstance(event, TextGenerated):
            engine.cancel()
        if isinstance(event, GenerationFinished):
            ends.append(event)
    assert [(e.key, e.stop_reason) for e in ends] == [("one", StopReason.CANCELLED)]
    assert keys == {"one"}
    assert only_end(engine.generate([ask("again")])).stop_reason is StopReason.END_OF_ANSWER


def test_dying_and_load_problems_are_engine_faults() -> None:
    script = EngineScript(replies=(ScriptedReply(pattern="", fault=ScriptedFault.DIE),))
    with pytest.raises(EngineFault) as caught:
        list(loaded(script).generate([ask("x")]))
    assert caught.value.process_ended
    with pytest.raises(EngineFault, match="No such model"):
        loaded(EngineScript(load_problem="No such model."))


def test_speeds_are_near_the_script_and_never_change() -> None:
    tests = [SpeedTest(prompt_tokens=512), SpeedTest(generated_tokens=128)]
    samples = list(loaded().measure_speed(tests, 3))
    assert [(s.test, s.repetition) for s in samples[:4]] == [
        ("pp512", 0),
        ("pp512", 1),
        ("pp512", 2),
        ("tg128", 0),
    ]
    rates = [s.tokens / s.seconds for s in samples]
    assert all(abs(rate / 500 - 1) <= 0.011 for rate in rates[:3])
    assert all(abs(rate / 50 - 1) <= 0.011 for rate in rates[3:])
    assert samples == list(loaded().measure_speed(tests, 3))


def test_nothing_works_without_a_model() -> None:
    with pytest.raises(EngineFault, match="No model"):
        ScriptedEngine().generate([ask("x")])


THINKER = EngineScript(
    replies=(ScriptedReply(pattern="", thinking="so far or further", text="ten miles off"),)
)


def test_thinking_comes_before_the_answer_and_does_not_count_against_its_limit() -> None:
    events = list(loaded(THINKER).generate([ask_thinker()]))
    pieces = [(e.is_thinking, e.text) for e in events if isinstance(e, TextGenerated)]
    assert "".join(text for thinking, text in pieces if thinking) == "so far or further"
    assert "".join(text for thinking, text in pieces if not thinking) == "ten miles"
    assert [thinking for thinking, _ in pieces] == sorted((t for t, _ in pieces), reverse=True)
    end = only_end(events)
    assert (end.thinking, end.text) == ("so far or further", "ten miles")
    assert (end.thinking_tokens, end.generated_tokens) == (4, 6)
    assert end.stop_reason is StopReason.MAX_TOKENS


def test_thinking_is_cut_off_at_its_limit_without_an_answer() -> None:
    end = only_end(loaded(THINKER).generate([ask_thinker(max_thinking=3)]))
    assert (end.thinking, end.text) == ("so far or", "")
    assert end.stop_reason is StopReason.MAX_THINKING
    assert (end.thinking_tokens, end.generated_tokens) == (3, 3)
    enough = only_end(loaded(THINKER).generate([ask_thinker(max_thinking=4)]))
    assert enough.text == "ten miles"


@pytest.mark.parametrize(("budget", "thinking"), [(0, ""), (2, "so far")])
def test_a_budget_ends_thinking_and_the_answer_follows(budget: int, thinking: str) -> None:
    end = only_end(loaded(THINKER).generate([ask_thinker(budget=budget)]))
    assert (end.thinking, end.text) == (thinking, "ten miles")
    assert end.thinking_tokens == budget


def test_without_a_format_thinking_is_text_between_tags() -> None:
    end = only_end(loaded(THINKER).generate([ask("How far?")]))
    assert end.text == "<think>\nso far or further\n</think>\n\nten miles off"
    assert (end.thinking, end.thinking_tokens) == ("", 0)
