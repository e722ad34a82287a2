"""Samples of lm-evaluation-harness as answers: to the cases of a suite, with their own verdicts."""

from collections.abc import Mapping, Sequence

from desktop.domain.answer import Answer, Score
from desktop.domain.base import new_id
from desktop.domain.run import Outcome, Run, StopReason
from desktop.domain.suite import Case, Suite
from desktop.suites.importers.harness_samples import Sample
from desktop.suites.importers.rows import canonical

# A score of 1 that went through text or another language may be a last bit less.
_PASSED_FROM = 1 - 1e-9


def match_cases(samples: Sequence[Sample], suite: Suite) -> dict[int, str]:
    """Return the case id of each sample's question, as far as the suite has it.

    A sample belongs to the case that asks the same: the same texts after the same contexts, worked
    examples included, or the same row of the publisher's. Raises `UserError` if none does.
    """
    by_request: dict[tuple[tuple[str, str], ...], str] = {}
    by_row: dict[str, str] = {}
    keys: set[tuple[str, ...]] = set()
    shown = {each.id: each.text for each in suite.few_shot}
    for case in suite.cases:
        by_request.setdefault(_requests_of(case, shown.get(case.few_shot, "")), case.id)
        if isinstance(case.source_row, dict):
            by_row.setdefault(canonical(case.source_row), case.id)
            keys.add(tuple(sorted(case.source_row)))
    found: dict[int, str] = {}
    taken: set[str] = set()
    for sample in samples:
        case_id = by_request.get(sample.requests) or _find_row(sample, by_row, keys)
        if case_id is not None and case_id not in taken:
            found[sample.doc_id] = case_id
            taken.add(case_id)
    return found


def _requests_of(case: Case, shown: str) -> tuple[tuple[str, str], ...]:
    if case.continuations:
        return tuple((shown + each.context, each.text) for each in case.continuations)
    return ((shown + case.messages[-1].content, ""),)


def _find_row(sample: Sample, by_row: Mapping[str, str], keys: set[tuple[str, ...]]) -> str | None:
    for names in keys:
        if names and all(name in sample.doc for name in names):
            found = by_row.get(canonical({name: sample.doc[name] for name in names}))
            if found is not None:
                return found
    return None


def make_answers(
    run: Run, samples: Sequence[Sample], case_ids: Mapping[int, str], headline: str, suite: Suite
) -> tuple[Answer, ...]:
    """Return the answers of a run; `headline` is the score that decides, empty for none."""
    by_length = {case.id: case.metric == "acc_norm" for case in suite.cases}
    return tuple(
        _make_answer(run, sample, case_id, headline, by_length=by_length.get(case_id, False))
        for sample in samples
        if (case_id := case_ids.get(sample.doc_id)) is not None
    )


def _make_answer(
    run: Run, sample: Sample, case_id: str, headline: str, *, by_length: bool
) -> Answer:
    value = sample.scores.get(headline)
    if value is None:
        outcome = Outcome.OPEN
    else:
        outcome = Outcome.PASSED if value >= _PASSED_FROM else Outcome.FAILED
    return Answer(
        id=new_id(),
        run_id=run.id,
        case_id=case_id,
        repeat=0,
        text=_choose_text(sample, by_length=by_length),
        outcome=outcome,
        score=value or 0.0,
        scores=_make_scores(sample, headline),
        stop_reason=StopReason.END_OF_ANSWER,
        finished_at=run.finished_at or run.created_at,
    )


def _choose_text(sample: Sample, *, by_length: bool) -> str:
    """Return what was written, or the continuation that likelihood chose."""
    if not sample.decided_by_likelihood:
        return sample.text
    texts = [text for _, text in sample.requests]
    # The harness divides by the choice's length without the space before it.
    lengths = [max(len(text.removeprefix(" ")), 1) if by_length else 1 for text in texts]
    weighed = [n / length for n, length in zip(sample.log_probabilities, lengths, strict=True)]
    return texts[weighed.index(max(weighed))]


def _make_scores(sample: Sample, headline: str) -> tuple[Score, ...]:
    """Return the harness's scores, the one that decides with all the weight."""
    scores = [
        Score(
            check=name,
            passed=value >= _PASSED_FROM,
            score=min(max(value, 0.0), 1.0),
            explanation=f"lm-evaluation-harness says that {name} is {value:g}.",
            weight=float(name == headline),
            open=not headline,
        )
        for name, value in sample.scores.items()
    ]
    scores += [
        Score(
            check=name,
            passed=False,
            score=0.0,
            explanation=f"lm-evaluation-harness has no {name} of a single answer.",
            weight=0.0,
            open=True,
        )
        for name in sample.other_scores
    ]
    return tuple(sorted(scores, key=lambda score: score.check != headline))
