"""Groups that can't be told apart overlap; they are never joined into one."""

import itertools

import numpy as np
import pytest

from desktop.statistics.groups import find_groups


def test_a_chain_gives_overlapping_groups_and_no_claim_about_its_ends() -> None:
    assert find_groups(4, [(0, 1), (1, 2), (2, 3)]) == ((0, 1), (1, 2), (2, 3))


def test_who_differs_from_all_stands_alone() -> None:
    assert find_groups(3, [(1, 2)]) == ((0,), (1, 2))
    assert find_groups(3, []) == ((0,), (1,), (2,))
    assert find_groups(3, [(0, 1), (0, 2), (1, 2)]) == ((0, 1, 2),)
    assert find_groups(1, []) == ((0,),)
    assert find_groups(0, []) == ()


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_the_maximal_cliques(seed: int) -> None:
    random = np.random.default_rng(seed)
    edges = [pair for pair in itertools.combinations(range(10), 2) if random.random() < 0.5]
    near = set(edges)

    def is_clique(group: tuple[int, ...]) -> bool:
        return all(pair in near for pair in itertools.combinations(group, 2))

    cliques = {
        group
        for size in range(1, 11)
        for group in itertools.combinations(range(10), size)
        if is_clique(group)
    }
    largest = {g for g in cliques if not any(set(g) < set(other) for other in cliques)}
    assert set(find_groups(10, edges)) == largest


def test_a_pair_of_unknown_models_is_refused() -> None:
    with pytest.raises(ValueError, match="no pair"):
        find_groups(2, [(0, 2)])
