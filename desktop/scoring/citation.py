"""`cites` and `quotes_from`: an answer names its source, and quotes what is there.

`cites` wants each of the given ids named: in brackets ([policy-7], (Source 3), [1, 2]) or, if the
id has letters and at least three signs, as a word of its own. `others` are ids that must not be
cited. `quotes_from` takes the passages; every quotation of three words or more, in quotation
marks, must stand in one of them word for word, and there must be at least one.
"""

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, texts, verdict
from desktop.scoring.plain_text import find, fold, join, quote, squeeze

_BRACKETS = regex.compile(r"[\[(\u3010]([^\[\]()\u3010\u3011\n]{1,120})[\])\u3011]")
_PART = regex.compile(r"[^,;\s#^]+")
_QUOTATION = regex.compile('"([^"\n]{1,1000})"')
_FEWEST_SIGNS = 3
_FEWEST_WORDS = 3


def find_citations(text: str, ids: tuple[str, ...]) -> dict[str, list[Span]]:
    """Return where each of the ids is cited; ids that are not are left out."""
    wanted = {identifier.casefold(): identifier for identifier in ids}
    found: dict[str, list[Span]] = {}
    for group in _BRACKETS.finditer(text):
        for part in _PART.finditer(group[1]):
            identifier = wanted.get(part[0].strip(".:\"'`*").casefold())
            if identifier is not None:
                start = group.start(1) + part.start()
                found.setdefault(identifier, []).append(Span(start=start, end=start + len(part[0])))
    for identifier in ids:
        telling = len(identifier) >= _FEWEST_SIGNS and not identifier.isdecimal()
        if identifier not in found and telling:
            spans = find(text, identifier, whole_words=True)
            if spans:
                found[identifier] = list(spans)
    return found


def _judge_citations(text: str, check: Check) -> Verdict:
    wanted = texts(check.expected)
    found = find_citations(text, wanted)
    wrong = find_citations(text, texts(check.options.get("others")))
    missing = tuple(identifier for identifier in wanted if identifier not in found)
    spans = tuple(span for places in {**found, **wrong}.values() for span in places)
    if not missing and not wrong:
        said = f"The answer cites {join(wanted, 'and')}."
        return verdict(said, passed=True, spans=spans)
    told = [f"does not cite {join(missing, 'and')}"] if missing else []
    told += [f"cites {join(tuple(wrong), 'and')}, which it must not"] if wrong else []
    share = len(found) / (len(wanted) + len(wrong))
    said = f"The answer {' and '.join(told)}: {quote(text, 60)}."
    return verdict(said, passed=False, score=share, spans=spans)


def _judge_quotations(text: str, check: Check) -> Verdict:
    passages = [squeeze(fold(passage)).casefold() for passage in texts(check.expected)]
    right: list[Span] = []
    wrong: list[Span] = []
    for match in _QUOTATION.finditer(fold(text)):
        said = squeeze(match[1]).strip(" .,;:!?…").casefold()
        if len(said.split()) < _FEWEST_WORDS:
            continue
        span = Span(start=match.start(), end=match.end())
        (right if any(said in passage for passage in passages) else wrong).append(span)
    if wrong:
        first = text[wrong[0].start : wrong[0].end]
        told = f"{quote(first.strip(chr(34)))} is not in the source word for word."
        share = len(right) / (len(right) + len(wrong))
        return verdict(told, passed=False, score=share, spans=tuple(wrong))
    if not right:
        told = f"The answer quotes nothing of three words or more: {quote(text, 60)}."
        return verdict(told, passed=False)
    return verdict("Every quotation is in the source.", passed=True, spans=tuple(right))


KINDS = (
    CheckKind(
        name="cites",
        expects=Shape.TEXTS,
        judge=_judge_citations,
        describe=lambda check: f"cites {join(texts(check.expected), 'and')}",
        options={"others": Shape.TEXTS},
    ),
    CheckKind(
        name="quotes_from",
        expects=Shape.TEXTS,
        judge=_judge_quotations,
        describe=lambda _check: "quotes its source word for word",
    ),
)
