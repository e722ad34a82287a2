"""What an engine offers: one language model at a time, driven in one thread.

The same protocol is implemented by llama.cpp (inside the engine process), by the scripted
engine, and by the parent's end of the pipe (`worker/engine_process.py`). The structs are what
travels: tagged, so that a union of them can be decoded without trusting the sender.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

import msgspec

from desktop.domain.language_model import MemoryNeed
from desktop.domain.run import EngineFacts, StopReason
from desktop.domain.settings import EngineOptions, Sampling, SpeedTest


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of what goes through the pipe."""


class LoadModel(Frame, frozen=True, kw_only=True):
    """Load a model, to answer `parallel_sequences` at once in a context of `context_tokens` each.

    `None` leaves a choice to the engine, which makes it when it sees the prompts.
    """

    path: str
    context_tokens: int | None = None
    parallel_sequences: int | None = None
    threads: int | None = None
    gpu_layers: int = -1
    options: EngineOptions = EngineOptions()


class ModelLoaded(Frame, frozen=True, kw_only=True):
    """The model is ready.

    `chat_template` is the file's own, `None` without one; `bos_text` and `eos_text` are what
    templates call `bos_token` and `eos_token`; `adds_bos` tells whether tokenising puts a BOS
    first by itself. `trained_context` is the longest context that the model was made for.
    `control_texts` are the vocabulary's control tokens as they are spelt: what a template writes
    as such, and what must stay text where a user wrote it.
    """

    facts: EngineFacts
    chat_template: str | None
    bos_text: str = ""
    eos_text: str = ""
    adds_bos: bool = True
    trained_context: int = 0
    vocabulary_size: int = 0
    control_texts: tuple[str, ...] = ()


class ThinkingFormat(Frame, frozen=True, kw_only=True):
    """How a reasoning model marks its thinking.

    `opening` and `closing` are the tags as text, also where they are control tokens.
    `begins_open` tells that the prompt's end has opened it already. `answer_tags` are what may
    stand around the answer itself and is no part of it; no tag contains another. To end thinking
    by force, `forced_closing` is written for the model: all up to where its answer begins.
    """

    opening: str
    closing: str
    begins_open: bool = False
    answer_tags: tuple[str, ...] = ()
    forced_closing: str = ""


class Prompt(Frame, frozen=True, kw_only=True):
    """One text to be continued. `key` comes back with every event about it.

    `has_special_tokens` is true for the output of a chat template, whose control tokens are
    to be recognised (and which brings its own BOS); false for plain text. `mask` is a character
    that stands inside control texts of the user's own, so that they stay text: it is taken out
    again before tokenising. `grammar` is GBNF, empty for none. With `thinking`, thinking is
    split from the answer and limited by `max_thinking_tokens`, or ended by force after
    `thinking_budget`; `max_tokens` then limits the answer alone.
    """

    key: str
    text: str
    has_special_tokens: bool
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    mask: str = ""
    grammar: str = ""
    thinking: ThinkingFormat | None = None
    max_thinking_tokens: int = 4096
    thinking_budget: int | None = None


class ContextMade(Frame, frozen=True, kw_only=True):
    """The engine has chosen what was left to it; comes before anything that is made with it."""

    facts: EngineFacts


class GenerationStarted(Frame, frozen=True, kw_only=True):
    """The engine has begun to read this prompt, `prompt_tokens` long."""

    key: str
    prompt_tokens: int


class TextGenerated(Frame, frozen=True, kw_only=True):
    """More text of an answer. Pieces are gathered for about 0.1 s; stop texts never show up."""

    key: str
    text: str
    is_thinking: bool = False


class GenerationFinished(Frame, frozen=True, kw_only=True):
    """An answer is whole. `text` is all of it, without the stop text, control tokens removed.

    `thinking` is what came before it in a reasoning model, and `thinking_tokens` how much of
    `generated_tokens` it took. `shared_tokens` of the prompt had been read for another one.
    """

    key: str
    text: str
    stop_reason: StopReason
    prompt_tokens: int
    generated_tokens: int
    time_to_first_token_seconds: float | None
    seconds: float
    thinking: str = ""
    thinking_tokens: int = 0
    shared_tokens: int = 0


