"""The sentences of a comparison, whole and in one place, so that they can be translated.

Beside it `caveats` has those that facts of the runs raise, `paper_wording` and `labels` those of
the PDF alone.

The rule: a difference is claimed only where the test shows one. "Better" means that, "can't be
told apart" means that these cases don't show one; neither says that two are equal. No sentence
is put together from fragments of grammar except lists of names.
"""

from collections.abc import Sequence

from desktop.domain.comparison import (
    ComparedModel,
    ComparedPair,
    Interval,
    Standing,
)
from desktop.reports.numbers import (
    bytes_text,
    count_text,
    points_text,
    probability_text,
    rate_text,
    ratio_text,
    share_text,
    times_in_hundred_text,
)

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number_word(number: int) -> str:
    """Return small numbers as words."""
    return _WORDS[number] if number < len(_WORDS) else count_text(number)


def join(names: Sequence[str]) -> str:
    """Return names as a list: `A, B and C`."""
    if len(names) < 2:  # noqa: PLR2004 - a list has two
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def cases_text(number: int) -> str:
    """Return `1 case`, `36 cases`."""
    return "1 case" if number == 1 else f"{count_text(number)} cases"


def title(suites: Sequence[str], models: Sequence[str]) -> str:
    """Name a comparison after what was asked and who answered."""
    what = join(list(dict.fromkeys(suites))) or "Speed"
    who = models[0] if len(models) == 1 else f"{number_word(len(models))} models"
    return f"{what}, {who}"


# What may be concluded


def nothing_measured(models: int) -> str:
    """There is neither a scored case nor a valid measurement."""
    if models == 1:
        return "Nothing can be said yet: no case was scored and no trusted speed measured."
    return "Nothing can be compared yet: no case was scored and no trusted speed measured."


def one_model(label: str, passed: int, total: int, interval: Interval) -> str:
    """There is one model, so nothing to compare it with."""
    return (
        f"{label} passed {count_text(passed)} of {cases_text(total)} "
        f"({share_text(passed / total)}, likely between {share_text(interval.low)} "
        f"and {share_text(interval.high)})."
    )


def better_than(label: str, others: Sequence[str], rest: int) -> str:
    """One is better than each of the others named; `rest` more are not named."""
    if rest == 0 and len(others) > 1:
        everyone = "both others" if len(others) == 2 else f"all {number_word(len(others))} others"  # noqa: PLR2004
        return f"{label} answers better than {everyone}."
    return f"{label} answers better than {join(others)}."


def leaders_undecided(
    leaders: Sequence[str], worse: Sequence[str], cases: int, more: int | None, total: int
) -> str:
    """Several are unbeaten; `worse` are beaten by every one of them."""
    start = can_not_tell(leaders, cases, None if worse else more, total)
    if not worse:
        return start
    who = "both answer" if len(leaders) == 2 else "all answer"  # noqa: PLR2004
    return f"{start.removesuffix('.')}; {who} better than {join(worse)}."


def can_not_tell(labels: Sequence[str], cases: int, more: int | None, total: int) -> str:
    """No difference shows between these; `more` cases would probably decide."""
    everyone = len(labels) == total > 2  # noqa: PLR2004 - two are named
    who = f"The {number_word(total)} models" if everyone else join(labels)
    ending = f"; about {count_text(more)} more would tell" if more else ""
    return f"{who} can't be told apart with {cases_text(cases)}{ending}."


def nothing_shared(labels: Sequence[str]) -> str:
    """No case was scored for both of any pair."""
    return f"{join(labels)} can't be compared in quality: no case was answered by both."


def speed_unknown() -> str:
    """Suites were run, but no probe."""
    return "Speed was not measured: how long answers took depends on how many were made at once."


def quality_unknown() -> str:
    """Probes were run, but no suite."""
    return "No suite was run: nothing is known of how good the answers are."


def quality_of_one_only(label: str, passed: int, total: int, interval: Interval) -> str:
    """Of several models only one has scored cases."""
    return f"Only {one_model(label, passed, total, interval)}"


def pair_sentence(pair: ComparedPair, first: str, second: str) -> str:
    """Say what one pair shows, with the counts that it rests on."""
    if pair.cases == 0:
        return f"{first} and {second} can't be compared: no case was answered by both."
    if pair.standing is Standing.UNDECIDED:
        if pair.only_first_passed == pair.only_second_passed == 0:
            return (
                f"{first} and {second} passed and failed the same of {cases_text(pair.cases)}: "
                "no difference shows."
            )
        return (
            f"{first} and {second} can't be told apart with {cases_text(pair.cases)}: "
            f"{_alone(pair, first, second)}{_more(pair)}."
        )
    better, worse = (first, second) if pair.standing is Standing.BETTER else (second, first)
    return f"{better} answers better than {worse}: {_alone(pair, first, second)}."


