"""Follows a grammar over a text, to tell what an answer held to it could be."""

from desktop.inference.grammar import parse_grammar
from desktop.inference.grammar_reading import Element, Grammar

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
