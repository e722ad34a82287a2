"""Bytes that no honest engine sends, into the parent's reading end: never more than a sentence."""

import multiprocessing
import os
import random
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import msgspec
import psutil
import pytest

from desktop.domain.run import EngineFacts, StopReason
from desktop.domain.settings import Sampling
from desktop.errors import EngineFault
from desktop.inference.engine import (
    Frame,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    ModelLoaded,
    Prompt,
    TextGenerated,
)
from desktop.worker.engine_frames import (
    Beat,
    Close,
    EngineLog,
    EngineReady,
    EngineSpec,
    JobDone,
    decode_command,
    encode,
)
from desktop.worker.engine_process import EngineProcess, Patience
from tests.stress.tally import line

_KEYS = ("a", "b")
_LOADED = ModelLoaded(
    facts=EngineFacts(
        name="x",
        version="1",
        devices=("CPU",),
        context_tokens=64,
        parallel_sequences=2,
        threads=1,
        load_seconds=0.5,
    ),
    chat_template="{{ messages }}",
    control_texts=("<s>", "</s>"),
)


def _start(key: str) -> Frame:
    return GenerationStarted(key=key, prompt_tokens=3)


def _grow(key: str) -> Frame:
    return TextGenerated(key=key, text=f"text of {key}")


def _finish(key: str) -> Frame:
    return GenerationFinished(
        key=key,
        text=f"text of {key}",
        stop_reason=StopReason.END_OF_ANSWER,
        prompt_tokens=3,
        generated_tokens=2,
        time_to_first_token_seconds=0.1,
        seconds=0.2,
    )


# What an honest engine says at its start, to a load, and to two prompts.
_HONEST: tuple[tuple[Frame, ...], ...] = (
    (Beat(), EngineReady()),
    (EngineLog(text="loading"), _LOADED, Beat(), JobDone(job=1)),
    (
        _start("a"),
        _grow("a"),
        _start("b"),
        _grow("b"),
        _finish("b"),
        EngineLog(text="a warning", is_problem=True),
        _grow("a"),
        _finish("a"),
        JobDone(job=2),
    ),
)


