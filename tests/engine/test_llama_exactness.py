"""Reproducible mode is exact: the reference's greedy answers, and the same bytes every time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.domain.settings import EngineOptions, FlashAttention, Sampling
from desktop.inference.engine import GenerationFinished, LoadModel, Prompt
from desktop.worker.engine_process import EngineProcess

pytestmark = pytest.mark.engine

CHILD = Path(__file__).with_name("reference_child.py")
TOLD = "The ship carried {0} barrels of salt, {1} sacks of rye and {2} crates of tin. "
PLAIN = (
    "The capital of Norway is",
    TOLD.format(3, 4, 5) * 8 + "So the ship carried",  # longer than what attention reads at once
    "1, 2, 3, 4,",
)
CHAT = tuple(
    f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    for question in ("Why is the sky blue?", TOLD.format(7, 8, 9) * 6 + "How many barrels?", "Hi!")
)


def ask_reference(
    path: Path, prompts: tuple[str, ...], *, special: bool, flash_attention: bool
) -> list[tuple[str, int]]:
    job = {
        "path": str(path),
        "prompts": prompts,
        "special": special,
        "flash_attention": flash_attention,
        "max_tokens": 24,
    }
    done = subprocess.run(
        [sys.executable, CHILD], input=json.dumps(job), capture_output=True, text=True, check=True
    )
    return [(text, tokens) for text, tokens in json.loads(done.stdout)]


def ask_ours(
    engine: EngineProcess, prompts: tuple[str, ...], *, special: bool
) -> list[tuple[str, int]]:
    asked = [
        Prompt(
            key=str(n),
            text=text,
            has_special_tokens=special,
            sampling=Sampling(),
            max_tokens=24,
        )
        for n, text in enumerate(prompts)
    ]
    ends = {e.key: e for e in engine.generate(asked) if isinstance(e, GenerationFinished)}
    return [(ends[str(n)].text, ends[str(n)].generated_tokens) for n in range(len(prompts))]


@pytest.mark.parametrize("flash_attention", [True, False])
@pytest.mark.parametrize(("sample", "special"), [("smollm2", True), ("gemma", False)])
def test_greedy_answers_are_those_of_the_reference(
    engine: EngineProcess,
    request: pytest.FixtureRequest,
    sample: str,
    special: bool,
    flash_attention: bool,
) -> None:
    path: Path = request.getfixturevalue(sample)
    prompts = CHAT if special else PLAIN
    attention = FlashAttention.ON if flash_attention else FlashAttention.OFF
    load = LoadModel(
        path=str(path),
        parallel_sequences=1,
        threads=1,
        options=EngineOptions(flash_attention=attention),
    )
    engine.load(load)
    ours = ask_ours(engine, prompts, special=special)
    assert ours == ask_reference(path, prompts, special=special, flash_attention=flash_attention)
    assert all(tokens for _, tokens in ours)
    if flash_attention:
        # Again, in another order, in a context of another size.
        engine.load(load)
        assert ask_ours(engine, prompts[::-1], special=special) == ours[::-1]
