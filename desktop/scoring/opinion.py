"""`judge` and `rating`: checks that a judge model or a person decides, later and elsewhere.

Until then the case is open: neither passed nor failed, and out of the score. `judge` says in words
what counts; with `against` it compares the answer with another one, else it grades from 1 to
`highest` (5), with a `reference` if there is one. `rating` is the question put to a person, with
the same scale. Both pass from `pass_from` on, the upper half of the scale unless given.
"""

from desktop.domain.suite import Check
from desktop.scoring.judging import highest_grade, passing_grade
from desktop.scoring.kind import CheckKind, Shape, Verdict, Waiting, verdict
from desktop.scoring.plain_text import shorten

_SCALE = {"highest": Shape.COUNT, "pass_from": Shape.NUMBER}


def rate(check: Check, grade: float, person: str = "", note: str = "") -> Verdict:
    """Return a person's grade as a verdict; raises `ValueError` for one that is off the scale."""
    highest, least = highest_grade(check), passing_grade(check)
    if not 1 <= grade <= highest:
        raise ValueError(f"A rating is from 1 to {highest}, not {grade:g}")
    told = f"{shorten(person, 60) or 'A person'} rates this {grade:g} of {highest}"
    told += f"; {least:g} is wanted."
    told += f" {shorten(note, 400)}" if note.strip() else ""
    share = (grade - 1) / (highest - 1) if highest > 1 else 1.0
    return verdict(told, passed=grade >= least, score=share)


def _wait_for_judge(_text: str, check: Check) -> Verdict:
    raise Waiting(f"Waits for a judge model: {shorten(str(check.expected))}")


def _wait_for_person(_text: str, check: Check) -> Verdict:
    raise Waiting(f"Waits for a person's rating: {shorten(str(check.expected))}")


def _find_fault(check: Check) -> str:
    least = check.options.get("pass_from")
    if least is not None and not 1 <= least <= highest_grade(check):
        return f"pass_from must be from 1 to {highest_grade(check)}"
    if check.kind == "judge" and "against" in check.options and "reference" in check.options:
        return "judge takes against or reference, not both"
    return ""


KINDS = (
    CheckKind(
        name="judge",
        expects=Shape.TEXT,
        judge=_wait_for_judge,
        describe=lambda check: f"convinces a judge model: {shorten(str(check.expected))}",
        options={**_SCALE, "against": Shape.TEXT, "reference": Shape.TEXT},
        find_fault=_find_fault,
        decided_elsewhere=True,
    ),
    CheckKind(
        name="rating",
        expects=Shape.TEXT,
        judge=_wait_for_person,
        describe=lambda check: f"convinces a person: {shorten(str(check.expected))}",
        options=_SCALE,
        find_fault=_find_fault,
        decided_elsewhere=True,
    ),
)
