"""A language model as judge: an engine of its own that is asked what it thinks of answers.

It is asked greedily and one question at a time, so that it says the same again. An engine that is
lost over a question is started once more; what then gets no reply stays open, with the reason.
"""

import time
from collections.abc import Callable, Sequence
from datetime import date

from desktop.domain.language_model import LanguageModel
from desktop.domain.run import StopReason
from desktop.domain.settings import RunSettings, Sampling
from desktop.domain.suite import Message
from desktop.errors import Cancelled, EngineFault
from desktop.evaluation.deadline import Deadline
from desktop.evaluation.prompts import ENDS_OF_PLAIN_ANSWERS
from desktop.inference.engine import (
    Conversation,
    Engine,
    EngineFactory,
    GenerationFailed,
    GenerationFinished,
    LoadModel,
    ModelLoaded,
    Prompt,
    PromptRenderer,
    RenderedPrompt,
)
from desktop.scoring.kind import ScorerFault

# Two sentences of reasons and a line of verdict; a small model says more than it is asked for.
REPLY_TOKENS = 1024
_LOSSES_BEFORE_GIVING_UP = 3
_TRIES = 2
_CUT_OFF = {
    StopReason.MAX_TOKENS: f"its reply was cut off after {REPLY_TOKENS} tokens",
    StopReason.MAX_THINKING: "its thinking was cut off",
    StopReason.CONTEXT_FULL: "its context was full before the reply's end",
}


class EngineJudge:
    """A `JudgeModel` over an engine. `open` loads it, `close` frees it; not for several threads.

    Of the settings threads, GPU layers, thinking and the time for one question are used.
    """

    def __init__(
        self,
        model: LanguageModel,
        start_engine: EngineFactory,
        render: PromptRenderer,
        *,
        settings: RunSettings,
        today: date,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load nothing yet. `today` is what templates may ask for: the same when asked again."""
        self._model = model
        self._start_engine = start_engine
        self._render = render
        self._settings = settings
        self._today = today.isoformat()
        self._is_cancelled = is_cancelled
        self._engine: Engine | None = None
        self._losses = 0

    @property
    def name(self) -> str:
        """The model's name, with its weights' types where that does not tell them."""
        facts = self._model.facts
        told = facts.quantization.casefold() in facts.name.casefold()
        return facts.name if told else f"{facts.name} {facts.quantization}"

    def open(self) -> None:
        """Load the model; raises `EngineFault` if that can't be done."""
        try:
            self._load()
        except EngineFault:
            self.close()
            raise

    def close(self) -> None:
        """End the engine; closing twice is harmless."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def ask(self, messages: tuple[Message, ...]) -> str:
        """Return the reply. Raises `ScorerFault` for a question that got none.

        `EngineFault` when questions one after another lose the engine, `Cancelled` when asked to.
        """
        fault = EngineFault("The engine was not asked.")
        for _ in range(_TRIES):
            if self._is_cancelled():
                raise Cancelled
            try:
                reply = self._ask(messages)
            except EngineFault as lost:
                self.close()
                fault = lost
            else:
                self._losses = 0
                return reply
        self._losses += 1
        if self._losses >= _LOSSES_BEFORE_GIVING_UP:
            raise fault
        raise ScorerFault(f"{self.name} gave no verdict, twice: {fault.message}")

    def _load(self) -> tuple[Engine, ModelLoaded]:
        engine = self._engine = self._start_engine()
        settings = self._settings
        self._loaded = engine.load(
            LoadModel(
                path=self._model.path,
                parallel_sequences=1,
                threads=settings.threads,
                gpu_layers=settings.gpu_layers,
                options=settings.engine,
            )
        )
        return engine, self._loaded

    def _ask(self, messages: tuple[Message, ...]) -> str:
        engine, loaded = (self._engine, self._loaded) if self._engine else self._load()
        rendered = self._write(messages, loaded)
        prompt = self._make_prompt(rendered, templated=bool(loaded.chat_template))
        event = self._generate(engine, prompt)
        if isinstance(event, GenerationFailed):
            raise ScorerFault(f"{self.name} could not be asked: {event.message}")
        if event is None or event.stop_reason is StopReason.CANCELLED:
            if self._is_cancelled():
                raise Cancelled
            limit = self._settings.case_timeout_seconds
            raise ScorerFault(f"{self.name} gave no verdict within {limit:g} seconds.")
        if event.stop_reason in _CUT_OFF:
            raise ScorerFault(f"{self.name} gave no verdict: {_CUT_OFF[event.stop_reason]}.")
        return event.text

    def _write(self, messages: Sequence[Message], loaded: ModelLoaded) -> RenderedPrompt:
        pairs = tuple((message.role.value, message.content) for message in messages)
        (rendered,) = self._render(
            [Conversation(messages=pairs)],
            template=loaded.chat_template or "",
            bos_text=loaded.bos_text,
            eos_text=loaded.eos_text,
            today=self._today,
            control_texts=loaded.control_texts,
        )
        if rendered.problem:
            raise ScorerFault(f"{self.name} could not be asked: {rendered.problem}")
        return rendered

    def _make_prompt(self, rendered: RenderedPrompt, *, templated: bool) -> Prompt:
        return Prompt(
            key="judge",
            text=rendered.text,
            has_special_tokens=templated,
            sampling=Sampling(),
            max_tokens=REPLY_TOKENS,
            stop=() if templated else ENDS_OF_PLAIN_ANSWERS,
            mask=rendered.mask,
            thinking=rendered.thinking,
            max_thinking_tokens=self._settings.max_thinking_tokens,
            thinking_budget=self._settings.thinking_budget,
        )

    def _generate(
        self, engine: Engine, prompt: Prompt
    ) -> GenerationFinished | GenerationFailed | None:
        """Return how it ended, `None` if it was cancelled before it began."""
        found: GenerationFinished | GenerationFailed | None = None
        with Deadline(engine.cancel) as deadline:
            deadline.set(time.monotonic() + self._settings.case_timeout_seconds)
            for event in engine.generate([prompt]):
                if isinstance(event, GenerationFinished | GenerationFailed):
                    found = event
                elif self._is_cancelled():
                    engine.cancel()
        return found
