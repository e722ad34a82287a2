"""The short, the standard and the full selection: so many cases of each bundled suite.

`resources/selections.yaml` says how many. Which ones is decided by the SHA-256 of the ids of suite
and case, within tiers of difficulty and languages in proportion, so that every copy of the
program asks the same, and a case that joins a suite moves few others.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
import yaml

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.paths import resource
from desktop.suites.importers.sampling import share_out
from desktop.suites.reader import list_bundled_suites, read_suite

_ALL = "all"


class Selection(Value, frozen=True, kw_only=True):
    """A choice of cases. `counts` is by suite id, in the order of asking; `None` takes all."""

    id: str
    title: str
    description: str
    counts: dict[str, int | None]


def list_selections() -> tuple[Selection, ...]:
    """Return the selections that ship with the program, the shortest first."""
    document = yaml.safe_load(resource("selections.yaml").read_text(encoding="utf-8"))
    return tuple(_read(entry) for entry in document["selections"])


def find_selection(name: str) -> Selection:
    """Return a selection by its id; raises `UserError` that names them."""
    known = {selection.id: selection for selection in list_selections()}
    if name not in known:
        raise UserError(f"There is no selection {name!r}.", remedy=f"There are {', '.join(known)}.")
    return known[name]


def count_cases(selection: Selection, suites: Iterable[Suite]) -> int:
    """Return how many cases a selection takes of these suites."""
    sizes = {suite.id: len(suite.cases) for suite in suites}
    return sum(
        sizes[suite] if count is None else min(count, sizes[suite])
        for suite, count in selection.counts.items()
    )


def read_selection(name: str) -> tuple[Suite, ...]:
    """Return the suites of a selection with the cases that it takes."""
    selection = find_selection(name)
    paths = {path.stem: path for path in list_bundled_suites()}
    return tuple(
        draw_cases(read_suite(paths[suite_id]), count, selection.id)
        for suite_id, count in selection.counts.items()
    )


def draw_cases(suite: Suite, count: int | None, name: str) -> Suite:
    """Return a suite with `count` of its cases, itself if that is all of them.

    The drawn one is another suite: "mathematics:short", with a hash of its own, so that runs on
    it are not taken for runs on the whole.
    """
    if count is None or count >= len(suite.cases):
        return suite
    cases = _draw(suite, count)
    drawn = "\n".join((suite.sha256, *(case.id for case in cases)))
    return msgspec.structs.replace(
        suite,
        id=f"{suite.id}:{name}",
        title=f"{suite.title}, {len(cases)} of {len(suite.cases)} cases",
        cases=cases,
        sha256=hashlib.sha256(drawn.encode()).hexdigest(),
    )


def _draw(suite: Suite, count: int) -> tuple[Case, ...]:
    """Take the tiers in proportion, and within them the languages that were taken least."""
    ranked = sorted(suite.cases, key=lambda case: _rank(suite, case))
    taken: set[str] = set()
    spoken: Counter[str] = Counter()
    for tier, quota in share_out(Counter(case.difficulty for case in ranked), count).items():
        left = [case for case in ranked if case.difficulty == tier]
        for _ in range(quota):
            # Of several that would do, the first: the lowest rank.
            case = min(left, key=lambda case: spoken[case.language])
            left.remove(case)
            taken.add(case.id)
            spoken[case.language] += 1
    return tuple(case for case in suite.cases if case.id in taken)


def _rank(suite: Suite, case: Case) -> str:
    return hashlib.sha256(f"{suite.id}\n{case.id}".encode()).hexdigest()


def _read(entry: Mapping[str, JsonValue]) -> Selection:
    counts = {
        suite: None if count == _ALL else int(count) for suite, count in entry["suites"].items()
    }
    return Selection(
        id=entry["id"],
        title=entry["title"],
        description=entry["description"].strip(),
        counts=counts,
    )