class GenerationFailed(Frame, frozen=True, kw_only=True):
    """This prompt could not be answered; the others go on. `message` is a sentence for people."""

    key: str
    message: str


class SpeedSampled(Frame, frozen=True, kw_only=True):
    """One repetition of a speed test. `repetition` counts from 0; warm-up passes are not told."""

    test: str
    repetition: int
    tokens: int
    seconds: float


class TokenBoundary(StrEnum):
    """Where a context ends, in tokens, and its continuations begin.

    `CONTEXT` is lm-evaluation-harness's way: after as many tokens as the context alone has, where
    white space at its end counts to the continuations. `COMMON_PREFIX` is llama-perplexity's: where
    the whole texts begin to differ, so that what all continuations begin with does not count.
    """

    CONTEXT = "context"
    COMMON_PREFIX = "common_prefix"


class ContinuationSet(Frame, frozen=True, kw_only=True):
    """A context and texts that might follow it, joined as they are, without a space between.

    `has_special_tokens` and `mask` are what they are for `Prompt`. With `rolls` a text longer than
    the window is scored piece by piece; without, the set fails.
    """

    key: str
    context: str
    continuations: tuple[str, ...]
    has_special_tokens: bool = False
    mask: str = ""
    boundary: TokenBoundary = TokenBoundary.CONTEXT
    rolls: bool = False


class ContinuationScore(Frame, frozen=True, kw_only=True):
    """How likely one continuation is: the sum of its tokens' natural logarithms.

    `is_greedy` tells that each of its tokens was the likeliest at its place. `truncated_tokens`
    of its context did not fit into the window and were cut from the left.
    """

    log_probability: float
    tokens: int
    is_greedy: bool
    truncated_tokens: int = 0


class ContinuationsScored(Frame, frozen=True, kw_only=True):
    """All continuations of a set, in its order, after `context_tokens` tokens of context."""

    key: str
    scores: tuple[ContinuationScore, ...]
    context_tokens: int


class LikelihoodFailed(Frame, frozen=True, kw_only=True):
    """This set could not be scored; the others go on. `message` is a sentence for people."""

    key: str
    message: str


class PerplexityMeasured(Frame, frozen=True, kw_only=True):
    """What one of `chunks` chunks of a text adds to its perplexity; `chunk` counts from 0.

    Sums over `tokens` scored tokens, which are `scored_bytes` bytes of text in which
    `scored_words` words begin: of their negative natural logarithms, and of the squares of these,
    from which llama-perplexity's ± comes.
    """

    chunk: int
    chunks: int
    tokens: int
    scored_bytes: int
    negative_log_likelihood: float
    squares: float
    scored_words: int = 0


class DivergenceMeasured(Frame, frozen=True, kw_only=True):
    """How far a model is from a reference on one of `chunks` chunks, `chunk` counting from 0.

    `model` and `reference` are their own sums. A value for each scored token: `divergences` are
    the Kullback-Leibler divergences of the model from the reference in nats, `changes` what the
    model gives the text's own token less what the reference gives it, in probability.
    `products` is the sum of the products of both models' logarithms; `same_top` counts where
    both find the same token likeliest.
    """

    chunk: int
    chunks: int
    model: PerplexityMeasured
    reference: PerplexityMeasured
    products: float
    same_top: int
    divergences: tuple[float, ...]
    changes: tuple[float, ...]


class Quantise(Frame, frozen=True, kw_only=True):
    """Make a copy of the model at `source` with smaller weights, at `target`, a new file.

    `kind` is one of `QUANTISATION_KINDS`, such as Q4_K_M.
    """

    source: str
    target: str
    kind: str
    threads: int | None = None


class QuantiseProgress(Frame, frozen=True, kw_only=True):
    """So many of a model's tensors are done; large ones come among small ones."""

    done_tensors: int
    tensors: int


class Quantised(Frame, frozen=True, kw_only=True):
    """The copy is whole and has its name. `caveats` are sentences for people."""

    path: str
    file_bytes: int
    bits_per_weight: float
    seconds: float
    caveats: tuple[str, ...] = ()


QuantiseEvent: TypeAlias = QuantiseProgress | Quantised
LikelihoodEvent: TypeAlias = ContextMade | ContinuationsScored | LikelihoodFailed
GenerationEvent: TypeAlias = (
    ContextMade | GenerationStarted | TextGenerated | GenerationFinished | GenerationFailed
)


