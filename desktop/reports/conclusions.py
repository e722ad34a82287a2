"""The headline, and what supports it: which sentences of `wording` the figures allow."""

from collections.abc import Callable, Sequence

from desktop.domain.comparison import (
    ComparedModel,
    ComparedPair,
    Interval,
    Saying,
    Standing,
)
from desktop.reports import wording
from desktop.reports.selection import ModelRuns
from desktop.reports.speed import Figure, differs, figures_to_compare, find_peak_memory

_MOST_SENTENCES = 3


class Quality:
    """Who is better than whom, from the pairs that were decided."""

    def __init__(self, models: Sequence[ComparedModel], pairs: Sequence[ComparedPair]) -> None:
        """Sort the pairs by who won."""
        self.models = models
        self.pairs = {(pair.first, pair.second): pair for pair in pairs}
        self.scored = [i for i, model in enumerate(models) if model.interval]
        self.beats: dict[int, set[int]] = {i: set() for i in self.scored}
        for pair in pairs:
            if pair.answer(asks_first=True) is Saying.YES:
                self.beats[pair.first].add(pair.second)
            elif pair.answer(asks_first=False) is Saying.YES:
                self.beats[pair.second].add(pair.first)
        beaten = set().union(*self.beats.values()) if self.beats else set()
        self.leaders = [i for i in self.scored if i not in beaten]

    def conclude(self) -> tuple[str, tuple[str, ...]]:
        """Return the sentence on quality, and sentences on the pairs that it leaves out.

        Both are empty if nothing was scored.
        """
        if not self.scored:
            return "", ()
        if len(self.models) == 1:
            return self._of_one(wording.one_model), ()
        if len(self.scored) == 1:
            return self._of_one(wording.quality_of_one_only), ()
        if not any(pair.cases for pair in self.pairs.values()):
            return wording.nothing_shared(self._labels(self.scored)), ()
        if not self.leaders:
            return wording.in_circles(), self._rest(set())
        return self._best() if len(self.leaders) == 1 else self._several()

    def _of_one(self, sentence: Callable[[str, int, int, Interval], str]) -> str:
        model = self.models[self.scored[0]]
        if model.interval is None:
            raise ValueError(f"{model.label} is scored and has no interval")
        return sentence(model.label, model.cases_passed, model.cases_scored, model.interval)

    def _best(self) -> tuple[str, tuple[str, ...]]:
        best = self.leaders[0]
        worse = [i for i in self.scored if i in self.beats[best]]
        unnamed = len(self.models) - 1 - len(worse)
        said = {(min(best, i), max(best, i)) for i in worse}
        headline = wording.better_than(self.models[best].label, self._labels(worse), unnamed)
        return headline, self._rest(said)

    def _several(self) -> tuple[str, tuple[str, ...]]:
        among = [
            self.pairs[first, second]
            for place, first in enumerate(self.leaders)
            for second in self.leaders[place + 1 :]
        ]
        worse = [i for i in self.scored if all(i in self.beats[one] for one in self.leaders)]
        said = {(pair.first, pair.second) for pair in among}
        cases = min(pair.cases for pair in among)
        if cases == 0:
            return wording.leaders_not_tested(self._labels(self.leaders)), self._rest(said)
        said |= {(min(i, one), max(i, one)) for i in worse for one in self.leaders}
        needs = [pair.more_cases for pair in among]
        known = [need for need in needs if need is not None]
        headline = wording.leaders_undecided(
            self._labels(self.leaders),
            self._labels(worse),
            cases,
            max(known) if len(known) == len(needs) else None,
            len(self.models),
            enough=all(pair.enough_cases for pair in among if pair.cases),
        )
        return headline, self._rest(said)

    def _rest(self, said: set[tuple[int, int]]) -> tuple[str, ...]:
        left = [pair for place, pair in self.pairs.items() if place not in said and pair.cases]
        if len(left) > _MOST_SENTENCES:
            differing = sum(pair.standing is not Standing.UNDECIDED for pair in left)
            return (wording.many_pairs(differing, len(left)),)
        return tuple(self._short(pair) for pair in left)

    def _short(self, pair: ComparedPair) -> str:
        first, second = self._labels((pair.first, pair.second))
        if pair.standing is Standing.BETTER:
            return wording.decided(first, second)
        if pair.standing is Standing.WORSE:
            return wording.decided(second, first)
        return wording.can_not_tell(
            (first, second),
            pair.cases,
            pair.more_cases,
            len(self.models),
            enough=pair.enough_cases,
        )

    def _labels(self, places: Sequence[int]) -> list[str]:
        return [self.models[place].label for place in places]


