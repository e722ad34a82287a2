"""An engine that follows a script instead of running a model.

Part of the product: it lets people try the window without a model, and lets tests provoke what
real models do rarely (dying, hanging, refusing). Everything it says is deterministic; times are
those of the script's nominal speeds, whether or not it waits them out.
"""

import functools
import hashlib
import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NoReturn

from desktop.domain.language_model import MemoryNeed
from desktop.domain.run import EngineFacts, StopReason
from desktop.domain.settings import SpeedTest
from desktop.errors import EngineFault
from desktop.inference.allowance import peak_resident_bytes
from desktop.inference.answer_text import AnswerText
from desktop.inference.engine import (
    ContinuationSet,
    DivergenceMeasured,
    Frame,
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LikelihoodEvent,
    LikelihoodFailed,
    LoadModel,
    ModelLoaded,
    PerplexityMeasured,
    Prompt,
    Quantise,
    Quantised,
    QuantiseEvent,
    QuantiseProgress,
    SpeedSampled,
    TextGenerated,
)
from desktop.inference.quantising import QUANTISATION_KINDS
from desktop.inference.scripted_likelihood import compare_words, measure_words, score_words
from desktop.inference.text_chunks import cut_text

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# What thinking is recognised by: the template knows the tag, here in a comment.
_THINKING_NOTE = "{# <think> #}"
_TOKEN = re.compile(r"\s*\S+|\s+$")
_MARKUP = re.compile(r"<\|?[^<>|]*\|?>")
_ECHOED_WORDS = 12
_QUANTISED_TENSORS = 12


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Keep every pattern: `re` forgets all but 512, and a script for all suites has more."""
    return re.compile(pattern)


class ScriptedFault(StrEnum):
    """What goes wrong instead of an answer's end."""

    NONE = "none"
    REFUSE = "refuse"
    DIE = "die"
    HANG = "hang"


class ScriptedReply(Frame, frozen=True, kw_only=True):
    """What is said to prompts in which the regular expression `pattern` is found.

    `thinking` comes before `text`, as text between tags where the prompt names no format for
    it. `model` narrows it to model paths in which that expression is found. A `fault` happens
    after `tokens_before_fault` tokens of both.
    """

    pattern: str
    text: str = ""
    thinking: str = ""
    model: str = ""
    fault: ScriptedFault = ScriptedFault.NONE
    tokens_before_fault: int = 0


class EngineScript(Frame, frozen=True, kw_only=True):
    """All that a scripted engine does; the first reply that fits is given.

    `pace` is the share of the nominal time that is really waited out: 0 answers at once, 1 as
    fast as the speeds say. `load_problem` makes every load fail with that sentence. With
    `is_reasoning` the chat template is that of a model that thinks.
    """

    replies: tuple[ScriptedReply, ...] = ()
    pace: float = 0.0
    prompt_tokens_per_second: float = 500.0
    generated_tokens_per_second: float = 50.0
    has_chat_template: bool = True
    is_reasoning: bool = False
    trained_context: int = 8192
    load_problem: str = ""


def split_tokens(text: str) -> list[str]:
    """Return the scripted engine's tokens of a text: a word with the white space before it."""
    return _TOKEN.findall(text)


