"""Many token sequences as one tree, so that what they begin with is decoded once.

Sorted sequences lie next to those that they share most with: a question's answers beside one
another, and questions on one document as well. A branch of the tree belongs to a range of
neighbours, which is why sequence numbers given in that order are always ranges too. The tree is
cut into rounds, each small enough to live in the cache together with what it continues.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from desktop.inference.llama.plan import count_common
from desktop.inference.token_boundary import TokenPath


class Node(NamedTuple):
    """One token to decode, for `sequences` sequences of its round from `first_sequence` on.

    `targets` are the tokens whose probability is asked for at this place, each with the number
    of the path that asks.
    """

    token: int
    position: int
    first_sequence: int
    sequences: int
    targets: Sequence[tuple[int, int]]


class Round(NamedTuple):
    """What lives in the cache together.

    `shares[n]` tokens of sequence n are in the cache already: they belong to sequence
    `heir` of the round before, of which nothing else is needed any more.
    """

    heir: int
    shares: Sequence[int]
    nodes: Sequence[Node]


class Limits(NamedTuple):
    """How large a round may be; a single sequence may be longer than `tokens`."""

    tokens: int
    sequences: int


class _Branch(NamedTuple):
    """What one sequence adds: its tokens from `start` on, and what is asked at each of them."""

    start: int
    tokens: tuple[int, ...]
    targets: list[list[tuple[int, int]]]


def plan_rounds(paths: Sequence[TokenPath], limits: Limits, *, shares: bool) -> Iterator[Round]:
    """Yield rounds that decode all paths but for their last tokens, each node once.

    Without `shares` sequences come in the order given, and each is read from its beginning.
    """
    tree = _Tree(paths, shares=shares)
    first, heir = 0, 0
    branches: list[_Branch] = []
    size = 0
    for index in range(len(tree)):
        branch = tree.branch(index)
        is_full = size + len(branch.tokens) > limits.tokens or len(branches) == limits.sequences
        if branches and is_full:
            yield tree.round(first, heir, branches)
            first, heir, size, branches = index, len(branches) - 1, 0, []
        branches.append(branch)
        size += len(branch.tokens)
    if branches:
        yield tree.round(first, heir, branches)


class _Tree:
    """Distinct sequences in order, and how much each has in common with the one before."""

    def __init__(self, paths: Sequence[TokenPath], *, shares: bool) -> None:
        self._paths = paths
        askers: dict[tuple[int, ...], list[int]] = {}
        for number, path in enumerate(paths):
            askers.setdefault(path.tokens[:-1], []).append(number)
        self._read = sorted(askers) if shares else list(askers)
        self._askers = [askers[read] for read in self._read]
        self._common = [0] * len(self._read)
        if shares:
            for index in range(1, len(self._read)):
                self._common[index] = count_common(self._read[index - 1], self._read[index])

    def __len__(self) -> int:
        return len(self._read)

    def branch(self, index: int) -> _Branch:
        start = self._common[index]
        read = self._read[index]
        targets: list[list[tuple[int, int]]] = [[] for _ in range(start, len(read))]
        for other, end in self._sharers(index):
            for number in self._askers[other]:
                path = self._paths[number]
                for position in range(max(start, path.start - 1), end):
                    targets[position - start].append((number, path.tokens[position + 1]))
        return _Branch(start, read[start:], targets)

    def _sharers(self, index: int) -> Iterator[tuple[int, int]]:
        """Yield who has tokens of this branch, and up to where."""
        start, end = self._common[index], len(self._read[index])
        yield index, end
        for other in range(index + 1, len(self._read)):
            end = min(end, self._common[other])
            if end <= start:
                return
            yield other, end

    def round(self, first: int, heir: int, branches: Sequence[_Branch]) -> Round:
        kept = branches[0].start
        shares = []
        for index in range(first, first + len(branches)):
            kept = min(kept, self._common[index])
            shares.append(kept)
        nodes = [
            node for offset in range(len(branches)) for node in self._nodes(first, offset, branches)
        ]
        return Round(heir, shares, nodes)

    def _nodes(self, first: int, offset: int, branches: Sequence[_Branch]) -> Iterator[Node]:
        branch = branches[offset]
        last = [offset] * len(branch.tokens)
        for other, end in self._sharers(first + offset):
            if other >= first + len(branches):
                break
            last[: end - branch.start] = [other - first] * (end - branch.start)
        for step, (token, targets) in enumerate(zip(branch.tokens, branch.targets, strict=True)):
            yield Node(token, branch.start + step, offset, last[step] - offset + 1, targets)
