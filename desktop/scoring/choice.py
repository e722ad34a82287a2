"""`choice`: the answer settles on this one of `labels`.

The answer must mention exactly one label (longer ones are looked for first, so that "not urgent"
is not "urgent"). A label that is denied ("a complaint, not an order") does not count. Where
several are mentioned, a first line that is a label and nothing else decides ("Complaint", then
reasons), unless further labels have lines of their own: then it is a list and no choice.
`aliases` maps a label to other words for it.
"""

from collections.abc import Mapping

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, texts, verdict
from desktop.scoring.plain_text import find, fold, join, plain, quote, squeeze

_DENIED = regex.compile(
    r"\b(?:not|never|neither|nor|rather\s+than|instead\s+of|no)\s+(?:(?:an?|the|really|any)\s+)?"
    r"[\"'*_]*\Z|n't\s+(?:(?:an?|the|really|any)\s+)?[\"'*_]*\Z",
    regex.IGNORECASE,
)
_BEFORE = 40
_ENDS = " \t.,;:!?…\"'()[]-•"


def _names(check: Check) -> dict[str, str]:
    """Return every word for a label, in the order of length, with its label."""
    aliases: Mapping[str, object] = check.options.get("aliases", {})
    names = {label: label for label in texts(check.options.get("labels"))}
    for label, others in aliases.items():
        names |= dict.fromkeys(texts(others), label)
    return dict(sorted(names.items(), key=lambda pair: -len(pair[0])))


def _mentions(text: str, names: Mapping[str, str]) -> dict[str, list[Span]]:
    taken = bytearray(len(text))
    folded = fold(text)
    mentions: dict[str, list[Span]] = {}
    for name, label in names.items():
        for span in find(text, name, whole_words=True):
            if not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
                if not _DENIED.search(folded[max(0, span.start - _BEFORE) : span.start]):
                    mentions.setdefault(label, []).append(span)
    return mentions


def _lines_of_one_label(text: str, names: Mapping[str, str]) -> list[tuple[bool, str]]:
    """Return, for each line that is one label only, whether it is the first line, and which."""
    lookup = {squeeze(name).casefold(): label for name, label in names.items()}
    lines = [line for line in plain(text).splitlines() if line.strip()]
    alone = [
        (i == 0, lookup.get(squeeze(line).strip(_ENDS).casefold())) for i, line in enumerate(lines)
    ]
    return [(first, label) for first, label in alone if label is not None]


def _decide(text: str, names: Mapping[str, str], mentions: Mapping[str, list[Span]]) -> str | None:
    if len(mentions) == 1:
        return next(iter(mentions))
    alone = _lines_of_one_label(text, names)
    if alone and alone[0][0] and len({label for _, label in alone}) == 1:
        return alone[0][1]
    return None


def _judge(text: str, check: Check) -> Verdict:
    names = _names(check)
    mentions = _mentions(text, names)
    wanted = str(check.expected)
    decided = _decide(text, names, mentions)
    spans = tuple(s for label, found in mentions.items() if decided in (None, label) for s in found)
    if decided == wanted:
        return verdict(f"The answer chooses {quote(wanted)}.", passed=True, spans=spans)
    if decided is not None:
        said = f"Expected {quote(wanted)}; the answer chooses {quote(decided)}."
    elif mentions:
        said = f"Expected {quote(wanted)} alone; the answer names {join(tuple(mentions), 'and')}."
    else:
        said = f"Expected {quote(wanted)}; the answer {quote(text, 60)} names none of the labels."
    return verdict(said, passed=False, spans=spans)


def _find_fault(check: Check) -> str:
    labels = texts(check.options.get("labels"))
    if check.expected not in labels:
        return f"choice {quote(str(check.expected))} is not among its labels {join(labels, 'and')}"
    if len({label.casefold() for label in labels}) < max(2, len(labels)):
        return "labels needs at least two texts, all different"
    unknown = [label for label in check.options.get("aliases", {}) if label not in labels]
    return f"aliases names {quote(unknown[0])}, which is not among labels" if unknown else ""


def _describe(check: Check) -> str:
    others = tuple(t for t in texts(check.options.get("labels")) if t != check.expected)
    return f"chooses {quote(str(check.expected))} and not {join(others, 'or')}"


KIND = CheckKind(
    name="choice",
    expects=Shape.TEXT,
    judge=_judge,
    describe=_describe,
    options={"labels": Shape.TEXTS, "aliases": Shape.ALIASES},
    required=("labels",),
    find_fault=_find_fault,
)
