"""The order of prompts, and which beginnings are read once."""

from hypothesis import given
from hypothesis import strategies as st

from desktop.inference.llama.plan import (
    LEAST_SHARED_TOKENS,
    Prefix,
    Turn,
    count_common,
    count_kept,
    count_saved,
    keep_order,
    take_turns,
)

SYSTEM = list(range(1000, 1040))
DOCUMENTS = [[n] * 100 for n in (7, 8)]


def prefixes(turns: tuple[Turn, ...]) -> dict[int, list[int]]:
    """Return, by prompt, how long the beginnings are that it shares."""
    return {t.index: [p.tokens for p in t.prefix.path] if t.prefix else [] for t in turns}


def test_a_system_prompt_and_documents_below_it_are_shared_in_two_levels() -> None:
    prompts = [SYSTEM + DOCUMENTS[n % 2] + [50 + n] for n in range(6)] + [[3, 4, 5]]
    turns = take_turns(prompts)
    found = prefixes(turns)
    assert all(found[n] == [40, 140] for n in range(6))
    assert found[6] == []
    assert [t.index for t in turns] == [0, 2, 4, 1, 3, 5, 6]
    assert count_saved(turns) == 5 * 40 + 4 * 100
    assert count_kept(turns) == 2


def test_what_is_shared_is_worth_it_and_never_a_whole_prompt() -> None:
    short = [1] * (LEAST_SHARED_TOKENS - 1)
    assert prefixes(take_turns([[*short, 2], [*short, 3]])) == {0: [], 1: []}
    same = [9] * 50
    turns = take_turns([same, same, same])
    assert prefixes(turns) == {0: [49], 1: [49], 2: [49]}
    assert take_turns([]) == ()
    assert prefixes(take_turns([same])) == {0: []}


def test_no_more_levels_are_kept_than_there_is_room_for() -> None:
    prompts = [[*SYSTEM, *DOCUMENTS[0], n] for n in (1, 2)] + [[*SYSTEM, n] for n in (3, 4)]
    assert count_kept(take_turns(prompts)) == 2
    assert prefixes(take_turns(prompts, most_kept=1)) == {0: [40], 1: [40], 2: [40], 3: [40]}
    assert count_kept(take_turns(prompts, most_kept=0)) == 0


def test_nothing_is_shared_where_each_prompt_is_to_be_read_for_itself() -> None:
    turns = keep_order([[*SYSTEM, 1], [*SYSTEM, 2]])
    assert turns == (Turn(0), Turn(1))
    assert count_saved(turns) == count_kept(turns) == 0


@given(st.lists(st.integers(0, 2), max_size=40), st.lists(st.integers(0, 2), max_size=40))
def test_common_tokens_are_counted_from_the_beginning(first: list[int], second: list[int]) -> None:
    slow = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        slow += 1
    assert count_common(first, second) == slow


def _branch(cuts: list[tuple[int, list[int]]]) -> list[list[int]]:
    """Return prompts that leave one long text at different places."""
    stem = [n % 3 for n in range(90)]
    return [stem[:cut] + own for cut, own in cuts]


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.lists(st.integers(0, 2), min_size=1, max_size=30)),
        max_size=12,
    ).map(_branch)
)
def test_every_prompt_has_one_turn_and_shares_only_what_it_begins_with(
    prompts: list[list[int]],
) -> None:
    turns = take_turns(prompts)
    assert sorted(t.index for t in turns) == list(range(len(prompts)))
    users: dict[Prefix, list[int]] = {}
    for place, turn in enumerate(turns):
        for prefix in turn.prefix.path if turn.prefix else ():
            users.setdefault(prefix, []).append(place)
    for prefix, places in users.items():
        assert prefix.users == len(places) > 1
        assert places == list(range(places[0], places[-1] + 1))  # together, so it is kept briefly
        beginnings = {tuple(prompts[turns[place].index][: prefix.tokens]) for place in places}
        assert len(beginnings) == 1
        assert all(len(prompts[turns[place].index]) > prefix.tokens for place in places)
        known = prefix.parent.tokens if prefix.parent else 0
        assert prefix.tokens - known >= LEAST_SHARED_TOKENS
