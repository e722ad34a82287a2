"""Regular expressions as GBNF, for the content of a JSON string.

Taken are the parts that describe a regular language and mean the same in JavaScript (JSON
Schema's dialect) and Python. The characters of the result are written as JSON writes them: a quote
or a line's end becomes its escape. Without `^` and `$` anything may stand around the match.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from desktop.inference.json_text_grammar import choose

_Ranges: TypeAlias = list[tuple[int, int]]
_HIGHEST = 0x10FFFF
_MOST_NESTING = 30
_DIGIT: _Ranges = [(0x30, 0x39)]
_WORD: _Ranges = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_SPACE: _Ranges = [(0x9, 0xD), (0x20, 0x20)]
# What JavaScript or Python calls white space: none of it is outside for both.
_ANY_SPACE: _Ranges = [
    *_SPACE, (0x1C, 0x1F), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
]  # fmt: skip
_LINE_ENDS: _Ranges = [(0xA, 0xA), (0xD, 0xD), (0x2028, 0x2029)]
_NAMED = {"n": 0xA, "r": 0xD, "t": 0x9, "f": 0xC, "v": 0xB}
_SHORT = {0x8: "b", 0x9: "t", 0xA: "n", 0xC: "f", 0xD: "r"}
_COUNT = re.compile(r"\{([0-9]{1,4})(,?)([0-9]{0,4})\}")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")


class PatternProblem(Exception):
    """The regular expression has something that a grammar can't express."""


def make_pattern_grammar(pattern: str) -> str:
    """Return an expression that uses the rule `char`; raises `PatternProblem`."""
    return _Translator(pattern).translate()


