"""Sequences as a tree, replayed on a cache that only remembers which tokens belong to whom."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from desktop.inference.llama.prefix_tree import Limits, Round, plan_rounds
from desktop.inference.token_boundary import TokenPath

PATHS = st.lists(
    st.lists(st.integers(0, 2), min_size=2, max_size=9).flatmap(
        lambda tokens: st.integers(1, len(tokens) - 1).map(
            lambda start: TokenPath(tokens=tuple(tokens), start=start)
        )
    ),
    max_size=12,
)
LIMITS = st.builds(Limits, tokens=st.integers(1, 12), sequences=st.integers(1, 5))


class Cache:
    """Holds tokens by sequence, and what was asked after which tokens."""

    def __init__(self) -> None:
        self.sequences: dict[int, list[int]] = {}
        self.asked: list[tuple[int, tuple[int, ...], int]] = []
        self.decoded: Counter[tuple[int, ...]] = Counter()

    def inherit(self, part: Round) -> None:
        kept = self.sequences.get(part.heir, [])
        assert max(part.shares) <= len(kept)
        self.sequences = {n: kept[:share] for n, share in enumerate(part.shares)}

    def decode(self, part: Round) -> None:
        for node in part.nodes:
            belonging = range(node.first_sequence, node.first_sequence + node.sequences)
            before = {tuple(self.sequences[n]) for n in belonging}
            assert len(before) == 1, "sequences that share a token have read the same before it"
            (read,) = before
            assert node.position == len(read)
            self.decoded[(*read, node.token)] += 1
            for n in belonging:
                self.sequences[n].append(node.token)
            for number, token in node.targets:
                self.asked.append((number, (*read, node.token), token))


def replay(rounds: Iterable[Round]) -> Cache:
    cache = Cache()
    for part in rounds:
        cache.inherit(part)
        cache.decode(part)
    return cache


def questions(paths: Sequence[TokenPath]) -> list[tuple[int, tuple[int, ...], int]]:
    return [
        (number, path.tokens[:place], path.tokens[place])
        for number, path in enumerate(paths)
        for place in range(path.start, len(path.tokens))
    ]


@given(PATHS, LIMITS)
def test_every_scored_token_is_asked_for_once_after_what_stands_before_it(
    paths: list[TokenPath], limits: Limits
) -> None:
    for shares in (True, False):
        cache = replay(plan_rounds(paths, limits, shares=shares))
        assert sorted(cache.asked) == sorted(questions(paths))


@given(PATHS, LIMITS)
def test_what_is_shared_is_decoded_once_however_the_rounds_are_cut(
    paths: list[TokenPath], limits: Limits
) -> None:
    cache = replay(plan_rounds(paths, limits, shares=True))
    needed = {path.tokens[:end] for path in paths for end in range(1, len(path.tokens))}
    assert cache.decoded == Counter(needed)


@given(PATHS, LIMITS)
def test_rounds_keep_to_their_limits(paths: list[TokenPath], limits: Limits) -> None:
    for part in plan_rounds(paths, limits, shares=True):
        assert 1 <= len(part.shares) <= limits.sequences
        assert len(part.nodes) <= limits.tokens or len(part.shares) == 1


def test_without_sharing_the_order_is_kept_and_nothing_is_inherited() -> None:
    paths = [TokenPath(tokens=(5, 4, n, 0), start=2) for n in (9, 1, 5)]
    rounds = list(plan_rounds(paths, Limits(tokens=512, sequences=1), shares=False))
    assert [[node.token for node in part.nodes] for part in rounds] == [
        [5, 4, 9],
        [5, 4, 1],
        [5, 4, 5],
    ]
    assert all(part.shares == [0] for part in rounds)


def test_answers_of_one_letter_cost_no_token_of_their_own() -> None:
    """The model reads the question and is asked for four tokens at its end."""
    paths = [TokenPath(tokens=(1, 2, 3, letter), start=3) for letter in (65, 66, 67, 68)]
    (part,) = plan_rounds(paths, Limits(tokens=512, sequences=64), shares=True)
    assert [node.token for node in part.nodes] == [1, 2, 3]
    assert part.nodes[-1].targets == [(0, 65), (1, 66), (2, 67), (3, 68)]
