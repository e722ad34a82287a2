"""A program with an engine or a template process, to be killed. Prints what it is doing.

Arguments: `load`, `read`, `decode` or `idle` and a model; or `template`.
"""

import sys

from desktop.domain.settings import Sampling
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.engine import (
    Conversation,
    GenerationStarted,
    LoadModel,
    Prompt,
    TextGenerated,
)
from desktop.worker.engine_process import start_llama_engine
from tests.stress.bench import LONG

_ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def _tell(stage: str) -> None:
    sys.stdout.write(f"{stage}\n")
    sys.stdout.flush()


def _run_engine(stage: str, model: str) -> None:
    engine = start_llama_engine()
    if stage == "load":
        _tell(stage)
    engine.load(LoadModel(path=model, context_tokens=2048, threads=1, parallel_sequences=1))
    if stage == "idle":
        _tell(stage)
        sys.stdin.read()
    prompt = Prompt(
        key="k",
        text=LONG * (120 if stage == "read" else 1),
        has_special_tokens=False,
        sampling=Sampling(),
        max_tokens=1000,
    )
    for event in engine.generate([prompt]):
        if isinstance(event, GenerationStarted if stage == "read" else TextGenerated):
            _tell(stage)


def _render() -> None:
    _tell("template")
    TemplateProcess()(
        [Conversation(messages=(("user", "Hello"),))],
        template=_ENDLESS,
        bos_text="",
        eos_text="",
        today="2026-11-22",
    )


if __name__ == "__main__":
    if sys.argv[1] == "template":
        _render()
    else:
        _run_engine(*sys.argv[1:])
