"""A context is filled to a depth without reading, in the form that this llama.cpp saves."""

from pathlib import Path

import pytest

from desktop.domain.settings import CacheType, EngineOptions, FlashAttention

pytestmark = pytest.mark.engine

FORMS = [
    EngineOptions(flash_attention=FlashAttention.ON),
    EngineOptions(flash_attention=FlashAttention.OFF),
    EngineOptions(
        flash_attention=FlashAttention.ON,
        key_cache_type=CacheType.Q8_0,
        value_cache_type=CacheType.Q8_0,
    ),
]


@pytest.fixture(params=["smollm2", "gemma"], scope="module")
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("options", FORMS, ids=["fused", "plain", "quantised"])
def test_sequences_stand_where_they_would_after_reading(path: Path, options: EngineOptions) -> None:
    from desktop.inference.llama.binding import AbortFlag, api  # noqa: PLC0415 - heavy
    from desktop.inference.llama.context import (  # noqa: PLC0415
        DECODED,
        Context,
        context_parameters,
    )
    from desktop.inference.llama.filling import fill  # noqa: PLC0415
    from desktop.inference.llama.model import Model  # noqa: PLC0415

    depth = 600  # beyond Gemma's window of 512
    api.llama_backend_init()
    model = Model(str(path), gpu_layers=0)
    parameters = context_parameters(
        tokens=2 * (depth + 64), sequences=2, threads=1, outputs=2, options=options
    )
    context = Context(model, parameters, AbortFlag())
    try:
        assert fill(context, depth, 2, window=model.window)
        for sequence in (0, 1):
            assert api.llama_memory_seq_pos_max(context.memory, sequence) == depth - 1
            first = api.llama_memory_seq_pos_min(context.memory, sequence)
            assert first == (depth - model.window if model.window else 0)
        context.begin_batch()
        for sequence in (0, 1):
            context.add([5], depth, sequence, wants_next=True)
        assert context.decode() == DECODED
        logits = context.logits(2)
        # Both attend to the same, and to something.
        assert (logits[0] == logits[1]).all()
        assert logits[0].std() > 0
    finally:
        context.free()
        model.free()
