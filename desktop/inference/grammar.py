"""Checking a grammar before llama.cpp sees it.

A grammar that llama.cpp does not take comes back as NULL, which ends the process at the first
token; one that is hostile never comes back at all: its parser writes repetitions out, looks for
left recursion by recursing itself, without remembering what it has seen, and overlooks some of
it. So grammars are parsed and weighed here, where a mistake has a line and a column.
"""

from desktop.inference.grammar_reading import Grammar, Rule, read_grammar
from desktop.inference.grammar_text import GrammarProblem

# How many calls deep and how many in all llama.cpp's search for left recursion may take.
MOST_LEFT_DEPTH = 1_000
MOST_LEFT_STEPS = 1_000_000
# What an engine process says when it ends itself: no check of a text finds out how many readings
# a grammar may have at once, and llama.cpp can't be stopped while it follows them all.
GRAMMAR_HANG = "was stuck in a grammar that can be read in too many ways at once"


def parse_grammar(text: str) -> Grammar:
    """Return the rules of a GBNF text; raises `GrammarProblem`, also for what exceeds a limit."""
    grammar = read_grammar(text)
    if not _find_what_can_end(grammar)[grammar.root]:
        message = 'the rule "root" never comes to an end, so no answer could be whole'
        raise GrammarProblem(message, text, grammar.offsets[grammar.root])
    empty = _find_what_can_be_empty(grammar)
    for repetition in grammar.repetitions:
        if all(isinstance(e, int) and empty[e] for e in repetition.elements):
            message = "what is repeated here can be empty, so the repetition means nothing"
            raise GrammarProblem(message, text, repetition.offset)
    _check_left_recursion(grammar, empty, text)
    return grammar


def find_grammar_problem(text: str) -> str:
    """Return what is wrong with a grammar, with line and column and no full stop; or nothing."""
    try:
        parse_grammar(text)
    except GrammarProblem as problem:
        return problem.message
    return ""


def _find_what_can_be_empty(grammar: Grammar) -> list[bool]:
    """Tell for every rule whether it matches an empty text."""
    return _spread(grammar, characters=False)


def _find_what_can_end(grammar: Grammar) -> list[bool]:
    """Tell for every rule whether some text matches it, and not only one that goes on for ever."""
    return _spread(grammar, characters=True)


def _spread(grammar: Grammar, *, characters: bool) -> list[bool]:
    """Tell which rules have an alternative of such rules alone, `characters` allowed or not."""
    users: list[list[int]] = [[] for _ in grammar.rules]
    for number, rule in enumerate(grammar.rules):
        for alternative in rule:
            for element in alternative:
                if isinstance(element, int):
                    users[element].append(number)
    found = [False] * len(grammar.rules)
    waiting = list(range(len(grammar.rules)))
    while waiting:
        number = waiting.pop()
        if found[number]:
            continue
        found[number] = any(
            all(found[e] if isinstance(e, int) else characters for e in alternative)
            for alternative in grammar.rules[number]
        )
        if found[number]:
            waiting += users[number]
    return found


def _check_left_recursion(grammar: Grammar, empty: list[bool], text: str) -> None:
    """Refuse rules that can begin with themselves, and what llama.cpp's own check would choke on.

    Each rule is visited here once those that it can begin with have been; llama.cpp goes down to
    a rule whenever it meets it, which takes `steps` calls, `depth` of them within one another.
    """
    beginnings = [_beginnings(rule, empty) for rule in grammar.rules]
    steps, depth = [0] * len(grammar.rules), [0] * len(grammar.rules)
    under_way = [False] * len(grammar.rules)
    path = list(range(len(grammar.rules)))
    while path:
        number = path[-1]
        missing = [] if steps[number] else [b for b in beginnings[number] if not steps[b]]
        if missing:
            if any(under_way[below] or below == number for below in missing):
                raise GrammarProblem(
                    _explain_recursion(grammar, number), text, grammar.offsets[number]
                )
            under_way[number] = True
            path.append(missing[0])
            continue
        path.pop()
        under_way[number] = False
        steps[number] = 1 + sum(steps[below] for below in beginnings[number])
        depth[number] = 1 + max((depth[below] for below in beginnings[number]), default=0)
        if depth[number] > MOST_LEFT_DEPTH or steps[number] > MOST_LEFT_STEPS:
            message = "rules begin with rules that begin with rules, too often for llama.cpp"
            raise GrammarProblem(message, text, grammar.offsets[number])
    if sum(steps) > MOST_LEFT_STEPS:
        raise GrammarProblem("its rules begin with one another too often for llama.cpp", text, 0)


def _beginnings(rule: Rule, empty: list[bool]) -> list[int]:
    """Return the rules that can stand first in a rule, as often as they are met."""
    found: list[int] = []
    for alternative in rule:
        for element in alternative:
            if not isinstance(element, int):
                break
            found.append(element)
            if not empty[element]:
                break
    return found


def _explain_recursion(grammar: Grammar, number: int) -> str:
    named = [name for name, given in grammar.names.items() if given == number]
    what = f'the rule "{named[0]}"' if named else "a part of the rule defined here"
    return f"{what} can begin with itself (left recursion), which llama.cpp can't follow"