class Engine(Protocol):
    """One model, one thread; only `cancel` may be called from another.

    Methods raise `EngineFault` with a sentence; with `process_ended` the engine is gone and
    another must be made.
    """

    def load(self, request: LoadModel) -> ModelLoaded:
        """Load a model; whatever was loaded before is freed."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Continue all prompts, up to `parallel_sequences` at once, and yield as it goes.

        Every prompt ends in exactly one `GenerationFinished` or `GenerationFailed`, in any
        order. `ContextMade` comes first when the context was left to the engine. After `cancel`,
        those under way end with `StopReason.CANCELLED` and those not begun yield nothing.
        """

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        """Measure as llama-bench does (a warm-up of each kind, cache cleared each time)."""

    def score_continuations(self, items: Sequence[ContinuationSet]) -> Iterator[LikelihoodEvent]:
        """Tell how likely each continuation of each set is.

        Every set ends in exactly one `ContinuationsScored` or `LikelihoodFailed`, in any order.
        Common beginnings, also of different sets, are read once, unless the model was loaded with
        `parallel_sequences=1`. `ContextMade` comes before the first score. After `cancel`, sets not
        yet told of yield nothing.
        """

    def measure_perplexity(
        self, text: str, context_tokens: int = 512, stride: int = 0
    ) -> Iterator[PerplexityMeasured]:
        """Measure as llama-perplexity does: chunks of `context_tokens`, their second halves scored.

        With a `stride`, chunks overlap. Yields them in any order. `EngineFault` for a text of less
        than two.
        """

    def measure_divergence(
        self, reference: LoadModel, text: str, context_tokens: int = 512
    ) -> Iterator[DivergenceMeasured]:
        """Read a text with the loaded model and, side by side, with another of its vocabulary.

        Chunks are those of `measure_perplexity`. `EngineFault` if the vocabularies differ.
        """

    def quantise(self, request: Quantise) -> Iterator[QuantiseEvent]:
        """Make a quantised copy of a model, which need not be loaded; `Quantised` comes last.

        The target appears only when it is whole. llama.cpp can't be stopped while it does that:
        after `cancel` the iterator ends without a result, and an engine process with it.
        """

    def estimate_memory(self, request: LoadModel) -> MemoryNeed:
        """Ask what a load would need, without making it. `EngineFault` if that can't be told."""

    def peak_memory_bytes(self) -> int:
        """Return the engine process's peak resident set so far, in bytes; 0 if unknown."""

    def cancel(self) -> None:
        """Ask the iterator under way to end soon. Safe from any thread, at any time."""

    def close(self) -> None:
        """Free everything. An engine process ends; closing twice is harmless."""


class EngineFactory(Protocol):
    """Makes a fresh engine: for llama.cpp a new process."""

    def __call__(self) -> Engine:
        """Start an engine; raises `EngineFault` if it does not come up."""


class Conversation(Frame, frozen=True, kw_only=True):
    """Messages to be written the way a model expects them: `(role, content)` pairs."""

    messages: tuple[tuple[str, str], ...]


class RenderedPrompt(Frame, frozen=True, kw_only=True):
    """A conversation as text, or the sentence why there is none.

    `system_folded` tells that the template takes no system prompt, which therefore stands at the
    beginning of the first user message. `mask` is what `Prompt.mask` is, and `thinking` how this
    model will mark its thinking, `None` for one that does none.
    """

    text: str
    problem: str = ""
    system_folded: bool = False
    mask: str = ""
    thinking: ThinkingFormat | None = None


class PromptRenderer(Protocol):
    """Turns conversations into text with a template that is not trusted."""

    def __call__(
        self,
        conversations: Sequence[Conversation],
        *,
        template: str,
        bos_text: str,
        eos_text: str,
        today: str,
        control_texts: Sequence[str] = (),
    ) -> tuple[RenderedPrompt, ...]:
        """Render each; `today` is an ISO date, what `strftime_now` tells.

        Where a message contains one of `control_texts`, it is masked, to stay text.

        Runs in a short-lived process under limits of time and memory. Raises `UserError` when
        the template is broken altogether.
        """