def _alone(pair: ComparedPair, first: str, second: str) -> str:
    return (
        f"{first} alone passed {count_text(pair.only_first_passed)}, "
        f"{second} alone {count_text(pair.only_second_passed)}"
    )


def _more(pair: ComparedPair) -> str:
    return f"; about {count_text(pair.more_cases)} more would tell" if pair.more_cases else ""


def decided(label: str, other: str) -> str:
    """One of a pair is better."""
    return f"{label} answers better than {other}."


def leaders_not_tested(labels: Sequence[str]) -> str:
    """Several are unbeaten, but some of them were never asked the same."""
    return f"{join(labels)} can't be ranked: not all of them answered the same cases."


def many_pairs(differing: int, total: int) -> str:
    """There are too many pairs for a sentence each."""
    if differing == 0:
        return f"None of the other {count_text(total)} pairs can be told apart."
    if differing == total:
        return f"All other {count_text(total)} pairs differ by more than chance."
    return (
        f"Of the other {count_text(total)} pairs, {count_text(differing)} can be told apart and "
        f"{count_text(total - differing)} can't."
    )


def more_pairs(number: int) -> str:
    """There are too many pairs to explain each."""
    return f"The other {count_text(number)} pairs were tested in the same way."


def in_circles() -> str:
    """Each model is beaten by another one, which different cases can bring about."""
    return "No model comes out best: each is beaten by another on the cases that they share."


# Speed and memory


def faster(fast: ComparedModel, slow: ComparedModel, *, only_two: bool) -> str:
    """One of two generates faster; where there are more models, the other one is named too."""
    quick, other = _rates(fast, slow)
    than = "" if only_two else f" as {slow.label}"
    return (
        f"{fast.label} is {ratio_text(quick / other)} times as fast{than} "
        f"({rate_text(quick)} against {rate_text(other)} tokens per second)"
    )


def equally_fast(one: ComparedModel, other: ComparedModel) -> str:
    """No difference in speed shows between two."""
    first, second = _rates(one, other)
    return (
        f"{one.label} and {other.label} are about equally fast "
        f"({rate_text(first)} and {rate_text(second)} tokens per second)"
    )


def fastest(fast: Sequence[ComparedModel], slow: ComparedModel) -> str:
    """Of three or more, one or several that can't be told apart are fastest."""
    names = join([model.label for model in fast])
    quick, other = _rates(fast[0], slow)
    if len(fast) == 1:
        return (
            f"{names} is the fastest with {rate_text(quick)} tokens per second, "
            f"{ratio_text(quick / other)} times as fast as {slow.label} ({rate_text(other)})"
        )
    return (
        f"{names} are the fastest with about {rate_text(quick)} tokens per second; "
        f"{slow.label} is the slowest ({rate_text(other)})"
    )


def speeds_not_comparable() -> str:
    """Speeds were measured, but none of them may be held against another."""
    return "the speeds can't be compared"


def among_comparable(clause: str, number: int) -> str:
    """Put before a clause that not all models could take part in."""
    return f"of the {number_word(number)} models whose speed can be compared, {clause}"


def all_equally_fast(number: int, low: float, high: float) -> str:
    """No difference in speed shows between three or more."""
    return (
        f"all {number_word(number)} are about equally fast "
        f"({rate_text(low)} to {rate_text(high)} tokens per second)"
    )


def one_speed(label: str, rate: float) -> str:
    """The speed of one model, compared with nothing."""
    return f"{label} generates {rate_text(rate)} tokens per second."


def memory_of_two(label: str, needs: int, other: int, *, goes_on: bool) -> str:
    """What one needs of memory against the other; `goes_on` after a clause on the same model."""
    if bytes_text(needs) == bytes_text(other):
        return f"both need {bytes_text(needs)} of memory"
    against = f"({bytes_text(needs)} against {bytes_text(other)})"
    return f"needs less memory {against}" if goes_on else f"{label} needs less memory {against}"


def memory_range(least: tuple[str, int], most: tuple[str, int]) -> str:
    """How far apart three or more are in memory."""
    small, large = bytes_text(least[1]), bytes_text(most[1])
    if small == large:
        return f"all need {small} of memory"
    return f"{least[0]} needs the least memory ({small}), {most[0]} the most ({large})"


