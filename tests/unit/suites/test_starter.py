"""The starter suite keeps its promises: its checks are fair, and nothing passes for free."""

from collections import Counter

import pytest

from desktop.domain.run import Outcome
from desktop.domain.suite import Case
from desktop.paths import resource
from desktop.scoring.registry import describe_check, score_answer
from desktop.suites.cases import DIFFICULTIES
from desktop.suites.examples import check_examples
from desktop.suites.reader import list_bundled_suites, read_suite

SUITE = read_suite(resource("suites", "starter.yaml"))
each_case = pytest.mark.parametrize("case", SUITE.cases, ids=lambda case: case.id)


def test_it_is_bundled_and_large_enough() -> None:
    assert SUITE.bundled
    assert resource("suites", "starter.yaml") in list_bundled_suites()
    assert len(SUITE.cases) >= 36
    groups = Counter(case.tags[0] for case in SUITE.cases)
    assert len(groups) == 6
    assert min(groups.values()) >= 6
    tiers = Counter(case.difficulty for case in SUITE.cases)
    assert set(tiers) == set(DIFFICULTIES)
    assert min(tiers.values()) >= 12


def test_its_description_counts_right() -> None:
    assert f"{len(SUITE.cases)} short tasks in six groups" in SUITE.description


def test_examples_prove_the_checks() -> None:
    assert check_examples(SUITE) == ()


@each_case
def test_a_case_is_short_and_complete(case: Case) -> None:
    assert case.passing_example
    assert case.failing_example
    assert case.max_tokens is not None
    assert case.max_tokens <= 96
    assert sum(len(message.content) for message in case.messages) < 500
    assert all(describe_check(check) for check in case.checks)


@each_case
def test_neither_silence_nor_an_echo_passes(case: Case) -> None:
    prompt = case.messages[-1].content
    for text in (
        "",
        " \n",
        prompt,
        f"{prompt} {prompt}",
        prompt.upper(),
        f"{prompt}\n\n1.\n2.\n3.",
    ):
        outcome, _, _ = score_answer(text, case)
        assert outcome is Outcome.FAILED, text


@each_case
@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I don't know.",
        "Yes",
        "No",
        "0",
        "{}",
        "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14. 15. 16. 17. 18. 19. 20.",
        "The the the the the the the the the the",
    ],
)
def test_stock_answers_do_not_pass_but_where_they_are_right(case: Case, text: str) -> None:
    outcome, _, _ = score_answer(text, case)
    right = {"grounded-exception": {"No"}}
    refusals = {"I don't know."} if case.id.startswith("unknown-") else set()
    if text not in right.get(case.id, set()) | refusals:
        assert outcome in (Outcome.FAILED, Outcome.REFUSED)


@pytest.mark.parametrize(
    ("case_id", "text"),
    [
        ("instruction-one-word", "**Open**"),
        ("instruction-date-format", "2031-03-07"),
        ("instruction-list-of-three", "- **Passport** or ID card\n- Proof of address\n- Payslip"),
        ("extraction-reference", "Reference: **KX-4471-B**"),
        (
            "extraction-invoice-json",
            '```json\n{"invoice": "2207", "total": 1280.5, "currency": "EUR"}',
        ),
        ("grounded-opening-hours", "The branch opens at 11:00 AM on Saturdays."),
        ("grounded-fasting", "Only plain tap water."),
        ("grounded-later-rule", "An adult pays 55 crowns in 2031."),
        ("grounded-exception", "No. Marek is a trainee in his first six months."),
        ("grounded-deadline", "June 18"),
        ("grounded-deadline", "Monday, 18th June"),
        ("arithmetic-pens", "6 boxes x 10 pens = 60 pens"),
        ("arithmetic-percent", "€120.00"),
        ("arithmetic-time", "155 minutes (2 hours and 35 minutes)"),
        ("classification-phishing", "This e-mail is a scam."),
        ("classification-irony", "Annoyed (the tone is sarcastic)."),
        ("classification-department", "Payroll department"),
        ("unknown-price", "The text doesn't mention ticket prices."),
        ("unknown-name", "The name is not stated."),
        ("unknown-phone", "The telephone number is not provided in the text."),
        ("unknown-cause", "The text does not say why the payment system was down."),
        ("unknown-other-patient", "The text does not state Mrs Novak's age."),
        ("unknown-future", "The text does not provide the number of patients for 2030."),
        (
            "unknown-false-premise",
            "The text does not say it was rejected; no decision has been made.",
        ),
        ("unknown-false-premise", "Her application was not rejected; it is still being examined."),
    ],
)
def test_good_answers_in_other_words_pass(case_id: str, text: str) -> None:
    case = next(case for case in SUITE.cases if case.id == case_id)
    outcome, _, scores = score_answer(text, case)
    assert outcome is Outcome.PASSED, [score.explanation for score in scores]
