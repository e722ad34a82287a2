"""Reading a grammar into the rules that llama.cpp makes of it.

Groups become rules of their own and repetitions are written out, as in llama.cpp, so that their
size is known before llama.cpp has to bear it. Whatever is read here, llama.cpp reads too; the
converse does not hold: what it takes and can't have been meant (a range that runs backwards, a
rule defined twice, a limit of repetitions that it drops without a word) is refused.
"""

import re
from typing import TypeAlias

from desktop.domain.base import Value
from desktop.inference.grammar_text import (
    ANY_CHARACTER,
    SPACE,
    SPACE_AND_LINES,
    Characters,
    Scanner,
    read_class,
    read_literal,
)

MOST_CHARACTERS = 200_000
MOST_ELEMENTS = 200_000
MOST_RULES = 20_000
MOST_NESTING = 50
# llama.cpp's own limit.
MOST_REPETITIONS = 2_000

_NAME = re.compile(r"[A-Za-z0-9-]+")
_DIGITS = re.compile(r"[0-9]+")
_MOST_DIGITS = 9
_COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}

# A character, or the number of a rule.
Element: TypeAlias = Characters | int
Alternative: TypeAlias = tuple[Element, ...]
Rule: TypeAlias = tuple[Alternative, ...]


class Repetition(Value, frozen=True, kw_only=True):
    """Something that is repeated, and where in the text that is written."""

    elements: Alternative
    offset: int


class Grammar(Value, frozen=True, kw_only=True):
    """Rules by number, each a choice of alternatives; `names` has those that were given one.

    `offsets` tells where in the text each rule is defined, or the rule that it is part of.
    """

    rules: tuple[Rule, ...]
    names: dict[str, int]
    offsets: tuple[int, ...]
    repetitions: tuple[Repetition, ...]

    @property
    def root(self) -> int:
        """The number of the rule that a text begins with."""
        return self.names["root"]


def read_grammar(text: str) -> Grammar:
    """Return the rules of a text; raises `GrammarProblem`."""
    scanner = Scanner(text[: MOST_CHARACTERS + 1])
    if len(text) > MOST_CHARACTERS:
        raise scanner.problem(f"the grammar is longer than {MOST_CHARACTERS:,} characters")
    return _Reader(scanner).read()


class _RuleBook:
    """The rules so far, held to the limits."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._elements = 0
        self.rules: list[Rule] = []
        self.offsets: list[int] = []
        self.names: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.repetitions: list[Repetition] = []
        self.start = 0

    def open_rule(self) -> int:
        """Return the number of a rule that is still empty."""
        if len(self.rules) >= MOST_RULES:
            raise self._scanner.problem(
                f"the grammar has more than {MOST_RULES:,} rules, those for repetitions included"
            )
        self.rules.append(())
        self.offsets.append(self.start)
        return len(self.rules) - 1

    def number_of(self, name: str) -> int:
        """Return the number of a named rule, defined or not yet."""
        if name not in self.names:
            self.names[name] = self.open_rule()
        return self.names[name]

    def count(self, elements: int) -> None:
        """Add to what llama.cpp will have to hold."""
        self._elements += elements
        if self._elements > MOST_ELEMENTS:
            raise self._scanner.problem(
                f"the grammar grows to more than {MOST_ELEMENTS:,} elements when its repetitions"
                " are written out"
            )


class _Reader:
    """Reads rules up to the end of the text."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._book = _RuleBook(scanner)
        self._defined: dict[str, int] = {}

    def read(self) -> Grammar:
        scanner, book = self._scanner, self._book
        scanner.skip(SPACE_AND_LINES)
        while scanner.peek():
            self._read_rule()
        if not self._defined:
            raise scanner.problem("the grammar is empty", 0)
        for name, offset in book.used.items():
            if name not in self._defined:
                raise scanner.problem(f'the rule "{name}" is used, but defined nowhere', offset)
        if "root" not in self._defined:
            message = 'the grammar needs a rule named "root", with which every answer begins'
            raise scanner.problem(message, 0)
        return Grammar(
            rules=tuple(book.rules),
            names=book.names,
            offsets=tuple(book.offsets),
            repetitions=tuple(book.repetitions),
        )

    def _read_rule(self) -> None:
        scanner, book = self._scanner, self._book
        start = book.start = scanner.offset
        name = scanner.take(_NAME)
        if not name:
            raise scanner.problem(_explain_no_name(scanner.peek()))
        scanner.skip(SPACE)
        if not scanner.text.startswith("::=", scanner.offset):
            raise scanner.problem(_explain_sign(scanner.peek(), f'"::=" must follow "{name}"'))
        if name in self._defined:
            line = scanner.text.count("\n", 0, self._defined[name]) + 1
            raise scanner.problem(f'the rule "{name}" is already defined on line {line}', start)
        number = book.number_of(name)
        self._defined[name] = book.offsets[number] = start
        scanner.offset += 3
        scanner.skip(SPACE_AND_LINES)
        book.rules[number] = _read_alternatives(scanner, book, SPACE, 0)
        if scanner.peek() not in ("", "\r", "\n"):
            wrong = f'"{scanner.peek()}" can\'t stand here'
            raise scanner.problem(_explain_sign(scanner.peek(), wrong))
        scanner.skip(SPACE_AND_LINES)


