r"""Reading an answer as people do: Markdown, typographic signs and white space are no content.

- `fold` swaps curly quotes, dashes and special spaces for plain ones, sign by sign, so that
  places in the text stay where they are.
- `plain` takes a whole answer out of its wrapping: code fences, emphasis, headings, quotes and a
  leading "Answer:". For checks that look at the whole answer.
- `find` looks for a phrase: white space in it matches any run of white space, also across
  emphasis (`is **not** stated`). A phrase that begins or ends with a digit is not found inside a
  longer number, so that 12 is not found in 1,200 or 12.5.
"""

from functools import lru_cache

import regex

from desktop.domain.answer import Span

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
    }
)
_FENCE = regex.compile(r"^\s*(?:```|~~~)[\w+-]*[ \t]*(?:\n|$)|\n?[ \t]*(?:```|~~~)[ \t]*(?=\n|$)")
# Within a line and not for ever: without these limits hostile answers take quadratic time.
_EMPHASIS = regex.compile(r"(?<!\w)(\*{1,3}|_{1,3}|`{1,3})(?=\S)([^\n]{1,200}?)(?<=\S)\1(?!\w)")
# Beyond so many characters emphasis stays: nobody reads so far, and hostile answers cost seconds.
_MOST_EMPHASIS = 20_000
_HEADING = regex.compile(r"^[ \t]*#{1,6}[ \t]+", regex.MULTILINE)
_LABEL = regex.compile(
    r"^(?:the\s+)?(?:final\s+)?(?:answer|output|result)(?:\s+is)?\s*:\s*", regex.I
)
_QUOTED = regex.compile(r"^([\"'])(.*)\1([.!?]?)$", regex.DOTALL)
_CONTROLS = regex.compile(r"[\p{Cc}\p{Bidi_Control}\p{Cs}]")
_GAP = r"(?:[*_'\"]*\s+[*_'\"]*)"


@lru_cache(maxsize=32)
def fold(text: str) -> str:
    """Return the text with plain quotes, dashes and spaces; as long as before."""
    return text if text.isascii() and "`" not in text else text.translate(_SIGNS)


@lru_cache(maxsize=16)
def plain(text: str) -> str:
    """Return what the answer says without its wrapping (see the module).

    Remembered, because the checks of a case ask for the same answer.
    """
    bare = _FENCE.sub("\n", text).strip()
    for _ in range(3):
        bare = _EMPHASIS.sub(r"\2", bare[:_MOST_EMPHASIS]) + bare[_MOST_EMPHASIS:]
    bare = fold(_HEADING.sub("", bare)).strip()
    bare = _LABEL.sub("", bare).strip()
    quoted = _QUOTED.match(bare)
    if quoted and quoted[1] not in quoted[2]:
        bare = quoted[2].strip() + quoted[3]
    return bare


def squeeze(text: str) -> str:
    """Return the text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _pattern(phrase: str, *, match_case: bool, whole_words: bool) -> regex.Pattern[str]:
    words = fold(phrase).split()
    body = _GAP.join(regex.escape(word, special_only=True) for word in words)
    before = after = ""
    if words and words[0][0].isdigit():
        before = r"(?<!\d)(?<!\d[.,])"
    elif words and whole_words and (words[0][0].isalpha()):
        before = r"(?<!\w)"
    if words and words[-1][-1].isdigit():
        after = r"(?!\d|[.,]\d)"
    elif words and whole_words and words[-1][-1].isalpha():
        after = r"(?!\w)"
    flags = 0 if match_case else regex.IGNORECASE | regex.FULLCASE
    return regex.compile(before + body + after, flags)


def find(
    text: str, phrase: str, *, match_case: bool = False, whole_words: bool = False
) -> tuple[Span, ...]:
    """Return every place of a phrase in a text; nothing for an empty phrase."""
    if not phrase.strip():
        return ()
    pattern = _pattern(phrase, match_case=match_case, whole_words=whole_words)
    return tuple(Span(start=m.start(), end=m.end()) for m in pattern.finditer(fold(text)))


def shorten(text: str, limit: int = 80) -> str:
    """Return the text on one line, cut with an ellipsis, for use in a sentence.

    Signs that control how text is shown (bidirectional overrides, NUL) are replaced: they could
    turn the sentence round.
    """
    line = _CONTROLS.sub("\ufffd", squeeze(text[: 20 * limit]))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def quote(text: str, limit: int = 80) -> str:
    """Return the shortened text in double quotes."""
    return f'"{shorten(text, limit)}"'


def join(items: tuple[str, ...], word: str) -> str:
    """Return quoted items as people list them: `"a", "b" or "c"`."""
    quoted = [quote(item, 40) for item in items]
    if len(quoted) < 2:  # noqa: PLR2004 - one item needs no joining word
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
