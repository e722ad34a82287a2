"""A stored run's open checks decided by a person, and kept as a further set of scores."""

from collections.abc import Sequence

from desktop.domain.answer import Answer
from desktop.domain.rescoring import Rating, Scoring
from desktop.domain.suite import Case, Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.scoring.kind import Verdict
from desktop.scoring.opinion import rate
from desktop.scoring.rescoring import check_same_questions, keep_decided
from desktop.storage.database import Database
from desktop.worker.operations import RunDetails
from desktop.worker.rescoring import require_answers, rescore_run

# A judge's verdict may be a person's too, who then has the last word.
_RATED = ("rating", "judge")


def rate_run(
    database: Database,
    details: RunDetails,
    suite: Suite | None,
    ratings: Sequence[Rating],
    *,
    person: str,
    name: str = "",
) -> tuple[Scoring, tuple[Answer, ...]]:
    """Return the new set of scores and the answers with it; see `Operations.rate_run`.

    What was decided last under the same suite is built upon.
    """
    own = require_answers(details)
    suite = suite or own
    if database.read_only:
        raise EnvironmentFault(
            "Ratings can't be kept, the database is open for reading only.",
            remedy=database.read_only_reason,
        )
    person = " ".join(person.split())
    if not person:
        raise UserError("Nobody is named who rates.", remedy="Say who: a name is kept with them.")
    if not ratings:
        raise UserError("There are no ratings.", remedy="Give at least one.")
    check_same_questions(own, suite, details.answers)
    judge, people, decided = _keep_decided(database, details, suite)
    for answer_id, given in _read_ratings(details, suite, ratings, person).items():
        decided.setdefault(answer_id, {}).update(given)
    return rescore_run(
        database,
        details,
        suite,
        name=name,
        judge=judge,
        rated_by=", ".join(dict.fromkeys((*people, person))),
        decided=decided,
    )


def _keep_decided(
    database: Database, details: RunDetails, suite: Suite
) -> tuple[str, tuple[str, ...], dict[str, dict[int, Verdict]]]:
    """Return who judged and rated last under this suite, and the verdicts."""
    for scoring in reversed(database.scorings.list_scorings(details.run.id)):
        if scoring.suite.sha256 == suite.sha256 and (scoring.judge or scoring.rated_by):
            answers = database.scorings.load_answers(scoring.id)
            people = tuple(scoring.rated_by.split(", ")) if scoring.rated_by else ()
            return scoring.judge, people, keep_decided(answers, suite, _RATED)
    return "", (), {}


def _read_ratings(
    details: RunDetails, suite: Suite, ratings: Sequence[Rating], person: str
) -> dict[str, dict[int, Verdict]]:
    answers = {(answer.case_id, answer.repeat): answer for answer in details.answers}
    cases = {case.id: case for case in suite.cases}
    decided: dict[str, dict[int, Verdict]] = {}
    for rating in ratings:
        where = _name_rating(rating)
        answer = answers.get((rating.case_id, rating.repeat))
        if answer is None:
            raise UserError(f"Run {details.run.id[:8]} has no answer for the {where}.")
        case = cases[rating.case_id]
        place = _find_place(case, rating)
        given = decided.setdefault(answer.id, {})
        if place in given:
            raise UserError(f"The {where} is rated twice.", remedy="Give one rating of each check.")
        try:
            given[place] = rate(case.checks[place], rating.rating, person, rating.note)
        except ValueError as error:
            raise UserError(f"{error}, in the {where}.") from None
    return decided


def _name_rating(rating: Rating) -> str:
    where = f"rating of case {rating.case_id}"
    return f"{where}, repeat {rating.repeat}" if rating.repeat else where


def _find_place(case: Case, rating: Rating) -> int:
    places = [place for place, check in enumerate(case.checks) if check.kind in _RATED]
    if rating.check is not None:
        if rating.check not in places:
            raise UserError(
                f"The {_name_rating(rating)} names check {rating.check}, which waits for none.",
                remedy="Checks are counted from 0; rated are those of the kinds rating and judge.",
            )
        return rating.check
    own = [place for place in places if case.checks[place].kind == "rating"] or places
    if len(own) != 1:
        found = "several checks" if own else "no check"
        raise UserError(
            f"Case {case.id} has {found} that a person could rate.",
            remedy="Name its place, counted from 0, as check." if own else "",
        )
    return own[0]
