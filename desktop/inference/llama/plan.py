"""In which order prompts are answered, and which of their beginnings are read only once.

Prompts of one suite often begin alike: the same system prompt, the same examples, the same long
document. What is common to several is read by the first of them, kept, and copied to the others.
To make that pay, prompts with a common beginning are answered one after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

# Below this many tokens a copy saves less than keeping it costs.
LEAST_SHARED_TOKENS = 16
# How many beginnings within beginnings are kept at a time: all cases' system prompt, a suite's
# examples, a document, a question.
MOST_KEPT_PREFIXES = 4


@dataclass(eq=False)
class Prefix:
    """A beginning common to several prompts: its first `tokens` tokens.

    `parent` is the shorter one that it begins with, `users` counts the prompts below it.
    """

    tokens: int
    parent: "Prefix | None" = None
    users: int = 0

    @property
    def path(self) -> tuple["Prefix", ...]:
        """All prefixes from the shortest to this one."""
        return (*(self.parent.path if self.parent else ()), self)


@dataclass(frozen=True)
class Turn:
    """One prompt's turn: which, and what it begins with."""

    index: int
    prefix: Prefix | None = None


@dataclass
class _Group:
    """Prompts `members` that agree in their first `shared` tokens."""

    shared: int
    members: list[int] = field(default_factory=list)
    children: list["_Group"] = field(default_factory=list)

    @property
    def first(self) -> int:
        return min([*self.members, *(child.first for child in self.children)])

    @property
    def size(self) -> int:
        return len(self.members) + sum(child.size for child in self.children)


def keep_order(prompts: Sequence[Sequence[int]]) -> tuple[Turn, ...]:
    """Return every prompt's turn as they come, with nothing shared."""
    return tuple(Turn(index) for index in range(len(prompts)))


def take_turns(
    prompts: Sequence[Sequence[int]], *, most_kept: int = MOST_KEPT_PREFIXES
) -> tuple[Turn, ...]:
    """Return every prompt's turn, those with a common beginning together.

    Groups come in the order of their first prompts, and prompts of a group in their own order, so
    that a run's progress follows its suite. A prompt shares all but its last token at most: one
    must be decoded for it to have a next.
    """
    turns: list[Turn] = []
    _walk(_group(prompts), None, turns, most_kept)
    return tuple(turns)


def count_kept(turns: Sequence[Turn]) -> int:
    """Return how many prefixes are kept at a time at most."""
    return max((len(turn.prefix.path) for turn in turns if turn.prefix), default=0)


def count_saved(turns: Sequence[Turn]) -> int:
    """Return how many tokens need not be read thanks to what is shared."""
    seen: set[int] = set()
    saved = 0
    for turn in turns:
        for prefix in turn.prefix.path if turn.prefix else ():
            own = prefix.tokens - (prefix.parent.tokens if prefix.parent else 0)
            saved += own if id(prefix) in seen else 0
            seen.add(id(prefix))
    return saved


def count_common(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two prompts have in common at their beginning."""
    most = min(len(first), len(second))
    low, high = 0, most
    # Halving compares slices in C, where a loop over a long document would take seconds.
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _group(prompts: Sequence[Sequence[int]]) -> _Group:
    """Build the tree of common beginnings from neighbours in alphabetical order."""
    order = sorted(range(len(prompts)), key=lambda index: (prompts[index], index))
    root = _Group(0)
    stack = [root]
    before: Sequence[int] = ()
    for position, index in enumerate(order):
        tokens = prompts[index]
        common = min(count_common(before, tokens), max(len(tokens), 1) - 1, max(len(before), 1) - 1)
        before = tokens
        _unwind(stack, common)
        if common > stack[-1].shared and position:
            # The prompt before it stands alone in the innermost group: both move into a new one.
            group = _Group(common, [stack[-1].members.pop()])
            stack[-1].children.append(group)
            stack.append(group)
        stack[-1].members.append(index)
    return root


def _unwind(stack: list[_Group], common: int) -> None:
    """Leave the groups that the next prompt does not belong to."""
    while stack[-1].shared > common:
        left = stack.pop()
        if stack[-1].shared < common:
            # A shorter beginning comes in between: it takes the longer one's place.
            parent = _Group(common, children=[left])
            stack[-1].children[-1] = parent
            stack.append(parent)


def _walk(group: _Group, prefix: Prefix | None, turns: list[Turn], most_kept: int) -> None:
    known = prefix.tokens if prefix else 0
    depth = len(prefix.path) if prefix else 0
    worth = group.shared - known >= LEAST_SHARED_TOKENS and group.size > 1
    if worth and depth < most_kept:
        prefix = Prefix(group.shared, prefix)
        prefix.users = group.size
    entries: list[tuple[int, _Group | None]] = [(index, None) for index in group.members]
    entries += [(child.first, child) for child in group.children]
    for index, child in sorted(entries, key=lambda entry: entry[0]):
        if child is None:
            turns.append(Turn(index, prefix))
        else:
            _walk(child, prefix, turns, most_kept)
