"""The rows of a comparison: cases, with what each model made of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from desktop.domain.answer import Answer
from desktop.domain.base import Value
from desktop.domain.comparison import ComparedAnswer, ComparedCase
from desktop.domain.run import Outcome, SuiteReference
from desktop.domain.suite import Case, Role, Suite
from desktop.reports.records import RunRecord
from desktop.reports.selection import ModelRuns
from desktop.scoring.registry import describe_check
from desktop.statistics.summaries import mean

_ROLES = {Role.SYSTEM: "System", Role.USER: "User", Role.ASSISTANT: "Assistant"}


class CaseKey(Value, frozen=True, kw_only=True, order=True):
    """What makes a case the same in two runs: where it comes from, and what it asks and demands.

    A case that was changed from one version of a suite to the next is another case.
    """

    suite_id: str
    case_id: str
    content: str


class CaseRow(Value, frozen=True, kw_only=True):
    """A case as its suite has it; `case` is `None` when no copy of the suite is stored."""

    key: CaseKey
    version: str
    case: Case | None


Cells = dict[CaseKey, ComparedAnswer]


class CaseBook:
    """Every case that the chosen runs ask, suite by suite, in the order of the suite."""

    def __init__(self, models: Sequence[ModelRuns]) -> None:
        """Read the suites once; a copy that one run brings serves all runs of that version."""
        records = [record for model in models for record in model.suite_runs]
        suites = {record.suite.sha256: record.suite for record in records if record.suite}
        self.rows: dict[CaseKey, CaseRow] = {}
        self._keys: dict[tuple[str, str], CaseKey] = {}
        for record in sorted(records, key=_suite_order):
            if record.run.suite:
                self._add(record, record.run.suite, suites.get(record.run.suite.sha256))

    def cells(self, model: ModelRuns) -> Cells:
        """Return what a model made of each case that it has answered, repeats merged."""
        cells: Cells = {}
        for record in model.suite_runs:
            alone = record.run.answers_alone
            answers: dict[CaseKey, list[Answer]] = {}
            for answer in record.answers:
                answers.setdefault(self._key(record, answer.case_id), []).append(answer)
            cells.update(
                {key: merge_repeats(repeats, timed_alone=alone) for key, repeats in answers.items()}
            )
        return cells

    def asked(self, model: ModelRuns) -> tuple[CaseKey, ...]:
        """Return the cases that a model's suites have, answered or not."""
        versions = {record.run.suite.sha256 for record in model.suite_runs if record.run.suite}
        return tuple(key for (sha, _), key in self._keys.items() if sha in versions)

    def group_of(self, key: CaseKey) -> tuple[str, ...]:
        """Return what a case shares with others of its suite; alone it is a group of its own."""
        case = self.rows[key].case
        if case and case.group:
            return (key.suite_id, case.group)
        return (key.suite_id, key.case_id, key.content)

    def weight_of(self, key: CaseKey) -> float:
        """Return a case's share in the suite's score."""
        case = self.rows[key].case
        return case.weight if case else 1.0

    def compare(self, cells: Sequence[Cells]) -> tuple[ComparedCase, ...]:
        """Return the rows with one answer a model; changed cases say of which version they are."""
        seen: dict[tuple[str, str], int] = {}
        for key in self.rows:
            place = (key.suite_id, key.case_id)
            seen[place] = seen.get(place, 0) + 1
        return tuple(
            _compared_case(
                row,
                tuple(column.get(row.key) for column in cells),
                changed=seen[row.key.suite_id, row.key.case_id] > 1,
            )
            for row in self.rows.values()
        )

    def _add(self, record: RunRecord, reference: SuiteReference, suite: Suite | None) -> None:
        if suite:
            cases = {case.id: case for case in suite.cases}
            contents = {case.id: _content(suite, case) for case in suite.cases}
        else:
            # Without a copy, only runs of the very same file are known to ask the same.
            cases = {}
            contents = {answer.case_id: reference.sha256 for answer in record.answers}
        for case_id, content in contents.items():
            key = CaseKey(suite_id=reference.id, case_id=case_id, content=content)
            self._keys[reference.sha256, case_id] = key
            row = CaseRow(key=key, version=reference.version, case=cases.get(case_id))
            self.rows.setdefault(key, row)

    def _key(self, record: RunRecord, case_id: str) -> CaseKey:
        reference = record.run.suite
        if reference is None:
            raise ValueError(f"Run {record.run.id} has answers and no suite")
        known = self._keys.get((reference.sha256, case_id))
        if known is None:
            # An answer to a case that the stored suite lacks is shown, not dropped.
            known = CaseKey(suite_id=reference.id, case_id=case_id, content=reference.sha256)
            self._keys[reference.sha256, case_id] = known
            self.rows[known] = CaseRow(key=known, version=reference.version, case=None)
        return known


