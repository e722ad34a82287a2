"""Sentences and words of English as IFEval's official scorer counts them.

That scorer leaves both to NLTK: sentences to the Punkt model that was trained on English news, and
words to the Treebank rules. The model may not be shipped (its authors never named a licence), so
this module decides by Punkt's published rules (Kiss and Strunk 2006) with lists of its own:
abbreviations, and words that begin sentences. A test says how often both count the same.
"""

import re
from collections.abc import Iterator

_ABBREVIATIONS = frozenset(
    """
    mr mrs ms messrs dr prof rev gen col lt sgt capt sen rep gov hon st jr sr adm maj cmdr pres
    inc co corp ltd bros cos vs v ph.d
    jan feb apr jun jul aug sep sept oct nov dec
    ala ariz ark calif colo conn del fla ga ill kan ky mass mich minn miss mont neb nev okla
    ore pa tenn tex va vt wash wis wyo
    nos vol ave blvd
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
_STARTERS = frozenset(
    """
    the it he she they we this that these those there but and in if for at on as a an some such
    since while when although many most yet so still then meanwhile despite according under among
    even his her its their our my your you what where why how who however i is are do does can
    here not no all every each both either please let after before once one with by from to of
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
_NOT_IN_WORDS = frozenset(")\";}]*:@'({[!?\u2018\u2019\u201c\u201d\u00ab\u00bb")
_NOT_AT_START = frozenset('("`{[:;&#*@)}]-,')
_CLOSING = re.compile(
    "[\"')\\]}\u2018\u2019\u201c\u201d\u00ab\u00bb]+?(?:\\s+|(?=--)|$)", re.MULTILINE
)
_END = re.compile("[.?!](?=[)\";}\\]*:@'({\\[!?\u2018\u2019\u201c\u201d\u00ab\u00bb]|\\s+\\S)")
# The model takes these two for the end of a sentence.
_INITIALS = re.compile(r"(?!e\.g|i\.e)[a-z]\.[a-z]")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*")
_LONGEST_WORD = 200
_SPACE = re.compile(r"\s*")


def count_sentences(text: str) -> int:
    """Return how many sentences a text has."""
    return sum(1 for _ in _cut(text))


def _cut(text: str) -> Iterator[tuple[int, int]]:
    """Yield where sentences lie; closing quotes and brackets belong to the one before."""
    start = 0
    end = len(text.rstrip())
    for stop, after in [*_breaks(text), (end, end)]:
        begin = start
        closing = _CLOSING.match(text, after, end) if stop < end else None
        start = closing.end() if closing else after
        if begin < stop:
            yield begin, stop


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Yield where sentences end, and where the next begins."""
    ends = list(_END.finditer(text))
    for number, match in enumerate(ends):
        place = match.start()
        following = ends[number + 1].start() if number + 1 < len(ends) else None
        # Of several signs in one word ("really?!") the last decides.
        if following is not None and not any(map(str.isspace, text[place:following])):
            continue
        after = match.end()
        if text[after].isspace():
            space = _SPACE.match(text, after)
            after = space.end() if space else after
        if _is_end(text, place, after):
            yield match.end(), after


def _is_end(text: str, place: int, after: int) -> bool:
    start = place
    while start and not text[start - 1].isspace() and place - start < _LONGEST_WORD:
        start -= 1
    word = text[start:place]
    if text[place] != "." or "?" in word or "!" in word:
        return True
    # A sign that can't stand in words begins a new one: DON'T ends with the word 'T.
    cut = max((i for i, sign in enumerate(word) if sign in _NOT_IN_WORDS), default=0)
    word = word[cut:].lstrip("".join(_NOT_AT_START))
    upcoming = _first_word(text, after)
    begins_low, begins_high = upcoming[:1].islower(), upcoming[:1].isupper()
    common = upcoming.lower() in _STARTERS
    if not word or word.endswith("."):  # an ellipsis, or a point that stands alone
        points = word or text[place - 1 : place] == "."
        return (begins_high and common) or not points
    lowered = word.lower()
    if len(word) == 1 and word.isalpha():
        line_start = not text[text.rfind("\n", 0, place) + 1 : place - 1].strip("*# ")
        return not begins_low and (not begins_high or common or line_start)
    if _NUMBER.fullmatch(word):
        return not begins_low
    known = lowered in _ABBREVIATIONS or lowered.rpartition("-")[2] in _ABBREVIATIONS
    return (begins_high and common) or not (known or _INITIALS.fullmatch(lowered))


def _first_word(text: str, start: int) -> str:
    if start < len(text) and (text[start] in _NOT_AT_START or text[start] in _NOT_IN_WORDS):
        return text[start]
    end = start
    while end < len(text) and not text[end].isspace() and text[end] not in _NOT_IN_WORDS:
        end += 1
    return text[start : min(end, start + _LONGEST_WORD)].rstrip(",.")


_PADDED = re.compile("[«“‘„»”’`;@#$%&?!*\\]\\[(){}<>\"\u2012-\u2015]|\\.{2,}|--|''|[:,](?!\\d)")  # noqa: RUF001 - typographic quotes are meant
_CLITIC = re.compile(r"(?<=[^' ])('[sSmMdD]|'ll|'LL|'re|'RE|'ve|'VE|n't|N'T|') ")
_JOINED = re.compile(r"\b(?:(CAN)(NOT)|(GIM|LEM)(ME)|(GON|WAN)(NA)|(GOT)(TA)|(D)('YE))\b")
_FINAL_POINT = re.compile(r"(?<=[^.])\.(?=[\s\])}>\"']*$)")


def count_capital_words(text: str) -> int:
    """Return how many words have capital letters only; IT'S and CAN'T are two each."""
    count = 0
    for start, end in _cut(text):
        spaced = f" {_FINAL_POINT.sub(' ', text[start:end])} "
        spaced = " ".join(_PADDED.sub(" ", spaced).split()) + " "
        spaced = _JOINED.sub(lambda match: " ".join(filter(None, match.groups())), spaced)
        spaced = _CLITIC.sub(r" \1 ", _CLITIC.sub(r" \1 ", spaced))
        count += sum(map(str.isupper, spaced.split()))
    return count
