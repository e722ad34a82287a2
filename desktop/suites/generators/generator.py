"""What a generator is: its options with their limits, and how cases come of a seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Case, Check, Message, Role
from desktop.errors import UserError
from desktop.suites.findings import nearest
from desktop.suites.generators.chance import Draws

TIERS = ("easy", "medium", "hard")
MOST_CASES = 100_000
MOST_SEED = 2**63 - 1
# How often a case is drawn again before there are too few different ones for the count.
_MOST_DRAWS = 200
# A continuation of its own that a base model writes after its answer ends it.
STOPS = ("\nQuestion:", "\nTask:", "\nText:", "\nTable:", "\nList:")


class Option(Value, frozen=True, kw_only=True):
    """One option: a whole number from `least` to `most`, or one or several of `choices`.

    `several` takes a list of choices; without it one choice is taken.
    """

    name: str
    description: str
    default: JsonValue
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    several: bool = False

    def read(self, value: JsonValue, generator: str) -> JsonValue:
        """Return the value, a list for several choices; raises `UserError` that names limits."""
        if self.choices:
            items = value if self.several and isinstance(value, list | tuple) else [value]
            if items and all(isinstance(i, str) and i in self.choices for i in items):
                return tuple(dict.fromkeys(items)) if self.several else items[0]
            wanted = f"{'some' if self.several else 'one'} of {', '.join(self.choices)}"
        else:
            whole = isinstance(value, int) and not isinstance(value, bool)
            if whole and self.least <= value <= self.most:
                return value
            wanted = f"a whole number from {self.least:,} to {self.most:,}"
        raise UserError(
            f'The option "{self.name}" of the generator "{generator}" must be {wanted}.',
            remedy=self.description,
        )


DIFFICULTY = Option(
    name="difficulty",
    description="Which tiers the cases go through in turn.",
    default=list(TIERS),
    choices=TIERS,
    several=True,
)


class Item(Value, frozen=True, kw_only=True):
    """What a maker makes of its draws: all of a case but its id, language and difficulty."""

    title: str
    prompt: str
    checks: tuple[Check, ...]
    passing: str
    failing: str
    tags: tuple[str, ...] = ()
    max_tokens: int = 48
    stop: tuple[str, ...] = STOPS
    json_schema: JsonValue = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a maker is given: chance, the tier, options (all of them), the language."""

    draws: Draws
    tier: str
    options: Mapping[str, JsonValue]
    language: str

    @property
    def level(self) -> int:
        """0 for easy, 1 for medium, 2 for hard."""
        return TIERS.index(self.tier)


@dataclass(frozen=True, slots=True)
class Generator:
    """A kind of case that is made, not written.

    `make_item` returns `None` for a draw that would be ambiguous; another is drawn then.
    `version` changes whenever the same arguments would give other cases.
    """

    name: str
    version: int
    title: str
    description: str
    make_item: Callable[[Request], Item | None]
    options: tuple[Option, ...] = ()
    languages: tuple[str, ...] = ("en",)
    all_options: tuple[Option, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Add the option that all generators have."""
        object.__setattr__(self, "all_options", (DIFFICULTY, *self.options))

    def make(
        self, seed: int, count: int, options: Mapping[str, JsonValue], language: str = "en"
    ) -> tuple[Case, ...]:
        """Return `count` different cases; raises `UserError` for what is out of its limits."""
        read = self._read(seed, count, options, language)
        tiers = read["difficulty"]
        seen: set[str] = set()
        cases: list[Case] = []
        for index in range(count):
            tier = tiers[index % len(tiers)]
            streams = (
                Draws(self.name, self.version, seed, index, attempt)
                for attempt in range(_MOST_DRAWS)
            )
            requests = (Request(draws, tier, read, language) for draws in streams)
            drawn = (self.make_item(request) for request in requests)
            item = next((i for i in drawn if i is not None and i.prompt not in seen), None)
            if item is None:
                raise UserError(
                    f'The generator "{self.name}" has only about {len(cases)} different cases'
                    f" with these options, not {count}.",
                    remedy="Ask for fewer, or widen the options.",
                )
            seen.add(item.prompt)
            cases.append(self._make_case(item, index, tier, language))
        return tuple(cases)

    def _make_case(self, item: Item, index: int, tier: str, language: str) -> Case:
        return Case(
            id=f"{self.name}-{index + 1:04}",
            title=item.title,
            messages=(Message(role=Role.USER, content=item.prompt),),
            checks=item.checks,
            tags=(self.name, *item.tags),
            language=language,
            difficulty=tier,
            max_tokens=item.max_tokens,
            stop=item.stop,
            json_schema=item.json_schema,
            passing_example=item.passing,
            failing_example=item.failing,
        )

    def _read(
        self, seed: int, count: int, options: Mapping[str, JsonValue], language: str
    ) -> dict[str, JsonValue]:
        if not 0 <= seed <= MOST_SEED:
            raise UserError(f"A seed must be from 0 to {MOST_SEED}.", remedy="Choose another.")
        if not 1 <= count <= MOST_CASES:
            raise UserError(
                f"A generator makes from 1 to {MOST_CASES:,} cases, not {count:,}.",
                remedy="Choose another count.",
            )
        if language not in self.languages:
            raise UserError(
                f'The generator "{self.name}" has no language "{language}".',
                remedy=f"It has {', '.join(self.languages)}.",
            )
        known = {option.name: option for option in self.all_options}
        for name in options:
            if name not in known:
                hint = nearest(name, known)
                raise UserError(f'The generator "{self.name}" has no option "{name}"{hint}')
        return {
            name: option.read(options.get(name, option.default), self.name)
            for name, option in known.items()
        }
