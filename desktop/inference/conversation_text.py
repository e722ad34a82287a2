"""Conversations written as text: by a model's own Jinja template, or plainly without one.

Templates are code from strangers. The sandbox here stops them from reaching anything, but not
from using all time and memory: `chat_template.py` runs this in a process under limits. What a
template finds here (settings, filters, functions, variables) is what Hugging Face's transformers
gives it, because that is what templates are written and tested with.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from desktop.inference.control_text import compile_control_texts, find_masks, mask, unmask
from desktop.inference.engine import Conversation, RenderedPrompt
from desktop.inference.thinking import find_tags, find_thinking

MAXIMUM_CHARACTERS = 16_000_000
_LONGEST_REASON = 300
_SYSTEM = "system"
_USER = "user"
_ASSISTANT = "assistant"
# What no template for talking does: a run with such a template is refused altogether.
HOSTILE = (SecurityError, MemoryError, RecursionError, OverflowError)


class _Generation(Extension):
    """`{% generation %}`, with which trainers mark answers; to the text it adds nothing.

    What is set inside stays inside, as in a macro.
    """

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_repeat"), [], [], body).set_lineno(line)

    def _repeat(self, caller: Macro) -> str:
        return caller()


class _Dictionary:
    """What `dict` is to a template: a way to make one, without the attributes of the class."""

    def __call__(self, *pairs: Any, **values: Any) -> dict[Any, Any]:
        return dict(*pairs, **values)

    def fromkeys(self, keys: Iterable[Any], value: Any = None) -> dict[Any, Any]:
        return dict.fromkeys(keys, value)


class _Namespace(Namespace):
    """Jinja's `namespace`, without names that reach into Python; any other may be given."""

    def __init__(*arguments: Any, **values: Any) -> None:
        for name in dict(*arguments[1:], **values):
            _refuse_private(name)
        Namespace.__init__(*arguments, **values)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_private(name)
        super().__setitem__(name, value)


