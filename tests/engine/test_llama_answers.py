"""Answers of a real model: the same each time, each exactly once, ended where they should be."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling
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
)
from desktop.worker.engine_process import EngineProcess

pytestmark = pytest.mark.engine

QUESTIONS = (
    "What is the capital of France?",
    "Name three colours.",
    "Write one sentence about rain.",
    "What is 7 plus 5?",
    "Translate 'good morning' into German.",
    "Who wrote Hamlet?",
)


def ask(
    question: str,
    key: str = "k",
    *,
    max_tokens: int = 24,
    stop: tuple[str, ...] = (),
    sampling: Sampling | None = None,
) -> Prompt:
    return Prompt(
        key=key,
        text=f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n",
        has_special_tokens=True,
        sampling=sampling or Sampling(),
        max_tokens=max_tokens,
        stop=stop,
    )


def ends(events: Iterable[GenerationEvent]) -> dict[str, GenerationFinished]:
    return {e.key: e for e in events if isinstance(e, GenerationFinished)}


def texts(events: Iterable[GenerationEvent]) -> dict[str, str]:
    return {key: end.text for key, end in ends(events).items()}


def ask_all(**options: int) -> list[Prompt]:
    return [ask(q, str(n), **options) for n, q in enumerate(QUESTIONS)]  # type: ignore[arg-type]


def test_greedy_answers_are_the_same_on_every_run_and_in_any_order(smol: EngineProcess) -> None:
    first = texts(smol.generate(ask_all()))
    assert "Paris" in first["0"]
    assert texts(smol.generate(ask_all())) == first
    assert texts(smol.generate(ask_all()[::-1])) == first


def test_the_pipe_changes_no_answer(smol: EngineProcess, smollm2: Path) -> None:
    from desktop.inference.llama.engine import LlamaEngine  # noqa: PLC0415 - heavy

    direct = LlamaEngine()
    try:
        loaded = direct.load(
            LoadModel(path=str(smollm2), context_tokens=1024, parallel_sequences=1, threads=1)
        )
        assert texts(direct.generate(ask_all())) == texts(smol.generate(ask_all()))
    finally:
        direct.close()
    assert loaded.chat_template is not None
    assert "<|im_start|>" in loaded.chat_template
    assert (loaded.bos_text, loaded.eos_text) == ("<|im_start|>", "<|im_end|>")
    assert (loaded.trained_context, loaded.vocabulary_size) == (8192, 49152)
    assert loaded.facts.version == "llama-cpp-python 0.3.36"
    assert "0c1e570" in loaded.facts.build
    assert loaded.facts.threads >= 1


def test_several_sequences_answer_every_prompt_exactly_once(
    engine: EngineProcess, smollm2: Path
) -> None:
    engine.load(LoadModel(path=str(smollm2), context_tokens=512, parallel_sequences=4, threads=1))
    prompts = [
        ask(f"{q} Say it {n} times.", f"{n}", max_tokens=3 + 5 * (n % 4))
        for n, q in enumerate(QUESTIONS * 3)
    ]
    events = list(engine.generate(prompts))
    for kind in (GenerationStarted, GenerationFinished):
        counts = Counter(e.key for e in events if isinstance(e, kind))
        assert counts == Counter(p.key for p in prompts)
    for key, end in ends(events).items():
        pieces = [e.text for e in events if isinstance(e, TextGenerated) and e.key == key]
        assert "".join(pieces) == end.text
        assert 0 < end.generated_tokens <= 3 + 5 * (int(key) % 4)
        assert end.time_to_first_token_seconds is not None
        assert 0 < end.time_to_first_token_seconds <= end.seconds


def test_several_sequences_say_what_one_says(
    engine: EngineProcess, smol: EngineProcess, smollm2: Path
) -> None:
    """Roundings may differ between batches, so a few answers may drift, but not most."""
    engine.load(LoadModel(path=str(smollm2), context_tokens=512, parallel_sequences=4, threads=1))
    alone, together = texts(smol.generate(ask_all())), texts(engine.generate(ask_all()))
    same = sum(alone[key][:20] == together[key][:20] for key in alone)
    assert same >= len(QUESTIONS) - 2


def test_sampling_follows_its_seed(smol: EngineProcess) -> None:
    def say(seed: int, temperature: float) -> str:
        sampling = Sampling(temperature=temperature, seed=seed, repeat_penalty=1.1)
        return texts(smol.generate([ask("Tell me a story.", sampling=sampling)]))["k"]

    assert say(1, 1.0) == say(1, 1.0)
    assert say(1, 1.0) != say(2, 1.0)
    assert say(1, 0.0) == say(2, 0.0)


def test_a_stop_text_ends_the_answer_and_is_never_shown(smol: EngineProcess) -> None:
    whole = texts(smol.generate([ask(QUESTIONS[0])]))["k"]
    stop = whole[10:14]
    events = list(smol.generate([ask(QUESTIONS[0], stop=(stop,))]))
    end = ends(events)["k"]
    assert end.stop_reason is StopReason.STOP_TEXT
    assert end.text == whole[: whole.index(stop)]
    assert "".join(e.text for e in events if isinstance(e, TextGenerated)) == end.text


def test_why_an_answer_ended_is_told(smol: EngineProcess) -> None:
    short = ends(smol.generate([ask(QUESTIONS[0], max_tokens=2)]))["k"]
    assert (short.stop_reason, short.generated_tokens) == (StopReason.MAX_TOKENS, 2)
    finished = ends(smol.generate([ask("Say only: yes", max_tokens=300)]))["k"]
    assert finished.stop_reason is StopReason.END_OF_ANSWER
    assert "<|im_end|>" not in finished.text
    full = ends(smol.generate([ask("word " * 980, max_tokens=300)]))["k"]
    assert full.stop_reason in (StopReason.CONTEXT_FULL, StopReason.END_OF_ANSWER)
    assert full.prompt_tokens + full.generated_tokens <= 1024 + 1


def test_a_prompt_beyond_the_context_fails_alone(smol: EngineProcess) -> None:
    events = list(smol.generate([ask("word " * 2000, "long"), ask(QUESTIONS[0], "short")]))
    failed = [e for e in events if isinstance(e, GenerationFailed)]
    assert [f.key for f in failed] == ["long"]
    assert "2,0" in failed[0].message
    assert "1,024" in failed[0].message
    assert list(ends(events)) == ["short"]


def test_text_of_all_scripts_comes_out_whole(smol: EngineProcess) -> None:
    sampling = Sampling(temperature=2.0, top_k=0, top_p=1.0, min_p=0.0, seed=5)
    events = list(smol.generate([ask("日本語 🙂 €", max_tokens=60, sampling=sampling)]))
    pieces = [e.text for e in events if isinstance(e, TextGenerated)]
    assert "".join(pieces) == ends(events)["k"].text


def test_cancel_in_the_middle_and_the_engine_works_again(smol: EngineProcess) -> None:
    seen: list[GenerationEvent] = []
    for event in smol.generate([ask("Count to 500.", "a", max_tokens=900), ask("x", "b")]):
        if isinstance(event, TextGenerated):
            threading.Thread(target=smol.cancel).start()
        seen.append(event)
    end = ends(seen)["a"]
    assert end.stop_reason is StopReason.CANCELLED
    assert end.text
    assert {e.key for e in seen if not isinstance(e, ContextMade)} == {"a"}
    assert "Paris" in texts(smol.generate([ask(QUESTIONS[0])]))["k"]


def test_cancel_stops_a_long_prompt_within_its_decode(engine: EngineProcess, smollm2: Path) -> None:
    """7,000 tokens take many seconds to read; the abort callback does not wait for them."""
    engine.load(LoadModel(path=str(smollm2), context_tokens=8192, parallel_sequences=1, threads=1))
    events = []
    for event in engine.generate([ask("word " * 7000)]):
        events.append(event)
        if isinstance(event, GenerationStarted):
            engine.cancel()
    end = ends(events)["k"]
    assert end.stop_reason is StopReason.CANCELLED
    assert end.time_to_first_token_seconds is None
    assert end.seconds < 4


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are POSIX")
def test_killed_in_the_middle_it_says_so(engine: EngineProcess, smollm2: Path) -> None:
    engine.load(LoadModel(path=str(smollm2), context_tokens=1024, parallel_sequences=1, threads=1))

    def kill_when_it_talks() -> None:
        for event in engine.generate([ask("Count to 500.", max_tokens=900)]):
            if isinstance(event, TextGenerated):
                os.kill(engine.pid, signal.SIGKILL)

    with pytest.raises(EngineFault, match="was killed") as caught:
        kill_when_it_talks()
    assert caught.value.process_ended


def test_a_base_model_continues_plain_text(engine: EngineProcess, gemma: Path) -> None:
    loaded = engine.load(
        LoadModel(path=str(gemma), context_tokens=512, parallel_sequences=1, threads=1)
    )
    assert loaded.chat_template is None
    assert (loaded.adds_bos, loaded.bos_text) == (True, "<bos>")
    prompt = Prompt(
        key="k",
        text="Water boils at",
        has_special_tokens=False,
        sampling=Sampling(),
        max_tokens=8,
    )
    events = list(engine.generate([prompt]))
    assert "100 degrees" in ends(events)["k"].text
    started = [e for e in events if isinstance(e, GenerationStarted)]
    assert started[0].prompt_tokens == 4  # BOS and three words
