"""A comparison as data: what the window, the PDF, CSV, JSON and the command line all show."""

from datetime import datetime
from enum import StrEnum

from desktop.domain.base import Value
from desktop.domain.language_model import LanguageModel
from desktop.domain.machine import Machine
from desktop.domain.measurement import Measurement
from desktop.domain.run import (
    EngineFacts,
    Outcome,
    RunCounts,
    RunStatus,
    SuiteReference,
)
from desktop.domain.settings import RunSettings


class Interval(Value, frozen=True, kw_only=True):
    """A confidence interval, ends included."""

    low: float
    high: float
    level: float = 0.95


class Standing(StrEnum):
    """What may be said of a pair of models: the first against the second."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


class Saying(StrEnum):
    """What answers the question whether the first may be called better than the second.

    `more` means not yet: a number of further cases would probably tell.
    """

    YES = "yes"
    NO = "no"
    MORE = "more"


class Verdict(Value, frozen=True, kw_only=True):
    """What may be said of two models, with why: plain words first, then the figures."""

    saying: Saying
    sentence: str
    more_cases: int | None = None
    reasons: tuple[str, ...] = ()


class RepeatFigures(Value, frozen=True, kw_only=True):
    """A model's cases over their repeats.

    `pass_at_1` is the mean share of repeats that passed, `pass_at_k` the chance that at least one
    of `k` answers passes, averaged over the cases that have `k`. `flaky` counts cases that were
    sometimes passed and sometimes not. `spread` is the standard deviation of the share passed
    from one repeat of the whole suite to the next, as the cases' own scatter predicts it; `None`
    without a case that was repeated.
    """

    cases: int
    flaky: int
    k: int
    pass_at_1: float
    pass_at_k: float
    spread: float | None = None


class ComparedModel(Value, frozen=True, kw_only=True):
    """One column of a comparison: a language model with all its runs that were chosen.

    `label` is short and unique within the comparison; `color` is the index in the palette.
    `share_passed` is `cases_passed` over `cases_scored`, one verdict a case however often it was
    repeated, with its Wilson `interval`; `None` without scored cases. `unanswered` counts cases
    of its suites that have no answer yet. Medians of seconds are `None` unless each answer was
    alone with the engine. `mean_thinking_tokens` is that of its judged
    answers, `None` if none of them thought. `effective_cases` is as how many independent cases
    its scored ones count, `None` unless some share a document or a template. `repeats` is `None`
    where every case was asked once.
    """

    label: str
    color: int
    model: LanguageModel
    run_ids: tuple[str, ...]
    statuses: tuple[RunStatus, ...]
    counts: RunCounts
    unanswered: int = 0
    cases_passed: int = 0
    cases_scored: int = 0
    share_passed: float | None = None
    interval: Interval | None = None
    mean_score: float | None = None
    generation: Measurement | None = None
    prompt_processing: Measurement | None = None
    peak_memory_bytes: int | None = None
    median_answer_seconds: float | None = None
    median_first_token_seconds: float | None = None
    generated_tokens: int = 0
    mean_thinking_tokens: float | None = None
    prompt_format: str = ""
    problems: tuple[str, ...] = ()
    effective_cases: float | None = None
    repeats: RepeatFigures | None = None


class ComparedAnswer(Value, frozen=True, kw_only=True):
    """One cell: what one model said to one case. With repeats, the share that passed counts.

    `explanation` is the sentence to show beside the verdict: the first check that said no, or
    what went wrong. `thinking` is what came before `text` in a reasoning model, and
    `thinking_tokens` how much of `generated_tokens` that was. Only with `timed_alone` are `seconds`
    the model's own; else it shared the engine with others, and they tell how busy that was.
    """

    outcome: Outcome
    score: float
    text: str
    explanation: str
    run_id: str
    seconds: float = 0.0
    timed_alone: bool = False
    generated_tokens: int = 0
    thinking: str = ""
    thinking_tokens: int = 0
    repeats: int = 1
    repeats_passed: int = 0
    explanations: tuple[str, ...] = ()


class ComparedCase(Value, frozen=True, kw_only=True):
    """One row: a case with an answer a model, in the order of the models; `None` has none yet.

    `group` names what it shares with other cases of its suite, such as a document.
    """

    suite_id: str
    case_id: str
    title: str
    tags: tuple[str, ...]
    prompt: str
    demands: tuple[str, ...]
    answers: tuple[ComparedAnswer | None, ...]
    group: str = ""

    @property
    def disagrees(self) -> bool:
        """Whether some models passed this case and others did not."""
        judged = [a.outcome for a in self.answers if a and a.outcome.is_judged]
        return len({outcome is Outcome.PASSED for outcome in judged}) > 1

    @property
    def is_flaky(self) -> bool:
        """Whether some model sometimes passed this case and sometimes did not."""
        return any(a and 0 < a.repeats_passed < a.repeats for a in self.answers)


class ComparedPair(Value, frozen=True, kw_only=True):
    """Two models on the cases that both were scored on.

    `difference` is first minus second in share passed, with its 95 % `interval`; `p_value` is
    McNemar's exact test, two-sided, `p_adjusted` the same after Holm over all pairs.
    `more_cases` is about how many further cases would decide, `None` if that can't be told or
    the pair is decided. `smallest_difference` is what so many cases show with 80 % power, `None`
    if they are too few to show any. `effect` is Cohen's g: how far the split of the cases that
    differ is from one half. `groups` counts the independent ones among the cases, and
    `design_effect` is by how much their hanging together widens the interval's variance; then
    the test is that of whole groups. `score_difference` is that of mean scores with its
    bootstrapped interval, where some answers are partly right; `verdict` answers whether the
    first may be called better.
    """

    first: int
    second: int
    cases: int
    only_first_passed: int
    only_second_passed: int
    difference: float
    interval: Interval
    p_value: float
    p_adjusted: float
    standing: Standing
    more_cases: int | None = None
    sentence: str = ""
    smallest_difference: float | None = None
    effect: float | None = None
    groups: int | None = None
    design_effect: float = 1.0
    score_difference: float | None = None
    score_interval: Interval | None = None
    verdict: Verdict | None = None

    def answer(self, *, asks_first: bool) -> Saying:
        """Tell whether the first (or else the second) may be called the better one."""
        if self.standing is (Standing.BETTER if asks_first else Standing.WORSE):
            return Saying.YES
        return Saying.MORE if self.more_cases else Saying.NO

    @property
    def enough_cases(self) -> bool:
        """Whether so many cases could show any difference at all."""
        return self.smallest_difference is not None


class Comparison(Value, frozen=True, kw_only=True):
    """A choice of runs, made ready to be shown.

    `headline` is one sentence with what may be concluded, `caveats` what may not or what was
    odd, `reasons` the full answer to "how sure?". `smallest_difference` is the difference in
    share passed that this many cases could show with 80 % power, 0 to 1. `groups` are the largest
    sets of models within which no pair can be told apart, by place; they may overlap, and a
    model that is told apart from all it was compared with is alone in one.
    """

    title: str
    created_at: datetime
    models: tuple[ComparedModel, ...]
    cases: tuple[ComparedCase, ...]
    pairs: tuple[ComparedPair, ...]
    headline: str
    supporting: str = ""
    caveats: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    suites: tuple[SuiteReference, ...] = ()
    machines: tuple[Machine, ...] = ()
    engines: tuple[EngineFacts, ...] = ()
    settings: tuple[RunSettings, ...] = ()
    smallest_difference: float | None = None
    groups: tuple[tuple[int, ...], ...] = ()
