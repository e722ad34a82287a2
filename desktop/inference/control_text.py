"""Control texts of users: `<|im_end|>` in a question is something to read, not the end of a turn.

Before a template writes a message, every control text in it gets a mask after its first
character. So nobody takes it for what the template itself writes; tokenising takes the mask out
again and reads that stretch as plain text.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

# Unicode has set these apart for use inside a program; no text is to contain them.
MASKS = tuple(chr(code) for code in range(0xFDD0, 0xFDF0))
# Real ones are short; one that is longer than this can't be written by accident.
LONGEST = 128
_ANY_MASK = re.compile(f"[{MASKS[0]}-{MASKS[-1]}]")
_Tree: TypeAlias = "dict[str, _Tree]"


def compile_control_texts(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for `mask`, or `None` when there is nothing to look for.

    Single characters can't be masked, and white space is in every text. What is longer than
    `LONGEST` characters counts by its beginning. The pattern is a tree: with one alternative for
    each of a vocabulary's 6,000 control texts, a page would take 2 ms instead of 0.02.
    """
    tree: _Tree = {}
    for text in sorted({text[:LONGEST] for text in texts}, key=len):
        if len(text) > 1 and not text.isspace():
            _plant(tree, text)
    if not tree:
        return None
    return re.compile(f"(?={_write(tree)}).", re.DOTALL)


def find_masks(texts: Iterable[str], among: Iterable[str] = MASKS) -> tuple[str, ...]:
    """Return those of the masks that none of the texts contains."""
    taken = {character for text in texts for character in _ANY_MASK.findall(text)}
    return tuple(character for character in among if character not in taken)


def mask(content: str, control_texts: re.Pattern[str], character: str) -> str:
    """Return the text with `character` inside every control text in it, overlapping ones too."""
    return control_texts.sub(lambda found: found[0] + character, content)


def unmask(text: str, character: str) -> str:
    """Return the text as its reader sees it; without a mask it is left as it is."""
    return text.replace(character, "")


def _plant(tree: _Tree, text: str) -> None:
    """Add a text, unless a shorter one stands at its beginning: masking that breaks both."""
    place = tree
    for index, character in enumerate(text):
        if character not in place:
            for rest in text[index:]:
                place = place.setdefault(rest, {})
            return
        place = place[character]
        if not place:
            return


def _write(tree: _Tree) -> str:
    """Return the pattern of what is planted; only where ways part it needs a group."""
    written = ""
    while len(tree) == 1:
        ((character, tree),) = tree.items()
        written += re.escape(character)
    if not tree:
        return written
    branches = (re.escape(character) + _write(rest) for character, rest in tree.items())
    return f"{written}(?:{'|'.join(branches)})"
