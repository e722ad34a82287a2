"""Groups of models that can't be told apart: what stands where a ranking would claim too much."""

from collections.abc import Iterable


def find_groups(models: int, undecided: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return the largest groups within which every pair is undecided, models in their order.

    Groups overlap: where A can't be told from B nor B from C, but A from C, there are two, and B
    belongs to both. Joining them would say of A and C what the test denies. A model that is told
    apart from all others is a group of its own. Bron and Kerbosch's algorithm with pivots (1973,
    Comm. ACM 16:575). `ValueError` for a pair of models that there are not.
    """
    near: list[set[int]] = [set() for _ in range(models)]
    for first, second in undecided:
        if not 0 <= min(first, second) < max(first, second) < models:
            raise ValueError(f"{first} and {second} are no pair of {models} models")
        near[first].add(second)
        near[second].add(first)
    found: list[tuple[int, ...]] = []

    def extend(group: set[int], candidates: set[int], used: set[int]) -> None:
        if not candidates and not used:
            found.append(tuple(sorted(group)))
            return
        pivot = max(sorted(candidates | used), key=lambda model: len(near[model] & candidates))
        for model in sorted(candidates - near[pivot]):
            extend(group | {model}, candidates & near[model], used & near[model])
            candidates.remove(model)
            used.add(model)

    if models:
        extend(set(), set(range(models)), set())
    return tuple(sorted(found))
