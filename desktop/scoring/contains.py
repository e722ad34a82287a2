"""`contains`, `contains_all`, `contains_any`, `not_contains`: phrases in an answer.

`contains` with several texts wants all of them, like `contains_all`, which gives a share of the
score for each. Case counts with `match_case`; with `whole_words` a phrase is not found within a
longer word.
"""

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, texts, verdict
from desktop.scoring.plain_text import find, join, quote, shorten

_OPTIONS = {"match_case": Shape.FLAG, "whole_words": Shape.FLAG}


def _places(text: str, check: Check) -> dict[str, tuple[Span, ...]]:
    return {
        phrase: find(
            text,
            phrase,
            match_case=flag(check, "match_case"),
            whole_words=flag(check, "whole_words"),
        )
        for phrase in texts(check.expected)
    }


def _spans(places: dict[str, tuple[Span, ...]]) -> tuple[Span, ...]:
    return tuple(span for spans in places.values() for span in spans)


def _judge_all(text: str, check: Check) -> Verdict:
    places = _places(text, check)
    missing = tuple(phrase for phrase, spans in places.items() if not spans)
    share = (len(places) - len(missing)) / len(places) if places else 0.0
    if missing:
        said = f"The answer does not contain {join(missing, 'and')}: {quote(text, 60)}."
        return verdict(said, passed=False, score=share, spans=_spans(places))
    found = join(tuple(places), "and")
    return verdict(f"The answer contains {found}.", passed=True, spans=_spans(places))


def _judge_any(text: str, check: Check) -> Verdict:
    places = _places(text, check)
    found = tuple(phrase for phrase, spans in places.items() if spans)
    if found:
        said = f"The answer contains {join(found, 'and')}."
        return verdict(said, passed=True, spans=_spans(places))
    wanted = join(tuple(places), "nor")
    neither = "neither " if len(places) > 1 else "not "
    return verdict(f"The answer contains {neither}{wanted}: {quote(text, 60)}.", passed=False)


def _judge_none(text: str, check: Check) -> Verdict:
    places = _places(text, check)
    found = tuple(phrase for phrase, spans in places.items() if spans)
    if found:
        said = f"The answer contains {join(found, 'and')}, which it must not."
        return verdict(said, passed=False, spans=_spans(places))
    return verdict(f"The answer keeps clear of {join(tuple(places), 'and')}.", passed=True)


def _find_fault(check: Check) -> str:
    blank = [phrase for phrase in texts(check.expected) if not phrase.strip()]
    return f"{check.kind} needs a text to look for, not {shorten(repr(blank[0]))}" if blank else ""


def _kind(name: str, verb: str, word: str) -> CheckKind:
    judges = {"contains_any": _judge_any, "not_contains": _judge_none}
    return CheckKind(
        name=name,
        expects=Shape.TEXTS,
        judge=judges.get(name, _judge_all),
        describe=lambda check: f"{verb} {join(texts(check.expected), word)}",
        options=_OPTIONS,
        find_fault=_find_fault,
    )


KINDS = (
    _kind("contains", "contains", "and"),
    _kind("contains_all", "contains", "and"),
    _kind("contains_any", "contains", "or"),
    _kind("not_contains", "does not contain", "or"),
)
