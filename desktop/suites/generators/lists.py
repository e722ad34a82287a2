"""Lists of words or numbers that are to be changed or asked about.

Easy: the first or last entry, how many there are. Medium: sorting four words or numbers, turning
three round. Hard: sorting after leaving out, every second entry, removing repeats. A list
whose answer is the list itself is thrown away.
"""

from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.demands import (
    demand_number,
    demand_sequence,
    demand_words,
    forbid_words,
    limit_words,
)
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import WORDS

_KINDS = ("words", "numbers")
_MOST_WORDS = 30


def _draw_entries(draws: Draws, kind: str, count: int) -> list[str]:
    if kind == "numbers":
        return [str(number) for number in draws.numbers(count, 13, 99)]
    by_initial: dict[str, str] = {}
    for word in draws.shuffle(WORDS):
        by_initial.setdefault(word[0], word)
    return draws.sample(list(by_initial.values()), count)


def _sort(entries: list[str]) -> list[str]:
    return sorted(entries, key=lambda entry: (int(entry) if entry.isdigit() else 0, entry))


def _end_there(sequence: Check, entries: list[str]) -> Check:
    """Return a check that no further entry comes after the sequence."""
    known = "|".join(dict.fromkeys(entries))
    further = rf"[\W_]{{1,6}}(?:and )?(?:\d{{1,2}}[.)] )?(?:{known})(?!\w)"
    return Check(kind="not", expected={"regex": f"{sequence.expected}{further}"})


def _ask(entries: list[str], task: str, right: list[str], title: str) -> Item | None:
    if right == entries or len(right) < 2:  # noqa: PLR2004 - one entry alone is no list
        return None
    left_out = [entry for entry in dict.fromkeys(entries) if entry not in right]
    wrong = entries if entries != right else entries[::-1]
    sequence = demand_sequence(right)
    extra: tuple[Check, ...] = ()
    if len(right) < len(entries):
        extra = (*forbid_words(left_out), limit_words(_MOST_WORDS))
    return Item(
        title=title,
        prompt=f"List: {', '.join(entries)}\nTask: {task} Separate them by commas.",
        checks=(sequence, _end_there(sequence, entries), *extra),
        passing=", ".join(right),
        failing=", ".join(wrong),
        max_tokens=64,
    )


def _easy(draws: Draws, kind: str) -> Item | None:
    entries = _draw_entries(draws, kind, draws.between(3, 5))
    place = draws.choose(("first", "last"))
    right, wrong = (entries[0], entries[1]) if place == "first" else (entries[-1], entries[0])
    noun = kind.removesuffix("s")
    if draws.below(3) == 0:
        count = len(entries)
        return Item(
            title=f"How many {kind}",
            prompt=f"List: {', '.join(entries)}\nQuestion: How many {kind} does the list have?"
            " Give only the number.",
            checks=(demand_number(count), limit_words(12)),
            passing=f"{count} {kind}",
            failing=f"{count + 1} {kind}",
        )
    others = [entry for entry in entries if entry != right]
    return Item(
        title=f"The {place} {noun}",
        prompt=f"List: {', '.join(entries)}\nQuestion: What is the {place} {noun} of the list?"
        f" Give only the {noun}.",
        checks=(demand_words(right), *forbid_words(others)),
        passing=right,
        failing=wrong,
    )


def _medium(draws: Draws, kind: str) -> Item | None:
    order = "in alphabetical order" if kind == "words" else "from the smallest to the greatest"
    if draws.below(3) == 0:
        entries = _draw_entries(draws, kind, 3)
        return _ask(
            entries,
            f"Write these {kind} in reverse order: the last one first.",
            entries[::-1],
            f"Three {kind} in reverse order",
        )
    entries = _draw_entries(draws, kind, 4)
    return _ask(entries, f"Write these {kind} {order}.", _sort(entries), f"Four {kind} {order}")


def _hard(draws: Draws, kind: str) -> Item | None:
    entries = _draw_entries(draws, kind, 7)
    form = draws.below(3)
    if form == 0:
        return _ask(
            entries,
            f"Write every second of these {kind}, beginning with the second one.",
            entries[1::2],
            f"Every second of seven {kind}",
        )
    if form == 1:
        repeated = [*entries[:4], entries[draws.below(3)], entries[4], entries[draws.below(4)]]
        task = f"Write these {kind} without repeats, in the order in which each first occurs."
        return _ask(repeated, task, entries[:5], f"Seven {kind} without repeats")
    if kind == "numbers":
        limit = draws.between(40, 70)
        kept = [entry for entry in entries if int(entry) > limit]
        task = f"Write those numbers that are greater than {limit}, from the greatest down."
        if str(limit) in entries:
            return None
        return _ask(entries, task, _sort(kept)[::-1], f"Numbers over {limit}, sorted")
    kept = [entry for entry in entries if "e" in entry]
    task = 'Write those words that contain the letter "e", in alphabetical order.'
    return _ask(entries, task, _sort(kept), "Words with an e, sorted")


def _make(request: Request) -> Item | None:
    kind = request.draws.choose(request.options["kinds"])
    return (_easy, _medium, _hard)[request.level](request.draws, kind)


GENERATOR = Generator(
    name="lists",
    version=1,
    title="Lists",
    description="Words or numbers to count, sort, turn round, filter or free of repeats.",
    make_item=_make,
    options=(
        Option(
            name="kinds",
            description="What the lists are of.",
            default=list(_KINDS),
            choices=_KINDS,
            several=True,
        ),
    ),
)