def compile_template(template: str, today: str) -> jinja2.Template:
    """Return a template ready to render.

    `strftime_now` answers with the ISO date `today`, at midnight: with the clock, prompts would
    change daily. Raises `jinja2.TemplateError` for what is no template.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Generation, loopcontrols],
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = datetime.combine(
        date.fromisoformat(today), time()
    ).strftime
    environment.globals["dict"] = _Dictionary()
    environment.globals["namespace"] = _Namespace
    return environment.from_string(template)


class ConversationWriter:
    """Writes conversations with one template, so that control texts in them stay text."""

    def __init__(
        self,
        template: str,
        *,
        bos_text: str,
        eos_text: str,
        today: str,
        control_texts: Sequence[str] = (),
    ) -> None:
        """Compile the template; raises `jinja2.TemplateError` for what is none."""
        self._source = template
        self._template = compile_template(template, today)
        self._tokens = {"bos_token": bos_text, "eos_token": eos_text}
        self._masks = find_masks((template, bos_text, eos_text, *control_texts))
        pattern = compile_control_texts(control_texts)
        self._patterns: dict[str, re.Pattern[str] | None] = dict.fromkeys(
            (_SYSTEM, _USER, _ASSISTANT), pattern
        )
        # Templates take the thoughts out of earlier answers, and must find their tags for that.
        tags = find_tags(template)
        if kept := {text for text in control_texts if any(text in tag for tag in tags)}:
            self._patterns[_ASSISTANT] = compile_control_texts(set(control_texts) - kept)

    def write(self, conversation: Conversation) -> RenderedPrompt:
        """Write one conversation, or say in a sentence why that can't be done.

        Raises one of `HOSTILE` for a template that means harm.
        """
        masks = find_masks((content for _, content in conversation.messages), self._masks)
        character = masks[0] if masks else ""
        masked = self._mask(conversation, character)
        if masked == conversation:
            character = ""
        elif not character:
            return RenderedPrompt(
                text="",
                problem="The question contains control tokens of this model as text, and every"
                " character from U+FDD0 to U+FDEF, one of which would be needed to mark them.",
            )
        prompt = self._write_or_fold(masked)
        if prompt.problem:
            return prompt
        text = unmask(prompt.text, character)
        return RenderedPrompt(
            text=prompt.text,
            system_folded=prompt.system_folded,
            mask=character if text != prompt.text else "",
            thinking=find_thinking(self._source, text),
        )

    def _mask(self, conversation: Conversation, character: str) -> Conversation:
        """Return the conversation masked; without a character only different from what it was."""
        messages = tuple(
            (role, mask(content, pattern, character or " ") if pattern else content)
            for role, content in conversation.messages
            for pattern in [self._patterns.get(role, self._patterns[_USER])]
        )
        return Conversation(messages=messages)

    def _write_or_fold(self, conversation: Conversation) -> RenderedPrompt:
        """Give a system prompt that the template refuses or drops to the first question.

        So that every model is told the same.
        """
        system = _system_prompt(conversation)
        try:
            text = self._render(conversation.messages)
            if not self._drops(system, conversation, text):
                return _checked(text)
        except HOSTILE:
            raise
        except Exception as failure:  # noqa: BLE001 - a stranger's code may raise anything
            problem = _refusal(failure)
        else:
            problem = ""
        if not conversation.messages or conversation.messages[0][0] != _SYSTEM:
            return RenderedPrompt(text="", problem=problem)
        try:
            return _checked(self._render(_fold_system(conversation)), folded=True)
        except HOSTILE:
            raise
        except Exception as failure:  # noqa: BLE001 - the same
            return RenderedPrompt(text="", problem=problem or _refusal(failure))

    def _drops(self, system: str, conversation: Conversation, text: str) -> bool:
        """Whether the same text would have been written with another system prompt."""
        if not system or system in text:
            return False
        other = ((_SYSTEM, f"{system}0"), *conversation.messages[1:])
        return self._render(other) == text

    def _render(self, messages: Sequence[tuple[str, str]]) -> str:
        return self._template.render(
            messages=[{"role": role, "content": content} for role, content in messages],
            tools=None,
            documents=None,
            add_generation_prompt=True,
            **self._tokens,
        )


def write_plain_text(conversation: Conversation) -> RenderedPrompt:
    """Write a conversation for a model without a template: a text that an answer follows.

    Such models only continue; a last line `Answer:` tells them what is to come.
    """
    parts = [
        f"Answer: {content}" if role == _ASSISTANT else content
        for role, content in conversation.messages
    ]
    return RenderedPrompt(text="\n\n".join([*parts, "Answer:"]))


def _checked(text: str, *, folded: bool = False) -> RenderedPrompt:
    problem = ""
    if len(text) > MAXIMUM_CHARACTERS:
        problem = f"The model's chat template wrote {len(text):,} characters, which is too much."
    else:
        try:
            text.encode()
        except UnicodeEncodeError:
            problem = "The model's chat template wrote characters that are no text."
    return RenderedPrompt(text="" if problem else text, problem=problem, system_folded=folded)


def _refusal(failure: Exception) -> str:
    """Return why, in the template's own words, which may be endless or fail themselves."""
    try:
        said = str(failure)[: _LONGEST_REASON * 2]
    except HOSTILE:
        raise
    except Exception:  # noqa: BLE001 - a stranger's code may raise anything
        said = ""
    reason = " ".join(said.split()) or type(failure).__name__
    return f"The model's chat template refused this conversation: {reason[:_LONGEST_REASON]}"


def _system_prompt(conversation: Conversation) -> str:
    role, content = conversation.messages[0] if conversation.messages else ("", "")
    return content if role == _SYSTEM else ""


def _fold_system(conversation: Conversation) -> list[tuple[str, str]]:
    (_, system), *messages = conversation.messages
    for index, (role, content) in enumerate(messages):
        if role == _USER:
            messages[index] = (role, f"{system}\n\n{content}" if system else content)
            return messages
    return [(_USER, system), *messages]


def _refuse_private(name: Any) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"a template may not call something {name}")


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: Any = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: Any = False,
) -> str:
    """Return JSON without the escapes that Jinja's own filter adds for HTML."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