def _read_alternatives(
    scanner: Scanner, book: _RuleBook, space: re.Pattern[str], depth: int
) -> Rule:
    alternatives = [_Sequence(scanner, book, space, depth).read()]
    while scanner.peek() == "|":
        scanner.offset += 1
        scanner.skip(SPACE_AND_LINES)
        alternatives.append(_Sequence(scanner, book, space, depth).read())
    book.count(len(alternatives))
    return tuple(alternatives)


class _Sequence:
    """Reads one alternative: items one after another, each perhaps repeated."""

    def __init__(
        self, scanner: Scanner, book: _RuleBook, space: re.Pattern[str], depth: int
    ) -> None:
        self._scanner = scanner
        self._book = book
        self._space = space
        self._depth = depth
        self._elements: list[Element] = []
        self._item = 0  # where the item begins that a repetition would mean
        self._weight = 1  # how many rules llama.cpp reckons it to be

    def read(self) -> Alternative:
        """Read up to what can't belong to it any more."""
        scanner = self._scanner
        while sign := scanner.peek():
            if sign in "*+?{":
                self._read_repetition(sign)
            elif sign in "<!":
                raise scanner.problem(
                    "tokens by number or name depend on the model; write their characters in quotes"
                )
            else:
                item = self._read_item(sign)
                if item is None:
                    break
                self._book.count(len(item))
                self._item = len(self._elements)
                self._elements += item
            scanner.skip(self._space)
        return tuple(self._elements)

    def _read_item(self, sign: str) -> Alternative | None:
        self._weight = 1
        if sign == '"':
            return read_literal(self._scanner)
        if sign == "[":
            characters = read_class(self._scanner)
            self._book.count(len(characters.ranges))
            return (characters,)
        if sign == "(":
            return (self._read_group(),)
        if sign == ".":
            self._scanner.offset += 1
            return (ANY_CHARACTER,)
        place = self._scanner.offset
        name = self._scanner.take(_NAME)
        if not name:
            return None
        self._book.used.setdefault(name, place)
        return (self._book.number_of(name),)

    def _read_group(self) -> int:
        scanner, book, start = self._scanner, self._book, self._scanner.offset
        if self._depth >= MOST_NESTING:
            raise scanner.problem(f"groups are nested more than {MOST_NESTING} deep")
        before = len(book.rules)
        scanner.offset += 1
        scanner.skip(SPACE_AND_LINES)
        number = book.open_rule()
        book.rules[number] = _read_alternatives(scanner, book, SPACE_AND_LINES, self._depth + 1)
        if scanner.peek() != ")":
            raise scanner.problem("the group that begins here has no closing )", start)
        scanner.offset += 1
        self._weight = len(book.rules) - before
        return number

    def _read_repetition(self, sign: str) -> None:
        scanner, place = self._scanner, self._scanner.offset
        if self._item == len(self._elements):
            raise scanner.problem(f"{sign} has nothing before it that it could repeat")
        scanner.offset += 1
        least, most = _COUNTS.get(sign) or self._read_counts(place)
        self._weight *= most or least or 1
        if self._weight > MOST_REPETITIONS:
            message = f"repetitions within repetitions come to more than {MOST_REPETITIONS:,}"
            raise scanner.problem(message, place)
        self._write_out(least, most, place)

    def _read_counts(self, place: int) -> tuple[int, int | None]:
        scanner = self._scanner
        least = self._read_count()
        most: int | None = least
        if scanner.peek() == ",":
            scanner.offset += 1
            scanner.skip(self._space)
            most = None if scanner.peek() == "}" else self._read_count()
        if scanner.peek() != "}":
            raise scanner.problem("a repetition is written {3}, {3,} or {3,5}", place)
        scanner.offset += 1
        if most is not None and most < least:
            message = f"the repetition ends at {most} before it begins at {least}"
            raise scanner.problem(message, place)
        return least, most

    def _read_count(self) -> int:
        scanner = self._scanner
        scanner.skip(self._space)
        place = scanner.offset
        digits = scanner.take(_DIGITS)
        if not digits:
            raise scanner.problem("a repetition is written {3}, {3,} or {3,5}")
        scanner.skip(self._space)
        if len(digits) > _MOST_DIGITS or int(digits) > MOST_REPETITIONS:
            raise scanner.problem(f"more than {MOST_REPETITIONS:,} repetitions are too many", place)
        return int(digits)

    def _write_out(self, least: int, most: int | None, place: int) -> None:
        """Replace S by S S S and rules S' ::= S S' | (nothing), as llama.cpp does."""
        book, item = self._book, tuple(self._elements[self._item :])
        optional = 1 if most is None else most - least
        book.count((least + optional) * (len(item) + 2))
        if most is None or most > 1:
            book.repetitions.append(Repetition(elements=item, offset=place))
        del self._elements[self._item :]
        self._elements += item * least
        last: int | None = None
        for _ in range(optional):
            number = book.open_rule()
            following = number if most is None else last
            book.rules[number] = (item if following is None else (*item, following), ())
            last = number
        if last is not None:
            self._elements.append(last)


def _explain_no_name(sign: str) -> str:
    if sign == "|":
        return "a rule ends with its line; put the | at the end of the line before, or use brackets"
    return f'a rule must begin here with its name, not with "{sign}"'


def _explain_sign(sign: str, otherwise: str) -> str:
    return "names of rules are letters, digits and - only" if sign == "_" else otherwise
