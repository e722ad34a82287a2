"""Children that a parent must not trust. Imported by name in the spawned process."""

import os
from multiprocessing.connection import Connection

import msgspec

from desktop.worker.engine_frames import EngineReady, encode


def _send_then_wait(commands: Connection, events: Connection, *frames: bytes) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    for frame in frames:
        events.send_bytes(frame)
    try:
        while True:
            commands.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)


def serve_nonsense(_: bytes, commands: Connection, events: Connection, __: str) -> None:
    _send_then_wait(commands, events, b"\x93\x01\x02")


def serve_unknown_type(_: bytes, commands: Connection, events: Connection, __: str) -> None:
    _send_then_wait(commands, events, msgspec.msgpack.encode({"type": "RunThis", "code": "x"}))


def serve_pickle(_: bytes, commands: Connection, events: Connection, __: str) -> None:
    _send_then_wait(commands, events, b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.")


def serve_giant(_: bytes, commands: Connection, events: Connection, __: str) -> None:
    events.send_bytes(encode(EngineReady()))
    commands.recv_bytes()
    # The header of a frame that claims a gigabyte; no more needs to follow.
    os.write(events.fileno(), (2**30).to_bytes(4, "big"))
    _send_then_wait(commands, events)


def die_at_once(*_: object) -> None:
    os._exit(9)
