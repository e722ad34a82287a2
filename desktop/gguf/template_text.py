"""What the text of a chat template tells: thinking, tools, whose it is, and what it tries.

Only the text is looked at; nothing is rendered. Templates come from strangers: every search here
takes time in proportion to the text and no more.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

_THINKING_SIGNS = (
    "<think>",
    "</think>",
    "enable_thinking",
    "reasoning_content",
    "reasoning_effort",
    "thinking_budget",
    "<|channel|>analysis",
    "<|channel>thought",
    "<|START_THINKING|>",
    "[THINK]",
    "<seed:think>",
    "<|inner_prefix|>",
    "<|think|>",
    "◁think▷",
)
_TOOLS = re.compile(r"\b(?:tools|functions|xml_tools|builtin_tools)\b")


class _Format(NamedTuple):
    """The control tokens by which a family writes turns."""

    family: str
    tokens: tuple[str, ...]


_FORMATS = (
    _Format("ChatML (Qwen and others)", ("<|im_start|>", "<|im_end|>")),
    _Format("Llama 3", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
    _Format("Llama 4", ("<|header_start|>", "<|header_end|>")),
    _Format("Gemma", ("<start_of_turn>", "<end_of_turn>")),
    _Format("Command R", ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>")),
    _Format("gpt-oss", ("<|channel|>", "<|message|>")),
    _Format("DeepSeek", ("<｜User｜>", "<｜Assistant｜>")),  # noqa: RUF001 - as its tokens are
    _Format("Granite", ("<|start_of_role|>", "<|end_of_role|>")),
)

_DUNDER = re.compile(r"__[A-Za-z]{2,40}__")
_REACHES_OUT = re.compile(
    r"\b(?:import|include|extends)\s+['\"\w]|\|\s*attr\s*\(|\b(?:lipsum|cycler|joiner|mro|os)\s*\."
    r"|\b(?:eval|exec|popen|getattr|subprocess)\s*\("
)
_POWER = re.compile(r"\w\s*\*\*\s*\w")
_HUGE_NUMBER = re.compile(r"(?<![\w.\"'])\d[\d_]{6,}(?![\w.\"'])")
# A text that is not closed ends with the code: otherwise each of its quotes would start a search.
_QUOTED = re.compile(
    r"'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)|\"[^\"\\]*(?:\\.[^\"\\]*)*(?:\"|\\?\Z)", re.DOTALL
)
_OPENING = re.compile(r"\{[%{]")
_ADDRESS = re.compile(r"\b(?:https?|ftp)://[^\s\"'<>)\\]{3,80}", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+|the\s+|your\s+)?"
    r"(?:previous|prior|above|earlier|preceding|other)\s+(?:instructions?|messages?|prompts?)"
    r"|\b(?:hide|conceal)\s+(?:this|these\s+instructions|it)\s+from\s+the\s+user",
    re.IGNORECASE,
)
# Signs that print as nothing or turn the direction of writing; the last range can carry whole
# sentences that no editor shows. Joiners (200C, 200D) belong to real scripts and emoji.
_INVISIBLE = re.compile("[\u200b\u2060\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_MOST_SHOWN = 60
# The longest published template has some 30,000 characters; what lies beyond is not looked at,
# and a longer one is itself told as odd.
TEMPLATE_LIMIT = 65_536


class Trick(NamedTuple):
    """Something that a template should not do: a stable code, what it is, and where it shows."""

    code: str
    found: str


def tells_thinking(template: str) -> bool:
    """Tell whether a template writes or strips thoughts."""
    template = template[:TEMPLATE_LIMIT]
    return any(sign in template for sign in _THINKING_SIGNS)


def tells_tools(template: str) -> bool:
    """Tell whether a template's code (not its prose) knows tools."""
    tags = _list_tags(template[:TEMPLATE_LIMIT])
    return any(_TOOLS.search(_QUOTED.sub("''", tag)) for tag in tags)


def find_foreign_format(template: str, marks: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return the family whose control tokens a template writes and the vocabulary lacks.

    `marks` are the vocabulary's words in brackets. Empty if all is well; a template that also
    knows a format of its own vocabulary is taken to be right.
    """
    foreign: tuple[str, tuple[str, ...]] = ("", ())
    for family, tokens in _FORMATS:
        written = tuple(token for token in tokens if token in template)
        if not written:
            continue
        if any(token in marks for token in written):
            return "", ()
        if not foreign[0]:
            foreign = (family, written)
    return foreign


def find_tricks(template: str) -> Iterator[Trick]:
    """Yield what in a template's text is no business of a chat template, each kind once."""
    if len(template) > TEMPLATE_LIMIT:
        yield Trick("template_too_long", f"{len(template):,} characters")
        template = template[:TEMPLATE_LIMIT]
    code = "\n".join(_list_tags(template))
    if match := _DUNDER.search(code) or _REACHES_OUT.search(_QUOTED.sub(_keep_names, code)):
        yield Trick("template_reaches_out", _show(match.group()))
    unquoted = _QUOTED.sub("''", code)
    if match := _POWER.search(unquoted) or _HUGE_NUMBER.search(unquoted):
        yield Trick("template_huge_work", _show(match.group()))
    if match := _ADDRESS.search(template):
        yield Trick("template_address", _show(match.group()))
    if match := _ORDER.search(template):
        yield Trick("template_hidden_order", _show(match.group()))
    elif match := _INVISIBLE.search(template):
        yield Trick("template_invisible", f"U+{ord(match.group()):04X}")


def _keep_names(match: re.Match[str]) -> str:
    """Empty a quoted text, but keep a single word: names of files and attributes are such."""
    inner = match.group()[1:-1]
    return "'x'" if inner else "''"


def _list_tags(template: str) -> Iterator[str]:
    """Yield the code between Jinja's braces; what is not closed reaches to the end."""
    position = 0
    while match := _OPENING.search(template, position):
        start = match.start()
        closing = "%}" if match.group() == "{%" else "}}"
        end = template.find(closing, start + 2)
        if end < 0:
            yield template[start + 2 :]
            return
        yield template[start + 2 : end]
        position = end + 2


def _show(text: str) -> str:
    visible = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return visible if len(visible) <= _MOST_SHOWN else visible[: _MOST_SHOWN - 1] + "…"