def conclude_speed(models: Sequence[ModelRuns], compared: Sequence[ComparedModel]) -> str:
    """Return one sentence on speed and memory, empty if nothing valid can be compared."""
    if len(compared) == 1:
        return _of_one(compared[0])
    speeds = figures_to_compare(models, [model.generation for model in compared])
    peaks = figures_to_compare(models, [find_peak_memory(model) for model in models])
    ordered = sorted(speeds, key=lambda figure: -figure.measurement.value)
    measured = sum(model.generation is not None for model in compared)
    unlike = wording.speeds_not_comparable() if measured > 1 and not speeds else ""
    small = sorted(peaks, key=lambda figure: figure.measurement.value)
    if len(compared) == 2:  # noqa: PLR2004 - two are named, more are summed up
        return _of_two(compared, ordered, small, unlike)
    speed = _of_many(compared, ordered) if ordered else unlike
    memory = ""
    if len(small) == len(compared):
        memory = wording.memory_range(_peak(compared, small[0]), _peak(compared, small[-1]))
    return wording.speed_and_memory(speed, memory, goes_on=False)


def _of_one(model: ComparedModel) -> str:
    sentences = []
    if model.generation and model.generation.valid:
        sentences.append(wording.one_speed(model.label, model.generation.value))
    if model.peak_memory_bytes:
        sentences.append(wording.memory_of_one(model.label, model.peak_memory_bytes))
    return " ".join(sentences)


def _of_two(
    compared: Sequence[ComparedModel],
    speeds: Sequence[Figure],
    peaks: Sequence[Figure],
    unlike: str,
) -> str:
    speed, subject = unlike, -1
    if speeds:
        fast, slow = compared[speeds[0].model], compared[speeds[1].model]
        if differs(speeds[0].measurement, speeds[1].measurement):
            speed = wording.faster(fast, slow, only_two=True)
            subject = speeds[0].model
        else:
            speed = wording.equally_fast(fast, slow)
    memory, smaller = "", -1
    if peaks:
        least, most = (round(figure.measurement.value) for figure in peaks)
        smaller = peaks[0].model
        memory = wording.memory_of_two(
            compared[smaller].label, least, most, goes_on=smaller == subject
        )
    return wording.speed_and_memory(speed, memory, goes_on=smaller == subject >= 0)


def _of_many(compared: Sequence[ComparedModel], ordered: Sequence[Figure]) -> str:
    first, last = ordered[0], ordered[-1]
    level = [f for f in ordered if not differs(first.measurement, f.measurement)]
    if len(ordered) == 2:  # noqa: PLR2004 - of three or more, two have comparable speeds
        fast, slow = compared[first.model], compared[last.model]
        if len(level) == 1:
            return wording.faster(fast, slow, only_two=False)
        return wording.equally_fast(fast, slow)
    if len(level) == len(ordered):
        clause = wording.all_equally_fast(
            len(ordered), last.measurement.value, first.measurement.value
        )
    else:
        clause = wording.fastest([compared[f.model] for f in level], compared[last.model])
    if len(ordered) < len(compared):
        return wording.among_comparable(clause, len(ordered))
    return clause


def _peak(compared: Sequence[ComparedModel], figure: Figure) -> tuple[str, int]:
    return compared[figure.model].label, round(figure.measurement.value)