class _Answer:
    """One prompt under way: its thoughts, as many as it may have, then its answer."""

    def __init__(self, prompt: Prompt, reply: ScriptedReply, script: EngineScript) -> None:
        self.prompt = prompt
        self.reply = reply
        self.text = AnswerText(prompt.stop)
        thinking, text = reply.thinking, reply.text
        if thinking and prompt.thinking is None:
            thinking, text = "", f"<think>\n{thinking}\n</think>\n\n{text}"
        self.tokens = split_tokens(text)
        self.thoughts = split_tokens(thinking)[: prompt.thinking_budget]
        self.prompt_tokens = len(split_tokens(prompt.text))
        self.said = 0
        self.first_seconds = (
            self.prompt_tokens / script.prompt_tokens_per_second
            + 1 / script.generated_tokens_per_second
        )
        self._rate = script.generated_tokens_per_second

    def faults_now(self) -> bool:
        due = min(self.reply.tokens_before_fault, len(self.thoughts) + len(self.tokens))
        return self.reply.fault is not ScriptedFault.NONE and self.said >= due

    @property
    def thought(self) -> int:
        return min(self.said, len(self.thoughts))

    def step(self) -> StopReason | None:
        place = self.said - len(self.thoughts)
        if place >= len(self.tokens):
            return StopReason.END_OF_ANSWER
        self.said += 1
        if place < 0:
            cut = self.said >= self.prompt.max_thinking_tokens and place < -1
            return StopReason.MAX_THINKING if cut else None
        if self.text.feed(self.tokens[place].encode("utf-8", errors="replace")):
            return StopReason.STOP_TEXT
        return StopReason.MAX_TOKENS if place + 1 >= self.prompt.max_tokens else None

    def take(self, thought_before: int) -> Iterator[TextGenerated]:
        key = self.prompt.key
        if fresh := "".join(self.thoughts[thought_before : self.thought]):
            yield TextGenerated(key=key, text=fresh, is_thinking=True)
        if fresh := self.text.take():
            yield TextGenerated(key=key, text=fresh)

    def finished(self, reason: StopReason) -> GenerationFinished:
        self.text.finish()
        return GenerationFinished(
            key=self.prompt.key,
            text=self.text.text,
            stop_reason=reason,
            prompt_tokens=self.prompt_tokens,
            generated_tokens=self.said,
            time_to_first_token_seconds=self.first_seconds if self.said else None,
            seconds=self.first_seconds + max(0, self.said - 1) / self._rate,
            thinking="".join(self.thoughts[: self.thought]),
            thinking_tokens=self.thought,
        )


