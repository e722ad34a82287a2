"""Chat templates rendered in a short-lived process, under limits of time and memory.

`{{ 7**3000000 }}` holds Python's lock for a second and a loop can fill all memory; neither can be
stopped inside one's own process.
"""

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from desktop.errors import UserError
from desktop.inference.engine import Conversation, Frame, RenderedPrompt
from desktop.inference.parent_watch import end_with_parent

if TYPE_CHECKING:
    from desktop.inference.conversation_text import ConversationWriter

MAXIMUM_TEMPLATE_CHARACTERS = 200_000  # the longest of 70 real ones has 17,000
_START_SECONDS = 120.0
_SECONDS = 2.0
_MEMORY_BYTES = 512 * 1024**2
# Each portion may take the whole time. For 70 real templates it took between 0.01 and 0.12 s, so
# that a machine twenty times as slow, or as busy, still gets its prompts.
_PORTION_CONVERSATIONS = 250
_PORTION_CHARACTERS = 2_000_000
_MAXIMUM_FRAME_BYTES = 512 * 1024 * 1024
_REMEDY = (
    "Evaluate another conversion of this model, or ask whoever published it for a corrected file."
)


class _Opening(Frame, frozen=True, kw_only=True):
    template: str
    bos_text: str
    eos_text: str
    today: str
    control_texts: tuple[str, ...]
    memory_bytes: int


class _Portion(Frame, frozen=True, kw_only=True):
    conversations: tuple[Conversation, ...]


class _Ready(Frame, frozen=True, kw_only=True):
    """Everything is imported; from here on it is the template's time."""


class _Compiled(Frame, frozen=True, kw_only=True):
    """It is a template; what it writes will be seen."""


class _Rendered(Frame, frozen=True, kw_only=True):
    prompts: tuple[RenderedPrompt, ...]


class _Broken(Frame, frozen=True, kw_only=True):
    """Nothing can be had of this template; `reason` completes a sentence."""

    reason: str


_Reply: TypeAlias = _Ready | _Compiled | _Rendered | _Broken
_T = TypeVar("_T", _Ready, _Compiled, _Rendered)


