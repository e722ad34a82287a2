"""`items`: a list or a set of things, measured by precision, recall and F1.

The answer's items are those of a JSON list if it is one, else its list's lines, else what commas,
semicolons and "and" separate. Case, white space and punctuation at the ends don't count, nor does
an item that comes twice. `measure` is f1 (the default), precision or recall; the check passes from
`at_least` on, 1 unless given. With `ordered` only items in the wanted order are found.
"""

from collections.abc import Iterator

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.json_text import find_json
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, share, texts, verdict
from desktop.scoring.plain_text import fold, join, plain, squeeze
from desktop.scoring.rouge import lcs_length

MEASURES = ("f1", "precision", "recall")
_MARK = regex.compile(r"^\s*(?:[-*+\u2013\u2022\u25e6\u25aa]|\(?\d{1,3}[.)]|\(?\p{L}[.)])\s+")
_BETWEEN = regex.compile(r"\s*[,;\u3001\uff0c]\s*(?:and\s+)?|\s+and\s+", regex.IGNORECASE)
_ENDS = " \t.,;:!?\"'*_`"
_SLACK = 1e-12


def _normal(item: str) -> str:
    return squeeze(fold(item)).strip(_ENDS).casefold()


def read_items(text: str) -> tuple[str, ...]:
    """Return the items of an answer in order, each once."""
    found = find_json(text)
    if found is not None and isinstance(found.document, list):
        said = [str(item) for item in found.document]
    else:
        said = list(_read_lines(plain(text)))
    return tuple(dict.fromkeys(item for item in map(_normal, said) if item))


def _read_lines(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if _MARK.match(line)]
    if marked:
        yield from (_MARK.sub("", line) for line in marked)
    elif len(lines) > 1:
        yield from lines
    else:
        yield from _BETWEEN.split(text.rpartition(":")[2] or text)


def _judge(text: str, check: Check) -> Verdict:
    wanted = tuple(dict.fromkeys(map(_normal, texts(check.expected))))
    said = read_items(text)
    in_order = flag(check, "ordered")
    common = lcs_length(wanted, said) if in_order else len(set(wanted) & set(said))
    precision = common / len(said) if said else 0.0
    recall = common / len(wanted) if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if common else 0.0
    measure = str(check.options.get("measure", MEASURES[0]))
    reached = {"f1": f1, "precision": precision, "recall": recall}[measure]
    told = f"{common} of {len(wanted)} wanted items, and {len(said) - common} others"
    missing = tuple(item for item in wanted if item not in said)
    told += f"; missing: {join(missing[:5], 'and')}" if missing else ""
    told += f". Precision {precision:.2f}, recall {recall:.2f}, F1 {f1:.2f}."
    passed = reached >= share(check, "at_least", 1.0) - _SLACK
    return verdict(told, passed=passed, score=reached, spans=_spans(text, wanted))


def _spans(text: str, wanted: tuple[str, ...]) -> tuple[Span, ...]:
    folded = fold(text).lower()
    if len(folded) != len(text):
        return ()
    places = ((folded.find(item), len(item)) for item in wanted)
    return tuple(Span(start=start, end=start + size) for start, size in places if start >= 0)


def _find_fault(check: Check) -> str:
    measure = check.options.get("measure", MEASURES[0])
    return "" if measure in MEASURES else f"measure must be one of {', '.join(MEASURES)}"


KIND = CheckKind(
    name="items",
    expects=Shape.TEXTS,
    judge=_judge,
    describe=lambda check: f"lists {join(texts(check.expected)[:8], 'and')}",
    options={"measure": Shape.TEXT, "ordered": Shape.FLAG, "at_least": Shape.SHARE},
    find_fault=_find_fault,
    most_characters=200_000,
)
