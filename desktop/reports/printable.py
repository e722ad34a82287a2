"""Text from strangers made fit for a page: answers, prompts, names out of model files.

Nothing here guards against markup, as text never is markup: it goes to Typst as JSON. This is
about characters that a PDF for archives refuses, that turn neighbouring text around, or that
pile up over other lines.
"""

import re
import unicodedata

PLACEHOLDER = "\N{WHITE SQUARE}"
_LONGEST_WORD = 28
_MOST_MARKS = 3
_BREAK = "\N{ZERO WIDTH SPACE}"
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n[ \n]*\n")
_LONG_WORD = re.compile(rf"[^\s{_BREAK}-]{{{_LONGEST_WORD},}}")
# Private, unassigned and lone surrogates have no glyph that means anything.
_NO_GLYPH = frozenset({"Co", "Cn", "Cs"})


def printable(text: str) -> str:
    """Return text without what a page can't show; line breaks stay, long words may break."""
    lines = _LINE_ENDS.sub("\n", text).expandtabs(4)
    kept: list[str] = []
    marks = 0
    for character in lines:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character == "\n" or character in _JOINERS:
            kept.append(character)
        elif category in _NO_GLYPH:
            kept.append(PLACEHOLDER)
        elif category not in ("Cc", "Cf") and marks <= _MOST_MARKS:
            kept.append(character)
    joined = _BLANK_LINES.sub("\n\n", "".join(kept)).strip()
    return _LONG_WORD.sub(_breakable, joined)


def one_line(text: str, longest: int = 0) -> str:
    """Return text as one line, cut at `longest` characters if that is not 0."""
    line = " ".join(printable(text[: 4 * longest] if longest else text).split())
    return f"{line[: longest - 1].rstrip()}…" if 0 < longest < len(line) else line


def shorten(text: str, longest: int, most_lines: int = 14) -> tuple[str, bool]:
    """Return the beginning of a text, and whether that is less than all of it."""
    # Cut first: an answer may be a hundred thousand characters.
    begun = printable(text[: 2 * longest])
    lines = begun.splitlines()
    shown = "\n".join(lines[:most_lines])[:longest].rstrip()
    cut = len(shown) < len(begun) or len(text) > 2 * longest
    return f"{shown} …" if cut else shown, cut


def _breakable(word: re.Match[str]) -> str:
    text = word.group()
    return _BREAK.join(
        text[place : place + _LONGEST_WORD] for place in range(0, len(text), _LONGEST_WORD)
    )