def speed_and_memory(speed: str, memory: str, *, goes_on: bool) -> str:
    """Put the two clauses into one sentence; either may be missing."""
    if not speed or not memory:
        return f"{_capital(speed or memory)}." if speed or memory else ""
    if goes_on and not memory.startswith("both "):
        return f"{speed} and {memory}."
    return f"{_capital(speed)}; {memory}."


def _capital(clause: str) -> str:
    # Only a clause that begins with a word of ours takes a capital; a label keeps its own.
    ours = clause.startswith(("both ", "all ", "of ", "the "))
    return clause[:1].upper() + clause[1:] if ours else clause


def memory_of_one(label: str, needs: int) -> str:
    """What a model needs of memory."""
    return f"{label} needs {bytes_text(needs)} of memory."


def _rates(one: ComparedModel, other: ComparedModel) -> tuple[float, float]:
    if one.generation is None or other.generation is None:
        raise ValueError("Speeds are compared of models that have one")
    return one.generation.value, other.generation.value


# How sure?


def chance_of_pair(pair: ComparedPair, first: str, second: str) -> str:
    """Say in plain words, then in figures, how sure one pair is."""
    if pair.cases == 0:
        return f"{first} and {second}: no case was answered by both, so nothing was tested."
    flips = pair.only_first_passed + pair.only_second_passed
    if flips == 0:
        words = (
            f"Both answered {cases_text(pair.cases)}, and each case that one passed, "
            "the other passed too."
        )
    else:
        words = (
            f"Of {cases_text(pair.cases)} that both answered, {_alone(pair, first, second)}. "
            "If they were equally good, chance alone would split "
            f"{cases_text(flips)} at least this unevenly "
            f"{times_in_hundred_text(pair.p_value)}."
        )
    adjusted = (
        f", after correction for the number of pairs {_p(pair.p_adjusted)}"
        if pair.p_adjusted != pair.p_value
        else ""
    )
    if pair.more_cases:
        words += (
            f" If the difference stays this large, about {count_text(pair.more_cases)} more cases "
            "would show it four times in five."
        )
    return (
        f"{first} and {second}. {words} Difference {points_text(pair.difference)} points "
        f"(95% interval {points_text(pair.interval.low)} to {points_text(pair.interval.high)}), "
        f"{_p(pair.p_value)}{adjusted}."
    )


def _p(p_value: float) -> str:
    text = probability_text(p_value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def could_have_shown(difference: float, cases: int, pairs: int) -> str:
    """Say what this many cases can show at all."""
    least = "at least " if pairs > 1 else ""
    return (
        f"With {least}{cases_text(cases)} a true difference of about "
        f"{points_text(difference, signed=False)} points or more would be seen four times in "
        "five; a smaller one may be there and go unseen."
    )


def could_show_nothing(cases: int) -> str:
    """There are too few cases for any difference."""
    return f"With {cases_text(cases)} no difference can be shown reliably: they are too few."


def share_of_model(label: str, passed: int, total: int, interval: Interval) -> str:
    """One model's share with its interval."""
    low, high = share_text(interval.low), share_text(interval.high)
    return (
        f"{label} passed {count_text(passed)} of {cases_text(total)}, "
        f"{share_text(passed / total)}; on other cases of this kind its share is likely between "
        f"{low} and {high} (95% interval)."
    )


def speed_rule() -> str:
    """Say when a speed counts as different."""
    return (
        "Speeds count as different when they are more than 5% apart and further than repeated "
        "measurements scatter."
    )


def method(models: int, repeats: int, *, truncated: bool) -> str:
    """Say how the figures were made, for those who want to check."""
    compared = (
        " Two models are compared on the cases that both answered, by McNemar's exact test with "
        "Holm's correction over all pairs; differences have Tango's 95% interval, each pair for "
        "itself."
        if models > 1
        else ""
    )
    merged = (
        f" Each case was asked {count_text(repeats)} times and counts as passed when more than "
        "half of its scored answers passed."
        if repeats > 1
        else ""
    )
    cut = (
        " Answers that were cut off in the middle of their thinking count as not passed."
        if truncated
        else ""
    )
    return (
        f"Shares have Wilson's 95% interval.{compared}{merged} Errors of engine or scorer are "
        f"left out.{cut}"
    )


def reach() -> str:
    """Say how far the result reaches."""
    return (
        "The cases stand for the work they were made from: the result holds as far as your own "
        "work is like them, for these files, these settings and this machine."
    )
