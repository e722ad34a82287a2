"""A cancel is obeyed at once, and what was answered before it is kept."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from desktop.domain.events import AnswerGrew, AnswerStarted, RunEvent
from desktop.domain.run import RunStatus
from desktop.errors import EngineFault
from desktop.evaluation.control import RunControl
from desktop.inference.engine import LoadModel
from desktop.worker.engine_process import EngineProcess
from tests.stress.bench import LONG, STORY, RealBench
from tests.stress.tally import FULL, line

pytestmark = pytest.mark.engine

_STOPPED = "stopped, s"


class Canceller:
    """Cancels from another thread soon after a case has got somewhere."""

    def __init__(self, control: RunControl, kind: type[RunEvent], case: str, delay: float) -> None:
        self._control = control
        self._kind = kind
        self._case = case
        self._timer = threading.Timer(delay, self._cancel)
        self.cancelled_at = 0.0

    def __call__(self, event: RunEvent) -> None:
        fits = isinstance(event, self._kind) and getattr(event, "case_id", "") == self._case
        if fits and not self._timer.ident:
            self._timer.start()

    def _cancel(self) -> None:
        self.cancelled_at = time.monotonic()
        self._control.cancel()


@pytest.mark.parametrize(
    ("what", "kind", "prompt"),
    [
        ("a prompt of 4,096 tokens is read", AnswerStarted, LONG * (341 if FULL else 100)),
        ("an answer is decoded", AnswerGrew, STORY),
    ],
)
def test_a_cancel_stops_the_engine(
    what: str, kind: type[RunEvent], prompt: str, bench: RealBench
) -> None:
    ended = 0.0

    def attempt(number: int) -> Mapping[str, float]:
        control = RunControl()
        canceller = Canceller(control, kind, "case-2", 0.05 * (number % 8))
        story = bench.carry_out(
            ["What is the sea?", prompt], canceller, max_tokens=400, control=control
        )
        assert story.run.status is RunStatus.CANCELLED
        assert [answer.case_id for answer in story.answers] == ["case-1"]
        assert story.answered() == 1
        assert story.losses == ()
        return {_STOPPED: ended - canceller.cancelled_at}

    close = EngineProcess.close

    def note_end(engine: EngineProcess) -> None:
        nonlocal ended
        ended = time.monotonic()
        close(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineProcess, "close", note_end)
        line(
            f"cancel while {what}",
            "the engine stops within 0.3 s, the answers before it are kept",
            full=20,
            limits={_STOPPED: 0.3},
        ).run(attempt)


@pytest.mark.parametrize(("name", "tokens"), [("2^31", 2**31), ("beyond memory", 2**24)])
def test_a_context_beyond_memory_is_refused(
    name: str, tokens: int, bench: RealBench, smollm2: Path
) -> None:
    def attempt(_: int) -> None:
        engine = bench.start_engine()
        with pytest.raises(EngineFault, match=r"needs .* GB.*this machine has .* GB") as caught:
            engine.load(LoadModel(path=str(smollm2), context_tokens=tokens, threads=1))
        assert not caught.value.process_ended
        assert engine.peak_memory_bytes() < 500_000_000
        engine.load(LoadModel(path=str(smollm2), context_tokens=512, threads=1))
        engine.close()

    line(
        f"n_ctx of {name}", 'refused before allocation: "needs X, this machine has Y"', full=1
    ).run(attempt)