class Forger:
    """Makes one dishonest engine's bytes out of an honest one's, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.turns = [[encode(frame) for frame in turn] for turn in _HONEST]
        self.ways: list[Callable[[list[bytes]], None]] = [
            self._drop,
            self._repeat,
            self._swap,
            self._borrow,
            self._change_value,
            self._change_value,
        ]

    def forge(self) -> list[bytes]:
        """Return what is written at the start, after the first command and after the second.

        The forged turn is the last: the pipe is closed after it, so that nobody waits for more.
        """
        forged = self._random.choice((1, 2, 2, 2))
        if self._random.random() < 0.6:
            for _ in range(self._random.choice((1, 1, 2))):
                if self.turns[forged]:
                    self._random.choice(self.ways)(self.turns[forged])
            return [_frame_all(turn) for turn in self.turns[: forged + 1]]
        streams = [_frame_all(turn) for turn in self.turns[: forged + 1]]
        streams[forged] = self._damage(streams[forged])
        return streams

    def _place(self, turn: list[bytes]) -> int:
        return self._random.randrange(len(turn)) if turn else 0

    def _drop(self, turn: list[bytes]) -> None:
        del turn[self._place(turn) : self._place(turn) + 1]

    def _repeat(self, turn: list[bytes]) -> None:
        turn.insert(self._place(turn), turn[self._place(turn)])

    def _swap(self, turn: list[bytes]) -> None:
        one, other = self._place(turn), self._place(turn)
        turn[one], turn[other] = turn[other], turn[one]

    def _borrow(self, turn: list[bytes]) -> None:
        turn.insert(self._place(turn), self._random.choice(self._random.choice(self.turns)))

    def _change_value(self, turn: list[bytes]) -> None:
        """Put a value that has no business there into a frame that stays well formed."""
        place = self._place(turn)
        frame: dict[str, Any] = msgspec.msgpack.decode(turn[place])
        name = self._random.choice(list(frame))
        frame[name] = self._random.choice(
            (None, -1, 2**63, float("nan"), float("inf"), -0.5, "", "c", "a", "x" * 9999, [], {}, 7)
        )
        turn[place] = msgspec.msgpack.encode(frame)

    def _damage(self, stream: bytes) -> bytes:
        data = bytearray(stream)
        place = self._random.randrange(len(data))
        match self._random.randrange(5):
            case 0:
                data[place] ^= 1 << self._random.randrange(8)
            case 1:
                del data[place:]
            case 2:
                del data[place : place + self._random.randrange(1, 9)]
            case 3:
                data[place:place] = self._random.randbytes(self._random.randrange(1, 40))
            case _:
                header = self._random.choice(
                    (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")
                )
                data[place:place] = header
        return bytes(data)


def _frame_all(frames: list[bytes]) -> bytes:
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


class FakeProcess:
    """Stands in for the child: says what it was given, one turn for each command, then ends."""

    turns: list[bytes]

    def __init__(self, *, args: tuple[Any, ...], **_: object) -> None:
        _, commands, events, errors, _ = args
        self._commands, self._events, self._errors = map(_duplicate, (commands, events, errors))
        self._told_to_end, self._end = Pipe(duplex=False)
        self.pid = None
        self._thread = threading.Thread(target=self._talk)

    @property
    def exitcode(self) -> int | None:
        return None if self._thread.is_alive() else 0

    def start(self) -> None:
        self._thread.start()

    def _talk(self) -> None:
        with self._commands, self._errors, self._events, self._told_to_end:
            for number, turn in enumerate(self.turns):
                if number and not self._is_asked():
                    return
                # A pipe holds 64 kB, so this does not wait for anybody.
                os.write(self._events.fileno(), turn)

    def _is_asked(self) -> bool:
        if self._told_to_end in wait((self._commands, self._told_to_end)):
            return False
        try:
            return not isinstance(decode_command(self._commands.recv_bytes()), Close)
        except EOFError:
            return False

    def join(self, seconds: float | None = None) -> None:
        self._thread.join(seconds)

    def terminate(self) -> None:
        self._end.close()

    kill = terminate

    def close(self) -> None:
        self._end.close()
        self._thread.join()


def _duplicate(connection: Connection) -> Connection:
    return Connection(
        os.dup(connection.fileno()), readable=connection.readable, writable=connection.writable
    )


class FakeContext:
    """Stands in for `multiprocessing`."""

    Pipe = staticmethod(Pipe)
    Process = FakeProcess


@pytest.fixture
def fake_processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: FakeContext)
    me = psutil.Process()
    before = (me.num_fds(), threading.active_count())
    yield
    assert (me.num_fds(), threading.active_count()) == before


@pytest.mark.skipif(os.name == "nt", reason="pipes have messages there, not headers")
@pytest.mark.usefixtures("fake_processes")
def test_forged_frames() -> None:
    outcomes = {"told as": 0, "harmless": 0}

    def attempt(number: int) -> None:
        FakeProcess.turns = Forger(number).forge()
        outcomes["told as" if _listen() else "harmless"] += 1

    line(
        "frames that are no valid event, too long, cut or out of place",
        "the engine is ended with a sentence, nothing else happens",
        few=400,
        full=10_000,
    ).run(attempt)
    assert outcomes["told as"] > 3 * outcomes["harmless"]


def _listen() -> str:
    """Use an engine as a run does; returns the sentence of its end, empty if all went well."""
    ended: set[str] = set()
    begun: set[str] = set()
    try:
        engine = EngineProcess(EngineSpec(), Patience(silence=5.0, end=0.5))
    except EngineFault as fault:
        return fault.message
    try:
        engine.load(LoadModel(path="/m/a.gguf", context_tokens=64))
        for event in engine.generate([_ask(key) for key in _KEYS]):
            match event:
                case GenerationStarted(key=key):
                    assert key in _KEYS
                    assert key not in begun
                    begun.add(key)
                case TextGenerated(key=key):
                    assert key in begun - ended
                case GenerationFinished(key=key):
                    assert key in begun - ended
                    ended.add(key)
                case _:
                    raise AssertionError(event)
    except EngineFault as fault:
        told = fault
    else:
        assert ended == set(_KEYS)
        return ""
    finally:
        engine.close()
    assert told.process_ended
    return told.message


def _ask(key: str) -> Prompt:
    return Prompt(key=key, text=key, has_special_tokens=False, sampling=Sampling(), max_tokens=4)
