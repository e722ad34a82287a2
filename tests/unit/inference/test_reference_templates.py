"""Real templates, rendered to the same bytes as Hugging Face's transformers renders them."""

import datetime as dt
import importlib
from pathlib import Path
from typing import Any

import pytest

from desktop.inference.control_text import unmask
from desktop.inference.conversation_text import ConversationWriter
from desktop.inference.engine import Conversation

TEMPLATES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "chat-templates"
FILES = sorted(TEMPLATES.glob("*.jinja"))
SYSTEM = ("system", "Be brief.\n  And <b>kind</b> - “ü”. ")
QUESTION = ("user", " Where is  Ulm?\n\n{\"a\": 'b'} ")
ANSWER = ("assistant", "In Germany.\n\n")
AGAIN = ("user", "And what are </s>, [/INST], <end_of_turn> and <|im_end|>? /no_think")
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TALKS = {
    "question": (QUESTION,),
    "system": (SYSTEM, QUESTION),
    "turns": (QUESTION, ANSWER, AGAIN),
    "system and turns": (SYSTEM, QUESTION, ANSWER, AGAIN, ANSWER, QUESTION),
    "thoughts": (QUESTION, ("assistant", "<think>\nHm.\n</think>\n\nYes."), AGAIN),
    "two questions": (QUESTION, AGAIN),
    "answer first": (ANSWER, QUESTION),
    "ends with an answer": (QUESTION, ANSWER),
    "nothing said": (("system", ""), ("user", "")),
}
# Made for tools only: without any these end in an error of their own, in the reference too.
NEED_TOOLS = {
    "CohereForAI-c4ai-command-r-plus-tool_use",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use",
    "fireworks-ai-llama-3-firefunction-v2",
}


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of transformers, on the day that the templates are told."""

    class Day(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Day":
            return cls(2026, 2, 3, tzinfo=tz)

    module = importlib.import_module("transformers.utils.chat_template_utils")
    monkeypatch.setattr(module, "datetime", Day)
    return module


def render_reference(reference: Any, template: str, messages: tuple[tuple[str, str], ...]) -> str:
    chat = [{"role": role, "content": content} for role, content in messages]
    prompts, _ = reference.render_jinja_template(
        [chat],
        chat_template=template,
        add_generation_prompt=True,
        **TOKENS,
    )
    return str(prompts[0])


def test_the_collection_is_whole() -> None:
    if not TEMPLATES.is_dir():
        pytest.skip("the collection of real templates is not here")
    assert len(FILES) >= 70


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_real_templates_write_what_the_reference_writes(path: Path, reference: Any) -> None:
    template = path.read_text(encoding="utf-8")
    writer = ConversationWriter(
        template,
        bos_text="<s>",
        eos_text="</s>",
        today="2026-02-03",
        control_texts=("<s>", "</s>", "[/INST]", "<end_of_turn>", "<|im_end|>", "</think>"),
    )
    written = 0
    for name, messages in TALKS.items():
        prompt = writer.write(Conversation(messages=messages))
        expected: str | None
        try:
            expected = render_reference(reference, template, messages)
        except Exception:  # noqa: BLE001 - templates raise what they like
            expected = None
        if expected is None:
            assert prompt.problem or prompt.system_folded, name
            continue
        assert not prompt.problem
        assert unmask(prompt.text, prompt.mask) == expected, name
        assert not prompt.system_folded
        written += 1
    assert written == 0 if path.stem in NEED_TOOLS else written >= 4


@pytest.mark.skipif(not FILES, reason="the collection of real templates is not here")
def test_only_known_templates_refuse_what_a_suite_asks(reference: Any) -> None:
    """Every other family takes a system prompt, questions and several turns."""
    refused = set()
    for path in FILES:
        for name in ("question", "system", "turns", "system and turns", "thoughts"):
            try:
                render_reference(reference, path.read_text(encoding="utf-8"), TALKS[name])
            except Exception:  # noqa: BLE001 - templates raise what they like
                refused.add(path.stem)
    assert refused == NEED_TOOLS | {"google-gemma-2-2b-it"}


@pytest.mark.parametrize(
    "template",
    [
        "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}[{{ x }}]",
        "{{ {'ä': '<&>', 'b': [1, 2.5, none]} | tojson }}",
        "{{ [1, 2] | tojson(true, 2) }}{{ {'b': 1, 'a': 'ö'} | tojson(sort_keys=true, indent=1) }}",
        "{{ strftime_now('%d %b %Y %H:%M:%S %f') }}",
        "{{ dict(a=1) }}{{ dict.fromkeys('ab', 2) }}{{ namespace(a=3).a }}{{ undefined_name }}",
        "{% set ns = namespace(self=2) %}{% set ns.a = ns.self %}{{ ns.a }}",
        "  {% if true %}  \n x\n  {%- endif %}\n\ny \n",
        (
            "{% for i in range(9) %}{% if i == 3 %}{% continue %}{% elif i > 5 %}{% break %}"
            "{% endif %}{{ i }}{% endfor %}"
        ),
        "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}",
        "{{ enable_thinking is defined }}{{ messages[0] }}{{ bos_token }}{{ loop is defined }}",
    ],
)
def test_templates_find_what_the_reference_gives_them(template: str, reference: Any) -> None:
    writer = ConversationWriter(template, bos_text="<s>", eos_text="</s>", today="2026-02-03")
    prompt = writer.write(Conversation(messages=(QUESTION,)))
    assert prompt.text == render_reference(reference, template, (QUESTION,))


@pytest.mark.parametrize(
    "template",
    [
        "{{ {'a': 1} | tojson(default=1) }}",
        "{% set ns = namespace(_a=1) %}",
        "{% set ns = namespace() %}{% set ns._a = 1 %}",
        "{{ dict.__init__.__globals__ }}",
        "{{ dict.update }}{{ dict.update() }}",
        "{{ dict.keys(messages[0]) }}",
        "{{ messages.append(1) }}",
        "{{ undefined_name.attribute }}",
    ],
)
def test_what_the_reference_refuses_is_refused(template: str, reference: Any) -> None:
    writer = ConversationWriter(template, bos_text="<s>", eos_text="</s>", today="2026-02-03")
    with pytest.raises(Exception, match=r"\w"):
        render_reference(reference, template, (QUESTION,))
    try:
        prompt = writer.write(Conversation(messages=(QUESTION,)))
    except Exception as failure:  # noqa: BLE001 - told apart below
        assert type(failure).__name__ == "SecurityError"  # noqa: PT017 - either is a refusal
    else:
        assert "refused this conversation" in prompt.problem
