"""A model whose chat template means harm: its run is refused, and nothing else happens."""

import multiprocessing
import sys
import time
from collections.abc import Mapping

import msgspec
import pytest

from desktop.domain.run import RunStatus
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.engine import LoadModel, ModelLoaded
from desktop.worker.engine_process import EngineProcess
from tests.stress.bench import RealBench
from tests.stress.tally import line

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's"),
]

_REFUSED = "refused after, s"
_STARTING_SECONDS = 3.0  # of the process that renders, on two cores

HOSTILE = {
    "a huge power": "{{ 7 ** 30000000 }}",
    "an endless loop": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    ),
    "a billion characters": "{{ 'x' * 10 ** 9 }}",
    "a text that doubles without end": (
        "{% set ns = namespace(x='x' * 1000000) %}"
        "{% for i in range(99999) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
    ),
    "attribute tricks": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a function's globals": "{{ raise_exception.__globals__.json }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_template(what: str, bench: RealBench, monkeypatch: pytest.MonkeyPatch) -> None:
    load = EngineProcess.load
    loaded_at = 0.0

    def load_with_template(engine: EngineProcess, request: LoadModel) -> ModelLoaded:
        nonlocal loaded_at
        loaded = msgspec.structs.replace(load(engine, request), chat_template=HOSTILE[what])
        loaded_at = time.monotonic()
        return loaded

    monkeypatch.setattr(EngineProcess, "load", load_with_template)

    def attempt(_: int) -> Mapping[str, float]:
        story = bench.carry_out(["What is the sea?"], render=TemplateProcess())
        seconds = time.monotonic() - loaded_at
        assert story.run.status is RunStatus.FAILED
        assert story.run.problem.startswith("The model's chat template can't be used: ")
        assert story.answers == ()
        assert not multiprocessing.active_children()
        return {_REFUSED: seconds}

    line(
        f"a chat template with {what}",
        "rendered apart within 2 s and 512 MB, the run refused with a sentence",
        limits={_REFUSED: 2.0 + _STARTING_SECONDS},
    ).run(attempt)
