"""The thinking of reasoning models: how a model marks it, and splitting it from the answer.

A format is recognised by the tags that a chat template knows. A template that knows none, or no
template at all, means a model that does not think: to reserve room for thoughts that never come
would cost every model of that kind half its speed.
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from desktop.inference.answer_text import AnswerText, length_to_hold
from desktop.inference.engine import ThinkingFormat

_BETWEEN_THOUGHTS = "\n\n"


class _Family(NamedTuple):
    """Templates that contain all of `signs` belong to models that think in this format."""

    signs: tuple[str, ...]
    format: ThinkingFormat


def _enclose(opening: str, closing: str, *signs: str) -> _Family:
    forced = f"\n{closing}\n\n"
    thinking = ThinkingFormat(opening=opening, closing=closing, forced_closing=forced)
    return _Family(signs or (opening,), thinking)


# The first that fits is taken: what is written only by one family comes before what several know.
_FAMILIES = (
    _Family(  # gpt-oss: every message names its channel, and only `final` is the answer
        ("<|channel|>analysis<|message|>",),
        ThinkingFormat(
            opening="<|channel|>analysis<|message|>",
            closing="<|end|>",
            answer_tags=(
                "<|start|>assistant",
                "<|channel|>commentary<|message|>",
                "<|channel|>final<|message|>",
            ),
            forced_closing="<|end|><|start|>assistant<|channel|>final<|message|>",
        ),
    ),
    _Family(  # Solar Open: thought and answer are messages of their own
        ("<|begin|>assistant<|think|>", "<|content|>"),
        ThinkingFormat(
            opening="<|think|>",
            closing="<|end|>",
            answer_tags=("<|begin|>assistant", "<|content|>"),
            forced_closing="<|end|><|begin|>assistant<|content|>",
        ),
    ),
    _Family(  # Muse Glimmer: thoughts are messages that the assistant sends to itself
        ("<|start|>assistant to=self<|message|>", "<|eom|>"),
        ThinkingFormat(
            opening="to=self<|message|>",
            closing="<|eom|>",
            answer_tags=("<|start|>assistant", "<|message|>"),
            forced_closing="<|eom|><|start|>assistant<|message|>",
        ),
    ),
    _Family(  # Kimi K3: the template builds its tags from parts
        ("'<|open|>' + tag", "open_tag('think')"),
        ThinkingFormat(
            opening="<|open|>think<|sep|>",
            closing="<|close|>think<|sep|>",
            answer_tags=("<|open|>response<|sep|>", "<|close|>response<|sep|>"),
            forced_closing="<|close|>think<|sep|><|open|>response<|sep|>",
        ),
    ),
    _Family(  # Apriel: words instead of tags
        ("[BEGIN FINAL RESPONSE]",),
        ThinkingFormat(
            opening="Here are my reasoning steps:",
            closing="[BEGIN FINAL RESPONSE]",
            answer_tags=("[END FINAL RESPONSE]",),
            forced_closing="\n[BEGIN FINAL RESPONSE]\n",
        ),
    ),
    _enclose("<|channel>thought", "<channel|>"),
    _enclose("<|inner_prefix|>", "<|inner_suffix|>"),
    _enclose("<|START_THINKING|>", "<|END_THINKING|>"),
    _enclose("[THINK]", "[/THINK]"),
    _enclose("<seed:think>", "</seed:think>"),
    _enclose("<mm:think>", "</mm:think>"),
    _enclose("<think>", "</think>"),
    _enclose("<think>", "</think>", "</think>"),
    _enclose("<thought>", "</thought>"),
)
# Also for templates that put their tags together, so that only what they wrote shows them.
_OPEN_AT_THE_END = re.compile(r"<((?:\w{1,32}:)?think(?:ing)?(?::\w{1,32})?)>\s*\Z")


def find_thinking(template: str, rendered: str) -> ThinkingFormat | None:
    """Return how a model with this chat template will mark its thinking, after this prompt.

    `None` for a model that does not think, or whose prompt ends behind a thought that the
    template itself closed: it has been told to answer at once.
    """
    end = rendered[-256:].rstrip()
    for family in _FAMILIES:
        if all(sign in template for sign in family.signs):
            return _begin(family.format, end)
    opened = _OPEN_AT_THE_END.search(end)
    if opened and template:
        return _begin(_enclose(f"<{opened[1]}>", f"</{opened[1]}>").format, end)
    return None


def find_tags(template: str) -> frozenset[str]:
    """Return the tags that this template may look for in an assistant's earlier answers.

    Empty where thoughts are messages of their own: there a tag is never a part of an answer.
    """
    for family in _FAMILIES:
        if all(sign in template for sign in family.signs):
            tags = {family.format.opening, family.format.closing}
            return frozenset() if family.format.answer_tags else frozenset(tags)
    return frozenset()


def _begin(thinking: ThinkingFormat, end: str) -> ThinkingFormat | None:
    if end.endswith(thinking.closing):
        return None
    if not end.endswith(thinking.opening):
        return thinking
    return ThinkingFormat(
        opening=thinking.opening,
        closing=thinking.closing,
        begins_open=True,
        answer_tags=thinking.answer_tags,
        forced_closing=thinking.forced_closing,
    )


class _Place(Enum):
    """Where in its output a model is: nothing said yet, in a thought, or in the answer."""

    OUTSIDE = auto()
    THINKING = auto()
    ANSWER = auto()


class ThinkingText:
    """Turns a model's bytes into thinking and answer, each as text that may be shown.

    Thinking is what stands between the tags before the answer's first word; tags inside an
    answer are its own. Stop texts end only the answer. White space around thoughts belongs to
    nobody. Characters, tags and stop texts that are split across tokens are held back until they
    are whole. Without a format everything is the answer.
    """

    def __init__(self, thinking: ThinkingFormat | None, stop: Sequence[str] = ()) -> None:
        """Split by this format and watch for any of `stop` in the answer."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._answer = AnswerText(stop)
        self._thoughts: list[str] = []
        self._taken = 0
        self._held = ""
        self._tagged = False
        self._undecided_pieces = 0
        self.thinking_pieces = 0
        self._format = given = thinking or ThinkingFormat(opening="", closing="")
        self._before = _named(given.opening, *given.answer_tags)
        self._after = _named(given.closing, *given.answer_tags)
        # Where answers are messages between tags of their own, no tag is ever a part of one.
        self._inside = self._after if given.answer_tags else ()
        self._place = _Place.OUTSIDE if thinking else _Place.ANSWER
        self._at_beginning = False
        self._begins_another = False
        if thinking and thinking.begins_open:
            self._begin_thought()

    @property
    def in_thinking(self) -> bool:
        """Whether a thought has been opened and not closed yet."""
        return self._place is _Place.THINKING

    @property
    def stopped(self) -> bool:
        """Whether a stop text has been reached in the answer."""
        return self._answer.stopped

    @property
    def text(self) -> str:
        """All of the answer that has settled so far."""
        return self._answer.text

    @property
    def thinking(self) -> str:
        """All of the thinking that has settled so far, without white space around it."""
        return "".join(self._thoughts).strip()

    def feed(self, piece: bytes) -> bool:
        """Add a token's bytes; returns whether a stop text has been reached.

        `thinking_pieces` counts those that took part in thinking, tags included.
        """
        if self.stopped:
            return True
        was_thinking = self.in_thinking
        self._undecided_pieces += 1
        self._read(self._decoder.decode(piece))
        if was_thinking or self.in_thinking:
            self.thinking_pieces += self._undecided_pieces
        if was_thinking or self._place is not _Place.OUTSIDE:
            self._undecided_pieces = 0
        return self.stopped

    def finish(self) -> None:
        """Let go of what was held back: nothing more will come."""
        if self.stopped:
            return
        self._read(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        if self._place is _Place.THINKING:
            self._think(held)
        else:
            self._answer.add(
                held.lstrip() if self._place is _Place.OUTSIDE and self._tagged else held
            )
        self._answer.finish()

    def take(self) -> list[tuple[str, bool]]:
        """Return what may be shown and was not before, each with whether it is thinking."""
        thoughts = "".join(self._thoughts[self._taken :])
        self._taken = len(self._thoughts)
        # Nothing of an answer comes before its thinking is over.
        fresh = [(thoughts, True), (self._answer.take(), False)]
        return [shown for shown in fresh if shown[0]]

    def _read(self, more: str) -> None:
        if self._place is _Place.ANSWER and not self._inside:
            self._answer.add(self._held + more)
            self._held = ""
            return
        self._held += more
        while self._held and not self.stopped and self._step():
            pass

    def _step(self) -> bool:
        if self._place is _Place.OUTSIDE:
            return self._read_outside()
        if self._place is _Place.THINKING:
            return self._read_thought()
        return self._read_answer()

    def _read_outside(self) -> bool:
        """Decide between a tag and the answer's first word; false while it can't be told."""
        rest = self._held.lstrip()
        for tag in self._before:
            if rest.startswith(tag):
                self._held = rest[len(tag) :]
                self._tagged = True
                if tag == self._format.opening:
                    self._begin_thought()
                return True
        if not rest or any(tag.startswith(rest) for tag in self._before):
            return False
        if self._tagged:
            self._held = rest
        self._place = _Place.ANSWER
        return True

    def _begin_thought(self) -> None:
        self._place = _Place.THINKING
        self._tagged = True
        self._at_beginning = True
        self._begins_another = bool(self._thoughts)

    def _read_thought(self) -> bool:
        """Take thinking up to a tag that ends it; false when more must come first."""
        if self._at_beginning and not self._is_begun():
            return False
        at, tag = _find_first(self._held, self._after)
        if tag:
            self._think(self._held[:at])
            self._held = self._held[at:].removeprefix(self._format.closing)
            self._place = _Place.OUTSIDE
            return True
        cut = len(self._held) - length_to_hold(self._held, self._after)
        self._think(self._held[:cut])
        self._held = self._held[cut:]
        return False

    def _is_begun(self) -> bool:
        """Pass over white space, and over a tag that the prompt had written already."""
        self._held = self._held.lstrip()
        while self._held.startswith(self._format.opening):
            self._held = self._held.removeprefix(self._format.opening).lstrip()
        self._at_beginning = self._format.opening.startswith(self._held)
        return not self._at_beginning

    def _read_answer(self) -> bool:
        """Take the answer up to a tag, which is passed over; false when more must come first."""
        at, tag = _find_first(self._held, self._inside)
        if tag:
            self._answer.add(self._held[:at])
            self._held = self._held[at + len(tag) :]
            return True
        cut = len(self._held) - length_to_hold(self._held, self._inside)
        self._answer.add(self._held[:cut])
        self._held = self._held[cut:]
        return False

    def _think(self, text: str) -> None:
        if not text:
            return
        if self._begins_another:
            text = _BETWEEN_THOUGHTS + text
            self._begins_another = False
        self._thoughts.append(text)


def _named(*tags: str) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag)


def _find_first(text: str, tags: Iterable[str]) -> tuple[int, str]:
    """Return where the first of the tags stands and which it is, an empty one for none."""
    return min(((at, tag) for tag in tags if (at := text.find(tag)) >= 0), default=(-1, ""))
