"""Conversations written as text: by a model's own Jinja template, or plainly without one.

Templates are code from strangers. The sandbox here stops them from reaching anything, but not
from using all time and memory: `chat_template.py` runs this in a process under limits.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from desktop.inference.engine import Conversation, RenderedPrompt

MAXIMUM_CHARACTERS = 16_000_000
_SYSTEM = "system"
_USER = "user"
_ASSISTANT = "assistant"


class _Generation(Extension):
    """`{% generation %}`, with which trainers mark answers; to the text it adds nothing."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def compile_template(template: str, today: str) -> jinja2.Template:
    """Return a template ready to render, set up as Hugging Face's transformers sets them up.

    `strftime_now` answers with the ISO date `today`: with the clock, prompts would change daily.
    Raises `jinja2.TemplateError` for what is no template.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[loopcontrols, _Generation],
    )
    day = date.fromisoformat(today)
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = day.strftime
    return environment.from_string(template)


def render_conversation(
    template: jinja2.Template, conversation: Conversation, *, bos_text: str, eos_text: str
) -> RenderedPrompt:
    """Write one conversation, or say in a sentence why that can't be done.

    A template that refuses a system prompt, or leaves it out without a word, gets it at the
    beginning of the first user message, so that every model is told the same.
    """
    tokens = {"bos_token": bos_text, "eos_token": eos_text}
    system = _system_prompt(conversation)
    try:
        text = _render(template, conversation.messages, tokens)
    except Exception as failure:  # noqa: BLE001 - a stranger's code may raise anything
        text, problem = "", _refusal(failure)
    else:
        problem = ""
        if not system or system.strip() in text:
            return _checked(text)
    if not system:
        return RenderedPrompt(text="", problem=problem)
    try:
        return _checked(_render(template, _fold_system(conversation), tokens), folded=True)
    except Exception as failure:  # noqa: BLE001 - the same
        return RenderedPrompt(text="", problem=problem or _refusal(failure))


def write_plain_text(conversation: Conversation) -> RenderedPrompt:
    """Write a conversation for a model without a template: a text that an answer follows.

    Such models only continue; a last line `Answer:` tells them what is to come.
    """
    parts = [
        f"Answer: {content}" if role == _ASSISTANT else content
        for role, content in conversation.messages
    ]
    return RenderedPrompt(text="\n\n".join([*parts, "Answer:"]))


def _render(
    template: jinja2.Template, messages: Sequence[tuple[str, str]], tokens: dict[str, str]
) -> str:
    return template.render(
        messages=[{"role": role, "content": content} for role, content in messages],
        tools=None,
        documents=None,
        add_generation_prompt=True,
        **tokens,
    )


def _checked(text: str, *, folded: bool = False) -> RenderedPrompt:
    if len(text) > MAXIMUM_CHARACTERS:
        problem = f"The model's chat template wrote {len(text):,} characters, which is too much."
        return RenderedPrompt(text="", problem=problem)
    return RenderedPrompt(text=text, system_folded=folded)


def _refusal(failure: Exception) -> str:
    reason = " ".join(str(failure).split()) or type(failure).__name__
    return f"The model's chat template refused this conversation: {reason[:300]}"


def _system_prompt(conversation: Conversation) -> str:
    role, content = conversation.messages[0] if conversation.messages else ("", "")
    return content if role == _SYSTEM else ""


def _fold_system(conversation: Conversation) -> list[tuple[str, str]]:
    (_, system), *messages = conversation.messages
    for index, (role, content) in enumerate(messages):
        if role == _USER:
            messages[index] = (role, f"{system}\n\n{content}")
            return messages
    return [(_USER, system), *messages]


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, **options: Any) -> str:
    """Return JSON without the escapes that Jinja's own filter adds for HTML."""
    return json.dumps(value, ensure_ascii=options.pop("ensure_ascii", False), **options)
