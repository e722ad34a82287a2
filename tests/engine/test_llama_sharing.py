"""Many prompts at once on a real model: shared beginnings, a full cache, what the engine chose."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import CacheType, EngineOptions, FlashAttention, Sampling
from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContextMade,
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    LoadModel,
    Prompt,
)
from desktop.worker.engine_process import EngineProcess

pytestmark = pytest.mark.engine

DOCUMENT = " ".join(
    f"On day {n} the ferry left the harbour of Lindholm at {6 + n % 12} o'clock." for n in range(12)
)
QUESTIONS = ("Where does the ferry leave?", "What is told here?", "At what time?", "Which days?")


def ask(question: str, key: str, max_tokens: int = 12) -> Prompt:
    return Prompt(
        key=key,
        text=f"<|im_start|>user\n{DOCUMENT}\n{question}<|im_end|>\n<|im_start|>assistant\n",
        has_special_tokens=True,
        sampling=Sampling(),
        max_tokens=max_tokens,
    )


def ask_all(max_tokens: int = 12) -> list[Prompt]:
    return [ask(question, str(n), max_tokens) for n, question in enumerate(QUESTIONS)]


def answers(events: Sequence[GenerationEvent]) -> dict[str, GenerationFinished]:
    return {e.key: e for e in events if isinstance(e, GenerationFinished)}


def made(events: Sequence[GenerationEvent]) -> ContextMade:
    (event,) = [e for e in events if isinstance(e, ContextMade)]
    assert events[0] is event
    return event


@pytest.fixture(scope="module")
def alone(smol: EngineProcess) -> dict[str, GenerationFinished]:
    """Return the answers in reproducible mode."""
    return answers(list(smol.generate(ask_all())))


@pytest.fixture(scope="module")
def chosen(smollm2: Path) -> Iterator[list[GenerationEvent]]:
    """Return what an engine says that was left every choice but the threads."""
    with_choice = EngineProcessOf(smollm2)
    yield list(with_choice.process.generate(ask_all()))
    with_choice.process.close()


class EngineProcessOf:
    """An engine with a model loaded and everything about its context left open."""

    def __init__(self, path: Path) -> None:
        from desktop.worker.engine_process import start_llama_engine  # noqa: PLC0415 - one use

        self.process = start_llama_engine()
        self.process.load(LoadModel(path=str(path), threads=1))


def test_one_document_is_read_once_for_all_its_questions(
    chosen: list[GenerationEvent], alone: dict[str, GenerationFinished]
) -> None:
    ends = answers(chosen)
    assert set(ends) == set(alone) == {"0", "1", "2", "3"}
    shared = {key: end.shared_tokens for key, end in ends.items()}
    assert shared.pop("0") == 0
    assert min(shared.values()) > 200
    assert all(end.shared_tokens == 0 for end in alone.values())
    for key, end in ends.items():
        assert end.prompt_tokens == alone[key].prompt_tokens
        assert end.generated_tokens


def test_a_copied_beginning_is_worth_as_much_as_one_that_was_read(smollm2: Path) -> None:
    from desktop.inference.llama.binding import AbortFlag, api  # noqa: PLC0415 - heavy
    from desktop.inference.llama.context import (  # noqa: PLC0415
        DECODED,
        Context,
        context_parameters,
    )
    from desktop.inference.llama.model import Model  # noqa: PLC0415

    api.llama_backend_init()
    model = Model(str(smollm2), gpu_layers=0)
    tokens = model.tokenise(DOCUMENT, has_special_tokens=False)
    parameters = context_parameters(tokens=1024, sequences=2, threads=1, outputs=2)
    context = Context(model, parameters, AbortFlag())

    def read(piece: list[int], position: int, sequence: int) -> list[float]:
        context.begin_batch()
        context.add(piece, position, sequence, wants_next=True)
        assert context.decode() == DECODED
        found: list[float] = context.logits(1)[0].tolist()
        return found

    try:
        read(tokens[:-5], 0, 0)
        context.copy(0, 1)
        own = read(tokens[-5:], len(tokens) - 5, 0)
        assert read(tokens[-5:], len(tokens) - 5, 1) == own
    finally:
        context.free()
        model.free()


def test_the_engine_tells_what_it_chose(chosen: list[GenerationEvent]) -> None:
    facts = made(chosen).facts
    longest = max(end.prompt_tokens for end in answers(chosen).values()) + 12
    assert facts.context_tokens % 256 == 0
    assert longest < facts.context_tokens < longest + 257
    assert 1 <= facts.parallel_sequences <= 4
    assert facts.shares_prefixes
    assert facts.sequences_by_trial
    assert not facts.threads_by_trial
    assert facts.kv_cache_bytes
    assert facts.options is not None
    assert facts.options.flash_attention is not FlashAttention.AUTO


def test_a_context_that_is_large_enough_is_kept(smollm2: Path) -> None:
    engine = EngineProcessOf(smollm2).process
    try:
        made(list(engine.generate(ask_all())))
        again = list(engine.generate(ask_all()[:2]))
        assert not [e for e in again if isinstance(e, ContextMade)]
        longer = list(engine.generate([ask("Why?", "k", max_tokens=700)][:1]))
        assert made(longer).facts.context_tokens >= 1024
    finally:
        engine.close()


def test_a_prompt_longer_than_the_model_was_made_for_is_refused_alone(smollm2: Path) -> None:
    engine = EngineProcessOf(smollm2).process
    try:
        far = ask("word " * 9000, "far")
        events = list(engine.generate([far, *ask_all()]))
        (failure,) = [e for e in events if isinstance(e, GenerationFailed)]
        assert failure.key == "far"
        assert "context of 8,192" in failure.message
        assert len(answers(events)) == 4
    finally:
        engine.close()


def test_a_cache_that_fills_up_costs_time_and_no_answer(smollm2: Path) -> None:
    """Four prompts in a unified cache that holds two of them with their answers."""
    from desktop.inference.llama.binding import AbortFlag, api  # noqa: PLC0415 - heavy
    from desktop.inference.llama.context import Context, context_parameters  # noqa: PLC0415
    from desktop.inference.llama.generation import Generation  # noqa: PLC0415
    from desktop.inference.llama.model import Model  # noqa: PLC0415
    from desktop.inference.llama.plan import keep_order  # noqa: PLC0415

    api.llama_backend_init()
    model = Model(str(smollm2), gpu_layers=0)

    def run(cells: int, seats: int, *, unified: bool) -> dict[str, str]:
        abort = AbortFlag()
        parameters = context_parameters(
            tokens=cells, sequences=seats, threads=1, outputs=seats, unified=unified
        )
        context = Context(model, parameters, abort)
        prompts = [
            (prompt, model.tokenise(prompt.text, has_special_tokens=True))
            for prompt in (
                Prompt(
                    key=str(n),
                    text="Once " * 50 + f"upon {n}",
                    has_special_tokens=True,
                    sampling=Sampling(),
                    max_tokens=70,
                )
                for n in range(4)
            )
        ]
        turns = keep_order([tokens for _, tokens in prompts])
        generation = Generation(model, context, prompts, turns, abort, seats=seats, limit=256)
        ends = answers(list(generation.run()))
        context.free()
        assert all(e.stop_reason is StopReason.MAX_TOKENS for e in ends.values())
        return {key: end.text for key, end in ends.items()}

    try:
        crowded = run(256, 4, unified=True)
        roomy = run(1024, 4, unified=True)
    finally:
        model.free()
    assert set(crowded) == set(roomy) == {"0", "1", "2", "3"}
    assert all(crowded[key][:10] == roomy[key][:10] for key in roomy)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (EngineOptions(key_cache_type=CacheType.Q8_0, value_cache_type=CacheType.Q8_0), 0.54),
        (EngineOptions(flash_attention=FlashAttention.OFF, memory_mapping=False), 1.0),
    ],
)
def test_options_reach_llama_cpp(
    engine: EngineProcess, smollm2: Path, options: EngineOptions, kept: float
) -> None:
    loaded = engine.load(
        LoadModel(
            path=str(smollm2),
            context_tokens=1024,
            parallel_sequences=1,
            threads=1,
            options=options,
        )
    )
    plain = 1024 * 23_040
    assert loaded.facts.kv_cache_bytes == pytest.approx(plain * kept, rel=0.02)
    assert loaded.facts.options is not None
    assert loaded.facts.options.key_cache_type is options.key_cache_type
    assert loaded.facts.options.flash_attention is not FlashAttention.AUTO
    assert answers(list(engine.generate(ask_all()[:1])))["0"].text


def test_options_that_exclude_each_other_are_refused(engine: EngineProcess, smollm2: Path) -> None:
    options = EngineOptions(value_cache_type=CacheType.Q8_0, flash_attention=FlashAttention.OFF)
    with pytest.raises(EngineFault, match="needs flash attention"):
        engine.load(LoadModel(path=str(smollm2), context_tokens=512, options=options))
    with pytest.raises(EngineFault, match="physical batch"):
        engine.load(LoadModel(path=str(smollm2), options=EngineOptions(physical_batch_tokens=0)))
