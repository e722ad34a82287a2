"""A program with an engine or a template process, to be killed. Prints what it is doing.

Arguments: `load`, `read`, `decode` or `idle` and a model; or `loop` or `power`, templates that
would go on for hours (but that their own process is ended after a while).
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

_TEMPLATES = {
    "loop": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "power": "{% set a = 7 ** 30000000 %}",
}


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


def _render(name: str) -> None:
    _tell(name)
    TemplateProcess(seconds=600)(
        [Conversation(messages=(("user", "Hello"),))],
        template=_TEMPLATES[name],
        bos_text="",
        eos_text="",
        today="2026-11-22",
    )


if __name__ == "__main__":
    if sys.argv[1] in _TEMPLATES:
        _render(sys.argv[1])
    else:
        _run_engine(*sys.argv[1:])
