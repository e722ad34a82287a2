"""Which characters can be printed on this system: what no font has is replaced before it fails.

A PDF for archives must not hold characters without a glyph, and Typst refuses to write one. Which
fonts are there differs from system to system (Chinese needs one that Typst does not bring), so
it is tried out on a page that holds nothing else.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Literal

import typst

from desktop.reports.printable import PLACEHOLDER

PDF_STANDARDS: tuple[Literal["ua-1", "a-2a"], ...] = ("ua-1", "a-2a")
_PAGE = b'#set document(title: "x")\n#set text(lang: "en")\n#sys.inputs.text'
# Every font that Typst brings has these, which a test makes sure of.
_ALWAYS = frozenset(chr(code) for code in range(0x20, 0x7F)) | {
    "\n",
    PLACEHOLDER,
    "\N{NO-BREAK SPACE}",
    "\N{ZERO WIDTH SPACE}",
}


def missing_characters(text: str) -> frozenset[str]:
    """Return the characters of a text that no font can show."""
    groups: dict[str, list[str]] = {}
    for character in sorted(set(text) - _ALWAYS):
        groups.setdefault(_script(character), []).append(character)
    missing: set[str] = set()
    for characters in groups.values():
        missing.update(_missing_of(characters))
    return frozenset(missing)


def replace_characters(text: str, missing: Iterable[str]) -> str:
    """Return the text with a placeholder for each of the characters."""
    return text.translate(dict.fromkeys(map(ord, missing), PLACEHOLDER))


def _missing_of(characters: list[str]) -> list[str]:
    if _can_print("".join(characters)):
        return []
    if len(characters) == 1:
        return characters
    # A script without a font lacks all of it; three samples save thousands of trials.
    samples = {characters[0], characters[len(characters) // 2], characters[-1]}
    if len(characters) > len(samples) and not any(_can_print(sample) for sample in samples):
        return characters
    middle = len(characters) // 2
    return _missing_of(characters[:middle]) + _missing_of(characters[middle:])


@cache
def _can_print(text: str) -> bool:
    try:
        # Apart, so that marks and joiners don't merge with their neighbours.
        typst.compile(_PAGE, sys_inputs={"text": " ".join(text)}, pdf_standards=list(PDF_STANDARDS))
    except typst.TypstError:
        return False
    return True


def _script(character: str) -> str:
    """Return the script of a letter, as its name begins with it; else its stretch of codes."""
    if unicodedata.category(character).startswith(("L", "M")):
        return unicodedata.name(character, "?").split()[0]
    return str(ord(character) // 128)
