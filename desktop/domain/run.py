"""Runs: one language model on one suite or one probe plan, on one machine, with all settings."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from desktop.domain.base import Value
from desktop.domain.language_model import LanguageModel
from desktop.domain.machine import Machine
from desktop.domain.settings import EngineOptions, ProbePlan, RunSettings
from desktop.domain.suite import SourceFile, Suite


class RunStatus(StrEnum):
    """Where a run stands. `interrupted` can be resumed, `failed` could not begin or go on."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of one case.

    Four of them are ways not to pass, and count so. `failed`: the model answered, and a check said
    no. `refused`: it declined to answer where an answer was wanted. `truncated`: a limit cut it
    off, in the middle of its thinking or of an answer that does not pass as far as it goes.
    `thinking_only`: it ended by itself after its thinking, and answered nothing.
    Three are left out of the score. `error`: engine, scorer or time-out were at fault. `open`: a
    person's rating or a judge model's verdict is still to come. `measured`: the case yields a
    figure, a text's perplexity, that nothing passes or fails by.
    """

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    THINKING_ONLY = "thinking_only"
    ERROR = "error"
    OPEN = "open"
    MEASURED = "measured"

    @property
    def is_judged(self) -> bool:
        """Whether it counts in a score."""
        return self not in (Outcome.ERROR, Outcome.OPEN, Outcome.MEASURED)


class StopReason(StrEnum):
    """Why an answer ended. `max_thinking` means in the middle of thinking: there is no answer."""

    END_OF_ANSWER = "end_of_answer"
    STOP_TEXT = "stop_text"
    MAX_TOKENS = "max_tokens"
    MAX_THINKING = "max_thinking"
    CONTEXT_FULL = "context_full"
    CANCELLED = "cancelled"
    ERROR = "error"


class EngineFacts(Value, frozen=True, kw_only=True):
    """What computed the answers, as it said itself on loading.

    All are the values in force, not those asked for. `context_tokens` is that of one sequence.
    `batch_threads` read prompts, `threads` write. `unified_cache` tells that all sequences share
    one KV cache. `shares_prefixes` tells that beginnings common to several prompts are read once.
    `threads_by_trial`, `sequences_by_trial` and `attention_by_trial` tell that what is in force
    was found on this machine.
    """

    name: str
    version: str
    build: str = ""
    devices: tuple[str, ...] = ()
    context_tokens: int = 0
    parallel_sequences: int = 1
    threads: int = 0
    batch_threads: int = 0
    gpu_layers: int = 0
    options: EngineOptions | None = None
    unified_cache: bool = False
    shares_prefixes: bool = False
    threads_by_trial: bool = False
    sequences_by_trial: bool = False
    attention_by_trial: bool = False
    weights_bytes: int | None = None
    kv_cache_bytes: int | None = None
    compute_bytes: int | None = None
    load_seconds: float | None = None

    @property
    def telling_options(self) -> EngineOptions | None:
        """The options in force as far as they tell something.

        llama.cpp makes no physical batch larger than all contexts together: one that only ends
        there is told as the usual one.
        """
        options = self.options
        if options is None:
            return None
        room = self.context_tokens * self.parallel_sequences
        usual = EngineOptions().physical_batch_tokens
        if room <= options.physical_batch_tokens < usual:
            return replace(options, physical_batch_tokens=usual)
        return options


class SuiteReference(Value, frozen=True, kw_only=True):
    """Which suite a run asked: enough to show it and to find the stored copy by `sha256`.

    `fixed_cases` set their own number of repeats, which make `fixed_answers`.
    """

    id: str
    title: str
    version: str
    sha256: str
    cases: int
    fixed_cases: int = 0
    fixed_answers: int = 0

    def count_answers(self, repeats: int) -> int:
        """Return how many answers a run has that asks so many times."""
        return (self.cases - self.fixed_cases) * repeats + self.fixed_answers


class ForeignFigure(Value, frozen=True, kw_only=True):
    """A score as another program reported it, in its own scale; `error` is its standard error."""

    name: str
    value: float
    error: float | None = None


class RunOrigin(Value, frozen=True, kw_only=True):
    """Where a run was made, if not here: another program's results, kept as they were found.

    `task` is what that program calls the suite, `shots` how many examples it showed, `cases` how
    many it asked, `None` where its file is silent. `figures` are its own scores.
    """

    program: str
    version: str
    task: str
    files: tuple[SourceFile, ...]
    figures: tuple[ForeignFigure, ...] = ()
    task_version: str = ""
    shots: int | None = None
    cases: int | None = None
    imported_at: datetime | None = None


class Run(Value, frozen=True, kw_only=True):
    """One run. Immutable once finished; `name`, `note` and `tags` are people's annotations.

    Exactly one of `suite` and `probe` is set. `evaluation_id` groups the runs that were started
    together. `model` is a copy of the facts at that time: the file may be gone later.
    `prompt_format` is `chat_template` or `plain_text` (the file brings no template).
    `problem` says in one sentence why it failed or what went wrong on the way. `origin` is set on
    runs that another program made.
    """

    id: str
    evaluation_id: str
    model: LanguageModel
    settings: RunSettings
    status: RunStatus
    created_at: datetime
    suite: SuiteReference | None = None
    probe: ProbePlan | None = None
    machine: Machine | None = None
    engine: EngineFacts | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    prompt_format: str = ""
    problem: str = ""
    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    origin: RunOrigin | None = None

    @property
    def answers_alone(self) -> bool:
        """Whether each answer had the engine to itself, with nothing of it read before.

        Only then are its seconds the model's own; else they tell how busy the engine was.
        Throughput mode never counts, whatever it chose: a resumed run knows its last choice only.
        """
        engine = self.engine
        return (
            self.settings.is_reproducible
            and engine is not None
            and engine.parallel_sequences == 1
            and not engine.shares_prefixes
        )


class RunCounts(Value, frozen=True, kw_only=True):
    """How many cases a run has had, by outcome. `cases` counts repeats too.

    `failed` is every case that was judged and not passed; `truncated`, `refused` and
    `thinking_only` tell how many of those were cut off, declined or ended without an answer.
    `open` ones wait for a rating or a judge, `measured` ones have a figure and no verdict.
    """

    cases: int = 0
    passed: int = 0
    failed: int = 0
    truncated: int = 0
    errors: int = 0
    refused: int = 0
    thinking_only: int = 0
    open: int = 0
    measured: int = 0

    @classmethod
    def of_outcomes(cls, outcomes: Mapping[Outcome, int], cases: int) -> "RunCounts":
        """Return the counts of `cases` planned cases, of which `outcomes` are known."""
        passed = outcomes.get(Outcome.PASSED, 0)
        judged = sum(count for outcome, count in outcomes.items() if outcome.is_judged)
        return cls(
            cases=cases,
            passed=passed,
            failed=judged - passed,
            truncated=outcomes.get(Outcome.TRUNCATED, 0),
            errors=outcomes.get(Outcome.ERROR, 0),
            refused=outcomes.get(Outcome.REFUSED, 0),
            thinking_only=outcomes.get(Outcome.THINKING_ONLY, 0),
            open=outcomes.get(Outcome.OPEN, 0),
            measured=outcomes.get(Outcome.MEASURED, 0),
        )

    @property
    def scored(self) -> int:
        """Cases that count: answered and judged."""
        return self.passed + self.failed

    @property
    def done(self) -> int:
        """Cases that have an answer or an error."""
        return self.passed + self.failed + self.errors + self.open + self.measured


class RunSummary(Value, frozen=True, kw_only=True):
    """A line of a history: a run with its counts and the measurements worth a line.

    `mean_thinking_tokens` is that of its judged answers, `None` if none of them thought.
    """

    run: Run
    counts: RunCounts
    tokens_per_second: float | None = None
    prompt_tokens_per_second: float | None = None
    peak_memory_bytes: int | None = None
    seconds: float | None = None
    mean_thinking_tokens: float | None = None


class PlannedRun(Value, frozen=True, kw_only=True):
    """One line of a plan: a model with either a suite or a probe."""

    model: LanguageModel
    settings: RunSettings
    suite: Suite | None = None
    probe: ProbePlan | None = None


class EvaluationPlan(Value, frozen=True, kw_only=True):
    """What is to be run, in order, under one id and title."""

    id: str
    title: str
    runs: tuple[PlannedRun, ...]
