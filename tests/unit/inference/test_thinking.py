"""Which models think, and what of their output is thinking."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop.inference.engine import ThinkingFormat
from desktop.inference.thinking import ThinkingText, find_thinking

TEMPLATES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "chat-templates"
THINK = ThinkingFormat(opening="<think>", closing="</think>")
OPEN = ThinkingFormat(opening="<think>", closing="</think>", begins_open=True)
CHANNELS = find_thinking("<|channel|>analysis<|message|>", "<|start|>assistant")
assert CHANNELS is not None
FORMATS = [THINK, OPEN, CHANNELS, None]


def split(
    thinking: ThinkingFormat | None, *pieces: str | bytes, stop: tuple[str, ...] = ()
) -> ThinkingText:
    text = ThinkingText(thinking, stop)
    for piece in pieces:
        if text.feed(piece.encode() if isinstance(piece, str) else piece):
            break
    text.finish()
    return text


def test_a_thought_is_no_part_of_the_answer() -> None:
    text = split(THINK, "\n<think>\nTwo and two…\n</think>\n\nFour.\n")
    assert text.thinking == "Two and two…"
    assert text.text == "Four.\n"


def test_tags_and_characters_split_across_tokens_are_recognised() -> None:
    euro = "€".encode()
    text = split(OPEN, "It is 5 ", euro[:2], euro[2:] + b"</th", "ink", ">\n", "\n5 ", euro)
    assert text.thinking == "It is 5 €"
    assert text.text == "5 €"


def test_what_only_looked_like_a_tag_is_kept() -> None:
    assert split(OPEN, "a </thin", "g> b").thinking == "a </thing> b"
    assert split(THINK, "<thin", "g>").text == "<thing>"
    assert split(THINK, " <thi").text == " <thi"


def test_without_a_thought_the_answer_keeps_its_white_space() -> None:
    assert split(THINK, "\n ", "def f(): ...").text == "\n def f(): ..."
    assert split(THINK, "\n ").text == "\n "


def test_tags_that_an_answer_is_about_stay_in_it() -> None:
    answer = "Write <think> and </think> around it."
    assert split(THINK, "<think>Hm.</think>", answer).text == answer
    assert split(THINK, answer).text == answer
    assert split(None, "<think>Hm.</think>").text == "<think>Hm.</think>"


def test_a_stop_text_ends_the_answer_and_no_thought() -> None:
    text = split(OPEN, "1.\n\n2.</think>\n\n", "Yes.\n", "\nNo.", stop=("\n\n",))
    assert text.thinking == "1.\n\n2."
    assert text.text == "Yes."
    assert text.stopped


def test_a_thought_that_is_cut_off_leaves_no_answer() -> None:
    text = ThinkingText(OPEN)
    text.feed(b"Let me see, </")
    assert text.in_thinking
    assert text.take() == [("Let me see, ", True)]
    text.finish()
    assert text.in_thinking
    assert (text.thinking, text.text) == ("Let me see, </", "")
    assert text.take() == [("</", True)]


def test_an_opening_tag_that_the_prompt_had_written_is_passed_over() -> None:
    assert split(OPEN, "<thi", "nk>\nHm.</think>Yes").thinking == "Hm."


def test_what_is_shown_comes_in_order_and_is_told_apart() -> None:
    text = ThinkingText(THINK)
    shown = []
    for piece in ("<think>", "Hm.", " So", "</think>", "\n\n", "Yes"):
        text.feed(piece.encode())
        shown += text.take()
    text.finish()
    assert shown + text.take() == [("Hm.", True), (" So", True), ("Yes", False)]


def test_tokens_of_thinking_are_counted_with_their_tags() -> None:
    text = split(CHANNELS, "<|channel|>", "analysis", "<|message|>", "Hm", ".", "<|end|>")
    assert text.thinking_pieces == 6
    for piece in ("<|start|>", "assistant", "<|channel|>", "final", "<|message|>", "Yes"):
        text.feed(piece.encode())
    assert text.thinking_pieces == 6
    assert split(THINK, "\n", "Yes").thinking_pieces == 0
    assert split(OPEN, "Hm", "</", "think>", "\n\n", "Yes").thinking_pieces == 3


def test_channels_are_split_and_their_headers_dropped() -> None:
    header = "<|start|>assistant<|channel|>{}<|message|>"
    text = split(
        CHANNELS,
        "<|channel|>analysis<|message|>First.<|end|>",
        header.format("analysis") + "Second.<|end|>",
        header.format("final") + " Done.",
    )
    assert text.thinking == "First.\n\nSecond."
    assert text.text == "Done."
    assert split(CHANNELS, "<|channel|>final<|message|>At once.").text == "At once."
    preamble = header.format("commentary") + "I look.<|end|>" + header.format("final") + "So."
    assert split(CHANNELS, preamble).text == "I look.So."


def test_forced_closings_close() -> None:
    for template in ("<think>", "<|channel|>analysis<|message|>", "[THINK]", "<seed:think>"):
        thinking = find_thinking(template, "")
        assert thinking is not None
        text = split(thinking, thinking.opening, "Hm", thinking.forced_closing, "Yes")
        assert (text.thinking, text.text) == ("Hm", "Yes")


WORDS = ["<think>", "</think>", "<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant"]
WORDS += ["<|channel|>final<|message|>", "<", "€", " ", "\n", "stop", "st", "a", "<|", "</think"]


@given(
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.sampled_from(FORMATS),
)
@example("<think><think>x", [7], OPEN)
@example("<think>a</think> <think></think>\n<think>b", [1], THINK)
def test_where_the_bytes_are_split_changes_nothing(
    said: str, lengths: list[int], thinking: ThinkingFormat | None
) -> None:
    data = said.encode() + b"\xff"
    whole = split(thinking, data, stop=("stop",))
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        length = lengths[len(pieces) % len(lengths)]
        pieces.append(data[at : at + length])
        at += length
    parts = ThinkingText(thinking, ("stop",))
    shown = []
    for piece in pieces:
        parts.feed(piece)
        shown += parts.take()
    parts.finish()
    shown += parts.take()
    assert (parts.text, parts.thinking) == (whole.text, whole.thinking)
    assert parts.stopped == whole.stopped
    assert parts.in_thinking == whole.in_thinking
    assert "".join(text for text, is_thought in shown if not is_thought) == whole.text
    assert "".join(text for text, is_thought in shown if is_thought).strip() == whole.thinking


@pytest.mark.parametrize(
    ("template", "end", "opening", "begins_open"),
    [
        ("…'<think>'…", "<|im_start|>assistant\n", "<think>", False),
        ("…'<think>'…", "assistant\n<think>\n", "<think>", True),
        ("…'</think>'…", "assistant\n", "<think>", False),
        ("'<' ~ tag ~ '>'", "assistant\n<think:high>\n", "<think:high>", True),
        ("…[THINK]…", "[/INST]", "[THINK]", False),
        ("…<|START_THINKING|>…", "<|START_THINKING|>", "<|START_THINKING|>", True),
    ],
)
def test_formats_are_recognised(template: str, end: str, opening: str, begins_open: bool) -> None:
    thinking = find_thinking(template, "What is <think> for?" + end)
    assert thinking is not None
    assert (thinking.opening, thinking.begins_open) == (opening, begins_open)


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{{ messages[0].content }}", "What is <think> for? Answer:"),
        ("…'<think>'…", "assistant\n<think>\n\n</think>\n\n"),
        ("…'</think>'…", "<|Assistant|></think>"),
        ("", "Is this open? <think>"),
    ],
    ids=["knows no tags", "closed an empty thought", "closed without opening", "no template"],
)
def test_models_that_do_not_think_are_left_alone(template: str, rendered: str) -> None:
    assert find_thinking(template, rendered) is None


BEGUN = {
    "Apriel-1.6-15b-Thinker-fixed": "Here are my reasoning steps:",
    "Cohere2MoE": "<|START_THINKING|>",
    "GLM-4.7-Flash": "<think>",
    "Kimi-K3": "<|open|>think<|sep|>",
    "MiniMax-M2": "<think>",
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "<think>",
    "NVIDIA-Nemotron-Nano-v2": "<think>",
    "Qwen3.5-4B": "<think>",
    "Spark2.5": "<think>",
    "StepFun3.5-Flash": "<think>",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": "<think>",
    "inclusionai-ling-3.0-flash": "<think>",
    "llama-cpp-deepseek-r1": "<think>",
    "poolside-Laguna-S-2.1": "<think>",
}
LEFT_TO_THE_MODEL = {
    "Apertus-8B-Instruct": "<|inner_prefix|>",
    "Bielik-11B-v3.0-Instruct": "<think>",
    "ByteDance-Seed-OSS": "<seed:think>",
    "GLM-4.6": "<think>",
    "HuggingFaceTB-SmolLM3-3B": "<think>",
    "Kimi-K2-Thinking": "<think>",
    "LFM2.5-8B-A1B": "<think>",
    "LFM2.5-Instruct": "<think>",
    "MiniMax-M3": "<mm:think>",
    "Qwen-Qwen3-0.6B": "<think>",
    "Reka-Edge": "<think>",
    "ibm-granite-granite-3.3-2B-Instruct": "<think>",
    "llama-cpp-rwkv-world": "<think>",
    "mistralai-Ministral-3-14B-Reasoning-2512": "[THINK]",
    "muse-glimmer": "to=self<|message|>",
    "openai-gpt-oss-120b": "<|channel|>analysis<|message|>",
    "openbmb-MiniCPM5-1B": "<think>",
    "unsloth-Apriel-1.5": "Here are my reasoning steps:",
    "upstage-Solar-Open-100B": "<|think|>",
}


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the collection of real templates is not here")
def test_every_real_template_is_known_to_think_or_not() -> None:
    """Without options a dozen more close an empty thought: they are told to answer at once."""
    from desktop.inference.conversation_text import (  # noqa: PLC0415 - with Jinja only here
        ConversationWriter,
    )
    from desktop.inference.engine import Conversation  # noqa: PLC0415 - the same

    question = Conversation(messages=(("user", "What does </think> mean?"),))
    found: dict[str, tuple[str, bool] | None] = {}
    for file in TEMPLATES.glob("*.jinja"):
        source = file.read_text(encoding="utf-8")
        writer = ConversationWriter(source, bos_text="<s>", eos_text="</s>", today="2026-02-03")
        thinking = writer.write(question).thinking
        found[file.stem] = (thinking.opening, thinking.begins_open) if thinking else None
    expected: dict[str, tuple[str, bool] | None] = dict.fromkeys(found)
    expected |= {name: (tag, True) for name, tag in BEGUN.items()}
    expected |= {name: (tag, False) for name, tag in LEFT_TO_THE_MODEL.items()}
    assert found == expected