class ScriptedEngine:
    """Implements `Engine` by a script, in this process or behind a pipe.

    `die` and `hang` are what the faults of those names do. In this process dying raises
    `EngineFault` and a hang lasts until `cancel`; the engine process hands in the real things.
    """

    def __init__(
        self,
        script: EngineScript | None = None,
        *,
        die: Callable[[], object] | None = None,
        hang: Callable[[], object] | None = None,
    ) -> None:
        """Follow `script`, by default one that echoes."""
        self._script = script or EngineScript()
        self._cancelled = threading.Event()
        self._die: Callable[[], object] = die or _end_in_words
        self._hang = hang or self._cancelled.wait
        self._loaded: LoadModel | None = None

    def load(self, request: LoadModel) -> ModelLoaded:
        """Pretend to load; nothing is read from the path."""
        if self._script.load_problem:
            raise EngineFault(self._script.load_problem)
        self._loaded = request
        return ModelLoaded(
            facts=EngineFacts(
                name="scripted",
                version="1",
                devices=("none",),
                context_tokens=self._context_of(request),
                parallel_sequences=request.parallel_sequences or 1,
                threads=request.threads or 1,
                options=request.options,
                load_seconds=0.0,
            ),
            chat_template=self._write_template(),
            eos_text="<|im_end|>",
            adds_bos=False,
            trained_context=self._script.trained_context,
            vocabulary_size=32_000,
        )

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Answer all prompts by the script, in the order given where it can be told."""
        loaded = self._require_model()
        self._cancelled.clear()
        return self._generate(loaded, list(prompts))

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        """Give the script's speeds, spread by up to 1 % in a way that never changes."""
        loaded = self._require_model()
        self._cancelled.clear()
        return self._measure(loaded, list(tests), repetitions)

    def score_continuations(self, items: Sequence[ContinuationSet]) -> Iterator[LikelihoodEvent]:
        """Draw likelihoods by hash; a reply whose pattern is in a context brings its fault."""
        loaded = self._require_model()
        self._cancelled.clear()
        return self._score(loaded, list(items))

    def measure_perplexity(
        self, text: str, context_tokens: int = 512, stride: int = 0
    ) -> Iterator[PerplexityMeasured]:
        """Draw the chunks' sums by hash."""
        loaded = self._require_model()
        self._cancelled.clear()
        words, window = split_tokens(text), self._context_of(loaded)
        chunks = cut_text(len(words), context_tokens, stride, window=window)
        found = measure_words(words, chunks, model=loaded.path)
        return itertools.takewhile(lambda _: not self._cancelled.is_set(), found)

    def measure_divergence(
        self, reference: LoadModel, text: str, context_tokens: int = 512
    ) -> Iterator[DivergenceMeasured]:
        """Draw both models' sums by hash, and hold these against each other."""
        loaded = self._require_model()
        self._cancelled.clear()
        words, window = split_tokens(text), self._context_of(loaded)
        chunks = cut_text(len(words), context_tokens, window=window)
        found = compare_words(words, chunks, models=(loaded.path, reference.path))
        return itertools.takewhile(lambda _: not self._cancelled.is_set(), found)

    def quantise(self, request: Quantise) -> Iterator[QuantiseEvent]:
        """Pretend to quantise, tensor by tensor; nothing is read or written."""
        self._cancelled.clear()
        return self._quantise(request)

    def estimate_memory(self, request: LoadModel) -> MemoryNeed:
        """Give figures of a small model."""
        context, sequences = self._context_of(request), request.parallel_sequences or 1
        return MemoryNeed(
            context_tokens=context,
            sequences=sequences,
            weights_bytes=90_000_000,
            kv_cache_bytes=23_040 * context * sequences,
            compute_bytes=100_000_000,
            source="scripted",
        )

    def peak_memory_bytes(self) -> int:
        """Return the truth about this process."""
        return peak_resident_bytes()

    def cancel(self) -> None:
        """End the iterator under way before its next event."""
        self._cancelled.set()

    def close(self) -> None:
        """Forget the model."""
        self._loaded = None

    def _context_of(self, request: LoadModel) -> int:
        return request.context_tokens or self._script.trained_context

    def _write_template(self) -> str | None:
        if not self._script.has_chat_template:
            return None
        return _CHATML + (_THINKING_NOTE if self._script.is_reasoning else "")

    def _require_model(self) -> LoadModel:
        if self._loaded is None:
            raise EngineFault("No model is loaded.")
        return self._loaded

    def _generate(self, loaded: LoadModel, waiting: list[Prompt]) -> Iterator[GenerationEvent]:
        active: list[_Answer] = []
        while (waiting or active) and not self._cancelled.is_set():
            while waiting and len(active) < max(1, loaded.parallel_sequences or 1):
                answer = self._begin(loaded, waiting.pop(0))
                if answer.prompt_tokens > self._context_of(loaded):
                    yield _too_long(answer, self._context_of(loaded))
                    continue
                yield GenerationStarted(key=answer.prompt.key, prompt_tokens=answer.prompt_tokens)
                active.append(answer)
            for answer in tuple(active):
                yield from self._advance(answer, active)
            self._pace(1 / self._script.generated_tokens_per_second)
        for answer in active:
            yield answer.finished(StopReason.CANCELLED)

    def _advance(self, answer: _Answer, active: list[_Answer]) -> Iterator[GenerationEvent]:
        if self._cancelled.is_set():
            return
        if answer.faults_now():
            yield from self._fail(answer, active)
            return
        thought_before = answer.thought
        reason = answer.step()
        if reason is not None:
            answer.text.finish()
        yield from answer.take(thought_before)
        if answer.faults_now():
            # At once: a cancel that the last words provoked must find the fault, not prevent it.
            yield from self._fail(answer, active)
        elif reason is not None:
            active.remove(answer)
            yield answer.finished(reason)

    def _fail(self, answer: _Answer, active: list[_Answer]) -> Iterator[GenerationEvent]:
        match answer.reply.fault:
            case ScriptedFault.DIE:
                self._die()
            case ScriptedFault.HANG:
                self._hang()
            case _:
                active.remove(answer)
                message = "The script says to refuse this prompt."
                yield GenerationFailed(key=answer.prompt.key, message=message)

    def _begin(self, loaded: LoadModel, prompt: Prompt) -> _Answer:
        return _Answer(prompt, self._find_reply(loaded, prompt.text), self._script)

    def _find_reply(self, loaded: LoadModel, text: str) -> ScriptedReply:
        for reply in self._script.replies:
            if _compile(reply.model).search(loaded.path) and _compile(reply.pattern).search(text):
                return reply
        return ScriptedReply(pattern="", text=_echo(text))

    def _measure(
        self, loaded: LoadModel, tests: list[SpeedTest], repetitions: int
    ) -> Iterator[SpeedSampled]:
        for test in tests:
            for repetition in range(repetitions):
                nominal = (
                    test.prompt_tokens / self._script.prompt_tokens_per_second
                    + test.generated_tokens / self._script.generated_tokens_per_second
                )
                seconds = nominal * _spread(f"{loaded.path} {test.name} {repetition}")
                self._pace(seconds)
                if self._cancelled.is_set():
                    return
                yield SpeedSampled(
                    test=test.name,
                    repetition=repetition,
                    tokens=test.prompt_tokens + test.generated_tokens,
                    seconds=seconds,
                )

    def _score(self, loaded: LoadModel, items: list[ContinuationSet]) -> Iterator[LikelihoodEvent]:
        for item in items:
            if self._cancelled.is_set():
                return
            match self._find_reply(loaded, item.context).fault:
                case ScriptedFault.DIE:
                    self._die()
                case ScriptedFault.HANG:
                    self._hang()
                case ScriptedFault.REFUSE:
                    message = "The script says to refuse this context."
                    yield LikelihoodFailed(key=item.key, message=message)
                case _:
                    window = self._context_of(loaded)
                    yield score_words(item, split_tokens, model=loaded.path, window=window)

    def _quantise(self, request: Quantise) -> Iterator[QuantiseEvent]:
        if request.kind not in QUANTISATION_KINDS:
            raise EngineFault(f"A model can't be quantised to “{request.kind}”.")
        if os.path.lexists(request.target):
            raise EngineFault(f"{request.target} exists already; choose another name.")
        for done in range(_QUANTISED_TENSORS):
            if self._cancelled.is_set():
                return
            yield QuantiseProgress(done_tensors=done, tensors=_QUANTISED_TENSORS)
            self._pace(1 / self._script.generated_tokens_per_second)
        yield Quantised(
            path=request.target,
            file_bytes=90_000_000,
            bits_per_weight=4.5,
            seconds=_QUANTISED_TENSORS / self._script.generated_tokens_per_second,
            caveats=("No file was made: this engine follows a script.",),
        )

    def _pace(self, seconds: float) -> None:
        if self._script.pace:
            self._cancelled.wait(seconds * self._script.pace)


def _echo(prompt: str) -> str:
    """Return an answer that looks like one: the question's last line, repeated."""
    lines = [line.strip() for line in _MARKUP.sub("\n", prompt).splitlines()]
    spoken = [line for line in lines if line and line not in {"assistant", "Answer:"}]
    words = spoken[-1].split()[:_ECHOED_WORDS] if spoken else ["nothing"]
    return f"You said: {' '.join(words)}"


def _spread(seed: str) -> float:
    """Return a factor between 0.99 and 1.01 that depends on `seed` only."""
    digest = hashlib.sha256(seed.encode("utf-8", errors="replace")).digest()
    return 0.99 + 0.02 * digest[0] / 255


def _too_long(answer: _Answer, context: int) -> GenerationFailed:
    message = f"The prompt is {answer.prompt_tokens} tokens long, but the context holds {context}."
    return GenerationFailed(key=answer.prompt.key, message=message)


def _end_in_words() -> NoReturn:
    raise EngineFault("The script told the engine to die.", process_ended=True)
