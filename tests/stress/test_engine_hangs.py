"""An engine that gives no sign of life is ended; one that is only slow is left alone."""

import os
import signal
import sys
import time
from collections.abc import Mapping

import pytest

from desktop.domain.events import AnswerGrew, RunEvent
from desktop.inference.engine import Engine
from desktop.worker.engine_frames import EngineSpec
from desktop.worker.engine_process import EngineProcess, Patience
from tests.stress.bench import LONG, STORY, RealBench, check_complete
from tests.stress.tally import FULL, line

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX"),
]

_NOTICED = "noticed after, s"


def _start_with(bench: RealBench, patience: Patience) -> Engine:
    engine = EngineProcess(EngineSpec(), patience)
    bench.engines.append(engine)
    return engine


def test_a_stopped_engine_is_noticed(bench: RealBench) -> None:
    patience = Patience() if FULL else Patience(silence=3.0, end=0.2)

    def attempt(_: int) -> Mapping[str, float]:
        stopped_at = noticed_at = 0.0

        def stop(event: RunEvent) -> None:
            nonlocal stopped_at, noticed_at
            if isinstance(event, AnswerGrew) and not stopped_at:
                os.kill(bench.pid, signal.SIGSTOP)
                stopped_at = time.monotonic()
            elif stopped_at and not noticed_at:
                noticed_at = time.monotonic()

        story = bench.carry_out(
            [STORY], stop, max_tokens=60, start=lambda: _start_with(bench, patience)
        )
        check_complete(story, 1)
        (told,) = story.losses
        assert f"not given a sign of life for {patience.silence:.0f} seconds" in told
        assert told in story.problems
        return {_NOTICED: noticed_at - stopped_at}

    line(
        "the engine hangs (SIGSTOP)",
        f"noticed after {patience.silence:g} s without a beat and ended; its case is asked again",
        limits={_NOTICED: 35.0},
    ).run(attempt)


def test_a_slow_prompt_is_no_hang(bench: RealBench) -> None:
    def attempt(_: int) -> None:
        silence = 2.5
        begun = time.monotonic()
        story = bench.carry_out(
            [LONG * (330 if FULL else 100)],
            max_tokens=1,
            start=lambda: _start_with(bench, Patience(silence=silence)),
        )
        check_complete(story, 1)
        assert story.losses == ()
        assert time.monotonic() - begun > silence

    line("a prompt that takes longer to read than the silence allowed", "answered").run(attempt)
