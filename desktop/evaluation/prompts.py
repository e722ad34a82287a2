"""From cases to the texts that an engine continues."""

import hashlib
from collections.abc import Sequence

import msgspec

from desktop.domain.base import Value
from desktop.domain.run import Run
from desktop.domain.suite import Case, Role, Suite
from desktop.inference.engine import (
    Conversation,
    ModelLoaded,
    Prompt,
    PromptRenderer,
    RenderedPrompt,
)

# Byte-level tokenisers never need more tokens than bytes; ordinary text needs far fewer. Short
# prompts take the safe bound, long ones half of it, or a document would ask for gigabytes.
_BYTES_TAKEN_AS_TOKENS = 4096
# Room for what a chat template writes around the messages.
_TEMPLATE_TOKENS = 256


class Question(Value, frozen=True, kw_only=True):
    """A case at one repeat; `key` names it between here and the engine."""

    case: Case
    repeat: int

    @property
    def key(self) -> str:
        """Unique within a run: case ids have no control characters."""
        return f"{self.repeat}\x1f{self.case.id}"


def list_questions(run: Run, suite: Suite) -> tuple[Question, ...]:
    """Return every case at every repeat, repeats of the whole suite one after another."""
    return tuple(
        Question(case=case, repeat=repeat)
        for repeat in range(run.settings.repeats)
        for case in suite.cases
    )


def make_conversation(case: Case, suite: Suite, run: Run) -> Conversation:
    """Put the system prompt first: the case's own, else the run's, else the suite's."""
    messages = [(message.role.value, message.content) for message in case.messages]
    if not any(role == Role.SYSTEM.value for role, _ in messages):
        system = run.settings.system_prompt
        system = suite.system_prompt if system is None else system
        if system:
            messages.insert(0, (Role.SYSTEM.value, system))
    return Conversation(messages=tuple(messages))


def bound_prompt_tokens(suite: Suite, run: Run) -> int:
    """Return a number of tokens that no prompt of this suite is expected to exceed."""
    longest = 0
    for case in suite.cases:
        conversation = make_conversation(case, suite, run)
        size = sum(len(content.encode(errors="replace")) for _, content in conversation.messages)
        longest = max(longest, size)
    bound = min(longest, max(_BYTES_TAKEN_AS_TOKENS, longest // 2))
    return bound + _TEMPLATE_TOKENS


def longest_answer(suite: Suite, run: Run) -> int:
    """Return the largest limit that a case of this suite sets on its answer, in tokens."""
    return max((case.max_tokens or run.settings.max_tokens for case in suite.cases), default=0)


def render_questions(
    questions: Sequence[Question],
    suite: Suite,
    run: Run,
    loaded: ModelLoaded,
    render: PromptRenderer,
) -> dict[str, RenderedPrompt]:
    """Write every question the way the model expects it; by key.

    The date that templates may ask for is the day on which the run was created, so that a
    resumed run asks the same.
    """
    cases = {question.case.id: question.case for question in questions}
    rendered = render(
        [make_conversation(case, suite, run) for case in cases.values()],
        template=loaded.chat_template or "",
        bos_text=loaded.bos_text,
        eos_text=loaded.eos_text,
        today=run.created_at.date().isoformat(),
    )
    by_case = dict(zip(cases, rendered, strict=True))
    return {question.key: by_case[question.case.id] for question in questions}


def make_prompt(question: Question, text: str, run: Run, *, templated: bool) -> Prompt:
    """Return what the engine is given; a repeat has a seed of its own."""
    settings = run.settings
    sampling = settings.sampling
    if question.repeat:
        seed = (sampling.seed + question.repeat) % 2**32
        sampling = msgspec.structs.replace(sampling, seed=seed)
    return Prompt(
        key=question.key,
        text=text,
        has_special_tokens=templated,
        sampling=sampling,
        max_tokens=question.case.max_tokens or settings.max_tokens,
        stop=question.case.stop,
    )


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
