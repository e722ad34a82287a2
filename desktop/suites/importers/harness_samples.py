"""Answers in lm-evaluation-harness's sample files: a line an answer, with all that was asked."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Case, Continuation, Message, Metric, Role
from desktop.errors import UserError
from desktop.suites.importers.item import shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row
from desktop.suites.source import decode_utf8, read_bytes

MOST_BYTES = 200_000_000
# Of several ways to read one answer, the one that the harness's authors headline.
_FILTERS = ("flexible-extract", "none", "strict-match")
_HEADLINES = (
    *("acc_norm", "acc", "exact_match", "em", "prompt_level_strict_acc", "mc1", "contains"),
    *("pass@1", "f1"),
)
_OF_A_SAMPLE = {
    *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
    *("doc_hash", "prompt_hash", "target_hash"),
}


class Sample(Value, frozen=True, kw_only=True):
    """One answer: what was asked, what was said or how likely each choice was, and the scores.

    `requests` are pairs of context and continuation, the latter empty where text was generated.
    `log_probabilities` are those of the continuations. `scores` holds only what is one number.
    """

    doc_id: int
    requests: tuple[tuple[str, str], ...]
    text: str
    gold: int | None
    log_probabilities: tuple[float, ...]
    scores: dict[str, float]
    other_scores: tuple[str, ...]
    doc: dict[str, JsonValue]
    settings: dict[str, JsonValue]

    @property
    def decided_by_likelihood(self) -> bool:
        """Whether nothing was written."""
        return bool(self.log_probabilities)


def read_samples(path: Path) -> tuple[tuple[Sample, ...], str]:
    """Return the answers of a file, one a question, and the file's SHA-256.

    Raises `UserError` that names file and line.
    """
    content = read_bytes(path, MOST_BYTES)
    rows = JSON_LINES.read(path, decode_utf8(path, content))
    if not rows:
        raise UserError(f"{path} holds no answers.")
    chosen: dict[int, tuple[int, Sample]] = {}
    for row in rows:
        rank = _rank(row)
        sample = _read_sample(row)
        known = chosen.get(sample.doc_id)
        if known is not None and known[0] == rank:
            raise row.problem(f"question {sample.doc_id} is answered a second time")
        if known is None or rank < known[0]:
            chosen[sample.doc_id] = (rank, sample)
    samples = tuple(sample for _, (_, sample) in sorted(chosen.items()))
    return samples, hashlib.sha256(content).hexdigest()


def _rank(row: Row) -> int:
    name = row.word("filter") if "filter" in row else "none"
    return _FILTERS.index(name) if name in _FILTERS else len(_FILTERS)


def _read_sample(row: Row) -> Sample:
    requests, settings = _read_requests(row)
    by_likelihood = all(continuation for _, continuation in requests)
    numbers = _read_likelihoods(row, len(requests)) if by_likelihood else ()
    scores, others = _read_scores(row)
    doc = row.values.get("doc")
    return Sample(
        doc_id=row.whole("doc_id", 0, 100_000_000),
        requests=requests,
        text="" if by_likelihood else _read_text(row),
        gold=_find_gold(row, requests, numbers, scores) if by_likelihood else None,
        log_probabilities=numbers,
        scores=scores,
        other_scores=others,
        doc=doc if isinstance(doc, dict) else {},
        settings=settings,
    )


def _read_requests(row: Row) -> tuple[tuple[tuple[str, str], ...], dict[str, JsonValue]]:
    """Return what was sent: newer files name the arguments, older ones list them."""
    value = row.value("arguments")
    lists = (
        [list(part.values()) if isinstance(part, dict) else part for part in value.values()]
        if isinstance(value, dict)
        else value
    )
    good = isinstance(lists, list) and lists and all(isinstance(each, list) for each in lists)
    requests: list[tuple[str, str]] = []
    settings: dict[str, JsonValue] = {}
    for each in lists if good else ():
        first = each[0] if each else None
        second = each[1] if len(each) > 1 else ""
        if isinstance(second, dict):
            settings, second = second, ""
        if not isinstance(first, str) or not isinstance(second, str):
            requests = []
            break
        requests.append((first, second))
    if not requests:
        raise row.problem('"arguments" must say what was sent: a context, and what followed it')
    return tuple(requests), settings


def _read_text(row: Row) -> str:
    value = row.value("resps")
    while isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        raise row.problem('"resps" must hold the text of the answer')
    return value


def _read_likelihoods(row: Row, count: int) -> tuple[float, ...]:
    value = row.value("filtered_resps")
    pairs = value if isinstance(value, list) else []
    if count == 1 and len(pairs) == 2 and not isinstance(pairs[0], list):  # noqa: PLR2004 - a bare pair
        pairs = [pairs]
    numbers = []
    for pair in pairs:
        try:
            numbers.append(float(pair[0]))
        except (TypeError, ValueError, IndexError, KeyError):
            break
    if len(numbers) != count or any(number != number for number in numbers):  # noqa: PLR0124 - not a number
        raise row.problem(f'"filtered_resps" must hold {count} log-likelihoods, one a choice')
    return tuple(numbers)


def _read_scores(row: Row) -> tuple[dict[str, float], tuple[str, ...]]:
    named = row.values.get("metrics")
    names = named if isinstance(named, list) else [k for k in row.values if k not in _OF_A_SAMPLE]
    scores: dict[str, float] = {}
    others = []
    for name in map(str, names):
        value = row.values.get(name)
        if isinstance(value, int | float) and abs(value) < 1e300:  # noqa: PLR2004 - no infinity
            scores[name] = float(value)
        else:
            others.append(name)
    return scores, tuple(others)


def _find_gold(
    row: Row,
    requests: Sequence[tuple[str, str]],
    numbers: Sequence[float],
    scores: dict[str, float],
) -> int | None:
    """Return which choice is right, `None` if the file does not tell."""
    target = str(row.values.get("target", "")).strip()
    if target.isascii() and target.isdigit() and int(target[:6]) < len(requests):
        return int(target)
    texts = [continuation.strip() for _, continuation in requests]
    if texts.count(target) == 1:
        return texts.index(target)
    if "acc" in scores and len(requests) == 2:  # noqa: PLR2004 - then one is right if not the other
        likeliest = max(range(2), key=numbers.__getitem__)
        return likeliest if scores["acc"] >= 1 else 1 - likeliest
    return None


def find_headline(samples: Sequence[Sample], lower_is_better: Sequence[str]) -> str:
    """Return the score that decides, from 0 to 1 in all answers; empty if none is such a one."""
    names = dict.fromkeys(name for sample in samples for name in sample.scores)
    shares = [
        name
        for name in names
        if name not in lower_is_better
        and all(0 <= sample.scores.get(name, -1.0) <= 1 for sample in samples)
    ]
    ranked = [name for name in _HEADLINES if name in shares]
    return (ranked or shares or [""])[0]


def make_case(sample: Sample, task: str) -> Case:
    """Return the case that an answer belongs to, asked just as the harness asked it."""
    context = sample.requests[0][0]
    by_likelihood = sample.decided_by_likelihood
    metric = Metric.ACC_NORM if "acc_norm" in sample.scores else Metric.ACC
    return Case(
        id=f"{task}:{sample.doc_id}",
        title=shorten_title(context[-400:]) or f"{task} {sample.doc_id}",
        messages=() if by_likelihood else (Message(role=Role.USER, content=context),),
        checks=(),
        continuations=tuple(
            Continuation(context=context, text=text, correct=place == sample.gold)
            for place, (context, text) in enumerate(sample.requests)
        )
        if by_likelihood
        else (),
        metric=metric if by_likelihood else None,
        source_row=sample.doc or None,
    )
