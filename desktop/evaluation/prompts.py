"""From cases to the texts that an engine continues."""

import hashlib
from collections.abc import Sequence

import msgspec

from desktop.domain.base import Value
from desktop.domain.run import Run
from desktop.domain.suite import Case, Role, Suite
from desktop.inference.control_text import unmask
from desktop.inference.engine import (
    Conversation,
    ModelLoaded,
    Prompt,
    PromptRenderer,
    RenderedPrompt,
)
from desktop.inference.json_schema_grammar import make_json_grammar

# Models without a chat template go on writing where an answer should end: with the next question
# and answer of a list of such.
_ENDS_OF_PLAIN_ANSWERS = ("\nAnswer:", "\nQuestion:")


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
        control_texts=loaded.control_texts,
    )
    by_case = dict(zip(cases, rendered, strict=True))
    return {question.key: by_case[question.case.id] for question in questions}


def make_prompt(
    question: Question, rendered: RenderedPrompt, run: Run, *, templated: bool
) -> Prompt:
    """Return what the engine is given; a repeat has a seed of its own."""
    settings, case = run.settings, question.case
    sampling = settings.sampling
    if question.repeat:
        seed = (sampling.seed + question.repeat) % 2**32
        sampling = msgspec.structs.replace(sampling, seed=seed)
    return Prompt(
        key=question.key,
        text=rendered.text,
        has_special_tokens=templated,
        sampling=sampling,
        max_tokens=case.max_tokens or settings.max_tokens,
        stop=case.stop if templated else (*case.stop, *_ENDS_OF_PLAIN_ANSWERS),
        mask=rendered.mask,
        grammar=find_grammar(case),
        thinking=rendered.thinking,
        max_thinking_tokens=settings.max_thinking_tokens,
        thinking_budget=settings.thinking_budget,
    )


def find_grammar(case: Case) -> str:
    """Return the grammar that a case's answers are held to, empty for none."""
    if case.json_schema is not None:
        return make_json_grammar(case.json_schema)
    return case.grammar


def hash_prompt(rendered: RenderedPrompt) -> str:
    """Return the SHA-256 of a prompt's UTF-8 bytes, hexadecimal, as the model reads them."""
    text = unmask(rendered.text, rendered.mask) if rendered.mask else rendered.text
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