class _Translator:
    """Reads a regular expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._offset = 0

    def translate(self) -> str:
        found = [self._branch()]
        while self._take("|"):
            found.append(self._branch())
        if self._offset < len(self._pattern):
            raise PatternProblem('")" has no "("')
        return choose(found)

    def _branch(self) -> str:
        """Read one alternative of the whole, with its anchors."""
        parts = [] if self._take("^") else ["char*"]
        body = self._sequence(0)
        parts += [body] if body else []
        if not self._take("$"):
            parts.append("char*")
        if self._offset < len(self._pattern) and self._pattern[self._offset] not in "|)":
            raise PatternProblem('"$" in the middle')
        return " ".join(parts) or '""'

    def _take(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._offset)
        self._offset += len(text) * found
        return found

    def _next(self) -> str:
        if self._offset >= len(self._pattern):
            raise PatternProblem("it ends too early")
        self._offset += 1
        return self._pattern[self._offset - 1]

    def _peek(self) -> str:
        return self._pattern[self._offset : self._offset + 1]

    def _sequence(self, depth: int) -> str:
        found: list[str] = []
        while self._peek() not in ("", "|", ")", "$"):
            atom = self._atom(depth)
            found.append(atom + self._quantifier())
        return " ".join(found)

    def _atom(self, depth: int) -> str:
        sign = self._next()
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return _write(self._class())
        if sign == ".":
            return _write(_invert(_LINE_ENDS))
        if sign == "\\":
            return _write(self._escape())
        if sign in "^*+?{}":
            raise PatternProblem(f'"{sign}" where a grammar can\'t have it')
        return _write([(ord(sign), ord(sign))])

    def _group(self, depth: int) -> str:
        if depth >= _MOST_NESTING:
            raise PatternProblem(f"groups nested more than {_MOST_NESTING} deep")
        if self._take("?") and not self._take(":"):
            named = re.compile(r"P?<[A-Za-z_]\w*>").match(self._pattern, self._offset)
            if not named:
                raise PatternProblem("looking ahead or behind, or flags")
            self._offset = named.end()
        found = [self._sequence(depth + 1)]
        while self._take("|"):
            found.append(self._sequence(depth + 1))
        if not self._take(")"):
            raise PatternProblem('"(" without ")", or "$" within it')
        return f"( {' | '.join(found)} )"

    def _quantifier(self) -> str:
        sign = self._peek()
        if sign not in ("*", "+", "?", "{") or not sign:
            return ""
        counted = _COUNT.match(self._pattern, self._offset)
        if sign == "{" and not counted:
            raise PatternProblem('"{" that is no repetition')
        self._offset = counted.end() if counted else self._offset + 1
        self._take("?")  # lazy or not, the language is the same
        if self._peek() in ("*", "+", "?", "{") and self._peek():
            raise PatternProblem("a repetition of a repetition")
        return counted.group() if counted else sign

    def _escape(self) -> _Ranges:
        """Read what follows a backslash."""
        coded = _HEX.match(self._pattern, self._offset)
        if coded:
            self._offset = coded.end()
            code_point = int(coded.group(1) or coded.group(2), 16)
            if 0xD800 <= code_point <= 0xDFFF:  # noqa: PLR2004 - the surrogates
                raise PatternProblem("half of a surrogate pair")
            return [(code_point, code_point)]
        sign = self._next()
        classes = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
        if sign in classes:
            return classes[sign]
        if sign in "DWS":
            return _invert(_ANY_SPACE if sign == "S" else classes[sign.lower()])
        if sign in _NAMED:
            return [(_NAMED[sign], _NAMED[sign])]
        if sign.isalnum():
            raise PatternProblem(f'"\\{sign}"')
        return [(ord(sign), ord(sign))]

    def _class(self) -> _Ranges:
        inverted = self._take("^")
        found: _Ranges = []
        while not self._take("]"):
            first = self._member()
            if self._peek() == "-" and self._pattern[self._offset + 1 : self._offset + 2] != "]":
                self._offset += 1
                last = self._member()
                if len(first) != 1 or len(last) != 1 or first[0][0] > last[0][0]:
                    raise PatternProblem("a range of characters that is none")
                first = [(first[0][0], last[0][1])]
            found += first
        if not found:
            raise PatternProblem("an empty choice of characters")
        return _invert(found) if inverted else found

    def _member(self) -> _Ranges:
        sign = self._next()
        if sign == "\\":
            return [(0x8, 0x8)] if self._take("b") else self._escape()
        return [(ord(sign), ord(sign))]


def _invert(ranges: Sequence[tuple[int, int]]) -> _Ranges:
    found: _Ranges = []
    start = 0
    for first, last in sorted(ranges):
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    if start <= _HIGHEST:
        found.append((start, _HIGHEST))
    return found


def _write(ranges: _Ranges) -> str:
    """Return an expression for one character, as it is written inside a JSON string."""
    wanted = _invert(_invert(ranges))
    escaped = [(0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), (0xD800, 0xDFFF)]
    plain = _invert(_invert(wanted) + escaped)
    found = [f"[{''.join(_write_range(*part) for part in plain)}]"] if plain else []
    for code_point in (*range(0x20), 0x22, 0x5C):
        if not any(first <= code_point <= last for first, last in wanted):
            continue
        if code_point in _SHORT:
            found.append(f'"\\\\{_SHORT[code_point]}"')
        elif code_point >= 0x20:  # noqa: PLR2004 - quote and backslash
            found.append(f'"\\\\\\{chr(code_point)}"')
        else:
            digit = f"{code_point:02x}"[1]
            either = f"[{digit}{digit.upper()}]" if digit.isalpha() else f'"{digit}"'
            found.append(f'"\\\\u00{code_point >> 4}" {either}')
    return choose(found)


def _write_range(first: int, last: int) -> str:
    ends = [_write_end(end) for end in (first, last)]
    return ends[0] if first == last else "-".join(ends)


def _write_end(code_point: int) -> str:
    sign = chr(code_point)
    return sign if sign.isascii() and sign.isalnum() else f"\\U{code_point:08X}"
