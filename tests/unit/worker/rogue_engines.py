"""Children that a parent must not trust. Imported by name in the spawned process."""

import os
from multiprocessing.connection import Connection

import msgspec

from desktop.inference.engine import Frame
from desktop.worker.engine_frames import EngineReady, JobDone, PeakMemory, encode


def _send_then_wait(commands: Connection, events: Connection, *frames: bytes) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    for frame in frames:
        events.send_bytes(frame)
    _wait_for_end(commands)


def _wait_for_end(commands: Connection) -> None:
    try:
        while True:
            commands.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)


def serve_nonsense(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _send_then_wait(commands, events, b"\x93\x01\x02")


def serve_unknown_type(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _send_then_wait(commands, events, msgspec.msgpack.encode({"type": "RunThis", "code": "x"}))


def serve_pickle(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _send_then_wait(commands, events, b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.")


def serve_giant(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    # The header of a frame that claims a gigabyte; no more needs to follow.
    os.write(events.fileno(), (2**30).to_bytes(4, "big"))
    _wait_for_end(commands)


def die_at_once(*_: object) -> None:
    os._exit(9)


def _answer_first(commands: Connection, events: Connection, *frames: Frame) -> None:
    _send_then_wait(commands, events, *map(encode, frames))


def serve_unasked(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _answer_first(commands, events, PeakMemory(peak_bytes=1))


def serve_other_job(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _answer_first(commands, events, JobDone(job=7))


def serve_no_answer(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    _answer_first(commands, events, JobDone(job=1))


def serve_deep(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    # A map with an unknown field that holds a list in a list in a list …
    deep = b"\x82\xa4type\xa4Beat\xa1x" + b"\x91" * 1_000_000 + b"\xc0"
    _send_then_wait(commands, events, deep)


def serve_twice_ready(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    events.send_bytes(encode(EngineReady()))
    _answer_first(commands, events)


def serve_cut(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    os.write(events.fileno(), (100).to_bytes(4, "big") + b"half of it")
    os._exit(11)


def serve_closed_pipe(_: bytes, commands: Connection, events: Connection, *__: object) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    events.close()
    _wait_for_end(commands)
