"""What a reasoning model thinks aloud is not its answer."""

import regex

from desktop.domain.base import Value
from desktop.domain.run import StopReason

_BLOCK = regex.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>\s*", regex.DOTALL)
_OPEN = regex.compile(r"\s*<(?:think|thinking|reasoning)>", regex.DOTALL)
_CLOSE = regex.compile(r".*</(?:think|thinking|reasoning)>\s*", regex.DOTALL)


# Where a limit ended a text; the others mean that the model or a stop text did.
_CUTS = {
    None: "The model was still thinking where its text ends; nothing was checked.",
    StopReason.MAX_THINKING: "The model was still thinking at the longest thinking allowed; "
    "nothing was checked.",
    StopReason.MAX_TOKENS: "The model was still thinking at the longest answer allowed; "
    "nothing was checked.",
    StopReason.CONTEXT_FULL: "The model was still thinking when its context was full; "
    "nothing was checked.",
}


class Split(Value, frozen=True, kw_only=True):
    """An answer without its thinking: where it begins, and whether it ever did."""

    start: int
    unfinished: bool = False


def split_thinking(text: str) -> Split:
    """Return where the answer begins after a leading thinking part.

    A part that was opened by the prompt's template shows its closing tag alone. One that is
    never closed is unfinished: there is no answer.
    """
    block = _BLOCK.match(text)
    if block is not None:
        return Split(start=block.end())
    if _OPEN.match(text):
        return Split(start=len(text), unfinished=True)
    close = _CLOSE.match(text)
    return Split(start=close.end() if close else 0)


def explain_cut(split: Split, text: str, thinking: str, stop_reason: StopReason | None) -> str:
    """Return why there is no answer if a limit cut off the thinking, empty if none did.

    The engine tells it apart where it recognised the thinking; else an open tag does. A model
    that ended by itself was not cut off, even in the middle of its thinking.
    """
    full = stop_reason is StopReason.CONTEXT_FULL and bool(thinking) and not text.strip()
    if stop_reason is StopReason.MAX_THINKING or full or split.unfinished:
        return _CUTS.get(stop_reason, "")
    return ""