class TemplateProcess:
    """A `PromptRenderer` that starts a process for every call and ends it afterwards."""

    def __init__(self, *, seconds: float = _SECONDS, memory_bytes: int = _MEMORY_BYTES) -> None:
        """Allow this much time for compiling and for every 250 conversations, and this memory."""
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

        Raises `UserError` for a template that is broken, endless, too greedy or too long, and for
        one that refuses every conversation.
        """
        if not template:
            from desktop.inference.conversation_text import write_plain_text  # noqa: PLC0415 - Jinja

            return tuple(write_plain_text(conversation) for conversation in conversations)
        if len(template) > MAXIMUM_TEMPLATE_CHARACTERS:
            raise _refuse(
                f"it has {len(template):,} characters, and the limit is"
                f" {MAXIMUM_TEMPLATE_CHARACTERS:,}"
            )
        opening = _Opening(
            template=template,
            bos_text=bos_text,
            eos_text=eos_text,
            today=today,
            control_texts=tuple(control_texts),
            memory_bytes=self._memory_bytes,
        )
        prompts = self._run(opening, conversations)
        if prompts and all(prompt.problem for prompt in prompts):
            raise UserError(prompts[0].problem, remedy=_REMEDY)
        return prompts

    def _run(
        self, opening: _Opening, conversations: Sequence[Conversation]
    ) -> tuple[RenderedPrompt, ...]:
        context = multiprocessing.get_context("spawn")
        replies, replies_in = context.Pipe(duplex=False)
        portions_out, portions = context.Pipe(duplex=False)
        process = context.Process(
            target=_serve,
            args=(msgspec.msgpack.encode(opening), portions_out, replies_in),
            name="touchstone-template",
            daemon=True,
        )
        try:
            process.start()
            replies_in.close()
            portions_out.close()
            _receive(replies, _Ready, _START_SECONDS)
            _receive(replies, _Compiled, self._seconds)
            return tuple(
                prompt
                for portion in _divide(conversations)
                for prompt in self._render(portion, portions, replies)
            )
        finally:
            _end(process, replies, replies_in, portions, portions_out)

    def _render(
        self, portion: _Portion, portions: Connection, replies: Connection
    ) -> tuple[RenderedPrompt, ...]:
        try:
            portions.send_bytes(msgspec.msgpack.encode(portion))
        except OSError:
            raise _refuse(_ENDED) from None
        rendered = _receive(replies, _Rendered, self._seconds)
        if len(rendered.prompts) != len(portion.conversations):
            raise _refuse("it gave no answer")
        return rendered.prompts


_ENDED = "it used up the time or memory that it may have"


def _refuse(reason: str) -> UserError:
    return UserError(f"The model's chat template can't be used: {reason}.", remedy=_REMEDY)


def _divide(conversations: Sequence[Conversation]) -> Iterator[_Portion]:
    """Yield portions that are small enough for the time and memory that one may take."""
    portion: list[Conversation] = []
    size = 0
    for conversation in conversations:
        length = sum(len(content) for _, content in conversation.messages)
        is_full = len(portion) == _PORTION_CONVERSATIONS or size + length > _PORTION_CHARACTERS
        if portion and is_full:
            yield _Portion(conversations=tuple(portion))
            portion, size = [], 0
        portion.append(conversation)
        size += length
    if portion:
        yield _Portion(conversations=tuple(portion))


def _end(process: SpawnProcess, *connections: Connection) -> None:
    for connection in connections:
        connection.close()
    if process.pid is not None:
        process.kill()
        process.join()
        process.close()


def _receive(replies: Connection, wanted: type[_T], seconds: float) -> _T:
    if not replies.poll(seconds):
        raise _refuse(f"it was still busy after {seconds:.0f} seconds")
    try:
        reply = _REPLIES.decode(replies.recv_bytes(_MAXIMUM_FRAME_BYTES))
    except (EOFError, OSError, msgspec.MsgspecError):
        raise _refuse(_ENDED) from None
    if isinstance(reply, wanted):
        return reply
    raise _refuse(reply.reason if isinstance(reply, _Broken) else "it gave no answer")


_REPLIES: msgspec.msgpack.Decoder[_Reply] = msgspec.msgpack.Decoder(_Reply)


def _serve(data: bytes, portions: Connection, replies: Connection) -> None:
    """Render in the child. Whatever goes wrong beyond words shows as a closed pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.stderr is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from desktop.inference.conversation_text import (  # noqa: PLC0415 - Jinja only in the child
        ConversationWriter,
    )

    end_with_parent()
    opening = msgspec.msgpack.decode(data, type=_Opening)
    decoder = msgspec.msgpack.Decoder(_Portion)
    _limit_memory(opening.memory_bytes)
    _send(replies, _Ready())
    try:
        writer = ConversationWriter(
            opening.template,
            bos_text=opening.bos_text,
            eos_text=opening.eos_text,
            today=opening.today,
            control_texts=opening.control_texts,
        )
        _send(replies, _Compiled())
        while True:
            _send(replies, _write(writer, decoder.decode(portions.recv_bytes())))
    except EOFError:
        os._exit(0)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is no template
        _send(replies, _Broken(reason=_describe(failure)))
    os._exit(0)


def _write(writer: "ConversationWriter", portion: _Portion) -> _Rendered:
    return _Rendered(prompts=tuple(map(writer.write, portion.conversations)))


def _describe(failure: Exception) -> str:
    if isinstance(failure, MemoryError):
        return "it wants more memory than it may have"
    if isinstance(failure, RecursionError):
        return "it calls itself without end"
    return " ".join(str(failure).split())[:300].rstrip(".") or type(failure).__name__


def _send(replies: Connection, reply: _Reply) -> None:
    replies.send_bytes(msgspec.msgpack.encode(reply))


def _limit_memory(limit: int) -> None:
    """Limit the address space, where the system can; elsewhere only time is limited."""
    try:
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return
