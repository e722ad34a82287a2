"""The sentences of a comparison, whole and in one place, so that they can be translated.

Beside it `caveats` has those that facts of the runs raise, `paper_wording` and `labels` those of
the PDF alone.

The rule: a difference is claimed only where the test shows one. "Better" means that, "can't be
told apart" means that these cases don't show one; neither says that two are equal. No sentence
is put together from fragments of grammar except lists of names.
"""

from collections.abc import Sequence

from desktop.domain.comparison import ComparedModel, Interval, RepeatFigures
from desktop.reports.numbers import (
    bytes_text,
    count_text,
    points_text,
    rate_text,
    ratio_text,
    share_text,
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
    leaders: Sequence[str],
    worse: Sequence[str],
    cases: int,
    more: int | None,
    total: int,
    *,
    enough: bool = True,
) -> str:
    """Several are unbeaten; `worse` are beaten by every one of them."""
    start = can_not_tell(
        leaders, cases, None if worse else more, total, enough=enough or bool(worse)
    )
    if not worse:
        return start
    who = "both answer" if len(leaders) == 2 else "all answer"  # noqa: PLR2004
    return f"{start.removesuffix('.')}; {who} better than {join(worse)}."


def can_not_tell(
    labels: Sequence[str], cases: int, more: int | None, total: int, *, enough: bool = True
) -> str:
    """No difference shows between these; `more` cases would probably decide.

    Where there are not `enough`, no difference could have shown.
    """
    everyone = len(labels) == total > 2  # noqa: PLR2004 - two are named
    who = f"The {number_word(total)} models" if everyone else join(labels)
    ending = f"; about {count_text(more)} more would tell" if more else ""
    if not enough:
        ending = "; so few can't show any difference"
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


def groups_of_models(groups: Sequence[Sequence[str]]) -> str:
    """Say who can't be told from whom; groups may overlap."""
    together = [group for group in groups if len(group) > 1]
    alone = [group[0] for group in groups if len(group) == 1]
    several = len({name for group in together for name in group}) < sum(map(len, together))
    words = f"These can't be told apart among themselves: {'; '.join(map(join, together))}."
    if several:
        words += " A model named twice belongs to both: it can be told from neither."
    if alone:
        verb = "differs" if len(alone) == 1 else "differ"
        words += f" {join(alone)} {verb} by more than chance from all that were asked the same."
    return words


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


def hang_together(models: Sequence[tuple[str, int, float]]) -> str:
    """Say as how many independent cases those count that share documents or templates.

    Each model comes with its label, its cases, and what they count as.
    """
    start = "Some cases share a document or a template"
    fewer = [
        f"the {cases_text(cases)} of {label} as about {count_text(max(1, round(effective)))}"
        for label, cases, effective in models
        if round(effective) < cases
    ]
    if not fewer:
        return f"{start}; their verdicts scatter as those of independent ones would."
    return f"{start} and count as fewer independent ones: {join(fewer)}."


def repeats_of_model(label: str, figures: RepeatFigures) -> str:
    """Say how steady a model's answers to the same case are."""
    if figures.flaky:
        flaky = f"{cases_text(figures.flaky)} of {count_text(figures.cases)}"
        words = f"{label} sometimes passed and sometimes failed the same case, in {flaky}."
    else:
        words = f"{label} passed or failed each case every time it was asked."
    spread = (
        f"; from one repeat of all cases to the next the share varies by about "
        f"{points_text(figures.spread, signed=False)} points"
        if figures.spread
        else ""
    )
    return (
        f"{words} One try passes {share_text(figures.pass_at_1)} of cases (pass@1), the best of "
        f"{count_text(figures.k)} tries {share_text(figures.pass_at_k)} (pass@{figures.k}){spread}."
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
        "itself. Where cases share a document or a template, whole groups change sides in the "
        "test, and intervals count as many cases as the groups are worth. Mean scores are compared "
        "by resampling the cases (BCa)."
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
        " Answers that a limit cut off before they passed count as not passed." if truncated else ""
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
