"""Templates in their own process, and what they may not do to us."""

import multiprocessing

import pytest

from desktop.errors import UserError
from desktop.inference.chat_template import TemplateProcess
from desktop.inference.control_text import unmask
from desktop.inference.engine import Conversation, RenderedPrompt

TALK = Conversation(messages=(("system", "Be brief."), ("user", "Where is Ulm?")))
CHATML = (
    "{%- for m in messages %}\n<|{{ m.role }}|>{{ m['content'] | trim }}{{ eos_token }}"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n<|assistant|>{% endif %}"
)


def render(
    template: str,
    *talks: Conversation,
    seconds: float = 60,
    control_texts: tuple[str, ...] = ("</s>", "<|end|>"),
) -> tuple[RenderedPrompt, ...]:
    """Render with more time than is usual, because tests share the machine."""
    return TemplateProcess(seconds=seconds)(
        talks or (TALK,),
        template=template,
        bos_text="<s>",
        eos_text="</s>",
        today="2026-02-03",
        control_texts=control_texts,
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
    ("greed", "reason"),
    [
        ("{{ 'x' * 10 ** 9 }}", "memory"),
        ("{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}", "memory"),
        (
            (
                "{% set ns = namespace(x='x' * 1000000) %}"
                "{% for i in range(99999) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
            ),
            "memory",
        ),
        ("{{ raise_exception('x' * 10 ** 9) }}", "memory"),
        ("{{ '%0999999999d' % 1 }}", "memory"),
        ("{% for i in range(10 ** 12) %}{% endfor %}", "Range too big"),
        (
            (
                "{% set ns = namespace(x=[]) %}"
                "{% for i in range(2000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}"
            ),
            "calls itself without end",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself without end"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "can't be used"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{{ raise_exception.__globals__.json }}", "unsafe"),
        ("{% set ns = namespace() %}{% set ns.__class__ = 1 %}", "may not call something"),
        ("{{ namespace(_private=1) }}", "may not call something"),
        ("{{ messages.append(1) }}", "unsafe"),
    ],
)
def test_a_template_that_means_harm_ends_the_run_with_a_sentence(greed: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as refusal:
        render(greed)
    assert refusal.value.message.startswith("The model's chat template can't be used: ")
    assert refusal.value.message.endswith(".")
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    "endless",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 7 ** 30000000 }}",
        "{% set x = messages[0].content|length + 7 %}{{ x ** 30000000 }}",
    ],
    ids=["a loop", "while compiling", "a power"],
)
def test_an_endless_template_is_ended(endless: str) -> None:
    with pytest.raises(UserError, match="still busy after 1 seconds"):
        render(endless, seconds=1)
    assert not multiprocessing.active_children()


def test_the_limits_in_force_are_those_that_are_stated() -> None:
    process = TemplateProcess()
    assert (process._seconds, process._memory_bytes) == (2.0, 512 * 1024**2)


def test_a_template_that_is_too_long_is_not_even_tried() -> None:
    with pytest.raises(UserError, match="has 200,001 characters, and the limit is 200,000"):
        render("x" * 200_001)


def test_many_conversations_come_back_in_order_and_whole() -> None:
    """Ten thousand questions take many times as long as one portion of them may."""
    talks = [Conversation(messages=(("user", f"{number} " * 20),)) for number in range(600)]
    talks.append(Conversation(messages=(("user", "long " * 500_000),)))
    prompts = render("{{ messages[0].content }}", *talks)
    assert [prompt.text for prompt in prompts] == [talk.messages[0][1] for talk in talks]


def test_a_template_that_refuses_every_conversation_ends_the_run() -> None:
    with pytest.raises(UserError, match="refused this conversation: only with tools"):
        render("{{ raise_exception('only with tools') }}", TALK, TALK)


def test_a_reason_that_can_not_be_told_is_named_by_its_kind() -> None:
    with pytest.raises(UserError, match="refused this conversation: TemplateError"):
        render("{{ raise_exception((messages | length + 5) ** 20000) }}")


def test_characters_that_are_no_text_are_refused() -> None:
    with pytest.raises(UserError, match="characters that are no text"):
        render("{{ '\\ud800' }}")


def test_without_a_template_the_answer_is_asked_for_in_plain_text() -> None:
    talk = Conversation(
        messages=(("system", "Be brief."), ("user", "2+2?"), ("assistant", "4"), ("user", "3+3?"))
    )
    (prompt,) = render("", talk)
    assert prompt.text == "Be brief.\n\n2+2?\n\nAnswer: 4\n\n3+3?\n\nAnswer:"
    assert prompt.thinking is None


def test_a_users_control_text_is_masked_and_the_templates_own_is_not() -> None:
    talk = Conversation(messages=(("user", "What is </s>?"), ("user", "And <|end|>?")))
    (prompt,) = render(CHATML, talk)
    assert prompt.mask == "\ufdd0"
    assert prompt.text.count("<\ufdd0/s>") == 1
    assert prompt.text.count("</s>") == 2
    assert unmask(prompt.text, prompt.mask) == (
        "<|user|>What is </s>?</s><|user|>And <|end|>?</s><|assistant|>"
    )


def test_a_mask_is_a_character_that_stands_nowhere_else() -> None:
    talk = Conversation(messages=(("user", "\ufdd0 </s>"),))
    (prompt,) = render(CHATML + "{# \ufdd1 #}", talk)
    assert prompt.mask == "\ufdd2"
    everything = "".join(map(chr, range(0xFDD0, 0xFDF0)))
    hostile = Conversation(messages=(("user", f"{everything} </s>"),))
    first, second, third = render(CHATML, hostile, talk, TALK)
    assert "U+FDD0 to U+FDEF" in first.problem
    assert not second.problem
    assert (third.mask, third.problem) == ("", "")


def test_an_earlier_answers_thoughts_are_found_by_the_template() -> None:
    template = "{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}<think>\n\n"
    talk = Conversation(
        messages=(("assistant", "<think>Hm.</think>Yes.</s>"), ("user", "Why </think>?"))
    )
    (prompt,) = render(template, talk, control_texts=("<think>", "</think>", "</s>"))
    assert prompt.text == "Yes.<\ufdd0/s>Why <\ufdd0/think>?<think>\n"
    assert prompt.thinking is not None
    assert prompt.thinking.begins_open
    words = template.replace("</think>", "<channel|>").replace("<think>", "<|channel>thought")
    talk = Conversation(messages=(("assistant", "<|channel>thought Hm.<channel|>Yes."),))
    (prompt,) = render(words, talk, control_texts=("<|channel>", "<channel|>"))
    assert prompt.text == "Yes.<|channel>thought\n"


def test_a_system_prompt_that_is_written_otherwise_is_not_told_twice() -> None:
    (prompt,) = render("{% for m in messages %}{{ m.content | upper }}{% endfor %}")
    assert prompt.text == "BE BRIEF.WHERE IS ULM?"
    assert not prompt.system_folded
