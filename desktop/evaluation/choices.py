"""Cases that likelihood decides: what the engine is asked about them, and what its answers say.

A case's continuations may follow different contexts (WinoGrande's do): there is one set for each
context, and the case is decided when all its sets are scored.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from desktop.domain.answer import Likelihood
from desktop.domain.base import Value
from desktop.domain.run import Run
from desktop.domain.suite import Continuation, Metric, Role, Suite
from desktop.evaluation.prompts import Question, list_continuations
from desktop.inference.control_text import unmask
from desktop.inference.engine import (
    ContinuationSet,
    ContinuationsScored,
    Conversation,
    LikelihoodFailed,
    ModelLoaded,
    PromptRenderer,
    RenderedPrompt,
)

_SEPARATOR = "\x1e"
_DELIMITER = " "


class Decided(Value, frozen=True, kw_only=True):
    """One case's likelihoods in the order of its continuations, or why there are none.

    `context` is what the first continuation followed, as the model read it.
    """

    question: Question
    likelihoods: tuple[Likelihood, ...] = ()
    context_tokens: int = 0
    context: str = ""
    problem: str = ""


class ChoiceSets:
    """The sets of several cases, and which of their likelihoods have come."""

    def __init__(self, questions: Iterable[Question], suite: Suite) -> None:
        """Put worked examples and documents before the contexts."""
        self._questions = {question.key: question for question in questions}
        self._continuations = {
            key: list_continuations(question.case, suite)
            for key, question in self._questions.items()
        }
        self._waiting: dict[str, set[str]] = {}
        self._found: dict[str, dict[int, Likelihood]] = {}
        self._longest: dict[str, int] = {}
        self._first: dict[str, str] = {}

    @property
    def left(self) -> tuple[Question, ...]:
        """Those that are not decided yet."""
        return tuple(self._questions.values())

    def contexts(self) -> tuple[str, ...]:
        """Return every context once that a conversation is made of."""
        every = (
            each.context
            for key, found in self._continuations.items()
            if not self._is_text(key)
            for each in found
        )
        return tuple(dict.fromkeys(every))

    def write(self, rendered: Mapping[str, RenderedPrompt] | None = None) -> list[ContinuationSet]:
        """Return what the engine is asked, in the order of the cases.

        With `rendered` contexts stand in a conversation, and choices begin the model's turn;
        running text stays what it is, however long.
        """
        sets = []
        for key, continuations in self._continuations.items():
            places: dict[str, list[int]] = {}
            for place, each in enumerate(continuations):
                places.setdefault(each.context, []).append(place)
            for context, numbers in places.items():
                name = _SEPARATOR.join((key, *map(str, numbers)))
                self._waiting.setdefault(key, set()).add(name)
                chosen = [continuations[number] for number in numbers]
                is_text = self._is_text(key)
                made = _write_set(name, context, chosen, None if is_text else rendered)
                made = msgspec.structs.replace(made, rolls=is_text)
                self._first.setdefault(key, unmask(made.context, made.mask))
                sets.append(made)
        return sets

    def _is_text(self, key: str) -> bool:
        return self._questions[key].case.metric is Metric.PERPLEXITY

    def accept(self, event: ContinuationsScored | LikelihoodFailed) -> Decided | None:
        """Take an event about a set; returns what is decided by it."""
        key, *numbers = event.key.split(_SEPARATOR)
        question = self._questions.get(key)
        if question is None:  # another of its sets has failed
            return None
        if isinstance(event, LikelihoodFailed):
            del self._questions[key]
            return Decided(question=question, problem=event.message)
        found = self._found.setdefault(key, {})
        for number, score in zip(numbers, event.scores, strict=True):
            found[int(number)] = Likelihood(
                log_probability=score.log_probability,
                tokens=score.tokens,
                is_greedy=score.is_greedy,
            )
        self._longest[key] = max(self._longest.get(key, 0), event.context_tokens)
        self._waiting[key].discard(event.key)
        if self._waiting[key]:
            return None
        del self._questions[key]
        return Decided(
            question=question,
            likelihoods=tuple(found[number] for number in sorted(found)),
            context_tokens=self._longest[key],
            context=self._first[key],
        )


def render_contexts(
    contexts: Sequence[str], suite: Suite, run: Run, loaded: ModelLoaded, render: PromptRenderer
) -> dict[str, RenderedPrompt]:
    """Write every context as a user's message, the way the model expects it."""
    system = run.settings.system_prompt
    system = suite.system_prompt if system is None else system
    before = ((Role.SYSTEM.value, system),) if system else ()
    rendered = render(
        [
            Conversation(messages=(*before, (Role.USER.value, context.rstrip())))
            for context in contexts
        ],
        template=loaded.chat_template or "",
        bos_text=loaded.bos_text,
        eos_text=loaded.eos_text,
        today=run.created_at.date().isoformat(),
        control_texts=loaded.control_texts,
    )
    return dict(zip(contexts, rendered, strict=True))


def _write_set(
    name: str,
    context: str,
    continuations: Sequence[Continuation],
    rendered: Mapping[str, RenderedPrompt] | None,
) -> ContinuationSet:
    plain = ContinuationSet(
        key=name, context=context, continuations=tuple(each.text for each in continuations)
    )
    if rendered is None:
        return plain
    # A turn of its own begins without the space that joins running text.
    return msgspec.structs.replace(
        plain,
        context=rendered[context].text,
        continuations=tuple(text.removeprefix(_DELIMITER) for text in plain.continuations),
        has_special_tokens=True,
        mask=rendered[context].mask,
    )
