"""Templates in their own process, and what they may not do to us."""

import multiprocessing
from pathlib import Path

import pytest

from desktop.errors import UserError
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.engine import Conversation, RenderedPrompt

TEMPLATES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "chat-templates"
TALK = Conversation(messages=(("system", "Be brief."), ("user", "Where is Ulm?")))
CHATML = (
    "{%- for m in messages %}\n<|{{ m.role }}|>{{ m['content'] | trim }}{{ eos_token }}"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n<|assistant|>{% endif %}"
)


def render(template: str, *talks: Conversation, seconds: float = 20) -> tuple[RenderedPrompt, ...]:
    return TemplateProcess(seconds=seconds)(
        talks or (TALK,), template=template, bos_text="<s>", eos_text="</s>", today="2026-02-03"
    )


def test_messages_tokens_and_the_generation_prompt_reach_the_template() -> None:
    (prompt,) = render(CHATML)
    assert prompt.text == "<|system|>Be brief.</s><|user|>Where is Ulm?</s><|assistant|>"
    assert not prompt.problem
    assert not multiprocessing.active_children()


def test_blocks_json_dates_and_loops_are_set_up_as_transformers_does() -> None:
    template = (
        "  {% if true %}\n"
        "{{ strftime_now('%d %b %Y') }}\n"
        "  {% endif %}\n"
        "{{ {'ä': '<&>', 'b': 1} | tojson }}"
        "{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}"
        "{% generation %}!{% endgeneration %}{{ messages[0].content }}"
    )
    (prompt,) = render(template)
    assert prompt.text == '03 Feb 2026\n{"ä": "<&>", "b": 1}1!Be brief.'


@pytest.mark.parametrize(
    "template",
    [
        (
            "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}"
            "{% endif %}[{{ m.role }}] {{ m.content }}{% endfor %}"
        ),
        "{% for m in messages if m.role == 'user' %}[user] {{ m.content }}{% endfor %}",
    ],
    ids=["refused", "left out"],
)
def test_a_system_prompt_that_is_not_taken_goes_into_the_first_question(template: str) -> None:
    (prompt,) = render(template)
    assert prompt.text == "[user] Be brief.\n\nWhere is Ulm?"
    assert prompt.system_folded


def test_a_refused_conversation_has_a_problem_and_the_others_a_text() -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'assistant' %}{{ raise_exception('turns must "
        "alternate') }}{% endif %}{{ m.content }}{% endfor %}"
    )
    refused = Conversation(messages=(("assistant", "Hello"),))
    first, second = render(template, refused, TALK)
    assert "turns must alternate" in first.problem
    assert not first.text
    assert second.text == "Be brief.Where is Ulm?"


def test_no_template_is_a_broken_one_named() -> None:
    with pytest.raises(UserError, match="can't be used: Unexpected end of template"):
        render("{% for m in messages %}")


@pytest.mark.parametrize(
    "greed",
    [
        "{{ 'x' * 10 ** 10 }}",
        (
            "{% set ns = namespace(x='x' * 1000000) %}"
            "{% for i in range(99999) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
        ),
    ],
)
def test_a_template_that_wants_all_memory_harms_nobody(greed: str) -> None:
    try:
        (prompt,) = render(greed)
    except UserError as refusal:
        assert "time or memory" in refusal.message  # noqa: PT017 - either end is a good one
    else:
        assert "MemoryError" in prompt.problem


def test_an_endless_template_is_ended() -> None:
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(UserError, match="still busy after 1 seconds"):
        render(endless, seconds=1)
    assert not multiprocessing.active_children()


def test_tricks_with_attributes_find_nothing() -> None:
    (prompt,) = render("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    assert "unsafe" in prompt.problem


def test_without_a_template_the_answer_is_asked_for_in_plain_text() -> None:
    talk = Conversation(
        messages=(("system", "Be brief."), ("user", "2+2?"), ("assistant", "4"), ("user", "3+3?"))
    )
    (prompt,) = render("", talk)
    assert prompt.text == "Be brief.\n\n2+2?\n\nAnswer: 4\n\n3+3?\n\nAnswer:"


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the collection of real templates is not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "google-gemma-2-2b-it",
            "<bos><start_of_turn>user\nBe brief.\n\nWhere is Ulm?<end_of_turn>",
        ),
        ("Qwen-Qwen2.5-7B-Instruct", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"),
        ("meta-llama-Llama-3.2-3B-Instruct", "Today Date: 03 Feb 2026"),
        ("mistralai-Mistral-Nemo-Instruct-2407", "[INST]Be brief.\n\nWhere is Ulm?[/INST]"),
        ("microsoft-Phi-3.5-mini-instruct", "<|user|>\nWhere is Ulm?<|end|>\n<|assistant|>\n"),
        ("openai-gpt-oss-120b", "Current date: 2026-02-03"),
    ],
)
def test_real_templates_write_what_their_models_expect(name: str, expected: str) -> None:
    template = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    (prompt,) = TemplateProcess(seconds=20)(
        (TALK,), template=template, bos_text="<bos>", eos_text="<eos>", today="2026-02-03"
    )
    assert expected in prompt.text


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the collection of real templates is not here")
def test_every_real_template_carries_question_and_system_prompt() -> None:
    """All in this process: they are known, and a process each would take minutes."""
    from desktop.inference.conversation_text import (  # noqa: PLC0415 - only here
        compile_template,
        render_conversation,
    )

    silent = []
    # A few are for calling tools only, and their models have another template for talking.
    needs_tools = ("tool_use", "firefunction")
    files = [f for f in TEMPLATES.glob("*.jinja") if not any(n in f.name for n in needs_tools)]
    assert len(files) > 50
    for file in files:
        template = compile_template(file.read_text(encoding="utf-8"), "2026-02-03")
        prompt = render_conversation(template, TALK, bos_text="<s>", eos_text="</s>")
        if "Where is Ulm?" not in prompt.text or "Be brief." not in prompt.text:
            silent.append((file.name, prompt.problem))
    assert silent == []