def merge_repeats(answers: Sequence[Answer], *, timed_alone: bool = False) -> ComparedAnswer:
    """Return one verdict on a case: passed if more than half of the scored answers passed.

    One verdict a case keeps cases the unit of every count and test: repeats of one case are not
    independent of each other, and an interval that counted them as cases would be too narrow.
    One that is not passed is truncated, refused or thinking only if most of what did not pass
    was. Errors and what waits for a rating are left out unless there is nothing else. The text
    shown is that of the first answer with this verdict.
    """
    ordered = sorted(answers, key=lambda answer: answer.repeat)
    scored = [answer for answer in ordered if answer.outcome.is_judged]
    passed = sum(answer.outcome is Outcome.PASSED for answer in scored)
    if not scored:
        found = {answer.outcome for answer in ordered}
        unjudged = (Outcome.OPEN, Outcome.MEASURED)
        outcome = next((each for each in unjudged if each in found), Outcome.ERROR)
    elif 2 * passed > len(scored):
        outcome = Outcome.PASSED
    else:
        counts = Counter(answer.outcome for answer in scored)
        counts.pop(Outcome.PASSED, None)
        common, count = counts.most_common(1)[0]
        outcome = common if 2 * count > len(scored) - passed else Outcome.FAILED
    shown = next(
        (answer for answer in ordered if answer.outcome is outcome), (scored or ordered)[0]
    )
    counted = scored or ordered
    return ComparedAnswer(
        outcome=outcome,
        score=mean([answer.score for answer in counted]),
        text=shown.text,
        explanation=_explanation(shown),
        run_id=shown.run_id,
        seconds=mean([answer.seconds for answer in counted]),
        timed_alone=timed_alone,
        generated_tokens=shown.generated_tokens,
        thinking=shown.thinking,
        thinking_tokens=shown.thinking_tokens,
        repeats=len(counted),
        repeats_passed=passed,
        explanations=tuple(score.explanation for score in shown.scores),
    )


def _suite_order(record: RunRecord) -> tuple[str, str, str]:
    suite = record.run.suite
    return (suite.title, suite.version, suite.sha256) if suite else ("", "", "")


def _explanation(answer: Answer) -> str:
    if answer.outcome is Outcome.ERROR:
        return answer.problem
    failed = [score for score in answer.scores if not score.passed]
    shown = failed or list(answer.scores)
    return shown[0].explanation if shown else answer.problem


def _content(suite: Suite, case: Case) -> str:
    """Return a digest of what an answer and its verdict depend on; titles and tags may change."""
    parts = (suite.system_prompt, case.messages, case.checks, case.max_tokens, case.stop)
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def _compared_case(
    row: CaseRow, answers: tuple[ComparedAnswer | None, ...], *, changed: bool
) -> ComparedCase:
    case = row.case
    title = (case.title if case else "") or row.key.case_id
    return ComparedCase(
        suite_id=row.key.suite_id,
        case_id=row.key.case_id,
        title=f"{title} ({row.version})" if changed and row.version else title,
        tags=case.tags if case else (),
        prompt=_prompt(case) if case else "",
        demands=tuple(describe_check(check) for check in case.checks) if case else (),
        answers=answers,
        group=case.group if case else "",
    )


def _prompt(case: Case) -> str:
    if len(case.messages) == 1 and case.messages[0].role is Role.USER:
        return case.messages[0].content
    return "\n\n".join(f"{_ROLES[turn.role]}: {turn.content}" for turn in case.messages)
