"""The text of a grammar, place by place, and the characters that it writes down.

GBNF is llama.cpp's notation for grammars; its rules here are those of `src/llama-grammar.cpp` in
the pinned llama.cpp.
"""

import re

from desktop.domain.base import Value

SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")

_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n", **{sign: sign for sign in '\\"[]-'}}
_HIGHEST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Characters(Value, frozen=True, kw_only=True):
    """One character out of `ranges` (first and last code point), or out of all others."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def match(self, code_point: int) -> bool:
        """Whether this character may stand here."""
        found = any(first <= code_point <= last for first, last in self.ranges)
        return found is not self.negated


ANY_CHARACTER = Characters(ranges=(), negated=True)


class GrammarProblem(Exception):
    """The text is no grammar that can be used; `message` begins with line and column."""

    def __init__(self, message: str, text: str, offset: int) -> None:
        """Turn the offset into what an editor shows, both counted from 1."""
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - text.rfind("\n", 0, offset)
        self.message = f"line {self.line}, column {self.column}: {message}"
        super().__init__(self.message)


class Scanner:
    """A text and the place in it that is read next."""

    def __init__(self, text: str) -> None:
        """Begin at the beginning; raises `GrammarProblem` for what no C text can hold."""
        self.text = text
        self.offset = 0
        for offset, sign in enumerate(text):
            if sign == "\0" or ord(sign) in _SURROGATES:
                raise GrammarProblem("here is a character that no text may hold", text, offset)

    def peek(self, ahead: int = 0) -> str:
        """Return the next character, or nothing at the end."""
        return self.text[self.offset + ahead : self.offset + ahead + 1]

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Go past what matches here."""
        self.take(pattern)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Go past what matches here and return it."""
        found = pattern.match(self.text, self.offset)
        if not found:
            return ""
        self.offset = found.end()
        return found.group()

    def problem(self, message: str, offset: int | None = None) -> GrammarProblem:
        """Return the exception for a place, by default the present one."""
        return GrammarProblem(message, self.text, self.offset if offset is None else offset)


def read_literal(scanner: Scanner) -> tuple[Characters, ...]:
    """Read characters in quotes."""
    start = scanner.offset
    scanner.offset += 1
    found: list[Characters] = []
    while scanner.peek() != '"':
        if not scanner.peek():
            raise scanner.problem("the text that begins here has no closing quote", start)
        place = scanner.offset
        code_point = _read_character(scanner)
        if code_point == 0:
            raise scanner.problem("no model can write the character 0", place)
        found.append(Characters(ranges=((code_point, code_point),)))
    scanner.offset += 1
    return tuple(found)


def read_class(scanner: Scanner) -> Characters:
    """Read a choice of characters in brackets."""
    start = scanner.offset
    scanner.offset += 1
    negated = scanner.peek() == "^"
    scanner.offset += negated
    ranges: list[tuple[int, int]] = []
    while scanner.peek() != "]":
        if not scanner.peek():
            raise scanner.problem("the characters that begin here have no closing ]", start)
        ranges.append(_read_range(scanner))
    if not ranges:
        raise scanner.problem("[] holds no character; write \\] for a bracket", start)
    scanner.offset += 1
    return Characters(ranges=tuple(ranges), negated=negated)


def _read_range(scanner: Scanner) -> tuple[int, int]:
    place = scanner.offset
    first = last = _read_character(scanner)
    if scanner.peek() == "-" and scanner.peek(1) not in ("]", ""):
        scanner.offset += 1
        last = _read_character(scanner)
    if last < first:
        raise scanner.problem("this range of characters runs backwards", place)
    return first, last


def _read_character(scanner: Scanner) -> int:
    place = scanner.offset
    if scanner.peek() != "\\":
        scanner.offset += 1
        return ord(scanner.text[place])
    kind = scanner.peek(1)
    scanner.offset += 2
    if kind in _ESCAPED:
        return ord(_ESCAPED[kind])
    if kind not in _HEX_DIGITS:
        raise scanner.problem(f"\\{kind} is no escape that grammars know", place)
    width = _HEX_DIGITS[kind]
    digits = scanner.text[scanner.offset : scanner.offset + width]
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{width}}}", digits):
        raise scanner.problem(f"\\{kind} needs {width} hexadecimal digits", place)
    scanner.offset += width
    code_point = int(digits, 16)
    if code_point > _HIGHEST or code_point in _SURROGATES:
        raise scanner.problem(f"\\{kind}{digits} is no character", place)
    return code_point
