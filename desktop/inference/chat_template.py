"""Chat templates rendered in a short-lived process, under limits of time and memory.

`{{ 7**3000000 }}` holds Python's lock for a second and a loop can fill all memory; neither can be
stopped inside one's own process.
"""

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TypeAlias

import msgspec

from desktop.errors import UserError
from desktop.inference.engine import Conversation, Frame, RenderedPrompt

_START_SECONDS = 120.0
_SECONDS = 5.0
_SECONDS_EACH = 0.01
_MEMORY_BYTES = 1024**3
_MAXIMUM_FRAME_BYTES = 512 * 1024 * 1024
_REMEDY = (
    "Evaluate another conversion of this model, or ask whoever published it for a corrected file."
)


class _Request(Frame, frozen=True, kw_only=True):
    template: str
    conversations: tuple[Conversation, ...]
    bos_text: str
    eos_text: str
    today: str
    memory_bytes: int


class _Ready(Frame, frozen=True, kw_only=True):
    """Everything is imported; from here on it is the template's time."""


class _Rendered(Frame, frozen=True, kw_only=True):
    prompts: tuple[RenderedPrompt, ...]


class _Broken(Frame, frozen=True, kw_only=True):
    message: str


_Reply: TypeAlias = _Ready | _Rendered | _Broken


class TemplateProcess:
    """A `PromptRenderer` that starts a process for every call and ends it afterwards."""

    def __init__(self, *, seconds: float = _SECONDS, memory_bytes: int = _MEMORY_BYTES) -> None:
        """Allow this much for one call; every conversation adds a hundredth of a second."""
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    def __call__(
        self,
        conversations: Sequence[Conversation],
        *,
        template: str,
        bos_text: str,
        eos_text: str,
        today: str,
        control_texts: Sequence[str] = (),
    ) -> tuple[RenderedPrompt, ...]:
        """Render each with `template`, or as plain text where it is empty.

        Raises `UserError` for a template that is broken, endless or too greedy.
        """
        del control_texts
        if not template:
            from desktop.inference.conversation_text import write_plain_text  # noqa: PLC0415 - Jinja

            return tuple(write_plain_text(conversation) for conversation in conversations)
        request = _Request(
            template=template,
            conversations=tuple(conversations),
            bos_text=bos_text,
            eos_text=eos_text,
            today=today,
            memory_bytes=self._memory_bytes,
        )
        reply = self._run(request)
        if isinstance(reply, _Rendered) and len(reply.prompts) == len(conversations):
            return reply.prompts
        reason = reply.message if isinstance(reply, _Broken) else "it gave no answer"
        raise UserError(f"The model's chat template can't be used: {reason}.", remedy=_REMEDY)

    def _run(self, request: _Request) -> _Reply:
        context = multiprocessing.get_context("spawn")
        replies, replies_in = context.Pipe(duplex=False)
        process = context.Process(
            target=_serve,
            args=(msgspec.msgpack.encode(request), replies_in),
            name="touchstone-template",
            daemon=True,
        )
        try:
            process.start()
            replies_in.close()
            allowed = self._seconds + _SECONDS_EACH * len(request.conversations)
            reply = _receive(replies, _START_SECONDS)
            return _receive(replies, allowed) if isinstance(reply, _Ready) else reply
        finally:
            replies_in.close()
            replies.close()
            if process.pid is not None:
                process.kill()
                process.join()
                process.close()


def _receive(replies: Connection, seconds: float) -> _Reply:
    if not replies.poll(seconds):
        return _Broken(message=f"it was still busy after {seconds:.0f} seconds")
    try:
        return _REPLIES.decode(replies.recv_bytes(_MAXIMUM_FRAME_BYTES))
    except (EOFError, OSError, msgspec.MsgspecError):
        return _Broken(message="it used up the time or memory that it may have")


_REPLIES: msgspec.msgpack.Decoder[_Reply] = msgspec.msgpack.Decoder(_Reply)


def _serve(data: bytes, replies: Connection) -> None:
    """Render in the child. Whatever goes wrong beyond words shows as a closed pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.stderr is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from desktop.inference.conversation_text import (  # noqa: PLC0415 - Jinja only in the child
        compile_template,
        render_conversation,
    )

    request = msgspec.msgpack.decode(data, type=_Request)
    _limit_memory(request.memory_bytes)
    replies.send_bytes(msgspec.msgpack.encode(_Ready()))
    try:
        template = compile_template(request.template, request.today)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is no template
        reply: _Reply = _Broken(message=" ".join(str(failure).split())[:300])
    else:
        prompts = tuple(
            render_conversation(
                template, conversation, bos_text=request.bos_text, eos_text=request.eos_text
            )
            for conversation in request.conversations
        )
        reply = _Rendered(prompts=prompts)
    try:
        replies.send_bytes(msgspec.msgpack.encode(reply))
    finally:
        os._exit(0)


def _limit_memory(limit: int) -> None:
    """Limit the address space, where the system can; elsewhere only time is limited."""
    try:
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return
