"""From cases to the texts that an engine continues."""

import hashlib
from collections.abc import Sequence

import msgspec

from desktop.domain.base import Value
from desktop.domain.run import Run
from desktop.domain.suite import Case, Continuation, FewShot, Role, Suite
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
ENDS_OF_PLAIN_ANSWERS = ("\nAnswer:", "\nQuestion:")
_NOT_WRITTEN = RenderedPrompt(
    text="", problem="The case is decided by likelihood, which this run does not measure."
)


class Question(Value, frozen=True, kw_only=True):
    """A case at one repeat; `key` names it between here and the engine."""

    case: Case
    repeat: int

    @property
    def key(self) -> str:
        """Unique within a run: case ids have no control characters."""
        return f"{self.repeat}\x1f{self.case.id}"


def list_questions(run: Run, suite: Suite) -> tuple[Question, ...]:
    """Return every case at every repeat, repeats of the whole suite one after another.

    A case's own number of repeats goes before the run's.
    """
    times = [case.fixed_repeats or run.settings.repeats for case in suite.cases]
    return tuple(
        Question(case=case, repeat=repeat)
        for repeat in range(max(times, default=0))
        for case, count in zip(suite.cases, times, strict=True)
        if repeat < count
    )


def make_conversation(
    case: Case, suite: Suite, run: Run, *, templated: bool = True
) -> Conversation:
    """Return system prompt, worked examples, and the case after the documents it is about.

    The system prompt is the case's own, else the run's, else that of the worked examples, else the
    suite's. Without a chat template worked examples are shown as running text if they have one,
    and with one only if they have no messages.
    """
    examples = _find_few_shot(case, suite)
    shown_as_text = bool(examples.text) and not (templated and examples.messages)
    asked = [(message.role.value, message.content) for message in case.messages]
    shots = [] if shown_as_text else [(m.role.value, m.content) for m in examples.messages]
    own = [content for role, content in asked if role == Role.SYSTEM.value]
    shown = [content for role, content in shots if role == Role.SYSTEM.value]
    messages = [pair for pair in (*shots, *asked) if pair[0] != Role.SYSTEM.value]
    texts = [examples.text if shown_as_text else "", _write_documents(case, suite)]
    first = len(shots) - len(shown)
    if messages:
        role, content = messages[first]
        messages[first] = (role, "".join((*texts, content)))
    given = run.settings.system_prompt
    system = own[0] if own else given if given is not None else (*shown, suite.system_prompt)[0]
    if system:
        messages.insert(0, (Role.SYSTEM.value, system))
    return Conversation(messages=tuple(messages))


def list_continuations(case: Case, suite: Suite) -> tuple[Continuation, ...]:
    """Return a case's continuations after the worked examples and documents before them."""
    before = _find_few_shot(case, suite).text + _write_documents(case, suite)
    if not before:
        return case.continuations
    return tuple(
        msgspec.structs.replace(each, context=before + each.context) for each in case.continuations
    )


def _find_few_shot(case: Case, suite: Suite) -> FewShot:
    found = (examples for examples in suite.few_shot if examples.id == case.few_shot)
    return next(found, FewShot(id=""))


def _write_documents(case: Case, suite: Suite) -> str:
    """Each document under its id in brackets, by which an answer may cite it."""
    known = {document.id: document for document in suite.documents}
    shown = [known[name] for name in case.documents if name in known]
    return "".join(f"[{d.id}] {d.title}".rstrip() + f"\n{d.text.strip()}\n\n" for d in shown)


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
    asked = {name: case for name, case in cases.items() if not case.continuations}
    templated = bool(loaded.chat_template)
    rendered = render(
        [make_conversation(case, suite, run, templated=templated) for case in asked.values()],
        template=loaded.chat_template or "",
        bos_text=loaded.bos_text,
        eos_text=loaded.eos_text,
        today=run.created_at.date().isoformat(),
        control_texts=loaded.control_texts,
    )
    by_case = dict(zip(asked, rendered, strict=True))
    by_case |= dict.fromkeys(cases.keys() - asked.keys(), _NOT_WRITTEN)
    return {question.key: by_case[question.case.id] for question in questions}


def make_prompt(
    question: Question, rendered: RenderedPrompt, run: Run, *, templated: bool
) -> Prompt:
    """Return what the engine is given; a repeat has a seed of its own."""
    settings, case = run.settings, question.case
    sampling = case.sampling or settings.sampling
    if question.repeat:
        seed = (sampling.seed + question.repeat) % 2**32
        sampling = msgspec.structs.replace(sampling, seed=seed)
    return Prompt(
        key=question.key,
        text=rendered.text,
        has_special_tokens=templated,
        sampling=sampling,
        max_tokens=case.max_tokens or settings.max_tokens,
        stop=case.stop if templated else (*case.stop, *ENDS_OF_PLAIN_ANSWERS),
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
    return hash_text(unmask(rendered.text, rendered.mask) if rendered.mask else rendered.text)


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
