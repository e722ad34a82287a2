"""What the pipe costs of a run."""

import time
from collections.abc import Mapping
from multiprocessing import Pipe
from threading import Thread

from desktop.domain.settings import Sampling
from desktop.inference.engine import (
    GenerationStarted,
    Prompt,
    TextGenerated,
)
from desktop.worker.engine_child import _Outlet
from desktop.worker.event_order import GenerationOrder
from desktop.worker.event_reader import EventReader
from tests.stress.tally import FULL, line

_SEQUENCES = 16
_TOKENS_PER_SECOND = 200
# Text is told at most so often for each sequence (`TextGenerated`).
_PIECES_PER_SECOND = 10


def test_frames_cost_little() -> None:
    count = 160_000 if FULL else 4_000
    pieces = [
        TextGenerated(key=f"key-{n % _SEQUENCES}", text=" twenty tokens of some text" * 5)
        for n in range(count)
    ]

    def attempt(_: int) -> Mapping[str, float]:
        reading, writing = Pipe(duplex=False)
        keys = [f"key-{n}" for n in range(_SEQUENCES)]
        order = GenerationOrder([_ask(key) for key in keys])
        assert all(order.accept(GenerationStarted(key=key, prompt_tokens=1)) for key in keys)
        begun = time.process_time()
        reader = EventReader(reading)
        sender = Thread(target=_send, args=(_Outlet(writing, ""), pieces))
        sender.start()
        for _ in range(count):
            event = reader.take(20.0)
            assert event is not None
            assert order.accept(event)
        sender.join()
        writing.close()
        reader.close()
        each = (time.process_time() - begun) / count
        share = 100 * each * _SEQUENCES
        return {
            "both ends, µs a frame": each * 1e6,
            "% of a core as told, every 0.1 s": share * _PIECES_PER_SECOND,
            "% of a core if each token were a frame": share * _TOKENS_PER_SECOND,
        }

    line(
        f"frames of {_SEQUENCES} sequences at {_TOKENS_PER_SECOND} tokens a second each",
        "the pipe costs less than 2 % of the run",
        full=3,
        limits={"% of a core as told, every 0.1 s": 2.0},
    ).run(attempt)


def _send(outlet: _Outlet, pieces: list[TextGenerated]) -> None:
    for piece in pieces:
        outlet.send(piece)


def _ask(key: str) -> Prompt:
    return Prompt(key=key, text=key, has_special_tokens=False, sampling=Sampling(), max_tokens=4)
