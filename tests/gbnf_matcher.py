"""Follows a grammar over a text, to tell what an answer held to it could be."""

import random

from desktop.inference.grammar import parse_grammar
from desktop.inference.grammar_reading import Alternative, Element, Grammar
from desktop.inference.grammar_text import Characters

_Stack = tuple[Element, ...]


class Matcher:
    """Matches texts by sets of stacks of what is still to come, the next element last."""

    def __init__(self, grammar: str) -> None:
        self._grammar: Grammar = parse_grammar(grammar)

    def matches(self, text: str) -> bool:
        """Whether the grammar matches all of a text."""
        stacks = self._open({(self._grammar.root,)})
        for sign in text:
            moved = {
                stack[:-1]
                for stack in stacks
                if stack and not isinstance(stack[-1], int) and stack[-1].match(ord(sign))
            }
            stacks = self._open(moved)
            if not stacks:
                return False
        return () in stacks

    def _open(self, stacks: set[_Stack]) -> set[_Stack]:
        """Replace rules on top by their alternatives, down to characters."""
        found: set[_Stack] = set()
        waiting, seen = list(stacks), set(stacks)
        while waiting:
            stack = waiting.pop()
            if not stack or not isinstance(stack[-1], int):
                found.add(stack)
                continue
            for alternative in self._grammar.rules[stack[-1]]:
                opened = (*stack[:-1], *reversed(alternative))
                if opened not in seen:
                    seen.add(opened)
                    waiting.append(opened)
        return found


class Derivation:
    """Writes texts that a grammar matches, by chance but the same for the same seed."""

    _OTHERS = tuple(map(ord, "abzAZ é😀"))
    _MOST_STEPS = 300

    def __init__(self, grammar: str, seed: int) -> None:
        self._grammar = parse_grammar(grammar)
        self._random = random.Random(seed)  # noqa: S311 - chosen to repeat itself
        self._shortest = self._find_shortest()

    def write(self) -> str:
        """Return one text; after a while the shortest way out is taken."""
        written: list[str] = []
        waiting: list[Element] = [self._grammar.root]
        steps = 0
        while waiting:
            element = waiting.pop()
            steps += 1
            if isinstance(element, int):
                rule = self._grammar.rules[element]
                hurried = steps > self._MOST_STEPS
                chosen = min(rule, key=self._cost) if hurried else self._random.choice(rule)
                waiting += reversed(chosen)
            else:
                written.append(chr(self._choose(element)))
        return "".join(written)

    def _choose(self, characters: Characters) -> int:
        if characters.negated:
            return self._random.choice([c for c in self._OTHERS if characters.match(c)])
        first, last = self._random.choice(characters.ranges)
        return self._random.choice(
            (first, last, self._random.randint(first, max(first, min(last, 0xD7FF))))
        )

    def _cost(self, alternative: Alternative) -> int:
        return 1 + sum(self._shortest[e] for e in alternative if isinstance(e, int))

    def _find_shortest(self) -> list[int]:
        far = 10**9
        self._shortest = [far] * len(self._grammar.rules)
        changed = True
        while changed:
            before = list(self._shortest)
            for number, rule in enumerate(self._grammar.rules):
                self._shortest[number] = min(far, *map(self._cost, rule), far)
            changed = before != self._shortest
        return self._shortest
