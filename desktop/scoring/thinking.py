"""What a reasoning model thinks aloud is not its answer."""

import regex

from desktop.domain.base import Value

_BLOCK = regex.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>\s*", regex.DOTALL)
_OPEN = regex.compile(r"\s*<(?:think|thinking|reasoning)>", regex.DOTALL)
_CLOSE = regex.compile(r".*</(?:think|thinking|reasoning)>\s*", regex.DOTALL)


class Split(Value, frozen=True, kw_only=True):
    """An answer without its thinking: where it begins, and whether it ever did."""

    start: int
    unfinished: bool = False


def split_thinking(text: str) -> Split:
    """Return where the answer begins after a leading thinking part.

    A part that was opened by the prompt's template shows its closing tag alone. One that is
    never closed was cut off: there is no answer.
    """
    block = _BLOCK.match(text)
    if block is not None:
        return Split(start=block.end())
    if _OPEN.match(text):
        return Split(start=len(text), unfinished=True)
    close = _CLOSE.match(text)
    return Split(start=close.end() if close else 0)
