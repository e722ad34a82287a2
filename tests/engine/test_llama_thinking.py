"""Thinking, its limits and grammars on a real model, several sequences at a time.

Neither sample model thinks of its own accord, so prompts open a thought for them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling
from desktop.inference.engine import (
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    LoadModel,
    Prompt,
    TextGenerated,
    ThinkingFormat,
)
from desktop.inference.json_schema_grammar import make_json_grammar
from desktop.worker.engine_process import EngineProcess, start_llama_engine

pytestmark = pytest.mark.engine

OPENED = ThinkingFormat(
    opening="<think>", closing="</think>", begins_open=True, forced_closing="\n</think>\n\n"
)
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green"]}, "count": {"type": "integer"}},
    "required": ["colour", "count"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def four(smollm2: Path) -> Iterator[EngineProcess]:
    """SmolLM2 with up to four sequences at a time."""
    process = start_llama_engine()
    process.load(LoadModel(path=str(smollm2), parallel_sequences=4, threads=1))
    yield process
    process.close()


def ask(key: str, **options: object) -> Prompt:
    fields: dict[str, object] = {
        "key": key,
        "text": "<|im_start|>user\nWhat is your favourite colour?<|im_end|>\n"
        "<|im_start|>assistant\n",
        "has_special_tokens": True,
        "sampling": Sampling(),
        "max_tokens": 12,
    }
    if options.get("thinking"):
        fields["text"] = f"{fields['text']}<think>\n"
    return Prompt(**(fields | options))  # type: ignore[arg-type]


def ends(events: list[GenerationEvent]) -> dict[str, GenerationFinished]:
    return {e.key: e for e in events if isinstance(e, GenerationFinished)}


def test_a_thought_is_cut_off_ended_by_force_or_left_out(four: EngineProcess) -> None:
    events = list(
        four.generate(
            [
                ask("cut", thinking=OPENED, max_thinking_tokens=10),
                ask("forced", thinking=OPENED, thinking_budget=6),
                ask("none", thinking=OPENED, thinking_budget=0),
                ask("plain"),
            ]
        )
    )
    found = ends(events)
    cut = found["cut"]
    assert cut.stop_reason is StopReason.MAX_THINKING
    assert (cut.text, cut.thinking_tokens, cut.generated_tokens) == ("", 10, 10)
    assert cut.thinking
    forced = found["forced"]
    assert forced.stop_reason in {StopReason.MAX_TOKENS, StopReason.END_OF_ANSWER}
    assert forced.thinking
    assert forced.text
    assert "</think>" not in forced.thinking
    assert not forced.text.startswith("</think>")
    assert 6 <= forced.thinking_tokens < forced.generated_tokens
    assert forced.generated_tokens - forced.thinking_tokens <= 12
    assert found["none"].text
    assert found["none"].thinking == ""
    assert found["plain"].thinking_tokens == 0
    told = {
        (e.key, e.is_thinking) for e in events if isinstance(e, TextGenerated) and e.text.strip()
    }
    assert ("cut", True) in told
    assert ("cut", False) not in told
    assert ("plain", False) in told


def test_answers_keep_to_their_grammars_side_by_side(four: EngineProcess) -> None:
    grammar = make_json_grammar(SCHEMA)
    sampled = Sampling(temperature=1.5, seed=3)
    events = list(
        four.generate(
            [
                ask("json", grammar=grammar, max_tokens=60),
                ask("drawn", grammar=grammar, max_tokens=60, sampling=sampled),
                ask("thought", grammar=grammar, max_tokens=60, thinking=OPENED, thinking_budget=5),
                ask("word", grammar='root ::= "yes" | "no"'),
                ask("bad", grammar="root ::= nothing"),
                ask("plain"),
            ]
        )
    )
    found = ends(events)
    for key in ("json", "drawn", "thought"):
        assert found[key].stop_reason is StopReason.END_OF_ANSWER
        assert set(json.loads(found[key].text)) == {"colour", "count"}
    assert found["thought"].thinking
    assert found["word"].text in {"yes", "no"}
    (failure,) = [e for e in events if isinstance(e, GenerationFailed)]
    assert failure.key == "bad"
    assert failure.message.startswith("The grammar can't be used")
    assert found["plain"].text
